//! A store that writes down what it is asked, and fails where a test says so.

use std::sync::Mutex;

use async_trait::async_trait;

use crate::audit::Record;
use crate::error::{Error, ErrorKind};
use crate::store::{Entry, MemoryStore, Put, Store, When};
use crate::time::Timestamp;

/// How a store goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It cannot be reached.
    Away,
    /// Somebody else is always faster.
    Late,
}

/// Keeps everything in memory, lets others go first at each call, and writes the calls down.
#[derive(Debug, Default)]
pub(super) struct Counted {
    store: MemoryStore,
    calls: Mutex<Vec<String>>,
    wrong: Mutex<Option<(&'static str, Wrong)>>,
}

impl Counted {
    /// Goes wrong from now on at calls that begin so, such as `put lock/`; at none, if nothing is given.
    pub(super) fn go_wrong(&self, wrong: Option<(&'static str, Wrong)>) {
        *self.wrong.lock().unwrap() = wrong;
    }

    /// Returns the calls since the last time.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    async fn called(&self, call: String) -> Result<bool, Error> {
        tokio::task::yield_now().await;
        let wrong = self.wrong.lock().unwrap().filter(|(beginning, _)| call.starts_with(beginning));
        self.calls.lock().unwrap().push(call);
        match wrong {
            Some((_, Wrong::Away)) => Err(Error::new(ErrorKind::Unavailable, "no connection")),
            other => Ok(other.is_none()),
        }
    }
}

#[async_trait]
impl Store for Counted {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        self.called(format!("get {key}")).await?;
        self.store.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error> {
        match self.called(format!("put {key}")).await? {
            true => self.store.put(key, value, expires, when, now).await,
            false => Ok(Put::Conflict),
        }
    }

    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        match self.called(format!("delete {key}")).await? {
            true => self.store.delete(key, when, now).await,
            false => Ok(Put::Conflict),
        }
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        self.called(format!("list {prefix}")).await?;
        self.store.list(prefix, now).await
    }

    async fn append(&self, record: &Record) -> Result<(), Error> {
        self.called("append".to_owned()).await?;
        self.store.append(record).await
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        self.called("records".to_owned()).await?;
        self.store.records(limit).await
    }
}
