//! The store that ends with the process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Entry, MAX_LIST, Put, Store, When, check_size};
use crate::audit::Record;
use crate::error::Error;
use crate::time::Timestamp;

/// Keeps everything in memory: for tests, and for `CATOPS_STORE=memory`, where nothing needs to outlive the process.
///
/// With it a job is claimed at most once only within one process.
#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

/// How much there is, and none of it.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        let (entries, records) = (inner.entries.len(), inner.records.len());
        f.debug_struct("MemoryStore").field("entries", &entries).field("records", &records).finish_non_exhaustive()
    }
}

/// The most audit records kept in memory; the oldest go first.
const MAX_RECORDS: usize = 10_000;

/// How many writes pass between two sweeps of expired entries.
const SWEEP_EVERY: u64 = 1024;

#[derive(Default)]
struct Inner {
    entries: BTreeMap<String, Entry>,
    records: std::collections::VecDeque<Record>,
    writes: u64,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn live(&self, key: &str, now: Timestamp) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| is_live(entry, now))
    }

    fn holds(&self, key: &str, when: When<'_>, now: Timestamp) -> bool {
        let entry = self.live(key, now);
        match when {
            When::Always => true,
            When::Absent => entry.is_none(),
            When::Unchanged(version) => entry.is_some_and(|entry| entry.version == version),
        }
    }
}

fn is_live(entry: &Entry, now: Timestamp) -> bool {
    entry.expires.is_none_or(|expires| now < expires)
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        Ok(self.lock().live(key, now).cloned())
    }

    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error> {
        check_size(key, value)?;
        let mut inner = self.lock();
        if !inner.holds(key, when, now) {
            return Ok(Put::Conflict);
        }
        inner.writes += 1;
        if inner.writes.is_multiple_of(SWEEP_EVERY) {
            inner.entries.retain(|_, entry| is_live(entry, now));
        }
        let version = inner.writes.to_string();
        inner.entries.insert(key.to_owned(), Entry { value: value.to_owned(), version, expires });
        Ok(Put::Stored)
    }

    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        let mut inner = self.lock();
        if !inner.holds(key, when, now) {
            return Ok(Put::Conflict);
        }
        inner.entries.remove(key);
        Ok(Put::Stored)
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        let inner = self.lock();
        let from = inner.entries.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        let found = from
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(_, entry)| is_live(entry, now))
            .take(MAX_LIST)
            .map(|(key, entry)| (key.clone(), entry.clone()));
        Ok(found.collect())
    }

    async fn append(&self, record: &Record) -> Result<(), Error> {
        let mut inner = self.lock();
        if inner.records.len() == MAX_RECORDS {
            inner.records.pop_front();
        }
        inner.records.push_back(record.clone());
        Ok(())
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        Ok(self.lock().records.iter().rev().take(limit).cloned().collect())
    }
}
