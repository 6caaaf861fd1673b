//! The loop that takes jobs and runs them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use catops_core::{Error, JobId, Timestamp};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, interval_at, sleep, timeout};

use crate::invoker::{Delivery, LocalQueue, MAX_ATTEMPTS, VISIBILITY, backoff};

/// How many jobs run at the same time, unless the caller says otherwise.
pub const CONCURRENCY: usize = 16;

/// How often to look for jobs that another process added.
const LOOK: Duration = Duration::from_millis(250);

/// How long to wait after the queue failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How often to try to write that a job has ended.
const END_TRIES: u32 = 5;

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// The job is over, whatever its command said.
    Done,
    /// It could not be run now. It is delivered again after a back-off; beyond [`MAX_ATTEMPTS`] it is buried with this
    /// reason.
    Later(String),
    /// Another delivery has it; look again at this time, however often that takes.
    At(Timestamp),
    /// It can never run; it is buried with this reason.
    Refused(String),
}

/// Takes jobs and gives their sealed text and attempt to `handler`, up to `concurrency` at a time, until `shutdown`.
///
/// A handler that panics counts as [`Handled::Later`]. An attempt beyond [`MAX_ATTEMPTS`] is the handler's chance to
/// tell the asker that the job is given up.
///
/// Then it takes no more, waits up to `drain` for those that run, and returns how many it had to leave. Those are
/// found as died by the next start; jobs that wait are left for it.
pub async fn run_workers<H, F>(
    queue: LocalQueue,
    handler: H,
    concurrency: usize,
    shutdown: impl Future<Output = ()>,
    drain: Duration,
) -> usize
where
    H: Fn(String, u32) -> F + Send + Sync + 'static,
    F: Future<Output = Handled> + Send + 'static,
{
    let mut workers = Workers { queue, handler: Arc::new(handler), tasks: JoinSet::new(), running: HashMap::new() };
    tokio::pin!(shutdown);
    tokio::select! {
        () = &mut shutdown => {}
        () = workers.serve(concurrency.max(1)) => {}
    }
    let _ = timeout(drain, workers.drain()).await;
    workers.running.len()
}

struct Workers<H> {
    queue: LocalQueue,
    handler: Arc<H>,
    tasks: JoinSet<()>,
    /// The jobs that run and their attempts, by their tasks.
    running: HashMap<Id, (JobId, u32)>,
}

impl<H, F> Workers<H>
where
    H: Fn(String, u32) -> F + Send + Sync + 'static,
    F: Future<Output = Handled> + Send + 'static,
{
    /// Ends only when it is dropped; every `await` in it may be the last.
    async fn serve(&mut self, concurrency: usize) {
        let mut beat = beat();
        loop {
            let wait = match self.fill(concurrency).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(error = error.chain(), "the queue cannot be read");
                    AFTER_FAILURE
                }
            };
            let queue = self.queue.clone();
            tokio::select! {
                () = queue.added() => {}
                () = sleep(wait.min(LOOK)) => {
                    if let Err(error) = queue.look().await {
                        tracing::error!(error = error.chain(), "the queue cannot be watched");
                    }
                }
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                _ = beat.tick() => self.extend().await,
            }
        }
    }

    /// Takes as many jobs as may run besides those that do; returns when the next will be due.
    async fn fill(&mut self, concurrency: usize) -> Result<Duration, Error> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.ended(ended);
        }
        let free = concurrency.saturating_sub(self.running.len());
        if free == 0 {
            return Ok(LOOK);
        }
        let now = Timestamp::now();
        let taken = self.queue.take(now, VISIBILITY, free).await?;
        for job in taken.jobs {
            // A machine that slept wakes past the visibility of what it runs.
            if !self.running.values().any(|(running, _)| *running == job.id) {
                self.start(job);
            }
        }
        Ok(taken.next.map_or(LOOK, |next| next.since(Timestamp::now())))
    }

    fn start(&mut self, job: Delivery) {
        let (queue, handler) = (self.queue.clone(), Arc::clone(&self.handler));
        let Delivery { id, sealed, attempt } = job;
        let name = id.clone();
        let task = self.tasks.spawn(async move {
            let handled = handler(sealed, attempt).await;
            end(&queue, &id, attempt, handled).await;
        });
        self.running.insert(task.id(), (name, attempt));
    }

    fn ended(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let task = match &ended {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let job = self.running.remove(&task);
        if let (Err(_), Some((id, attempt))) = (ended, job) {
            tracing::error!(job = %id, "the handler of a job panicked");
            let (queue, name) = (self.queue.clone(), id.clone());
            let later = Handled::Later("it broke down on the way to its command".to_owned());
            let task = self.tasks.spawn(async move { end(&queue, &id, attempt, later).await });
            self.running.insert(task.id(), (name, attempt));
        }
    }

    async fn extend(&self) {
        let ids: Vec<JobId> = self.running.values().map(|(id, _)| id.clone()).collect();
        if ids.is_empty() {
            return;
        }
        if let Err(error) = self.queue.extend(ids, Timestamp::now() + VISIBILITY).await {
            tracing::error!(error = error.chain(), "running jobs could not be kept hidden");
        }
    }

    async fn drain(&mut self) {
        let mut beat = beat();
        while !self.running.is_empty() {
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                _ = beat.tick() => self.extend().await,
                else => break,
            }
        }
    }
}

/// Ticks three times within the visibility, so that one failed extension does no harm.
fn beat() -> tokio::time::Interval {
    let every = VISIBILITY / 3;
    interval_at(Instant::now() + every, every)
}

/// Writes what became of a job. If that fails to the end, the job is delivered again, and the dispatcher sees from the
/// claim that it was run.
async fn end(queue: &LocalQueue, id: &JobId, attempt: u32, handled: Handled) {
    for attempt_to_end in 1..=END_TRIES {
        let now = Timestamp::now();
        let ended = match &handled {
            Handled::Done => queue.done(id, now).await,
            Handled::Refused(reason) => queue.bury(id, reason, now).await,
            Handled::At(at) => queue.retry(id, *at, "another delivery has it", now).await,
            Handled::Later(reason) if attempt > MAX_ATTEMPTS => queue.bury(id, reason, now).await,
            Handled::Later(reason) => queue.retry(id, now + backoff(attempt), reason, now).await,
        };
        let Err(error) = ended else { return };
        tracing::error!(job = %id, error = error.chain(), "the end of a job could not be written");
        sleep(backoff(attempt_to_end)).await;
    }
}
