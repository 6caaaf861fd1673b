//! Delivers replies.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::Error;
use crate::reply::{Audience, Reply};
use crate::request::{Press, ReplyTo};
use crate::time::Timestamp;

/// How long an attempt to show progress may hold up the work.
pub const PROGRESS_TIME: Duration = Duration::from_secs(3);

/// Delivers a reply to the place that asked.
#[async_trait]
pub trait Responder: fmt::Debug + Send + Sync + 'static {
    /// Posts `reply` and returns what is known of the message.
    ///
    /// - *Delivered means accepted*: after `Ok` the chat has taken the message.
    /// - *One message*: given what it returned before as `earlier`, it changes that message instead of posting
    ///   another, where the chat can and the audience is the same.
    /// - *Within limits*: what the chat would refuse for its size is cut with a note, never sent as it is.
    /// - *Bounded*: it retries what may pass, with jitter, honours `Retry-After`, and gives up within
    ///   [`client::TOTAL_TIME`](crate::client::TOTAL_TIME). Then the error says why, without the address.
    /// - *Only to the chat*: an address on a host that is not the chat's is never called; that is an error of kind
    ///   [`ErrorKind::Refused`](crate::ErrorKind::Refused).
    ///
    /// After a time-out the message may have been posted and be posted again.
    async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error>;

    /// Posts how far the work is, as [`Responder::respond`] does, by whatever way it can be changed most often.
    ///
    /// - *Brief*: it tries for less than [`PROGRESS_TIME`], and waits for nothing: the next call brings later news.
    /// - *One message*: it posts no second message where the first cannot be changed any more.
    async fn progress(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        self.respond(to, reply, earlier, now).await
    }

    /// Returns how much a [`Decision`](crate::reply::Decision) can carry in a button, in UTF-16 units.
    fn room(&self) -> usize {
        usize::MAX
    }

    /// Changes the message that held a button into one that says who pressed it, and without its buttons.
    ///
    /// `note` is light Markdown. A chat that cannot do so does nothing.
    async fn pressed(&self, to: &ReplyTo, press: &Press, note: &str, now: Timestamp) -> Result<(), Error> {
        let _ = (to, press, note, now);
        Ok(())
    }
}

/// What is known of messages posted to one [`ReplyTo`] so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Who sees the latest message.
    pub audience: Audience,
    /// How often the one-request address has been used.
    pub uses: u8,
    /// What the chat calls the latest message, if it can be changed by that name.
    pub message: Option<String>,
}

/// Records replies, for tests.
#[derive(Debug, Default)]
pub struct MemoryResponder {
    replies: Mutex<Vec<(ReplyTo, Reply)>>,
}

impl MemoryResponder {
    /// Returns what was posted so far, in order; a change of a message counts as one more.
    pub fn replies(&self) -> Vec<(ReplyTo, Reply)> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(ReplyTo, Reply)>> {
        self.replies.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Responder for MemoryResponder {
    async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        _now: Timestamp,
    ) -> Result<Posted, Error> {
        self.lock().push((to.clone(), reply.clone()));
        Ok(Posted {
            audience: reply.audience,
            uses: earlier.map_or(1, |earlier| earlier.uses.saturating_add(1)),
            message: None,
        })
    }
}
