//! Which scheduled commands a call of the timer makes due.

use std::time::Duration;

use catops_core::job::MAX_WAIT;
use catops_core::schedule::Cron;
use catops_core::{Commands, Timestamp};

use crate::envelope::{Tick, Timer};

/// How often the timer is set to call.
const MINUTE: Duration = Duration::from_secs(60);

/// How much too early a call may come: timers are not exact, and one at 02:59:59.9 is meant for three o'clock.
const EARLY: Duration = Duration::from_secs(2);

/// The minute of each hour when expired rows are swept: one when few commands are due.
const SWEEP_MINUTE: u64 = 7;

/// Returns the tick of each command that is due by this call. `now` stands in where the host does not say when it fired.
///
/// After a time without calls that is one for each command, the latest, as the timer itself does it; and none that is
/// too old to be run.
pub(crate) fn due(commands: &Commands, timer: &Timer, now: Timestamp) -> Vec<Tick> {
    let (after, until) = span(timer, now);
    let mut ticks = Vec::new();
    for (command, line) in commands.scheduled() {
        match Cron::parse(line) {
            Ok(cron) => {
                let due = latest(&cron, after, until);
                ticks.extend(due.map(|due| Tick { command: command.to_owned(), due }));
            }
            // Only a command that was made without the macro can have a line that is wrong.
            Err(error) => tracing::error!(command, error = error.chain(), "a schedule cannot be read"),
        }
    }
    ticks
}

/// Returns whether expired rows are to be swept now.
pub(crate) fn sweeps(timer: &Timer, now: Timestamp) -> bool {
    let (_, until) = span(timer, now);
    until.as_secs() / 60 % 60 == SWEEP_MINUTE
}

/// Returns the time that this call is for: after the first, up to the second.
fn span(timer: &Timer, now: Timestamp) -> (Timestamp, Timestamp) {
    let fired = timer.fired.unwrap_or(now) + EARLY;
    let until = Timestamp::from_secs(fired.as_secs() / 60 * 60);
    let before = minus(until, MINUTE);
    let last = timer.last.filter(|last| timer.is_past_due && *last < before);
    (last.map_or(before, |last| last.max(minus(until, MAX_WAIT))), until)
}

fn minus(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(time.as_millis().saturating_sub(by.as_millis() as u64))
}

fn latest(cron: &Cron, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
    let ticks = std::iter::successors(cron.next_after(after), |tick| cron.next_after(*tick));
    ticks.take_while(|tick| *tick <= until).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-02T{text}Z").parse().unwrap()
    }

    /// The tick of `line` that a call at `fired` makes due, if the one before it was at `last`.
    fn tick(line: &str, fired: &str, last: Option<&str>) -> Option<Timestamp> {
        let timer = Timer { fired: Some(at(fired)), last: last.map(at), is_past_due: last.is_some() };
        let (after, until) = span(&timer, at("23:00:00"));
        latest(&Cron::parse(line).unwrap(), after, until)
    }

    #[test]
    fn each_call_is_for_its_minute() {
        assert_eq!(tick("0 3 * * *", "03:00:00.120", None), Some(at("03:00:00")));
        assert_eq!(tick("0 3 * * *", "02:59:59.900", None), Some(at("03:00:00")), "a little early");
        assert_eq!(tick("0 3 * * *", "03:00:57", None), Some(at("03:00:00")), "late within the minute");
        assert_eq!(tick("0 3 * * *", "02:59:00.010", None), None);
        assert_eq!(tick("0 3 * * *", "03:01:00.010", None), None);
    }

    #[test]
    fn what_was_missed_comes_once_and_not_too_late() {
        assert_eq!(tick("0 3 * * *", "03:05:20", Some("02:58:00")), Some(at("03:00:00")));
        assert_eq!(tick("* * * * *", "03:05:20", Some("02:58:00")), Some(at("03:05:00")));
        assert_eq!(tick("0 3 * * *", "09:00:20", Some("02:58:00")), None);
    }

    #[test]
    fn sweeping_is_hourly() {
        let swept = (0..180).filter(|minute| {
            let fired = Timestamp::from_secs(at("00:00:01").as_secs() + minute * 60);
            sweeps(&Timer { fired: Some(fired), ..Timer::default() }, at("00:00:00"))
        });
        assert_eq!(swept.collect::<Vec<_>>(), [7, 67, 127]);
    }
}
