//! What waits and is in the store: under seal, so that who can write there cannot say what is run, and in whose name.

use crate::error::Error;
use crate::job::{JobId, JobKey};
use crate::store::{Store, When};
use crate::time::Timestamp;

/// What [`JobKey::tag`] signs it for.
const PURPOSE: &str = "pending";

/// What the store has under a ticket.
pub(super) enum Kept {
    /// What was put there.
    Text(String),
    /// Something else: it was altered, or is of another bot.
    Altered,
    /// Nothing: its time is up, or it was decided on.
    Nothing,
}

/// Puts `text` under `ticket`, until it expires: as `<64 hex digits>:<text>`.
pub(super) async fn put(
    store: &dyn Store,
    seal: &JobKey,
    ticket: &JobId,
    text: &str,
    expires: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let sealed = format!("{}:{text}", seal.tag(PURPOSE, &signed(ticket, text)));
    store.put(&key(ticket), &sealed, Some(expires), When::Always, now).await.map(drop)
}

/// Returns what is under `ticket`.
pub(super) async fn get(store: &dyn Store, seal: &JobKey, ticket: &JobId, now: Timestamp) -> Result<Kept, Error> {
    let Some(entry) = store.get(&key(ticket), now).await? else { return Ok(Kept::Nothing) };
    Ok(match entry.value.split_once(':') {
        Some((tag, text)) if seal.is_tag(tag, PURPOSE, &signed(ticket, text)) => Kept::Text(text.to_owned()),
        _ => Kept::Altered,
    })
}

/// Removes what was decided on. It expires by itself too, so that a failure is no more than logged.
pub(super) async fn forget(store: &dyn Store, ticket: &JobId, now: Timestamp) {
    if let Err(error) = store.delete(&key(ticket), When::Always, now).await {
        tracing::warn!(%ticket, error = error.chain(), "what was decided is still in the store");
    }
}

/// Bound to its ticket, so that one cannot be put in the place of another.
fn signed(ticket: &JobId, text: &str) -> String {
    format!("{ticket}:{text}")
}

fn key(ticket: &JobId) -> String {
    format!("pending/{ticket}")
}
