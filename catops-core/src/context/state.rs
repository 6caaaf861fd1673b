//! A plugin's own key-value state.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Clock;
use crate::error::{Error, ErrorKind};
use crate::store::{Entry, Put, Store, When};

/// How often [`State::update`] tries again when others write the same key.
const UPDATE_TRIES: usize = 16;

/// Key-value state that all commands of one plugin file share: JSON values under short keys.
///
/// It is kept in the bot's store, so the next invocation, in another process, reads what this one wrote.
#[derive(Debug)]
pub struct State<'a> {
    store: &'a dyn Store,
    plugin: &'a str,
    clock: Clock,
}

impl<'a> State<'a> {
    pub(crate) fn new(store: &'a dyn Store, plugin: &'a str, clock: Clock) -> Self {
        Self { store, plugin, clock }
    }

    fn key(&self, key: &str) -> String {
        format!("state/{}/{key}", self.plugin)
    }

    fn write<T: Serialize>(&self, key: &str, value: &T) -> Result<String, Error> {
        serde_json::to_string(value)
            .map_err(|error| Error::new(ErrorKind::Invalid, format!("writing the state `{key}`")).because(error))
    }

    fn read<T: DeserializeOwned>(&self, key: &str, entry: &Entry) -> Result<T, Error> {
        serde_json::from_str(&entry.value).map_err(|error| {
            // The parser's own text can quote the value; the place is enough to find the fault.
            let (line, column) = (error.line(), error.column());
            let said = format!("the state `{key}` is not of the expected form: line {line}, column {column}");
            Error::new(ErrorKind::Invalid, said)
        })
    }

    /// Returns the value under `key`, or `None` if there is none or it has expired.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let entry = self.store.get(&self.key(key), self.clock.now()).await?;
        entry.map(|entry| self.read(key, &entry)).transpose()
    }

    /// Writes the value under `key`, whatever was there.
    pub async fn set<T: Serialize + Sync>(&self, key: &str, value: &T) -> Result<(), Error> {
        let value = self.write(key, value)?;
        self.store.put(&self.key(key), &value, None, When::Always, self.clock.now()).await.map(|_| ())
    }

    /// Writes the value under `key` for a time, after which it is gone.
    pub async fn set_for<T: Serialize + Sync>(&self, key: &str, value: &T, time: Duration) -> Result<(), Error> {
        let (value, now) = (self.write(key, value)?, self.clock.now());
        self.store.put(&self.key(key), &value, Some(now + time), When::Always, now).await.map(|_| ())
    }

    /// Writes the value under `key` if there is none, and returns whether it did.
    ///
    /// Of several commands that do this at the same moment, exactly one gets `true`.
    pub async fn create<T: Serialize + Sync>(
        &self,
        key: &str,
        value: &T,
        time: Option<Duration>,
    ) -> Result<bool, Error> {
        let (value, now) = (self.write(key, value)?, self.clock.now());
        let expires = time.map(|time| now + time);
        Ok(self.store.put(&self.key(key), &value, expires, When::Absent, now).await? == Put::Stored)
    }

    /// Changes the value under `key` by compare-and-set, so that no change of another command is lost.
    ///
    /// `change` gets what is there and returns what shall be; `None` removes it. It may be called several times. A
    /// changed value keeps the time at which it expires. A value that stays as it is is not written, so that of many who
    /// look at one key, only those who change it hinder each other.
    pub async fn update<T, F>(&self, key: &str, mut change: F) -> Result<Option<T>, Error>
    where
        T: Serialize + DeserializeOwned + Sync,
        F: FnMut(Option<T>) -> Option<T> + Send,
    {
        let full = self.key(key);
        for _ in 0..UPDATE_TRIES {
            let now = self.clock.now();
            let entry = self.store.get(&full, now).await?;
            let old = entry.as_ref().map(|entry| self.read(key, entry)).transpose()?;
            let when = entry.as_ref().map_or(When::Absent, |entry| When::Unchanged(&entry.version));
            let new = change(old);
            let put = match &new {
                Some(value) => {
                    let value = self.write(key, value)?;
                    if entry.as_ref().is_some_and(|entry| entry.value == value) {
                        return Ok(new);
                    }
                    let expires = entry.as_ref().and_then(|entry| entry.expires);
                    self.store.put(&full, &value, expires, when, now).await?
                }
                None if entry.is_none() => Put::Stored,
                None => self.store.delete(&full, when, now).await?,
            };
            if put == Put::Stored {
                return Ok(new);
            }
        }
        Err(Error::new(ErrorKind::Unavailable, format!("the state `{key}` was changed by others {UPDATE_TRIES} times")))
    }

    /// Removes the value under `key`, if `matches` says so of it, and returns what was removed.
    ///
    /// The value is not removed if it changes in between; then `matches` is asked again.
    pub async fn take<T, F>(&self, key: &str, mut matches: F) -> Result<Option<T>, Error>
    where
        T: DeserializeOwned,
        F: FnMut(&T) -> bool + Send,
    {
        let full = self.key(key);
        for _ in 0..UPDATE_TRIES {
            let now = self.clock.now();
            let Some(entry) = self.store.get(&full, now).await? else { return Ok(None) };
            let value: T = self.read(key, &entry)?;
            if !matches(&value) {
                return Ok(None);
            }
            if self.store.delete(&full, When::Unchanged(&entry.version), now).await? == Put::Stored {
                return Ok(Some(value));
            }
        }
        Err(Error::new(ErrorKind::Unavailable, format!("the state `{key}` was changed by others {UPDATE_TRIES} times")))
    }

    /// Removes the value under `key`, whatever it is.
    pub async fn remove(&self, key: &str) -> Result<(), Error> {
        self.store.delete(&self.key(key), When::Always, self.clock.now()).await.map(|_| ())
    }

    /// Returns the keys that begin with `prefix` and their values, in the order of the keys; at most 1,000.
    pub async fn list<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<(String, T)>, Error> {
        let full = self.key(prefix);
        let cut = full.len() - prefix.len();
        let entries = self.store.list(&full, self.clock.now()).await?;
        entries.into_iter().map(|(key, entry)| Ok((key[cut..].to_owned(), self.read(&key[cut..], &entry)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;
    use crate::time::Timestamp;

    #[tokio::test]
    async fn an_update_writes_what_has_changed_and_nothing_else() {
        let (store, now) = (MemoryStore::default(), Timestamp::from_secs(1));
        let state = State::new(&store, "p", Clock::starting(now));
        let version = async || store.get("state/p/k", now).await.unwrap().unwrap().version;
        assert_eq!(state.update("k", |old: Option<u32>| Some(old.unwrap_or(7))).await.unwrap(), Some(7));
        let first = version().await;
        assert_eq!(state.update("k", |old: Option<u32>| old).await.unwrap(), Some(7));
        assert_eq!(version().await, first);
        assert_eq!(state.update("k", |old: Option<u32>| old.map(|old| old + 1)).await.unwrap(), Some(8));
        assert_ne!(version().await, first);
    }
}
