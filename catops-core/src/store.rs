//! What must outlive an invocation: claims, state, the audit.

mod claim;
mod memory;

use std::fmt;

use async_trait::async_trait;

pub use self::claim::{Claim, Claimed, FinishedClaim, KEEP_CLAIM};
pub use self::memory::MemoryStore;
use crate::audit::Record;
use crate::error::Error;
use crate::job::JobId;
use crate::time::Timestamp;

/// Keys with values, changed by compare-and-set, and a list of audit records.
///
/// A key has at most 512 bytes, a value at most 256 KiB; more is an error of kind
/// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge). The rules of `catops_core::conformance::store` are these
/// promises, one each.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns the entry under `key`.
    ///
    /// - *Reads what was written*: by this process or any other that shares the store, after their `put` returned.
    /// - *Expired is gone*: an entry whose time has come is `None`, also where the platform deletes it late.
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error>;

    /// Writes `value` under `key` if `when` holds, and returns whether it did.
    ///
    /// - *Compare and set*: of several writers with the same [`When`], other than [`When::Always`], exactly one gets
    ///   [`Put::Stored`].
    /// - *An expired entry counts as absent.*
    /// - *Durable*: after `Stored` the value survives the end of this process, as far as the platform promises.
    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error>;

    /// Removes `key` if `when` holds, and returns whether it did. Removing what is absent is fine.
    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error>;

    /// Returns the entries whose key begins with `prefix`, in the order of their keys, without the expired.
    ///
    /// At most [`MAX_LIST`] of them.
    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error>;

    /// Appends `record` to the audit.
    async fn append(&self, record: &Record) -> Result<(), Error>;

    /// Returns the latest `limit` audit records, the latest first.
    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error>;

    /// Claims the job `id` before it runs: of all deliveries of one job, exactly one gets [`Claimed::New`].
    ///
    /// `until` is when a run that has not ended must be dead: the deadline of the invocation and a margin. A later
    /// delivery gets [`Claimed::Finished`], [`Claimed::Running`] before that time, and [`Claimed::Died`] after it.
    async fn claim(&self, id: &JobId, until: Timestamp, now: Timestamp) -> Result<Claimed, Error> {
        claim::claim(self, id, until, now).await
    }

    /// Returns how it stands with the job `id`, without claiming it; `None` if nobody has.
    async fn claimed(&self, id: &JobId, now: Timestamp) -> Result<Option<Claimed>, Error> {
        claim::claimed(self, id, now).await
    }

    /// Takes over the claim of a run that died, so that exactly one of several finders reports or repeats it.
    ///
    /// Returns whether it was this caller.
    async fn take_over(&self, dead: &Claim, until: Timestamp, now: Timestamp) -> Result<bool, Error> {
        claim::take_over(self, dead, until, now).await
    }

    /// Ends the time of a run that is known to have died with its process, so that the next delivery of the job finds
    /// [`Claimed::Died`] at once and not when the time is up.
    ///
    /// A job that is not claimed, has finished, or is claimed anew meanwhile stays as it is.
    async fn expire_claim(&self, id: &JobId, now: Timestamp) -> Result<(), Error> {
        claim::expire_claim(self, id, now).await
    }

    /// Marks the job as finished and appends its audit record. A repeat of it then does nothing.
    async fn finish(&self, record: &Record, now: Timestamp) -> Result<(), Error> {
        claim::finish(self, record, now).await
    }
}

/// The most entries that [`Store::list`] returns.
pub const MAX_LIST: usize = 1000;

/// The longest key, in bytes.
pub const MAX_KEY: usize = 512;

/// The largest value, in bytes. DynamoDB's item limit is 400 KB, Table storage's property limit 64 KiB in UTF-16 with
/// fifteen properties to a value.
pub const MAX_VALUE: usize = 256 * 1024;

/// A value and what is needed to change it safely.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: String,
    /// Changes with every write; opaque.
    pub version: String,
    /// When it will be gone.
    pub expires: Option<Timestamp>,
}

/// Without the value: plugins keep what they like, and what waits for a decision may hold a secret.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, expires, .. } = self;
        f.debug_struct("Entry").field("version", version).field("expires", expires).finish_non_exhaustive()
    }
}

/// What must hold for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When<'a> {
    /// Nothing.
    Always,
    /// There is no entry.
    Absent,
    /// The entry still has this [`Entry::version`].
    Unchanged(&'a str),
}

/// Whether a write happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It did.
    Stored,
    /// The condition did not hold; nothing was changed.
    Conflict,
}

/// Refuses keys and values over the limits; every store calls it first.
pub fn check_size(key: &str, value: &str) -> Result<(), Error> {
    let too_large = |what: &str, is: usize, most: usize| {
        let text = format!("a {what} of {is} bytes is more than the {most} that a store takes");
        Err(Error::new(crate::ErrorKind::TooLarge, text))
    };
    if key.is_empty() || key.len() > MAX_KEY {
        return too_large("key", key.len(), MAX_KEY);
    }
    if value.len() > MAX_VALUE {
        return too_large("value", value.len(), MAX_VALUE);
    }
    Ok(())
}
