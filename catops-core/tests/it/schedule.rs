//! Commands that run by themselves: ticks through the dispatcher.

use std::sync::Arc;
use std::time::Duration;

use catops_core::app::random_secret;
use catops_core::audit::{Outcome, Record};
use catops_core::dispatcher::Dispatched;
use catops_core::job::{JobKey, MAX_WAIT};
use catops_core::store::{MemoryStore, Store as _};
use catops_core::{App, Commands, Context, Dispatcher, JobId, Reply, Result, Timestamp, command};

/// Count what happened.
#[command(group = "night", schedule = "0 3 * * *", requires = "nobody.has")]
async fn report(
    ctx: &Context,
    #[arg(default_value = 7)] days: u8,
    zone: Option<String>,
    all: bool,
    more: Vec<String>,
) -> Result<Reply> {
    ctx.progress(1, 2, "counting").await;
    ctx.state().update("runs", |runs: Option<u32>| Some(runs.unwrap_or_default() + 1)).await?;
    let (who, id, place) = (ctx.actor(), &ctx.actor().id, &ctx.channel().id);
    Ok(Reply::to_asker(format!("{who} {id} {place} {days} {zone:?} {all} {more:?}")))
}

/// Has no schedule.
#[command]
fn plain() {}

fn find(path: &str) -> Option<catops_core::Command> {
    Some(match path {
        "night report" => __catops_report().in_group("night").from_file("night", "night.rs"),
        "plain" => __catops_plain(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("night report\nplain", |_| "", find);

const LIMIT: Duration = Duration::from_secs(30);

fn bot() -> (Dispatcher, Arc<MemoryStore>) {
    let key = JobKey::derive([&random_secret().unwrap()]);
    let store = Arc::new(MemoryStore::default());
    (Dispatcher::new(Arc::new(App::new(&COMMANDS, Vec::new(), key)), store.clone()), store)
}

/// How often the command ran, as it wrote it down itself.
async fn runs(store: &MemoryStore, now: Timestamp) -> Option<String> {
    store.get("state/night/runs", now).await.unwrap().map(|entry| entry.value)
}

fn ended(dispatched: Dispatched) -> Record {
    match dispatched {
        Dispatched::Ended(record) => *record,
        other => panic!("it did not end: {other:?}"),
    }
}

#[test]
fn what_is_scheduled_is_listed() {
    assert_eq!(COMMANDS.scheduled().collect::<Vec<_>>(), [("night report", "0 3 * * *")]);
}

#[tokio::test]
async fn a_tick_runs_its_command_once() {
    let ((dispatcher, store), now) = (bot(), Timestamp::now());
    let record = ended(dispatcher.tick("night report", now, now, LIMIT).await);
    assert_eq!((record.outcome, record.command.as_str()), (Outcome::Ran, "night report"));
    assert_eq!((record.actor.id.as_str(), record.actor.name.as_str()), ("schedule", "schedule"));
    let id = JobId::of(&["schedule", "night report", &now.as_millis().to_string()]);
    assert_eq!(record.job, id);
    let why = record.undelivered.expect("there is nobody to tell");
    assert!(why.contains("CATOPS_SCHEDULE_CHANNEL") && why.contains("CATOPS_SLACK_BOT_TOKEN"), "{why}");
    // The same tick again, also by another spelling of the name.
    assert_eq!(dispatcher.tick("night report", now, now, LIMIT).await, Dispatched::Repeat);
    assert_eq!(dispatcher.tick("Night Report", now, now, LIMIT).await, Dispatched::Repeat);
    assert_eq!(runs(&store, now).await.as_deref(), Some("1"));
    let later = now + Duration::from_secs(60);
    assert_eq!(ended(dispatcher.tick("night report", later, later, LIMIT).await).outcome, Outcome::Ran);
    assert_eq!(runs(&store, later).await.as_deref(), Some("2"));
    assert_eq!(store.records(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_declares_no_schedule_is_refused() {
    let ((dispatcher, store), now) = (bot(), Timestamp::now());
    for command in ["plain", "night", "nothing", "", "night report --all", "help"] {
        assert_eq!(dispatcher.tick(command, now, now, LIMIT).await, Dispatched::Refused, "{command}");
        assert_eq!(dispatcher.report_dead_tick(command, now, "why", now).await, Dispatched::Refused, "{command}");
    }
    assert!(store.records(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_tick_of_long_ago_is_not_run() {
    let ((dispatcher, _), now) = (bot(), Timestamp::now());
    let tick = Timestamp::from_millis(now.as_millis() - MAX_WAIT.as_millis() as u64);
    assert_eq!(ended(dispatcher.tick("night report", tick, now, LIMIT).await).outcome, Outcome::Expired);
    let tick = tick + Duration::from_secs(1);
    assert_eq!(ended(dispatcher.tick("night report", tick, now, LIMIT).await).outcome, Outcome::Ran);
}

#[tokio::test]
async fn a_tick_that_died_is_recorded_and_not_run_again() {
    let ((dispatcher, store), now) = (bot(), Timestamp::now());
    let id = JobId::of(&["schedule", "night report", &now.as_millis().to_string()]);
    store.claim(&id, now + LIMIT, now).await.unwrap();
    assert!(matches!(dispatcher.tick("night report", now, now, LIMIT).await, Dispatched::Busy(_)));
    let record = ended(dispatcher.report_dead_tick("night report", now, "it was killed", now).await);
    assert_eq!((record.outcome, record.job), (Outcome::Died, id));
    assert_eq!(dispatcher.tick("night report", now, now, LIMIT).await, Dispatched::Repeat);
}
