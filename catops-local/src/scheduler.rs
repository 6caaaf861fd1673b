//! The scheduler of this process: delivers the ticks of commands that run by themselves.
//!
//! It lives as long as the server. Ticks that come while no server runs are not made up; `catops tick` runs one by hand.

use std::sync::Arc;
use std::time::Duration;

use catops_core::dispatcher::Dispatched;
use catops_core::job::MAX_WAIT;
use catops_core::schedule::Cron;
use catops_core::{Commands, Dispatcher, Error, ErrorKind, Timestamp};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::exit::Exit;
use crate::terminal::{complain, say};

/// The longest sleep, so that a clock that was set and a machine that was asleep are noticed.
const LOOK: Duration = Duration::from_secs(20);

/// All schedules, and when each comes next.
#[derive(Debug)]
pub(crate) struct Scheduler {
    plans: Vec<Plan>,
    looked: Timestamp,
}

#[derive(Debug)]
struct Plan {
    command: &'static str,
    cron: Cron,
    next: Option<Timestamp>,
}

impl Scheduler {
    /// Plans the ticks after `now`.
    pub(crate) fn new(commands: &Commands, now: Timestamp) -> Result<Self, Error> {
        let plan = |(command, line)| {
            // Only a command that was made without the macro can have a line that is wrong.
            let cron = Cron::parse(line).map_err(|error| {
                Error::new(ErrorKind::Config, format!("the schedule of `{command}`")).because(error)
            })?;
            Ok(Plan { command, cron, next: cron.next_after(now) })
        };
        Ok(Self { plans: commands.scheduled().map(plan).collect::<Result<_, Error>>()?, looked: now })
    }

    /// Returns how many commands have a schedule.
    pub(crate) fn len(&self) -> usize {
        self.plans.len()
    }

    /// Returns the ticks that have come since the last look.
    ///
    /// After a long sleep that is one for each command, the latest, and none that is too old to be run.
    fn due(&mut self, now: Timestamp) -> Vec<(&'static str, Timestamp)> {
        // A clock that was set back: what comes again is known by its claim, and not run twice.
        let is_back = now < self.looked;
        self.looked = now;
        let mut ticks = Vec::new();
        for Plan { command, cron, next } in &mut self.plans {
            if is_back {
                *next = cron.next_after(now);
            }
            let Some(first) = next.filter(|next| *next <= now) else { continue };
            let oldest = Timestamp::from_millis(now.as_millis().saturating_sub(MAX_WAIT.as_millis() as u64));
            let mut tick = None;
            *next = cron.next_after(oldest);
            while let Some(come) = next.filter(|next| *next <= now) {
                tick = Some(come);
                *next = cron.next_after(come);
            }
            match tick.filter(|tick| *tick >= first) {
                Some(tick) => ticks.push((*command, tick)),
                None => tracing::warn!(command, tick = %first, "a tick was missed: this machine was asleep"),
            }
        }
        ticks
    }

    /// Returns how long to sleep at `now`.
    fn pause(&self, now: Timestamp) -> Duration {
        let first = self.plans.iter().filter_map(|plan| plan.next).min();
        first.map_or(LOOK, |next| next.since(now)).min(LOOK)
    }
}

/// Gives each tick to `deliver` when it comes, until `stop`; then waits up to `drain` for those that run. Returns how many
/// it had to leave.
pub(crate) async fn run<F>(
    mut scheduler: Scheduler,
    clock: impl Fn() -> Timestamp,
    deliver: impl Fn(&'static str, Timestamp) -> F,
    stop: impl Future<Output = ()>,
    drain: Duration,
) -> usize
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::pin!(stop);
    let mut running = JoinSet::new();
    while scheduler.len() > 0 {
        tokio::select! {
            () = &mut stop => break,
            () = sleep(scheduler.pause(clock())) => {}
            Some(_) = running.join_next() => continue,
        }
        for (command, tick) in scheduler.due(clock()) {
            running.spawn(deliver(command, tick));
        }
    }
    let _ = timeout(drain, async { while running.join_next().await.is_some() {} }).await;
    running.len()
}

/// Runs a tick of the server's own scheduler.
pub(crate) async fn deliver(dispatcher: Arc<Dispatcher>, command: &'static str, tick: Timestamp, limit: Duration) {
    let dispatched = dispatcher.tick(command, tick, Timestamp::now(), limit).await;
    tracing::debug!(command, tick = %tick, ?dispatched, "a tick was delivered");
}

/// Runs one tick of `command` and says how it went; for the verb `tick`.
pub(crate) async fn tick(dispatcher: &Dispatcher, command: &str, tick: Timestamp, limit: Duration) -> Exit {
    match dispatcher.tick(command, tick, Timestamp::now(), limit).await {
        Dispatched::Ended(record) => {
            let ended =
                format!("`{}` for {tick} ended as {}, job {}", record.command, record.outcome.as_str(), record.job);
            if let Some(why) = &record.undelivered {
                complain(&format!("{ended}; its reply was not delivered: {why}"));
            } else {
                say(&ended);
            }
            if record.outcome.is_success() { Exit::Success } else { Exit::Failure }
        }
        Dispatched::Repeat | Dispatched::Again(_) => {
            say(&format!("`{command}` has run for {tick}, so there is nothing to do"));
            Exit::Success
        }
        Dispatched::Busy(_) => {
            say(&format!("`{command}` is running for {tick}"));
            Exit::Success
        }
        Dispatched::Unclaimed | Dispatched::Unreported => {
            complain("the store cannot be reached, so nothing was run");
            Exit::Failure
        }
        Dispatched::Refused => {
            complain(&format!(
                "no command `{command}` has a schedule; `{} schedules` lists those",
                crate::oneshot::prefix()
            ));
            Exit::Usage
        }
    }
}

/// One schedule, as the schedulers of the clouds want it.
#[derive(Serialize)]
struct Listed {
    command: &'static str,
    cron: &'static str,
    /// For EventBridge Scheduler; `null` if it cannot say it.
    aws: Option<String>,
    /// For a timer trigger of Azure Functions; `null` if it cannot say it.
    azure: Option<String>,
    /// Why one of them is `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Returns all schedules as a JSON list, for the tools that set up a cloud's scheduler.
pub(crate) fn list(commands: &Commands) -> Result<String, Error> {
    let listed = |(command, line)| {
        let cron = Cron::parse(line)?;
        let (mut said, mut problems) = ([None, None], Vec::new());
        for (said, result) in said.iter_mut().zip([cron.aws(), cron.azure()]) {
            match result {
                Ok(text) => *said = Some(text),
                Err(error) => problems.push(error.to_string()),
            }
        }
        let [aws, azure] = said;
        let problem = (!problems.is_empty()).then(|| problems.join("; "));
        Ok(Listed { command, cron: line, aws, azure, problem })
    };
    let all = commands.scheduled().map(listed).collect::<Result<Vec<_>, Error>>()?;
    serde_json::to_string(&all).map_err(|error| Error::new(ErrorKind::Invalid, "writing the schedules").because(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use catops_core::{Command, command};
    use tokio::time::Instant;

    use super::*;

    /// Comes every quarter of an hour.
    #[command(schedule = "*/15 * * * *")]
    fn quarter() {}

    /// Comes once a day.
    #[command(schedule = "0 3 * * *")]
    fn night() {}

    /// Comes on Fridays and on each 13th.
    #[command(schedule = "0 0 13 * FRI")]
    fn unlucky() {}

    /// Comes when it is called.
    #[command]
    fn called() {}

    fn find(path: &str) -> Option<Command> {
        Some(match path {
            "called" => __catops_called(),
            "night" => __catops_night(),
            "quarter" => __catops_quarter(),
            "unlucky" => __catops_unlucky(),
            _ => return None,
        })
    }

    static COMMANDS: Commands = Commands::new("called\nnight\nquarter\nunlucky", |_| "", find);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_tick_comes_once() {
        let mut scheduler = Scheduler::new(&COMMANDS, at("2026-11-22T02:40:00Z")).unwrap();
        assert_eq!(scheduler.len(), 3);
        assert_eq!(scheduler.pause(at("2026-11-22T02:44:50Z")), Duration::from_secs(10));
        assert_eq!(scheduler.pause(at("2026-11-22T02:40:00Z")), LOOK);
        assert_eq!(scheduler.due(at("2026-11-22T02:44:59Z")), []);
        assert_eq!(scheduler.due(at("2026-11-22T02:45:00Z")), [("quarter", at("2026-11-22T02:45:00Z"))]);
        assert_eq!(scheduler.due(at("2026-11-22T02:45:01Z")), []);
        let three = at("2026-11-22T03:00:00Z");
        assert_eq!(scheduler.due(at("2026-11-22T03:00:02Z")), [("night", three), ("quarter", three)]);
        assert_eq!(scheduler.due(at("2026-11-22T03:00:03Z")), []);
    }

    #[test]
    fn a_machine_that_slept_makes_up_what_is_not_too_old() {
        let mut scheduler = Scheduler::new(&COMMANDS, at("2026-11-22T02:40:00Z")).unwrap();
        // `night` was due two hours ago; of the quarters, the last is young enough.
        assert_eq!(scheduler.due(at("2026-11-22T05:05:00Z")), [("quarter", at("2026-11-22T05:00:00Z"))]);
        assert_eq!(scheduler.due(at("2026-11-22T05:05:01Z")), []);
        // The clock is set back: what comes is planned anew.
        assert_eq!(scheduler.due(at("2026-11-22T02:50:00Z")), []);
        let three = at("2026-11-22T03:00:00Z");
        assert_eq!(scheduler.due(at("2026-11-22T03:00:00Z")), [("night", three), ("quarter", three)]);
    }

    #[tokio::test(start_paused = true)]
    async fn ticks_are_delivered_in_time_until_it_is_stopped() {
        let (start, began) = (at("2026-11-22T02:40:00Z"), Instant::now());
        let clock = move || start + began.elapsed();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let deliver = |command, tick: Timestamp| {
            let (seen, now) = (seen.clone(), clock());
            async move {
                seen.lock().unwrap().push((command, tick, now.since(tick)));
                // Slow ones do not hold up the others.
                sleep(Duration::from_secs(60 * 60)).await;
            }
        };
        let scheduler = Scheduler::new(&COMMANDS, start).unwrap();
        let stop = sleep(Duration::from_secs(36 * 60));
        let left = run(scheduler, clock, deliver, stop, Duration::from_secs(30)).await;
        assert_eq!(left, 4, "these run for an hour");
        let seen = seen.lock().unwrap();
        let ticks: Vec<String> = seen.iter().map(|(command, tick, _)| format!("{command} {tick}")).collect();
        assert_eq!(
            ticks,
            [
                "quarter 2026-11-22 02:45:00 UTC",
                "night 2026-11-22 03:00:00 UTC",
                "quarter 2026-11-22 03:00:00 UTC",
                "quarter 2026-11-22 03:15:00 UTC",
            ]
        );
        assert!(seen.iter().all(|(_, _, late)| *late < Duration::from_secs(1)), "{seen:?}");
    }

    #[test]
    fn the_list_is_what_the_clouds_want() {
        let list = list(&COMMANDS).unwrap();
        let night = r#"[{"command":"night","cron":"0 3 * * *","aws":"cron(0 3 * * ? *)","azure":"0 0 3 * * *"},"#;
        assert!(list.starts_with(night), "{list}");
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        assert_eq!((&list[2]["aws"], &list[2]["azure"]), (&serde_json::Value::Null, &serde_json::Value::Null));
        assert!(list[2]["problem"].as_str().unwrap().contains("make two commands"), "{list}");
    }
}
