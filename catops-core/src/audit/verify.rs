//! Whether the audit is as it was written.
//!
//! # What is proven
//!
//! Given all records that ended from some moment on, [`verify`] finds every record of them that
//!
//! - was changed, in whatever field, or taken from another bot: its seal does not fit;
//! - was removed, if another that is left names it: the next one of its chain, or the first of a later chain;
//! - is there twice;
//! - was put in without a seal after the bot began to seal.
//!
//! # What is not
//!
//! - **The newest records of a chain.** If they are cut off, and no later process of the bot has named them, nothing in the
//!   store tells. The log does: it has each record too.
//! - **The oldest ones.** A store may remove them when there are too many, and what is left looks the same whoever did it.
//!   [`Verified::from`] says from where on the audit is whole.
//! - **What the bot's key signs.** Whoever has it can write a whole audit anew. So can whoever changes the bot itself.
//! - **What was not stored.** A record that the store did not take is missing from its chain; the log has it, as an error.
//!
//! A change of the key (`CATOPS_JOB_KEY`, or the secret that it is derived from) makes all that was sealed before look
//! changed.

use std::fmt;

use super::chain::{Link, is_sealed};
use super::{Record, Seen};
use crate::error::Error;
use crate::job::{JobId, JobKey};
use crate::store::Store;
use crate::time::Timestamp;

/// How many of the oldest records of a list that was cut are left out. A store may list them in the order in which they
/// were written, not in which they ended: the difference is what a process runs at once.
const UNSETTLED: usize = 64;

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many records were looked at.
    pub count: usize,
    /// How many of them are sealed.
    pub sealed: usize,
    /// When the oldest ended: from then on the audit is whole, but for the faults.
    pub from: Option<Timestamp>,
    /// When the newest ended.
    pub to: Option<Timestamp>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// What is wrong in the audit. Shown as a plain sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The record of this job is not as it was written, or was sealed with another key.
    Altered {
        /// The job.
        job: JobId,
        /// When it ended, if that is not what was changed.
        ended: Timestamp,
    },
    /// Records of a chain are not there.
    Missing {
        /// The chain.
        chain: JobId,
        /// The numbers of the first and the last that are missing; the same for one.
        numbers: (u64, u64),
        /// The job whose record comes next.
        before: JobId,
        /// When that ended.
        ended: Timestamp,
    },
    /// A record is not there that was when another chain began.
    Gone {
        /// When it ended.
        ended: Timestamp,
        /// The job whose record names it.
        named_by: JobId,
    },
    /// The record of this job is at a place that another one has.
    Doubled {
        /// The job.
        job: JobId,
        /// When it ended.
        ended: Timestamp,
    },
    /// The record of this job has no seal, though older ones have.
    Unlinked {
        /// The job.
        job: JobId,
        /// When it ended.
        ended: Timestamp,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { job, ended } => {
                write!(
                    f,
                    "The record of job `{job}`, which ended at {ended}, is not as it was written, or was sealed with another key."
                )
            }
            Self::Missing { chain, numbers: (first, last), before, ended } => {
                let what = if first == last { "is missing: number" } else { "and others are missing: numbers" };
                write!(f, "The record before that of job `{before}`, which ended at {ended}, {what} {first}")?;
                if first != last {
                    write!(f, " to {last}")?;
                }
                write!(f, " of chain `{chain}`.")
            }
            Self::Gone { ended, named_by } => {
                write!(f, "A record of what ended at {ended} is missing: that of job `{named_by}` names it.")
            }
            Self::Doubled { job, ended } => {
                write!(
                    f,
                    "The record of job `{job}`, which ended at {ended}, is there more than once, or in the place \
                           of another."
                )
            }
            Self::Unlinked { job, ended } => {
                write!(f, "The record of job `{job}`, which ended at {ended}, has no seal, though older ones have.")
            }
        }
    }
}

/// Reads the newest records of `store`, at most `limit`, so that [`verify`] can tell from them what is missing: of a list
/// that is cut, the oldest are left out.
pub async fn newest(store: &dyn Store, limit: usize) -> Result<Vec<Record>, Error> {
    let mut records = store.records(limit).await?;
    if records.len() >= limit && limit > 0 {
        records.sort_by_key(|record| std::cmp::Reverse(record.ended));
        let cut = records[records.len().saturating_sub(UNSETTLED + 1)].ended;
        records.retain(|record| record.ended > cut);
    }
    Ok(records)
}

/// Looks for what was done to the audit since it was written; see the [module](self) for what that proves.
///
/// `records` are all that ended at a certain time or later, in any order: one that is missing is a fault unless it ended
/// before the oldest of them.
pub fn verify(records: &[Record], key: &JobKey) -> Verified {
    let mut by_end: Vec<&Record> = records.iter().collect();
    by_end.sort_by(|a, b| (a.ended, a.job.as_str()).cmp(&(b.ended, b.job.as_str())));
    let mut faults = Vec::new();

    // What was altered keeps its place, so that it is no gap too; but what it says of others counts for nothing.
    let mut linked: Vec<Linked<'_>> = Vec::new();
    let (mut from, mut sealed_from) = (None, None);
    for record in &by_end {
        let (job, ended) = (&record.job, record.ended);
        if let Some(link) = &record.link {
            let is_whole = is_sealed(record, key);
            linked.push(Linked { record, link, is_whole });
            if !is_whole {
                faults.push(Fault::Altered { job: job.clone(), ended });
                continue;
            }
            sealed_from = sealed_from.or(Some(ended));
        } else if sealed_from.is_some_and(|from| from < ended) {
            faults.push(Fault::Unlinked { job: job.clone(), ended });
        }
        from = from.or(Some(ended));
    }
    let sealed = linked.len();

    let mut seals: Vec<&str> = linked.iter().map(|one| one.link.seal.as_str()).collect();
    seals.sort_unstable();
    let is_missing = |seen: &&Seen| from <= Some(seen.at) && seals.binary_search(&seen.seal.as_str()).is_err();

    linked.sort_by(|a, b| a.place().cmp(&b.place()));
    let mut told: Vec<&str> = Vec::new();
    let mut before: Option<&Linked<'_>> = None;
    for one in &linked {
        let (record, link) = (one.record, one.link);
        let (job, ended) = (&record.job, record.ended);
        let last = before.filter(|before| before.link.chain == link.chain).map(|before| before.link.seq);
        before = Some(one);
        if last == Some(link.seq) {
            faults.push(Fault::Doubled { job: job.clone(), ended });
            continue;
        }
        if link.seq == 0 {
            continue;
        }
        let named = if one.is_whole { link.after.first() } else { None };
        let missing = named.filter(is_missing);
        let has_gap = last.is_some_and(|last| last + 1 < link.seq);
        if missing.is_some() || has_gap && named.is_none() {
            told.extend(missing.map(|seen| seen.seal.as_str()));
            let first = last.filter(|_| has_gap).map_or(link.seq - 1, |last| last + 1);
            let numbers = (first, link.seq - 1);
            faults.push(Fault::Missing { chain: link.chain.clone(), numbers, before: job.clone(), ended });
        }
    }
    linked.sort_by(|a, b| a.record.ended.cmp(&b.record.ended).then_with(|| a.place().cmp(&b.place())));
    for one in linked.iter().filter(|one| one.is_whole && one.link.seq == 0) {
        for seen in one.link.after.iter().filter(is_missing) {
            if !told.contains(&seen.seal.as_str()) {
                told.push(&seen.seal);
                faults.push(Fault::Gone { ended: seen.at, named_by: one.record.job.clone() });
            }
        }
    }
    Verified { count: records.len(), sealed, from, to: by_end.last().map(|record| record.ended), faults }
}

/// A record that has a link.
struct Linked<'a> {
    record: &'a Record,
    link: &'a Link,
    is_whole: bool,
}

impl Linked<'_> {
    fn place(&self) -> (&str, u64, bool) {
        (self.link.chain.as_str(), self.link.seq, !self.is_whole)
    }
}

#[cfg(test)]
mod tests;
