//! The queue: jobs between the legs, kept until they are done.

mod file;
mod memory;
mod row;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use catops_core::invoker::Invoker;
use catops_core::job::SealedJob;
use catops_core::store::Store;
use catops_core::{Error, JobId, Timestamp};
use tokio::sync::{Notify, watch};

use self::file::FileJobs;
use self::memory::MemoryJobs;
pub use self::row::{Counts, Delivery, JobInfo, JobState, Taken};
use crate::db::Db;

/// How often a job is delivered before it is given up as dead.
pub const MAX_ATTEMPTS: u32 = 5;

/// How long a job that was taken stays hidden unless its worker extends it.
pub const VISIBILITY: Duration = Duration::from_secs(60);

/// How long a done job is listed and its repeat recognised by the queue.
pub const KEEP_DONE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a dead job is listed.
pub const KEEP_DEAD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a job waits after its first failed delivery; twice as long after each further one.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest wait between two deliveries.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// The local queue, durable in a [`Db`] or in memory. Clones share it.
///
/// [`invoke`](Invoker::invoke) returns when the job is on disk. A job is known by its id: putting in the same id again
/// changes nothing, also when it is done.
#[derive(Clone)]
pub struct LocalQueue {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: Jobs,
    added: Notify,
    changes: watch::Sender<u64>,
}

/// Where the jobs are.
enum Jobs {
    File(FileJobs),
    Memory(MemoryJobs),
}

/// Calls the same method on whichever it is.
macro_rules! on {
    ($queue:expr, $jobs:ident => $file:expr, $memory:expr) => {
        match &$queue.inner.jobs {
            Jobs::File($jobs) => $file,
            Jobs::Memory($jobs) => $memory,
        }
    };
}

impl fmt::Debug for LocalQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = on!(self, _jobs => "durable", "memory");
        f.debug_struct("LocalQueue").field("kind", &kind).finish_non_exhaustive()
    }
}

impl LocalQueue {
    /// Makes the durable queue of an open file.
    pub fn new(db: Db) -> Self {
        Self::of(Jobs::File(FileJobs::new(db)))
    }

    /// Makes a queue that ends with the process: for `CATOPS_LOCAL_QUEUE=memory` and the bench.
    pub fn memory() -> Self {
        Self::of(Jobs::Memory(MemoryJobs::default()))
    }

    fn of(jobs: Jobs) -> Self {
        Self { inner: Arc::new(Inner { jobs, added: Notify::new(), changes: watch::Sender::new(0) }) }
    }

    /// Takes up to `limit` jobs that are due, the longest due first, and hides them for `visibility`.
    ///
    /// A job is due when its time has come, or when whoever took it before neither ended nor extended it in time.
    pub async fn take(&self, now: Timestamp, visibility: Duration, limit: usize) -> Result<Taken, Error> {
        let taken =
            on!(self, jobs => jobs.take(now, now + visibility, limit).await?, jobs.take(now, now + visibility, limit));
        if !taken.jobs.is_empty() {
            self.changed();
        }
        Ok(taken)
    }

    /// Hides the jobs that are still running until `until`.
    pub async fn extend(&self, ids: Vec<JobId>, until: Timestamp) -> Result<(), Error> {
        on!(self, jobs => jobs.extend(ids, until).await, { jobs.extend(&ids, until); Ok(()) })
    }

    /// Ends a job. Its sealed text, which holds the address for its reply, is forgotten at once.
    pub async fn done(&self, id: &JobId, now: Timestamp) -> Result<(), Error> {
        self.end(id, JobState::Done, None, now).await
    }

    /// Gives a job up: it is listed as dead with `reason`, and forgotten but for that.
    pub async fn bury(&self, id: &JobId, reason: &str, now: Timestamp) -> Result<(), Error> {
        self.end(id, JobState::Dead, Some(reason), now).await
    }

    async fn end(&self, id: &JobId, state: JobState, reason: Option<&str>, now: Timestamp) -> Result<(), Error> {
        on!(self, jobs => jobs.end(id, state, reason, now).await?, jobs.end(id, state, reason, now));
        self.changed();
        Ok(())
    }

    /// Puts a job back that could not be delivered now, to be due `at`.
    pub async fn retry(&self, id: &JobId, at: Timestamp, reason: &str, now: Timestamp) -> Result<(), Error> {
        on!(self, jobs => jobs.retry(id, at, reason, now).await?, jobs.retry(id, at, reason, now));
        self.inner.added.notify_one();
        self.changed();
        Ok(())
    }

    /// Returns the latest `limit` jobs, the latest first, or those in `state` alone.
    pub async fn list(&self, state: Option<JobState>, limit: usize) -> Result<Vec<JobInfo>, Error> {
        on!(self, jobs => jobs.list(state, limit).await, Ok(jobs.list(state, limit)))
    }

    /// Returns how many jobs there are in each state.
    pub async fn counts(&self) -> Result<Counts, Error> {
        on!(self, jobs => jobs.counts().await, Ok(jobs.counts()))
    }

    /// Makes all jobs due that a dead process had taken, and ends its claims on them, so that each is found dead at
    /// once and not after its lease. Returns how many.
    ///
    /// Call it before the first worker starts, holding the [`ServerLock`](crate::lock::ServerLock): then whoever took
    /// a job has ended.
    pub async fn recover(&self, store: &dyn Store, now: Timestamp) -> Result<usize, Error> {
        let Jobs::File(jobs) = &self.inner.jobs else { return Ok(0) };
        let running = jobs.running().await?;
        // The claims first: a crash in between leaves the jobs to the next start.
        for id in &running {
            store.expire_claim(id, now).await?;
        }
        let count = running.len();
        jobs.release(running, now).await?;
        Ok(count)
    }

    /// Removes done and dead jobs that were listed for long enough. A server calls it now and then.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), Error> {
        on!(self, jobs => jobs.sweep(now).await, { jobs.sweep(now); Ok(()) })
    }

    /// Waits until a job was added or put back in this process; one that was before the call counts.
    pub async fn added(&self) {
        self.inner.added.notified().await;
    }

    /// Looks whether anybody changed the file since the last call, this process or another; a change wakes those who
    /// [watch](Self::watch).
    pub async fn look(&self) -> Result<bool, Error> {
        let Jobs::File(jobs) = &self.inner.jobs else { return Ok(false) };
        let changed = jobs.changed().await?;
        if changed {
            self.changed();
        }
        Ok(changed)
    }

    /// Returns a number that grows with every change of the queue, for those who show it.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    fn changed(&self) {
        if self.inner.changes.receiver_count() > 0 {
            self.inner.changes.send_modify(|changes| *changes += 1);
        }
    }
}

#[async_trait]
impl Invoker for LocalQueue {
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error> {
        let now = Timestamp::now();
        on!(self, jobs => jobs.add(job, now).await?, jobs.add(job, now)?);
        self.inner.added.notify_one();
        self.changed();
        Ok(())
    }
}

/// Returns how long to wait after the delivery `attempt` failed, counted from 1: half of it fixed, half by chance.
pub fn backoff(attempt: u32) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    let half = doubled.min(LONGEST_BACKOFF) / 2;
    half + half.mul_f64(chance())
}

/// Returns a number from 0 to 1. The standard library seeds every `RandomState` anew, which is chance enough to keep
/// retries apart.
fn chance() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let bits = std::hash::RandomState::new().build_hasher().finish();
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        let within = |attempt, from, to| {
            let wait = backoff(attempt);
            assert!(wait >= Duration::from_millis(from) && wait <= Duration::from_millis(to), "{attempt}: {wait:?}");
        };
        within(1, 500, 1000);
        within(2, 1000, 2000);
        within(4, 4000, 8000);
        within(30, 30_000, 60_000);
        within(u32::MAX, 30_000, 60_000);
    }
}
