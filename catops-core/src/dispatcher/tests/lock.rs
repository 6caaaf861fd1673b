//! One run at a time.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::task::JoinSet;

use super::counted::{Counted, Wrong};
use super::{Desk, LIMIT, NOW, job, press, run};
use crate::app::App;
use crate::audit::{Outcome, Record};
use crate::command;
use crate::command::{Command, Commands, usage};
use crate::context::Context;
use crate::dispatcher::{Dispatched, Dispatcher};
use crate::error::{Error, ErrorKind};
use crate::job::{Job, JobId, JobKey, MAX_WAIT};
use crate::reply::{Audience, Reply};
use crate::request::{ReplyTo, Request, UserRef, Via};
use crate::responder::{Posted, Responder};
use crate::secret::Secret;
use crate::store::{Put, Store, When};
use crate::time::Timestamp;

/// Works at a service.
#[command(repeatable, schedule = "0 6 * * *")]
async fn work(ctx: &Context, the_service: Vec<String>) -> crate::Result<&'static str> {
    match the_service.first().map(String::as_str) {
        Some("bad") => return Err(std::io::Error::other("it does not start").into()),
        Some("odd") => panic!("at the service"),
        Some("wrong") => return Err(usage("there is no such service")),
        Some("slow") => std::future::pending().await,
        Some("gate") => {
            // Until the test says so, and never longer than the run may take.
            while ctx.state().get::<bool>("open").await?.is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        _ => {}
    }
    Ok("done")
}

/// Whether [`grind`] may end.
static MAY_END: AtomicBool = AtomicBool::new(false);

/// Holds its thread.
#[command]
fn grind() {
    let begun = Instant::now();
    while !MAY_END.load(Ordering::Acquire) && begun.elapsed() < LIMIT {
        std::thread::yield_now();
    }
}

/// Calls people.
#[command]
async fn page(who: Vec<UserRef>) {
    let _ = who;
    std::future::pending().await
}

/// Knows a secret.
#[command]
async fn login(#[arg(secret)] token: String) {
    let _ = token;
    std::future::pending().await
}

/// Whispers.
#[command(ephemeral)]
async fn whisper(the_service: String) {
    let _ = the_service;
}

fn find(path: &str) -> Option<Command> {
    Some(match path {
        "grind" => __catops_grind().set_exclusive("mill"),
        "login" => __catops_login().set_exclusive("token"),
        "page" => __catops_page().set_exclusive("who"),
        "whisper" => __catops_whisper().set_exclusive("the_service"),
        "work" => __catops_work().set_exclusive("the_service").from_file("ops", "plugins/ops.rs"),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("grind\nlogin\npage\nwhisper\nwork", |_| "", find);

fn bot() -> (Dispatcher, Arc<Counted>) {
    let store = Arc::new(Counted::default());
    (Dispatcher::new(Arc::new(App::new(&COMMANDS, Vec::new(), JobKey::derive([]))), store.clone()), store)
}

/// Makes a job that may wait until long after [`NOW`].
fn asks(id: &str, who: &str, line: &str) -> Job {
    Job { expires: NOW + MAX_WAIT * 4, ..job(id, who, line, Via::Line) }
}

async fn locks(store: &Counted, now: Timestamp) -> Vec<String> {
    store.list("lock/", now).await.unwrap().into_iter().map(|(key, _)| key).collect()
}

/// Lets a future go on until it waits for what does not come by itself.
async fn begin<F: Future>(mut work: Pin<&mut F>) {
    for _ in 0..100 {
        let is_over = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_ready())).await;
        assert!(!is_over, "it does not wait");
        tokio::task::yield_now().await;
    }
}

/// Returns the locks that a line holds while it runs.
async fn held(line: &str) -> Vec<String> {
    let (dispatcher, store) = bot();
    let job = asks("1", "ann", line);
    let mut work = pin!(dispatcher.run(&job, Arc::new(Desk::default()), NOW, LIMIT));
    begin(work.as_mut()).await;
    locks(&store, NOW).await
}

#[tokio::test]
async fn a_lock_is_named_after_the_value() {
    let (long, at_most) = ("x".repeat(129), "x".repeat(128));
    for (line, expected) in [
        ("work slow", vec!["lock/the_service/slow"]),
        (&format!("work slow {at_most}"), vec!["lock/the_service/slow", &format!("lock/the_service/{at_most}")]),
        // One thing, however it is written, and always in the same order.
        (
            "work slow Big_One “ API ”",
            vec!["lock/the_service/api", "lock/the_service/big-one", "lock/the_service/slow"],
        ),
        ("work slow api SLOW Api", vec!["lock/the_service/api", "lock/the_service/slow"]),
        ("work slow größe", vec!["lock/the_service/größe", "lock/the_service/slow"]),
        ("page <@U2|ann> <@U1>", vec!["lock/who/u1", "lock/who/u2"]),
    ] {
        assert_eq!(held(line).await, expected, "{line}");
    }
    for line in [&format!("work slow {long}"), "work slow \"a\tb\"", "login slow"] {
        let keys = held(line).await;
        let hash = keys.iter().find_map(|key| key.rsplit('/').next().filter(|end| end.len() == 64));
        assert!(hash.is_some_and(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit())), "{line}: {keys:?}");
    }
    // Whoever has not the bot's key cannot try words at it.
    let other = JobKey::derive([&Secret::new("another".to_owned())]);
    assert_ne!(held("login slow").await, [format!("lock/token/{}", other.tag("lock", "slow"))]);
}

#[tokio::test]
async fn without_a_value_there_is_one_lock() {
    let (dispatcher, store) = bot();
    run(&dispatcher, &asks("1", "ann", "work"), NOW).await;
    let (taken, freed) = ("put lock/the_service".to_owned(), "delete lock/the_service".to_owned());
    let calls = store.calls();
    let ours: Vec<&String> = calls.iter().filter(|call| call.contains("lock/") && !call.starts_with("get")).collect();
    assert_eq!(ours, [&taken, &freed]);
}

#[tokio::test]
async fn one_run_takes_sixteen_locks_and_no_more() {
    let (dispatcher, store) = bot();
    let values = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
    let (outcome, _) = run(&dispatcher, &asks("1", "ann", &format!("work {}", values(16))), NOW).await;
    assert_eq!(outcome, Outcome::Ran);
    store.calls();
    let (outcome, desk) = run(&dispatcher, &asks("2", "ann", &format!("work {}", values(17))), NOW).await;
    assert_eq!((outcome, desk.last().audience), (Outcome::Usage, Audience::Asker));
    assert!(desk.last().text().contains("at most 16"), "{:?}", desk.told());
    assert!(!store.calls().iter().any(|call| call.contains("lock/")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_16_at_once_one_runs_and_15_are_told() {
    let (dispatcher, store) = bot();
    let dispatcher = Arc::new(dispatcher);
    let mut runs = JoinSet::new();
    for n in 0..16 {
        let dispatcher = dispatcher.clone();
        runs.spawn(async move {
            let word = ["gate", "Gate", " GATE "][n % 3];
            // Whoever it is that runs has to wait at the gate.
            let line = if n % 3 == 0 { format!("work {word}") } else { format!("work gate {word:?}") };
            run(&dispatcher, &asks(&n.to_string(), &format!("p{n}"), &line), NOW).await
        });
    }
    for _ in 0..15 {
        let (outcome, desk) = runs.join_next().await.unwrap().unwrap();
        assert_eq!((outcome, desk.told().len(), desk.last().audience), (Outcome::Locked, 1, Audience::Channel));
        let text = desk.last().text();
        let (begins, ends) = (
            "`work` was not run: p",
            " has been running `work` since 2026-11-22 00:00:00 UTC, and one run at a time holds the lock \
             `the_service/gate`. Please type it again when it is done.",
        );
        assert!(text.starts_with(begins) && text.ends_with(ends), "{text}");
    }
    store.put("state/ops/open", "true", None, When::Always, NOW).await.unwrap();
    let (outcome, desk) = runs.join_next().await.unwrap().unwrap();
    assert_eq!((outcome, desk.last().text().as_str()), (Outcome::Ran, "done"));
    let count = |outcome| async move {
        dispatcher.store().records(99).await.unwrap().iter().filter(|r| r.outcome == outcome).count()
    };
    assert_eq!(count.clone()(Outcome::Locked).await, 15);
    assert_eq!(locks(&store, NOW).await, [""; 0], "and it is free");
}

#[tokio::test]
async fn however_a_run_ends_the_lock_is_free() {
    for (service, expected) in [
        ("api", Outcome::Ran),
        ("bad", Outcome::Failed),
        ("odd", Outcome::Panicked),
        ("wrong", Outcome::Usage),
        ("slow", Outcome::TimedOut),
    ] {
        let (dispatcher, store) = bot();
        let job = asks("1", "ann", &format!("work {service}"));
        let ended = dispatcher.run(&job, Arc::new(Desk::default()), NOW, Duration::from_millis(200)).await;
        assert!(matches!(ended, Dispatched::Ended(record) if record.outcome == expected), "{service}");
        let calls = store.calls();
        assert!(calls.contains(&format!("put lock/the_service/{service}")), "{calls:?}");
        assert_eq!(locks(&store, NOW).await, [""; 0], "{service}");
    }
}

/// A chat that looks whether a lock is held when it posts, and takes nothing.
#[derive(Debug)]
struct Watch(Arc<Counted>);

#[async_trait]
impl Responder for Watch {
    async fn respond(&self, _: &ReplyTo, _: &Reply, _: Option<&Posted>, now: Timestamp) -> Result<Posted, Error> {
        let (locks, records) = (locks(&self.0, now).await, self.0.records(1).await?);
        Err(Error::new(ErrorKind::Gone, format!("{} locks, {} records", locks.len(), records.len())))
    }
}

#[tokio::test]
async fn a_lock_is_free_before_the_reply_is_posted_and_also_if_it_is_not() {
    let (dispatcher, store) = bot();
    let ended = dispatcher.run(&asks("1", "ann", "work api"), Arc::new(Watch(store)), NOW, LIMIT).await;
    let Dispatched::Ended(record) = ended else { panic!("{ended:?}") };
    assert_eq!((record.outcome, record.undelivered.as_deref()), (Outcome::Ran, Some("0 locks, 0 records")));
}

/// Writes a lock down as a job of bob's took it.
async fn hold(store: &Counted, holder: &JobId, expires: Option<Timestamp>) {
    let value = format!(
        r#"{{"job":"{holder}","actor":{{"id":"U-bob","name":"bob","team":"T1"}},"command":"deploy","since":{}}}"#,
        NOW.as_millis()
    );
    assert_eq!(store.put("lock/the_service/api", &value, expires, When::Absent, NOW).await.unwrap(), Put::Stored);
}

#[tokio::test]
async fn a_lock_is_as_alive_as_its_holder() {
    let minute = Duration::from_secs(60);
    for (what, expected) in [
        ("running", Outcome::Locked),
        ("its time is up", Outcome::Ran),
        ("expired", Outcome::Ran),
        ("ended", Outcome::Ran),
        ("never was", Outcome::Ran),
        ("lapsed", Outcome::Ran),
    ] {
        let (dispatcher, store) = bot();
        let (holder, later) = (JobId::of(&["holder"]), NOW + minute);
        let until = if what == "its time is up" { later } else { later + minute };
        if what != "never was" {
            store.claim(&holder, until, NOW).await.unwrap();
        }
        match what {
            "expired" => store.expire_claim(&holder, later).await.unwrap(),
            "ended" => store.finish(&Record::new(holder.clone(), Outcome::Ran, NOW), NOW).await.unwrap(),
            _ => {}
        }
        hold(&store, &holder, (what == "lapsed").then_some(later)).await;
        let (outcome, desk) = run(&dispatcher, &asks("1", "ann", "work api"), later).await;
        assert_eq!(outcome, expected, "{what}: {:?}", desk.told());
        let is_there = !locks(&store, later).await.is_empty();
        assert_eq!(is_there, expected == Outcome::Locked, "{what}: what is taken over is freed, what is not stays");
    }
}

#[tokio::test]
async fn a_run_whose_process_died_holds_its_lock_until_it_must_be_dead() {
    let (dispatcher, store) = bot();
    let job = asks("1", "ann", "work slow");
    {
        let mut first = pin!(dispatcher.run(&job, Arc::new(Desk::default()), NOW, LIMIT));
        begin(first.as_mut()).await;
    }
    let soon = NOW + Duration::from_secs(1);
    let (outcome, desk) = run(&dispatcher, &asks("2", "ann", "work slow"), soon).await;
    assert_eq!(outcome, Outcome::Locked);
    assert!(desk.last().text().starts_with("`work` was not run: you have been running `work` since 2026-11-22"));
    // The job itself has it already.
    store.expire_claim(&job.id, soon).await.unwrap();
    {
        let mut again = pin!(dispatcher.run(&job, Arc::new(Desk::default()), soon, LIMIT));
        begin(again.as_mut()).await;
        let entry = store.get("lock/the_service/slow", soon).await.unwrap().unwrap();
        let until = entry.expires.unwrap();
        assert!(until >= soon + LIMIT, "it is held as long as this run may take, until {until}");
    }
    let (outcome, _) = run(&dispatcher, &asks("3", "bob", "work slow"), soon).await;
    assert_eq!(outcome, Outcome::Locked);
    let dead = soon + LIMIT + Duration::from_secs(61);
    let ended = dispatcher.run(&asks("4", "bob", "work slow"), Arc::new(Desk::default()), dead, LIMIT / 50).await;
    assert!(matches!(ended, Dispatched::Ended(record) if record.outcome == Outcome::TimedOut), "it ran");
}

#[tokio::test]
async fn a_thread_that_outlives_its_time_keeps_the_lock() {
    let (dispatcher, store) = bot();
    let desk = Arc::new(Desk::default());
    let limit = Duration::from_millis(200);
    let ended = dispatcher.run(&asks("1", "ann", "grind"), desk, NOW, limit).await;
    assert!(matches!(ended, Dispatched::Ended(record) if record.outcome == Outcome::TimedOut));
    assert_eq!(locks(&store, NOW).await, ["lock/mill"]);
    let soon = NOW + Duration::from_secs(30);
    let (outcome, desk) = run(&dispatcher, &asks("2", "bob", "grind"), soon).await;
    assert_eq!(
        (outcome, desk.last().text().as_str()),
        (
            Outcome::Locked,
            "`grind` was not run: `grind`, which ann began at 2026-11-22 00:00:00 UTC, outlived its time and may be at \
             work until 2026-11-22 00:01:00 UTC, and one run at a time holds the lock `mill`. Please type it again \
             after that."
        )
    );
    MAY_END.store(true, Ordering::Release);
    let (outcome, _) = run(&dispatcher, &asks("3", "bob", "grind"), NOW + Duration::from_secs(61)).await;
    assert_eq!(outcome, Outcome::Ran);
}

#[tokio::test]
async fn who_gets_one_of_two_locks_gives_it_back() {
    let (dispatcher, store) = bot();
    let holder = JobId::of(&["holder"]);
    store.claim(&holder, NOW + LIMIT, NOW).await.unwrap();
    hold(&store, &holder, None).await;
    let (outcome, desk) = run(&dispatcher, &asks("1", "ann", "work aaa api zzz"), NOW).await;
    assert_eq!(outcome, Outcome::Locked);
    assert!(desk.last().text().contains("bob has been running `deploy` since"), "{:?}", desk.told());
    assert_eq!(locks(&store, NOW).await, ["lock/the_service/api"]);
    let calls = store.calls();
    assert!(calls.contains(&"put lock/the_service/aaa".to_owned()), "{calls:?}");
    assert!(!calls.contains(&"put lock/the_service/zzz".to_owned()), "{calls:?}");
}

#[tokio::test]
async fn whoever_may_see_the_command_is_told() {
    let (dispatcher, store) = bot();
    let holder = JobId::of(&["holder"]);
    store.claim(&holder, NOW + LIMIT, NOW).await.unwrap();
    hold(&store, &holder, None).await;
    let (_, desk) = run(&dispatcher, &asks("1", "ann", "whisper api"), NOW).await;
    assert_eq!(desk.last().audience, Audience::Asker);
    let pressed =
        Job { request: Request { via: press(), ..asks("", "ann", "work api").request }, ..asks("2", "ann", "") };
    let (_, desk) = run(&dispatcher, &pressed, NOW).await;
    assert_eq!(desk.last().audience, Audience::Channel);
    // A tick has nobody who could type it again.
    let tick = asks("3", "schedule", "work api");
    let desk = Arc::new(Desk::default());
    let ended = dispatcher.work(&tick, desk.clone(), true, NOW, LIMIT).await;
    assert!(matches!(ended, Dispatched::Ended(record) if record.outcome == Outcome::Locked));
    assert!(desk.last().text().ends_with("holds the lock `the_service/api`."), "{:?}", desk.told());
}

#[tokio::test]
async fn without_a_store_nothing_runs_and_nothing_stays() {
    for (wrong, is_run) in [
        (("put lock/the_service/b", Wrong::Away), false),
        (("put lock/the_service/b", Wrong::Late), false),
        (("get lock/the_service/b", Wrong::Away), true),
        (("delete lock/the_service/b", Wrong::Away), true),
        (("delete lock/the_service/b", Wrong::Late), true),
    ] {
        let (dispatcher, store) = bot();
        store.go_wrong(Some(wrong));
        let desk = Arc::new(Desk::default());
        let ended = dispatcher.run(&asks("1", "ann", "work a b"), desk.clone(), NOW, LIMIT).await;
        match is_run {
            true => assert!(matches!(ended, Dispatched::Ended(record) if record.outcome == Outcome::Ran), "{wrong:?}"),
            false => {
                assert_eq!(ended, Dispatched::Unclaimed, "{wrong:?}");
                assert!(desk.last().text().contains("nothing was run"), "{:?}", desk.told());
            }
        }
        store.go_wrong(None);
        assert!(!locks(&store, NOW).await.contains(&"lock/the_service/a".to_owned()), "{wrong:?}");
        // What could not be freed ended with its job.
        let (outcome, _) = run(&dispatcher, &asks("2", "bob", "work a b"), NOW).await;
        assert_eq!(outcome, Outcome::Ran, "{wrong:?}");
    }
}
