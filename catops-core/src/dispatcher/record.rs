//! Where a record goes: to its place in the audit, the log, the store, and the channel that is told.

use std::time::Duration;

use super::{Dispatcher, tell};
use crate::audit::{self, Record};
use crate::time::Timestamp;

impl Dispatcher {
    /// Ends the job of `record`. Never fails: what is missing in the store is in the log. What may be done without takes
    /// `limit` at most, each.
    pub(super) async fn record(&self, record: &mut Record, now: Timestamp, limit: Duration) {
        self.chain.link(record, self.app.key(), &*self.store, limit).await;
        // Before the store has it: what is missing there is here.
        tracing::info!(target: audit::LOG, record = %audit::json(record), "a job ended");
        if let Err(error) = self.store.finish(record, now).await {
            let json = audit::json(record);
            tracing::error!(job = %record.job, error = error.chain(), record = json, "the record could not be stored");
        }
        if let Some((chat, channel)) = self.app.audit_channel() {
            Box::pin(tell::tell(&**chat, channel, record, now, limit)).await;
        }
    }
}
