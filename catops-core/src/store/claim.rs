//! At most once: who runs a job, made of compare-and-set alone, so that every store has it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Entry, Put, Store, When};
use crate::audit::Record;
use crate::error::{Error, ErrorKind};
use crate::job::JobId;
use crate::time::Timestamp;

/// How long a claim is kept: longer than any platform delivers an accepted job again.
///
/// Pub/Sub keeps an unacknowledged message for at most 7 days by default; a job is refused after its own deadline well
/// before.
pub const KEEP_CLAIM: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a delivery found when it claimed its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody ran it: run it.
    New,
    /// It ended: do nothing.
    Finished,
    /// Another delivery runs it now: do not run beside it, and look again after this time.
    Running(Timestamp),
    /// It began and no end was recorded before its time was up.
    Died(Claim),
}

/// The claim of a run that died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub id: JobId,
    /// When the run began.
    pub started: Timestamp,
    /// The version of the entry, for taking it over.
    version: String,
}

/// The value under a job's key.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum State {
    Running { started: Timestamp, until: Timestamp },
    Finished,
}

/// The entry of a job that has finished, for a store that writes it and the audit record at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedClaim {
    /// The key of the job's entry.
    pub key: String,
    /// What it holds from now on.
    pub value: String,
    /// When it will be gone.
    pub expires: Timestamp,
}

impl FinishedClaim {
    /// Makes the entry of the job `id`.
    pub fn new(id: &JobId, now: Timestamp) -> Result<Self, Error> {
        Ok(Self { key: key(id), value: write(&State::Finished)?, expires: now + KEEP_CLAIM })
    }
}

fn key(id: &JobId) -> String {
    format!("job/{id}")
}

fn write(state: &State) -> Result<String, Error> {
    serde_json::to_string(state).map_err(|error| Error::new(ErrorKind::Invalid, "writing a claim").because(error))
}

pub(super) async fn claim<S: Store + ?Sized>(
    store: &S,
    id: &JobId,
    until: Timestamp,
    now: Timestamp,
) -> Result<Claimed, Error> {
    let key = key(id);
    let value = write(&State::Running { started: now, until })?;
    // Twice, since an entry can expire between the refused write and the read.
    for _ in 0..2 {
        if store.put(&key, &value, Some(now + KEEP_CLAIM), When::Absent, now).await? == Put::Stored {
            return Ok(Claimed::New);
        }
        if let Some(entry) = store.get(&key, now).await? {
            return read(id, &entry, now);
        }
    }
    Err(Error::new(ErrorKind::Unavailable, format!("claiming job {id}: the store refused it and has no entry")))
}

pub(super) async fn claimed<S: Store + ?Sized>(
    store: &S,
    id: &JobId,
    now: Timestamp,
) -> Result<Option<Claimed>, Error> {
    store.get(&key(id), now).await?.map(|entry| read(id, &entry, now)).transpose()
}

fn read(id: &JobId, entry: &Entry, now: Timestamp) -> Result<Claimed, Error> {
    let state = serde_json::from_str(&entry.value)
        .map_err(|error| Error::new(ErrorKind::Invalid, format!("reading the claim of job {id}")).because(error))?;
    Ok(match state {
        State::Finished => Claimed::Finished,
        State::Running { until, .. } if now < until => Claimed::Running(until),
        State::Running { started, .. } => {
            Claimed::Died(Claim { id: id.clone(), started, version: entry.version.clone() })
        }
    })
}

pub(super) async fn take_over<S: Store + ?Sized>(
    store: &S,
    dead: &Claim,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, Error> {
    let value = write(&State::Running { started: now, until })?;
    let when = When::Unchanged(&dead.version);
    Ok(store.put(&key(&dead.id), &value, Some(now + KEEP_CLAIM), when, now).await? == Put::Stored)
}

pub(super) async fn finish<S: Store + ?Sized>(store: &S, record: &Record, now: Timestamp) -> Result<(), Error> {
    let FinishedClaim { key, value, expires } = FinishedClaim::new(&record.job, now)?;
    store.put(&key, &value, Some(expires), When::Always, now).await?;
    store.append(record).await
}

pub(super) async fn expire_claim<S: Store + ?Sized>(store: &S, id: &JobId, now: Timestamp) -> Result<(), Error> {
    let key = key(id);
    let Some(entry) = store.get(&key, now).await? else { return Ok(()) };
    let state = serde_json::from_str(&entry.value)
        .map_err(|error| Error::new(ErrorKind::Invalid, format!("reading the claim of job {id}")).because(error))?;
    let State::Running { started, until } = state else { return Ok(()) };
    if until <= now {
        return Ok(());
    }
    let value = write(&State::Running { started, until: now })?;
    store.put(&key, &value, entry.expires, When::Unchanged(&entry.version), now).await.map(|_| ())
}
