//! Buttons that are not the bot's own: refused by the first leg, and recorded here.

use std::time::Duration;

use super::Dispatcher;
use crate::audit::{Outcome, Record};
use crate::chat::Forged;
use crate::store::Claimed;
use crate::time::Timestamp;

impl Dispatcher {
    /// Records that somebody of `chat` pressed a button that the bot did not make, or that was altered: once, however often
    /// the chat sends the same press. Nothing runs, and whoever pressed is told nothing.
    ///
    /// Never fails: what cannot be stored is logged. What may be done without leaves most of `limit` to the store.
    pub async fn forged(&self, forged: &Forged, chat: &str, now: Timestamp, limit: Duration) {
        let Forged { id, actor, channel } = forged.clone();
        // Nothing runs that could die, so the claim lasts no longer than it takes to write the record.
        match self.store.claim(&id, now, now).await {
            Ok(Claimed::New) => {}
            Ok(_) => return,
            // It may be the second record of this press; better than none.
            Err(error) => tracing::error!(job = %id, error = error.chain(), "a job could not be claimed"),
        }
        let mut record = Record { actor, channel, chat: chat.to_owned(), ..Record::new(id, Outcome::Forged, now) };
        self.record(&mut record, now, limit / 3).await;
    }
}
