//! Starts the second leg.

use std::fmt;
use std::sync::Mutex;

use async_trait::async_trait;

use crate::error::{Error, ErrorKind};
use crate::job::SealedJob;

/// Starts the second leg in a fresh invocation.
///
/// The rules of `catops_core::conformance::invoker` are these promises, one each.
#[async_trait]
pub trait Invoker: fmt::Debug + Send + Sync + 'static {
    /// Returns once the platform has accepted `job`, without waiting for it to run.
    ///
    /// - *Accepted means kept*: after `Ok` the job survives the end of this process, as far as the platform promises.
    /// - *Delivered as given*: the second leg gets the very text of [`SealedJob::as_str`].
    /// - *At least once*: an accepted job may be delivered more than once; the dispatcher tells repeats apart by
    ///   [`SealedJob::id`].
    /// - *Refusal is an error*: if the platform did not accept it, the result is an [`Error`] and the job never runs,
    ///   save after [`ErrorKind::Timeout`], when it may.
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error>;
}

/// Keeps jobs in memory until a test or a bench takes them. They are lost with the process.
#[derive(Debug)]
pub struct MemoryInvoker {
    jobs: Mutex<Vec<SealedJob>>,
    capacity: usize,
}

impl MemoryInvoker {
    /// Makes one that refuses jobs once `capacity` of them wait.
    pub const fn new(capacity: usize) -> Self {
        Self { jobs: Mutex::new(Vec::new()), capacity }
    }

    /// Takes out all jobs that wait, oldest first.
    pub fn take(&self) -> Vec<SealedJob> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SealedJob>> {
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Invoker for MemoryInvoker {
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error> {
        let mut jobs = self.lock();
        if jobs.len() >= self.capacity {
            return Err(Error::new(ErrorKind::Unavailable, format!("the queue is full with {} jobs", jobs.len())));
        }
        jobs.push(job.clone());
        Ok(())
    }
}
