//! The runs that are under way, so that the end of the process can wait for them, and give up those that take too long.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use catops_core::Timestamp;
use catops_core::job::{JobId, SealedJob};
use catops_core::store::Store;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

/// How long it may take to tell the store of all runs that were given up.
const GIVE_UP_TIME: Duration = Duration::from_millis(800);

/// The runs of this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running(Arc<watch::Sender<HashMap<tokio::task::Id, Run>>>);

#[derive(Debug)]
struct Run {
    /// The job, where it is one whose label can be read.
    job: Option<JobId>,
    task: AbortHandle,
}

impl Running {
    /// Starts `run` in a task of its own: a caller who hangs up, as Pub/Sub does when its time is up, does not end it.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        sealed: Option<&str>,
        run: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        /// Takes the run off the list however it ends.
        struct Entry(Running, tokio::task::Id);
        impl Drop for Entry {
            fn drop(&mut self) {
                self.0.0.send_modify(|runs| drop(runs.remove(&self.1)));
            }
        }
        let job = sealed.and_then(|text| SealedJob::from_text(text).ok()).map(|sealed| sealed.id().clone());
        let (listed, is_listed) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            // The list holds it before it can end.
            let _entry = is_listed.await.ok();
            run.await
        });
        self.0.send_modify(|runs| drop(runs.insert(task.id(), Run { job, task: task.abort_handle() })));
        let _ = listed.send(Entry(self.clone(), task.id()));
        task
    }

    /// Resolves when nothing runs.
    pub(crate) async fn none(&self) {
        let _ = self.0.subscribe().wait_for(HashMap::is_empty).await;
    }

    /// Ends what still runs, and notes in `store` that it is dead, so that the next delivery finds out at once and need not
    /// wait until the claim runs out. Returns how many runs there were.
    pub(crate) async fn give_up(&self, store: &dyn Store, now: Timestamp) -> usize {
        let runs: Vec<_> = self.0.borrow().values().map(|run| (run.job.clone(), run.task.clone())).collect();
        for (_, task) in &runs {
            task.abort();
        }
        let told = async {
            for job in runs.iter().filter_map(|(job, _)| job.as_ref()) {
                if let Err(error) = store.expire_claim(job, now).await {
                    tracing::warn!(job = %job, error = error.chain(), "the end of a run could not be noted");
                }
            }
        };
        let _ = timeout(GIVE_UP_TIME, told).await;
        runs.len()
    }
}
