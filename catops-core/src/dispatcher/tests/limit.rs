//! How often something may be run.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::task::JoinSet;

use super::counted::{Counted, Wrong};
use super::{COMMANDS, Desk, LIMIT, NOW, job, press, run};
use crate::app::App;
use crate::audit::Outcome;
use crate::dispatcher::{Dispatched, Dispatcher};
use crate::job::{Job, JobKey, MAX_WAIT};
use crate::policy::{Limit, Per, Place, Policy, Rules, Target, Text};
use crate::reply::Audience;
use crate::request::Via;
use crate::store::Store;
use crate::time::Timestamp;

const AT: Place = Place { line: 1, column: 1 };

macro_rules! rules {
    ($($name:literal, $command:literal, $per:ident, $count:literal in $within:literal;)*) => {
        &Rules {
            limits: &[$(Limit {
                name: $name,
                at: AT,
                target: Target::Commands(&[Text { text: $command, at: AT }]),
                per: Per::$per,
                count: $count,
                within: $within,
            }),*],
            ..Rules::NONE
        }
    };
}

fn bot(rules: &'static Rules) -> (Dispatcher, Arc<Counted>) {
    let store = Arc::new(Counted::default());
    let app = App::new(&COMMANDS, Vec::new(), JobKey::derive([])).with_policy(Policy::new(rules));
    (Dispatcher::new(Arc::new(app), store.clone()), store)
}

fn asks(id: &str, who: &str, line: &str) -> Job {
    Job { expires: NOW + MAX_WAIT * 4, ..job(id, who, line, Via::Line) }
}

const fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() + secs)
}

/// Runs lines one after the other, each so many seconds after [`NOW`], and returns how they ended.
async fn ends(dispatcher: &Dispatcher, asked: &[(u64, &str, &str)]) -> Vec<bool> {
    let mut ends = Vec::new();
    for (n, (secs, who, line)) in asked.iter().enumerate() {
        let id = format!("{n} {secs} {who} {line}");
        let (outcome, desk) = run(dispatcher, &asks(&id, who, line), at(*secs)).await;
        match outcome {
            Outcome::Ran => ends.push(true),
            Outcome::Limited => ends.push(false),
            other => panic!("{other:?}: {:?}", desk.told()),
        }
    }
    ends
}

#[tokio::test]
async fn the_window_slides() {
    let (dispatcher, _) = bot(rules!("", "status", User, 2 in 60;));
    let asked = [0, 20, 25, 59, 62, 63, 79, 82, 83].map(|secs| (secs, "ann", "status"));
    let expected = [true, true, false, false, true, false, false, true, false];
    assert_eq!(ends(&dispatcher, &asked).await, expected);
}

#[tokio::test]
async fn the_asker_is_told_when() {
    for (rules, expected) in [
        (
            rules!("spare the pager", "*", User, 1 in 5400;),
            "`status` was not run: limit `spare the pager` lets each person run any command once in 90 minutes. Please type \
             it again at 2026-11-22 01:30:00 UTC or later.",
        ),
        (
            rules!("", "status", Command, 1 in 7200;),
            "`status` was not run: a limit lets `status` be run once in 2 hours, each command for itself. Please type it \
             again at 2026-11-22 02:00:00 UTC or later.",
        ),
        (
            rules!("", "status", Bot, 0 in 45;),
            "`status` was not run: a limit lets `status` be run 0 times in 45 seconds, all together. Please type it again at \
             2026-11-22 00:00:46 UTC or later.",
        ),
    ] {
        let (dispatcher, _) = bot(rules);
        dispatcher.run(&asks("1", "ann", "status"), Arc::new(Desk::default()), NOW, LIMIT).await;
        let (outcome, desk) = run(&dispatcher, &asks("2", "ann", "status"), at(1)).await;
        assert_eq!((outcome, desk.last().audience), (Outcome::Limited, Audience::Asker));
        assert_eq!(desk.last().text(), expected);
    }
}

#[tokio::test]
async fn what_is_counted_together() {
    let asked =
        [(0, "ann", "status"), (0, "ann", "note x"), (0, "bob", "status"), (0, "bob", "note x"), (0, "bob", "status")];
    for (rules, expected) in [
        (rules!("", "*", User, 1 in 60;), [true, false, true, false, false]),
        (rules!("", "*", Command, 1 in 60;), [true, true, false, false, false]),
        (rules!("", "*", Bot, 1 in 60;), [true, false, false, false, false]),
        (rules!("", "note", Bot, 1 in 60;), [true, true, true, false, true]),
        // Each limit counts for itself, also without a name.
        (rules!("", "status", User, 1 in 60; "", "note", User, 1 in 60;), [true, true, true, true, false]),
        (rules!("same", "status", User, 1 in 60; "same", "note", User, 1 in 60;), [true, false, true, false, false]),
    ] {
        let (dispatcher, _) = bot(rules);
        assert_eq!(ends(&dispatcher, &asked).await, expected, "{rules:?}");
    }
    // The same id in another workspace is another person.
    let (dispatcher, _) = bot(rules!("", "*", User, 1 in 60;));
    run(&dispatcher, &asks("1", "ann", "status"), NOW).await;
    let mut other = asks("2", "ann", "status");
    "T2".clone_into(&mut other.request.actor.team);
    assert_eq!(run(&dispatcher, &other, NOW).await.0, Outcome::Ran);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_40_at_once_5_run() {
    let (dispatcher, store) = bot(rules!("", "*", Bot, 5 in 60;));
    let dispatcher = Arc::new(dispatcher);
    let mut runs = JoinSet::new();
    for n in 0..40 {
        let dispatcher = dispatcher.clone();
        runs.spawn(async move { run(&dispatcher, &asks(&n.to_string(), "ann", "status"), NOW).await.0 });
    }
    let ends = runs.join_all().await;
    let count = |outcome| ends.iter().filter(|end| **end == outcome).count();
    assert_eq!((count(Outcome::Ran), count(Outcome::Limited)), (5, 35));
    let [(_, entry)] = &store.list("limit/", NOW).await.unwrap()[..] else { panic!("there is one count") };
    assert_eq!(serde_json::from_str::<Vec<u64>>(&entry.value).unwrap().len(), 5);
    assert!(entry.expires.is_some_and(|expires| expires >= at(60) && expires < at(71)), "{:?}", entry.expires);
}

#[tokio::test]
async fn what_one_limit_refuses_uses_up_no_other() {
    let (dispatcher, _) = bot(rules!("", "*", User, 3 in 600; "", "status", Command, 1 in 60;));
    let asked =
        [(0, "ann", "status"), (1, "ann", "status"), (2, "ann", "status"), (3, "ann", "note x"), (4, "ann", "note x")];
    assert_eq!(ends(&dispatcher, &asked).await, [true, false, false, true, true]);
    assert_eq!(ends(&dispatcher, &[(5, "ann", "note x")]).await, [false], "and what ran was counted");
}

#[tokio::test]
async fn what_did_not_run_is_not_counted() {
    let (dispatcher, store) = bot(rules!("", "*", User, 1 in 60;));
    for (id, line, expected) in [
        ("1", "closed api", Outcome::Denied),
        ("2", "restart", Outcome::Usage),
        ("3", "help", Outcome::Help),
        ("4", "nothing", Outcome::Unknown),
    ] {
        assert_eq!(run(&dispatcher, &asks(id, "ann", line), NOW).await.0, expected);
    }
    assert!(!store.calls().iter().any(|call| call.contains("limit/")));
    let tick = asks("5", "ann", "status");
    dispatcher.work(&tick, Arc::new(Desk::default()), true, NOW, LIMIT).await;
    assert!(!store.calls().iter().any(|call| call.contains("limit/")), "a schedule has its own pace");
    assert_eq!(ends(&dispatcher, &[(0, "ann", "status"), (0, "ann", "status")]).await, [true, false]);
}

#[tokio::test]
async fn a_job_that_is_delivered_again_counts_once() {
    let (dispatcher, store) = bot(rules!("", "*", User, 1 in 600;));
    let job = asks("1", "ann", "hang");
    {
        let mut first = pin!(dispatcher.run(&job, Arc::new(Desk::default()), NOW, LIMIT));
        for _ in 0..100 {
            assert!(std::future::poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await);
            tokio::task::yield_now().await;
        }
    }
    let count = async || store.list("limit/", at(120)).await.unwrap()[0].1.value.matches(',').count() + 1;
    assert_eq!(count().await, 1);
    assert_eq!(run(&dispatcher, &job, at(120)).await.0, Outcome::Ran);
    assert_eq!(count().await, 1);
    assert_eq!(ends(&dispatcher, &[(121, "ann", "status")]).await, [false]);
}

#[tokio::test]
async fn without_a_store_nothing_runs() {
    for (wrong, expected) in [
        (("get limit/", Wrong::Away), None),
        (("put limit/", Wrong::Away), None),
        (("put limit/", Wrong::Late), Some(Outcome::Limited)),
    ] {
        let (dispatcher, store) = bot(rules!("", "*", User, 1 in 60;));
        store.go_wrong(Some(wrong));
        let desk = Arc::new(Desk::default());
        let ended = match dispatcher.run(&asks("1", "ann", "status"), desk.clone(), NOW, LIMIT).await {
            Dispatched::Ended(record) => Some(record.outcome),
            Dispatched::Unclaimed => None,
            other => panic!("{other:?}"),
        };
        assert_eq!((ended, desk.told().len(), desk.last().audience), (expected, 1, Audience::Asker), "{wrong:?}");
        let calls = store.calls();
        let puts = calls.iter().filter(|call| call.starts_with("put limit/")).count();
        assert_eq!(puts, if expected.is_some() { 8 } else { usize::from(wrong.0 == "put limit/") }, "{calls:?}");
        store.go_wrong(None);
        assert_eq!(ends(&dispatcher, &[(0, "ann", "status")]).await, [true], "nothing was counted");
    }
}

#[tokio::test]
async fn a_plain_command_is_claimed_and_finished_and_no_more() {
    let calls = |id: &str, more: &[&str]| -> Vec<String> {
        let job = format!("put job/{}", asks(id, "", "").id);
        let first = [job.clone()].into_iter();
        first.chain(more.iter().map(|call| (*call).to_owned())).chain([job, "append".to_owned()]).collect()
    };
    // The last has a limit, about another command.
    for rules in [&Rules::NONE, rules!("", "note", User, 1 in 60;)] {
        let (dispatcher, store) = bot(rules);
        // The first record of a process may look for the records before it.
        run(&dispatcher, &asks("first", "ann", "status"), NOW).await;
        store.calls();
        for (id, line) in [("1", "status"), ("2", "restart api"), ("3", "closed x"), ("4", "help"), ("5", "restart")] {
            run(&dispatcher, &asks(id, "ann", line), NOW).await;
            assert_eq!(store.calls(), calls(id, &[]), "{line}");
        }
        let mut pressed = asks("6", "ann", "status");
        pressed.request.via = press();
        run(&dispatcher, &pressed, NOW).await;
        let Via::Button(press) = press() else { panic!("it is a button") };
        assert_eq!(store.calls(), calls("6", &[&format!("put ticket/{}", press.ticket)]));
    }
    let (dispatcher, store) = bot(rules!("", "status", User, 1 in 60;));
    run(&dispatcher, &asks("first", "bob", "note x"), NOW).await;
    store.calls();
    run(&dispatcher, &asks("1", "ann", "status"), NOW).await;
    let counted = store.calls();
    let [_, get, put, _, _] = &counted[..] else { panic!("{counted:?}") };
    assert!(get.starts_with("get limit/") && put.starts_with("put limit/"), "{counted:?}");
    // A count costs one key of fixed size, whatever its limit is called.
    assert!(put.len() < 32, "{put}");
}
