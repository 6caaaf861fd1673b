//! The workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use catops_core::invoker::Invoker;
use catops_local::invoker::{Counts, JobState, LocalQueue, MAX_ATTEMPTS};
use catops_local::worker::{Handled, run_workers};
use tokio::sync::{Barrier, Notify, oneshot};

use crate::bench::{Folder, job};

const LONG: Duration = Duration::from_secs(20);

/// Waits until the queue looks as expected.
async fn until(queue: &LocalQueue, expected: impl Fn(&Counts) -> bool) {
    let mut watch = queue.watch();
    let wait = async {
        while !expected(&queue.counts().await.unwrap()) {
            watch.changed().await.unwrap();
        }
    };
    tokio::time::timeout(LONG, wait).await.expect("it must come to this");
}

#[tokio::test]
async fn jobs_run_side_by_side_up_to_the_limit() {
    let folder = Folder::new();
    let queue = LocalQueue::new(folder.db());
    let together = Arc::new(Barrier::new(4));
    let (stop, stopped) = oneshot::channel::<()>();
    for n in 0..8 {
        queue.invoke(&job(&n.to_string(), "ping")).await.unwrap();
    }
    let handler = move |_, _| {
        let together = Arc::clone(&together);
        async move {
            together.wait().await; // passes only if four run at once
            Handled::Done
        }
    };
    let workers = tokio::spawn(run_workers(queue.clone(), handler, 4, async { drop(stopped.await) }, LONG));
    until(&queue, |counts| counts.done == 8).await;
    stop.send(()).unwrap();
    assert_eq!(workers.await.unwrap(), 0);
}

#[tokio::test]
async fn a_job_that_can_never_run_is_buried_and_one_that_fails_comes_again() {
    let queue = LocalQueue::memory();
    let tries = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&tries);
    let handler = move |_, attempt| {
        seen.fetch_add(1, Ordering::Relaxed);
        async move {
            match attempt {
                1 => Handled::Later("not yet".into()),
                _ => Handled::Refused("the seal is not ours".into()),
            }
        }
    };
    queue.invoke(&job("a", "ping")).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let workers = tokio::spawn(run_workers(queue.clone(), handler, 1, async { drop(stopped.await) }, LONG));
    until(&queue, |counts| counts.dead == 1).await;
    stop.send(()).unwrap();
    workers.await.unwrap();
    let dead = &queue.list(Some(JobState::Dead), 1).await.unwrap()[0];
    assert_eq!((dead.attempts, dead.reason.as_deref()), (2, Some("the seal is not ours")));
    assert_eq!(tries.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_a_job_is_dead() {
    // The clock of the back-off is the wall's, so let the attempts be used up by hand but for the last.
    let queue = LocalQueue::memory();
    queue.invoke(&job("a", "ping")).await.unwrap();
    let id = job("a", "ping").id().clone();
    for _ in 0..MAX_ATTEMPTS {
        let now = catops_core::Timestamp::now();
        assert_eq!(queue.take(now, LONG, 1).await.unwrap().jobs.len(), 1);
        queue.retry(&id, now, "down", now).await.unwrap();
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let handler = |_, _| async { Handled::Later("still down".into()) };
    let workers = tokio::spawn(run_workers(queue.clone(), handler, 1, async { drop(stopped.await) }, LONG));
    until(&queue, |counts| counts.dead == 1).await;
    stop.send(()).unwrap();
    workers.await.unwrap();
    let dead = &queue.list(None, 1).await.unwrap()[0];
    assert_eq!((dead.attempts, dead.reason.as_deref()), (MAX_ATTEMPTS + 1, Some("still down")));
}

#[tokio::test]
async fn a_stop_waits_for_what_runs_and_leaves_what_waits() {
    let queue = LocalQueue::memory();
    let (go, goes) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (go, goes) = (Arc::clone(&go), Arc::clone(&goes));
        move |_, _| {
            let (go, goes) = (Arc::clone(&go), Arc::clone(&goes));
            async move {
                goes.notify_one();
                go.notified().await;
                Handled::Done
            }
        }
    };
    queue.invoke(&job("runs", "ping")).await.unwrap();
    queue.invoke(&job("waits", "ping")).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let workers = tokio::spawn(run_workers(queue.clone(), handler, 1, async { drop(stopped.await) }, LONG));
    goes.notified().await;
    stop.send(()).unwrap();
    tokio::task::yield_now().await;
    go.notify_one();
    assert_eq!(workers.await.unwrap(), 0);
    assert_eq!(queue.counts().await.unwrap(), Counts { queued: 1, done: 1, ..Default::default() });
}

#[tokio::test(start_paused = true)]
async fn a_stop_gives_up_on_what_does_not_end() {
    let queue = LocalQueue::memory();
    queue.invoke(&job("a", "ping")).await.unwrap();
    let goes = Arc::new(Notify::new());
    let handler = {
        let goes = Arc::clone(&goes);
        move |_, _| {
            goes.notify_one();
            std::future::pending()
        }
    };
    let stop = async move { goes.notified().await };
    assert_eq!(run_workers(queue.clone(), handler, 1, stop, LONG).await, 1);
    assert_eq!(queue.counts().await.unwrap().running, 1, "the next start finds it");
}

#[tokio::test]
async fn a_panic_in_the_handler_stops_no_other_job() {
    let queue = LocalQueue::memory();
    queue.invoke(&job("a", "panic")).await.unwrap();
    queue.invoke(&job("b", "ping")).await.unwrap();
    let handler = |sealed: String, _| async move {
        assert!(!sealed.contains("panic"), "a handler that panics");
        Handled::Done
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let workers = tokio::spawn(run_workers(queue.clone(), handler, 1, async { drop(stopped.await) }, LONG));
    until(&queue, |counts| counts.done == 1).await;
    stop.send(()).unwrap();
    assert_eq!(workers.await.unwrap(), 0);
    let first = &queue.list(None, 2).await.unwrap()[1];
    assert_eq!((first.state, first.attempts), (JobState::Queued, 1), "it comes again after a back-off");
}
