//! The queue, durable and in memory, by the same checks.

use std::time::Duration;

use catops_core::Timestamp;
use catops_core::invoker::Invoker;
use catops_core::job::SealedJob;
use catops_core::store::{Claimed, MemoryStore, Store};
use catops_local::invoker::{Counts, JobState, KEEP_DEAD, KEEP_DONE, LocalQueue, VISIBILITY};

use crate::bench::{Folder, job};

/// Runs a check on both kinds of queue.
async fn both<F: Future<Output = ()>>(check: impl Fn(LocalQueue) -> F) {
    let folder = Folder::new();
    check(LocalQueue::new(folder.db())).await;
    check(LocalQueue::memory()).await;
}

/// A moment after everything that was put in by now.
fn soon() -> Timestamp {
    Timestamp::now() + Duration::from_millis(1)
}

async fn take(queue: &LocalQueue, now: Timestamp) -> Vec<(String, u32)> {
    let taken = queue.take(now, VISIBILITY, 100).await.unwrap();
    taken.jobs.into_iter().map(|job| (job.sealed, job.attempt)).collect()
}

fn delivered(job: &SealedJob, attempt: u32) -> (String, u32) {
    (job.as_str().to_owned(), attempt)
}

#[tokio::test]
async fn a_job_is_delivered_as_given_and_hidden_while_it_runs() {
    both(async |queue| {
        let (a, b) = (job("a", "ping"), job("b", "restart “api”"));
        queue.invoke(&a).await.unwrap();
        queue.invoke(&b).await.unwrap();
        let now = soon();
        assert_eq!(take(&queue, now).await, [delivered(&a, 1), delivered(&b, 1)]);
        assert_eq!(take(&queue, now).await, []);
        queue.extend(vec![b.id().clone()], now + VISIBILITY * 2).await.unwrap();
        assert_eq!(take(&queue, now + VISIBILITY).await, [delivered(&a, 2)], "the one that was not extended");
    })
    .await;
}

#[tokio::test]
async fn one_id_is_one_job_also_when_it_is_done() {
    both(async |queue| {
        let a = job("a", "ping");
        queue.invoke(&a).await.unwrap();
        queue.invoke(&a).await.unwrap();
        assert_eq!(take(&queue, soon()).await, [delivered(&a, 1)]);
        queue.done(a.id(), Timestamp::now()).await.unwrap();
        queue.invoke(&a).await.unwrap();
        assert_eq!(take(&queue, soon() + VISIBILITY * 10).await, []);
        assert_eq!(queue.counts().await.unwrap(), Counts { done: 1, ..Default::default() });
    })
    .await;
}

#[tokio::test]
async fn a_retried_job_waits_for_its_time() {
    both(async |queue| {
        let a = job("a", "ping");
        queue.invoke(&a).await.unwrap();
        let now = soon();
        take(&queue, now).await;
        queue.retry(a.id(), now + Duration::from_secs(5), "the store is down", now).await.unwrap();
        let early = queue.take(now + Duration::from_secs(4), VISIBILITY, 1).await.unwrap();
        assert_eq!((early.jobs.len(), early.next), (0, Some(now + Duration::from_secs(5))));
        let info = &queue.list(None, 10).await.unwrap()[0];
        assert_eq!((info.state, info.reason.as_deref()), (JobState::Queued, Some("the store is down")));
        assert_eq!(take(&queue, now + Duration::from_secs(5)).await, [delivered(&a, 2)]);
    })
    .await;
}

#[tokio::test]
async fn at_most_as_many_as_asked_for_and_the_longest_due_first() {
    both(async |queue| {
        let jobs: Vec<_> = (0..5).map(|n| job(&n.to_string(), "ping")).collect();
        for job in &jobs {
            queue.invoke(job).await.unwrap();
        }
        let now = soon();
        let first = queue.take(now, VISIBILITY, 2).await.unwrap();
        assert_eq!(first.jobs.iter().map(|job| &job.id).collect::<Vec<_>>(), [jobs[0].id(), jobs[1].id()]);
        assert!(first.next.unwrap() <= now, "three more are due");
        assert_eq!(take(&queue, now).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn lists_show_the_command_and_nothing_else_of_the_line() {
    both(async |queue| {
        queue.invoke(&job("a", "restart production")).await.unwrap();
        queue.invoke(&job("b", "\"hunter2 is my password\"")).await.unwrap();
        let list = queue.list(None, 10).await.unwrap();
        assert_eq!(list.iter().map(|info| info.label.as_str()).collect::<Vec<_>>(), ["", "restart"]);
        take(&queue, soon()).await;
        queue.bury(&list[1].id, "given up", Timestamp::now()).await.unwrap();
        let dead = queue.list(Some(JobState::Dead), 10).await.unwrap();
        assert_eq!((dead[0].label.as_str(), dead[0].reason.as_deref()), ("restart", Some("given up")));
        assert_eq!(queue.counts().await.unwrap(), Counts { running: 1, dead: 1, ..Default::default() });
        assert_eq!(queue.list(None, 1).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn ended_jobs_are_forgotten_after_their_time() {
    both(async |queue| {
        let jobs = [job("done", "ping"), job("dead", "ping"), job("waits", "ping")];
        for job in &jobs {
            queue.invoke(job).await.unwrap();
        }
        let now = Timestamp::now();
        queue.done(jobs[0].id(), now).await.unwrap();
        queue.bury(jobs[1].id(), "given up", now).await.unwrap();
        let left = async |after| {
            queue.sweep(now + after).await.unwrap();
            queue.counts().await.unwrap()
        };
        assert_eq!(left(KEEP_DONE / 2).await, Counts { queued: 1, done: 1, dead: 1, running: 0 });
        assert_eq!(left(KEEP_DONE).await, Counts { queued: 1, dead: 1, ..Default::default() });
        assert_eq!(left(KEEP_DEAD).await, Counts { queued: 1, ..Default::default() });
    })
    .await;
}

#[tokio::test]
async fn watchers_see_every_change() {
    both(async |queue| {
        let mut watch = queue.watch();
        let a = job("a", "ping");
        queue.invoke(&a).await.unwrap();
        watch.changed().await.unwrap();
        take(&queue, soon()).await;
        watch.changed().await.unwrap();
        queue.done(a.id(), Timestamp::now()).await.unwrap();
        watch.changed().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_job_put_in_by_another_process_is_noticed() {
    let folder = Folder::new();
    let (server, other) = (LocalQueue::new(folder.db()), LocalQueue::new(folder.db()));
    server.look().await.unwrap();
    assert!(!server.look().await.unwrap());
    let watch = server.watch();
    other.invoke(&job("a", "ping")).await.unwrap();
    assert!(server.look().await.unwrap());
    assert!(watch.has_changed().unwrap());
    assert_eq!(take(&server, soon()).await.len(), 1);
}

#[tokio::test]
async fn jobs_survive_and_those_of_a_dead_process_are_found_at_once() {
    let folder = Folder::new();
    let store = MemoryStore::default();
    let (ran, taken, waits, finished) = (job("r", "ping"), job("t", "ping"), job("w", "ping"), job("f", "ping"));
    let now = Timestamp::now() + Duration::from_secs(60);
    {
        let queue = LocalQueue::new(folder.db());
        for job in [&ran, &taken, &finished, &waits] {
            queue.invoke(job).await.unwrap();
        }
        queue.take(now, VISIBILITY, 3).await.unwrap();
        let lease = now + Duration::from_secs(900);
        assert_eq!(store.claim(ran.id(), lease, now).await.unwrap(), Claimed::New);
        assert_eq!(store.claim(finished.id(), lease, now).await.unwrap(), Claimed::New);
        queue.done(finished.id(), now).await.unwrap();
    }
    let queue = LocalQueue::new(folder.db());
    assert_eq!(queue.recover(&store, now).await.unwrap(), 2);
    let expected = [delivered(&ran, 2), delivered(&taken, 2), delivered(&waits, 1)];
    assert_eq!(take(&queue, now).await, expected);
    let later = now + Duration::from_secs(900);
    assert!(matches!(store.claim(ran.id(), later, now).await.unwrap(), Claimed::Died(_)), "without waiting");
    assert_eq!(store.claim(taken.id(), later, now).await.unwrap(), Claimed::New, "it was never begun");
    assert_eq!(queue.recover(&store, now).await.unwrap(), 3);
}

#[tokio::test]
async fn nothing_of_a_done_job_stays_in_the_file() {
    let folder = Folder::new();
    let db = folder.db();
    let queue = LocalQueue::new(db.clone());
    let a = job("a", "login --password hunter2");
    queue.invoke(&a).await.unwrap();
    let holds = |what: &str| {
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap_or_default();
        [read("catops.db"), read("catops.db-wal")].concat().windows(what.len()).any(|part| part == what.as_bytes())
    };
    assert!(holds("hunter2") && holds("secret-address"));
    take(&queue, soon()).await;
    queue.done(a.id(), Timestamp::now()).await.unwrap();
    drop((queue, db)); // the last connection to close moves the log into the file
    wait_until(|| !folder.path().join("catops.db-wal").exists()).await;
    assert!(!holds("hunter2") && !holds("secret-address"));
}

/// Waits for what another thread does in the background.
async fn wait_until(done: impl Fn() -> bool) {
    let turn = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), turn).await.expect("it must come to an end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_share_commits_and_lose_nothing() {
    const WRITERS: usize = 16;
    const JOBS: usize = 50;
    let folder = Folder::new();
    let db = folder.db();
    let queue = LocalQueue::new(db.clone());
    let (commits, operations) = db.counts();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let queue = queue.clone();
            tokio::spawn(async move {
                for n in 0..JOBS {
                    queue.invoke(&job(&format!("{writer}-{n}"), "ping")).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let (commits, operations) = (db.counts().0 - commits, db.counts().1 - operations);
    assert_eq!(operations, (WRITERS * JOBS) as u64);
    assert!(commits * 2 <= operations, "{operations} writes took {commits} commits");
    assert_eq!(queue.counts().await.unwrap().queued, (WRITERS * JOBS) as u64);

    // Several takers never get the same job.
    let takers: Vec<_> = (0..8)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut got = Vec::new();
                loop {
                    let taken = queue.take(soon(), VISIBILITY, 7).await.unwrap();
                    if taken.jobs.is_empty() {
                        return got;
                    }
                    got.extend(taken.jobs.into_iter().map(|job| job.id.to_string()));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for taker in takers {
        all.extend(taker.await.unwrap());
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((count, all.len()), (WRITERS * JOBS, WRITERS * JOBS));
}
