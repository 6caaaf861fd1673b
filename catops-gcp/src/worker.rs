//! The second leg: what the queue and the scheduler bring.

use std::sync::Arc;
use std::time::{Duration, Instant};

use catops_core::dispatcher::Dispatched;
use catops_core::invoker::Invoker;
use catops_core::{Dispatcher, Timestamp};
use tokio::sync::watch;
use tokio::time::timeout;

/// How often a delivery that finds its job running looks whether it has ended: at first, and at most.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_AT_MOST: Duration = Duration::from_secs(5);

/// What a request for the second leg holds.
#[derive(Debug)]
pub(crate) enum Work {
    /// A sealed job.
    Job(String),
    /// A scheduled command, and the time it is due.
    Tick(String, Timestamp),
    /// A job that the queue gave up, and after how many tries, if it says so.
    Dead(String, Option<u32>),
}

/// Runs jobs that were delivered.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) dispatcher: Arc<Dispatcher>,
    /// Where a repeatable job goes that died.
    pub(crate) invoker: Arc<dyn Invoker>,
    /// How long a command may run.
    pub(crate) limit: Duration,
    /// Turns true when the process is to end.
    pub(crate) stopped: watch::Receiver<bool>,
}

impl Worker {
    /// Does the work. A delivery that finds its job running is held until that run has ended, at most for the time a command
    /// may take.
    ///
    /// So a repeat costs one try of the queue's few, not one every few seconds: a job that is alive is never taken for dead,
    /// and one whose process died is reported once its claim has run out.
    pub(crate) async fn run(&self, work: &Work) -> Dispatched {
        let begun = Instant::now();
        let mut pause = LOOK;
        loop {
            let now = Timestamp::now();
            let dispatched = self.deliver(work, now).await;
            let Dispatched::Busy(until) = dispatched else { return dispatched };
            let left = self.limit.saturating_sub(begun.elapsed());
            if left.is_zero() || *self.stopped.borrow() {
                return dispatched;
            }
            // A moment more, since the claim has run out at its time and not before.
            let look = pause.min(until.since(now) + Duration::from_millis(1)).min(left);
            let _ = timeout(look, self.stopped.clone().wait_for(|stopped| *stopped)).await;
            pause = (pause * 2).min(LOOK_AT_MOST);
        }
    }

    async fn deliver(&self, work: &Work, now: Timestamp) -> Dispatched {
        match work {
            Work::Job(text) => self.dispatcher.dispatch(text, now, self.limit).await,
            Work::Tick(command, due) => self.dispatcher.tick(command, *due, now, self.limit).await,
            Work::Dead(text, tries) => self.dead(text, *tries, now).await,
        }
    }

    /// Deals with a job that was given up: a repeatable command runs again, the asker of any other is told.
    async fn dead(&self, text: &str, tries: Option<u32>, now: Timestamp) -> Dispatched {
        tracing::warn!(tries, "a job was given up by the queue");
        let why = match tries {
            Some(tries) => format!("Google Cloud tried it {tries} times"),
            None => "Google Cloud could not run it".to_owned(),
        };
        self.dispatcher.rerun_or_report(text, &why, &*self.invoker, now).await
    }
}
