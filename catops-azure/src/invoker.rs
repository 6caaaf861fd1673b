//! The second leg by way of the answer: a queue output binding.

use std::cell::RefCell;

use async_trait::async_trait;
use catops_core::invoker::Invoker;
use catops_core::job::SealedJob;
use catops_core::{Error, ErrorKind};

tokio::task_local! {
    /// What the answer to the invocation at hand will carry.
    static BOUND: RefCell<Vec<String>>;
}

/// Runs `work` as an invocation whose function has a queue output binding, and returns its jobs beside its result.
pub async fn bound<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    let work = async {
        let done = work.await;
        (done, BOUND.with(RefCell::take))
    };
    BOUND.scope(RefCell::default(), work).await
}

/// Hands jobs to the host, in the answer to the invocation at hand: see [`bound`].
///
/// Accepted means: in the answer. The host writes the outputs of an answer before it answers the chat, so
///
/// - an acknowledgement that reached the chat means that the job is in the queue, which outlives host and process;
/// - a job that the host could not write is a 500 to the chat, which then tells the asker itself that the bot failed. This
///   invoker has returned by then, so the bot's own words for it do not come;
/// - a job whose answer never got to the host is not in the queue, and the chat has no acknowledgement of it.
///
/// What can happen is a job in the queue without an acknowledgement, when the host dies between the two. No storage
/// credentials are needed here.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueBindingInvoker;

#[async_trait]
impl Invoker for QueueBindingInvoker {
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error> {
        let bound = BOUND.try_with(|jobs| jobs.borrow_mut().push(job.as_str().to_owned()));
        bound.map_err(|_| {
            let said = "a job was started outside of any invocation, so there is no answer to put it into";
            Error::new(ErrorKind::Config, said)
        })
    }
}
