//! Buttons that are not the bot's own: refused by the first leg, and recorded here.

use super::Dispatcher;
use crate::audit::{Outcome, Record};
use crate::chat::Forged;
use crate::error::Error;
use crate::store::Claimed;
use crate::time::Timestamp;

impl Dispatcher {
    /// Records that somebody of `chat` pressed a button that the bot did not make, or that was altered: once, however often
    /// the chat sends the same press. Nothing runs, and nobody is told.
    ///
    /// Never fails: what cannot be recorded is logged.
    pub async fn forged(&self, forged: &Forged, chat: &str, now: Timestamp) {
        let Forged { id, actor, channel } = forged.clone();
        let mut record = Record { actor, channel, chat: chat.to_owned(), ..Record::new(id, Outcome::Forged, now) };
        let kept = async {
            // Nothing runs that could die, so the claim lasts no longer than it takes to write the record.
            if self.store.claim(&record.job, now, now).await? != Claimed::New {
                return Ok(());
            }
            self.chain.link(&mut record, self.app.key(), &*self.store).await;
            self.store.finish(&record, now).await
        };
        let kept: Result<(), Error> = kept.await;
        if let Err(error) = kept {
            let record = serde_json::to_string(&record).unwrap_or_default();
            tracing::error!(job = %forged.id, error = error.chain(), record, "the record could not be stored");
        }
    }
}
