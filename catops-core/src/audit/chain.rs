//! Links between records, so that what was removed or changed shows.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::Record;
use crate::job::{JobId, JobKey};
use crate::store::Store;
use crate::time::Timestamp;

/// What [`JobKey::tag`] signs records for.
const PURPOSE: &str = "audit";

/// How many of the store's records the first of a chain looks at.
const LOOKED_AT: usize = 64;

/// How many chains it names at most.
const NAMED: usize = 16;

/// How long it looks at most; the reply has been delivered by then.
const LOOK_TIME: Duration = Duration::from_secs(2);

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
    /// The records before it: the one before it in its chain, or for the first of a chain the latest of at most 16 others.
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
pub(crate) struct Chain {
    start: OnceCell<Start>,
    last: Mutex<Option<(u64, Seen)>>,
}

/// What a chain begins with.
#[derive(Debug)]
struct Start {
    chain: JobId,
    after: Vec<Seen>,
}

impl Chain {
    /// Puts `record` at the end of the chain. The first one looks into `store` for what was there before, and those that
    /// come meanwhile wait for it: for `limit`, and [`LOOK_TIME`] at most.
    pub(crate) async fn link(&self, record: &mut Record, key: &JobKey, store: &dyn Store, limit: Duration) {
        let start = self.start.get_or_init(|| async {
            let after = Box::pin(look(store, limit.min(LOOK_TIME))).await;
            Start { chain: JobId::random(), after }
        });
        let Start { chain, after } = start.await;
        // Held while the record is sealed: the next one needs the seal.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (seq, after) = match &*last {
            Some((seq, seen)) => (seq + 1, vec![seen.clone()]),
            None => (0, after.clone()),
        };
        record.link = Some(Link { chain: chain.clone(), seq, after, seal: String::new() });
        let seal = key.tag(PURPOSE, &json(record));
        if let Some(link) = &mut record.link {
            link.seal.clone_from(&seal);
        }
        *last = Some((seq, Seen { seal, at: record.ended }));
    }
}

/// Returns whether the record is as it was sealed under its link.
pub(super) fn is_sealed(record: &Record, key: &JobKey) -> bool {
    let mut bare = record.clone();
    let Some(link) = &mut bare.link else { return false };
    let seal = std::mem::take(&mut link.seal);
    key.is_tag(&seal, PURPOSE, &json(&bare))
}

/// Writes a record as it is sealed, stored and logged.
pub(crate) fn json(record: &Record) -> String {
    // It has no map and no number that JSON cannot hold.
    serde_json::to_string(record).unwrap_or_default()
}

/// Returns the latest record of each chain among the newest of the store, or nothing where that cannot be read in time.
async fn look(store: &dyn Store, limit: Duration) -> Vec<Seen> {
    let why = match tokio::time::timeout(limit, store.records(LOOKED_AT)).await {
        Ok(Ok(records)) => return latest(&records),
        Ok(Err(error)) => error.chain(),
        Err(_) => format!("it took longer than {limit:?}"),
    };
    tracing::debug!(why, "the audit begins a chain that names no other");
    Vec::new()
}

fn latest(records: &[Record]) -> Vec<Seen> {
    let mut found: Vec<(&Link, Timestamp)> = Vec::new();
    for (link, at) in records.iter().filter_map(|record| Some((record.link.as_ref()?, record.ended))) {
        match found.iter().position(|(one, _)| one.chain == link.chain) {
            // Two that ended at once may be stored in the other order.
            Some(other) if found[other].0.seq < link.seq => found[other] = (link, at),
            None if found.len() < NAMED => found.push((link, at)),
            _ => {}
        }
    }
    found.into_iter().map(|(link, at)| Seen { seal: link.seal.clone(), at }).collect()
}

#[cfg(test)]
mod tests;
