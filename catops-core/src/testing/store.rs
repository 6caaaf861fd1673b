//! The store of a bot under test.

use async_trait::async_trait;
use tokio::task::yield_now;

use crate::audit::Record;
use crate::error::Error;
use crate::store::{Entry, MemoryStore, Put, Store, When};
use crate::time::Timestamp;

/// Keeps everything in memory, and lets others go first at each call, as a store over a network does.
///
/// The one in memory answers at once, so that two commands would never meet between a read and the write after it,
/// and a test of who wins a race could not fail.
#[derive(Debug, Default)]
pub(super) struct PoliteStore(MemoryStore);

#[async_trait]
impl Store for PoliteStore {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        yield_now().await;
        self.0.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error> {
        yield_now().await;
        self.0.put(key, value, expires, when, now).await
    }

    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        yield_now().await;
        self.0.delete(key, when, now).await
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        yield_now().await;
        self.0.list(prefix, now).await
    }

    async fn append(&self, record: &Record) -> Result<(), Error> {
        self.0.append(record).await
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        self.0.records(limit).await
    }
}
