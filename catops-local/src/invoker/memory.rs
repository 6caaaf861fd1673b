//! The jobs in memory.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use catops_core::job::SealedJob;
use catops_core::{Error, ErrorKind, JobId, Timestamp};

use super::{Counts, Delivery, JobInfo, JobState, KEEP_DEAD, KEEP_DONE, Taken};

/// The most jobs that wait or run; more are refused, so that a flood does not take all memory.
const MAX_WAITING: usize = 100_000;

/// The most ended jobs that are listed; the oldest go first.
const MAX_ENDED: usize = 10_000;

#[derive(Default)]
pub(super) struct MemoryJobs {
    inner: Mutex<Inner>,
}

/// A job's place in the order of arrival.
type Seq = u64;

#[derive(Default)]
struct Inner {
    last: Seq,
    jobs: BTreeMap<Seq, Job>,
    seqs: HashMap<JobId, Seq>,
    /// What waits or runs, by when it is due.
    due: BTreeSet<(Timestamp, Seq)>,
}

struct Job {
    sealed: String,
    info: JobInfo,
}

impl MemoryJobs {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, job: &SealedJob, now: Timestamp) -> Result<(), Error> {
        // Copied before the lock is taken, which all acknowledgements want.
        let info = JobInfo {
            id: job.id().clone(),
            label: job.label().to_owned(),
            state: JobState::Queued,
            attempts: 0,
            visible_at: Some(now),
            created: now,
            updated: now,
            reason: None,
        };
        let (id, fresh) = (job.id().clone(), Job { sealed: job.as_str().to_owned(), info });
        let mut inner = self.lock();
        let Inner { last, jobs, seqs, due } = &mut *inner;
        let Entry::Vacant(place) = seqs.entry(id) else { return Ok(()) };
        if due.len() >= MAX_WAITING {
            return Err(Error::new(ErrorKind::Unavailable, format!("the queue is full with {MAX_WAITING} jobs")));
        }
        *last += 1;
        place.insert(*last);
        jobs.insert(*last, fresh);
        due.insert((now, *last));
        Ok(())
    }

    pub(super) fn take(&self, now: Timestamp, until: Timestamp, limit: usize) -> Taken {
        let mut inner = self.lock();
        let mut taken = Taken::default();
        while taken.jobs.len() < limit {
            let Some(&(at, seq)) = inner.due.first().filter(|(at, _)| *at <= now) else { break };
            inner.due.remove(&(at, seq));
            inner.due.insert((until, seq));
            let Some(job) = inner.jobs.get_mut(&seq) else { continue };
            job.info.state = JobState::Running;
            job.info.attempts += 1;
            job.info.visible_at = Some(until);
            job.info.updated = now;
            let (id, sealed) = (job.info.id.clone(), job.sealed.clone());
            taken.jobs.push(Delivery { id, sealed, attempt: job.info.attempts });
        }
        taken.next = inner.due.first().map(|(at, _)| *at);
        taken
    }

    pub(super) fn extend(&self, ids: &[JobId], until: Timestamp) {
        let mut inner = self.lock();
        for id in ids {
            inner.change(id, Some(until), |_| ());
        }
    }

    pub(super) fn end(&self, id: &JobId, state: JobState, reason: Option<&str>, now: Timestamp) {
        let mut inner = self.lock();
        inner.change(id, None, |job| {
            job.sealed = String::new();
            job.info.state = state;
            job.info.updated = now;
            job.info.reason = reason.map(str::to_owned);
        });
        if inner.jobs.len() > inner.due.len() + MAX_ENDED {
            let oldest = inner.jobs.iter().find(|(_, job)| job.info.visible_at.is_none()).map(|(seq, _)| *seq);
            oldest.into_iter().for_each(|seq| inner.forget(seq));
        }
    }

    pub(super) fn retry(&self, id: &JobId, at: Timestamp, reason: &str, now: Timestamp) {
        self.lock().change(id, Some(at), |job| {
            job.info.state = JobState::Queued;
            job.info.updated = now;
            job.info.reason = Some(reason.to_owned());
        });
    }

    pub(super) fn list(&self, state: Option<JobState>, limit: usize) -> Vec<JobInfo> {
        let inner = self.lock();
        let wanted = inner.jobs.values().rev().map(|job| &job.info);
        wanted.filter(|info| state.is_none_or(|state| state == info.state)).take(limit).cloned().collect()
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.lock().jobs.values().for_each(|job| *counts.of(job.info.state) += 1);
        counts
    }

    pub(super) fn sweep(&self, now: Timestamp) {
        let mut inner = self.lock();
        let is_old = |info: &JobInfo| match info.state {
            JobState::Done => now.since(info.updated) >= KEEP_DONE,
            JobState::Dead => now.since(info.updated) >= KEEP_DEAD,
            JobState::Queued | JobState::Running => false,
        };
        let old: Vec<Seq> = inner.jobs.iter().filter(|(_, job)| is_old(&job.info)).map(|(seq, _)| *seq).collect();
        old.into_iter().for_each(|seq| inner.forget(seq));
    }
}

impl Inner {
    /// Changes a job that waits or runs, and when it is due.
    fn change(&mut self, id: &JobId, due: Option<Timestamp>, change: impl FnOnce(&mut Job)) {
        let Some(&seq) = self.seqs.get(id) else { return };
        let Some(job) = self.jobs.get_mut(&seq) else { return };
        let Some(at) = job.info.visible_at else { return };
        change(job);
        job.info.visible_at = due;
        self.due.remove(&(at, seq));
        self.due.extend(due.map(|due| (due, seq)));
    }

    fn forget(&mut self, seq: Seq) {
        if let Some(job) = self.jobs.remove(&seq) {
            self.seqs.remove(&job.info.id);
        }
    }
}
