//! A button runs once, whoever presses it and however often: its ticket is used up in the store.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::job::{Job, JobId};
use crate::request::{Actor, Press};
use crate::store::{KEEP_CLAIM, Put, Store, When};
use crate::time::Timestamp;

/// Who used a ticket up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Used {
    /// The job that the button became.
    job: JobId,
    /// Who pressed.
    pub(super) who: Actor,
    /// When.
    pub(super) at: Timestamp,
}

/// Uses the ticket of `press` up for `job`, or returns who did so for another job.
///
/// It is kept as long as a button lives from now on. A button does not live longer than that from when it was made.
pub(super) async fn use_up(store: &dyn Store, press: &Press, job: &Job, now: Timestamp) -> Result<Option<Used>, Error> {
    let ticket = &press.ticket;
    let used = Used { job: job.id.clone(), who: job.request.actor.clone(), at: job.asked };
    let value = serde_json::to_string(&used).map_err(|error| invalid("writing", ticket).because(error))?;
    // Twice, since an entry can expire between the refused write and the read.
    for _ in 0..2 {
        if store.put(&key(ticket), &value, Some(now + KEEP_CLAIM), When::Absent, now).await? == Put::Stored {
            return Ok(None);
        }
        if let Some(used) = used_up(store, ticket, now).await? {
            // The same job again: the delivery before this one died.
            return Ok(Some(used).filter(|used| used.job != job.id));
        }
    }
    Err(Error::new(ErrorKind::Unavailable, format!("the store refused the ticket {ticket} and has no entry")))
}

/// Returns who used a ticket up.
pub(super) async fn used_up(store: &dyn Store, ticket: &JobId, now: Timestamp) -> Result<Option<Used>, Error> {
    let Some(entry) = store.get(&key(ticket), now).await? else { return Ok(None) };
    serde_json::from_str(&entry.value).map(Some).map_err(|error| invalid("reading", ticket).because(error))
}

fn key(ticket: &JobId) -> String {
    format!("ticket/{ticket}")
}

fn invalid(doing: &str, ticket: &JobId) -> Error {
    Error::new(ErrorKind::Invalid, format!("{doing} the ticket {ticket}"))
}
