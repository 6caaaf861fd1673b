//! The end of a process: what still runs, what comes too late, and what is given up.

use std::sync::Arc;

use catops_core::Timestamp;
use catops_core::audit::Outcome;
use catops_gcp::config::Role;

use crate::stand::{SOON, Stand, begun, open, until};

#[tokio::test]
async fn runs_end_and_nothing_new_begins() {
    let stand = Arc::new(Stand::new(Role::Both, None).await);
    let push = |name: &'static str, text: &str| {
        let (stand, job) = (stand.clone(), stand.sealed(name, text));
        tokio::spawn(async move { stand.push("/push", &job, None).await })
    };
    let first = push("drain", "wait drain");
    until(|| begun("drain") == 1).await;
    let repeat = push("drain", "wait drain");
    stand.bot.stop();
    // A repeat waits no longer, and what is new goes back to the queue.
    assert_eq!(repeat.await.unwrap(), 503);
    assert_eq!(push("late", "hello late").await.unwrap(), 503);
    assert!(!first.is_finished());
    open("drain");
    assert_eq!(first.await.unwrap(), 204);
    tokio::time::timeout(SOON, stand.bot.drained()).await.expect("nothing runs");
    assert_eq!((begun("drain"), begun("late"), stand.replies("drain").len()), (1, 0, 1));
}

#[tokio::test]
async fn what_takes_too_long_comes_again_and_is_told_at_once() {
    let stand = Arc::new(Stand::new(Role::Both, None).await);
    let job = stand.sealed("long", "wait long");
    let push = {
        let (stand, job) = (stand.clone(), job.clone());
        tokio::spawn(async move { stand.push("/push", &job, None).await })
    };
    until(|| begun("long") == 1).await;
    stand.bot.stop();
    assert_eq!(stand.bot.give_up(Timestamp::now()).await, 1);
    assert_eq!(push.await.unwrap(), 503);
    tokio::time::timeout(SOON, stand.bot.drained()).await.expect("nothing runs");
    // The next process gets it, long before the claim of the first would have run out.
    let next = Stand::with_store(Role::Both, None, stand.store.clone()).await;
    assert_eq!(next.push("/push", &next.sealed("long", "wait long"), None).await, 204);
    assert_eq!(begun("long"), 1);
    let [told] = &next.replies("long")[..] else { panic!("it was not told once") };
    assert!(told.text().contains("no end was recorded"), "{}", told.text());
    let records = stand.records().await;
    assert!(matches!(&records[..], [record] if record.outcome == Outcome::Died), "{records:?}");
}
