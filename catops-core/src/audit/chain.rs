//! Links between records, so that what was removed or changed shows.

use serde::{Deserialize, Serialize};

use super::Record;
use crate::job::{JobId, JobKey};
use crate::store::Store;
use crate::time::Timestamp;

/// The place of a record in the audit.
///
/// Each process of a bot writes a chain of its own: a store that many write to at once has no last record. Each record is
/// sealed with the bot's key and holds the seal of the one before it; the first of a chain holds the seals of the latest
/// records of other chains that the store had by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Names the chain.
    pub chain: JobId,
    /// Counts the records of the chain, from 0.
    pub seq: u64,
    /// The records before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Seen>,
    /// The seal over the record with all of this but the seal: HMAC-SHA256 in hex.
    pub seal: String,
}

/// A record that was there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its seal.
    pub seal: String,
    /// When it ended.
    pub at: Timestamp,
}

/// The chain that this process writes.
#[derive(Debug, Default)]
pub(crate) struct Chain {}

impl Chain {
    /// Puts `record` at the end of the chain. The first one looks into `store` for what was there before.
    pub(crate) async fn link(&self, _record: &mut Record, _key: &JobKey, _store: &dyn Store) {}
}
