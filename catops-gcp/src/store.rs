//! The store in Firestore.
//!
//! # The documents
//!
//! The database is `(default)` of the project, in native mode. One prefix serves one bot.
//!
//! | document | collection | id | fields |
//! |---|---|---|---|
//! | an entry | `<prefix>-entries` | `k-` and its key, with `/` as `..` and `.` as `.-` | `value`, `nonce`, and `ttl` where it ends |
//! | an audit record | `<prefix>-audit` | the latest first: what is left of time when it ended (ms) and when it was written (ns), a random number | `value` |
//!
//! The ids of entries are in the order of their keys. Those of audit records count down, since Firestore reads by id in
//! ascending order alone.
//!
//! The service's account needs `roles/datastore.user`.
//!
//! # What a deployment sets
//!
//! - A TTL policy on the field `ttl` of `<prefix>-entries`. Without it nothing is wrong, but what has expired stays. Firestore
//!   removes it within a day or so ("Manage data retention with TTL policies"); until then it is there and is not seen.
//! - No index on `value`, `nonce` and `ttl` of `<prefix>-entries`, and on `value` of `<prefix>-audit`. Without the exemption
//!   nothing is wrong: of a long value an index takes the first 1,500 bytes (google/firestore/v1/document.proto), and nothing
//!   here queries by a field. But each write pays for index entries that nobody reads, and a collection with an indexed field
//!   whose values grow with time, as `ttl` does, takes 500 writes a second ("Usage and limits", "Soft limits").
//!
//! ```text
//! gcloud firestore fields ttls update ttl --collection-group=<prefix>-entries --enable-ttl
//! gcloud firestore indexes fields update value --collection-group=<prefix>-entries --disable-indexes
//! ```
//!
//! # Limits
//!
//! The ids of audit records are sequential, and so a bot carries about 500 commands a second ("Best practices", "Hotspots").
//! Above it writes are late or are refused for the moment, tried again for up to [`TOTAL_TIME`], and then the asker is told
//! that the job could not be claimed. Audit records stay until somebody removes them.

mod document;
mod firestore;
mod name;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use catops_core::audit::Record;
use catops_core::client::Patience;
use catops_core::store::{Entry, FinishedClaim, MAX_LIST, Put, Store, When, check_size};
use catops_core::{Error, ErrorKind, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};

use self::document::{Fields, Found, Version};
use self::firestore::{Cursor, Done, Firestore, Guard, Write};
use crate::credentials::Credentials;

/// How long one attempt of a call may take. Firestore answers in tens of milliseconds; what takes two seconds is lost.
pub const ATTEMPT_TIME: Duration = Duration::from_secs(2);

/// How long a call may take in all.
pub const TOTAL_TIME: Duration = Duration::from_secs(10);

/// How often a write looks again after the entry has changed under its eyes. Whoever changed it has succeeded each time.
const MAX_TURNS: usize = 8;

/// The most documents that are asked for at once, unless they are large.
const PAGE: usize = 200;

/// Keeps entries and the audit in two collections.
pub struct FirestoreStore {
    firestore: Firestore,
    prefix: String,
}

impl fmt::Debug for FirestoreStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirestoreStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// What an entry's document holds, and whether it counts.
enum State {
    Absent,
    /// It is there and has expired.
    Expired(Found),
    Live(Found),
}

impl FirestoreStore {
    /// Makes the store of a project, whose collections begin with `prefix`. `endpoint` is another base address, such as an
    /// emulator's. Nothing is called before it is used.
    pub fn new(credentials: Arc<Credentials>, project: &str, prefix: &str, endpoint: Option<String>) -> Self {
        let patience = Patience {
            attempt: ATTEMPT_TIME,
            total: TOTAL_TIME,
            pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
        };
        Self { firestore: Firestore::new(credentials, project, endpoint, patience), prefix: prefix.to_owned() }
    }

    /// Sets how much trouble a call takes, in place of [`ATTEMPT_TIME`] and [`TOTAL_TIME`].
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.firestore.set_patience(patience);
        self
    }

    /// Opens the connection that the first job will need, gets an access token, and sees whether the database answers.
    /// Nothing is written.
    pub async fn warm(&self) -> Result<(), Error> {
        self.firestore.get(&self.entry("warm")).await.map(drop)
    }

    fn entries(&self) -> String {
        format!("{}-entries", self.prefix)
    }

    fn audit(&self) -> String {
        format!("{}-audit", self.prefix)
    }

    /// Returns the name of an entry's document.
    fn entry(&self, key: &str) -> String {
        self.firestore.name(&self.entries(), &name::encode(key))
    }

    async fn state(&self, name: &str, now: Timestamp) -> Result<State, Error> {
        let Some(found) = self.firestore.get(name).await? else { return Ok(State::Absent) };
        Ok(if is_expired(&found, now)? { State::Expired(found) } else { State::Live(found) })
    }

    /// Writes if there is no entry. Firestore compares with what is there, and what is there may have expired.
    async fn create(&self, name: &str, fields: &Fields, now: Timestamp) -> Result<Put, Error> {
        let mut guard = Guard::Absent;
        for _ in 0..MAX_TURNS {
            match self.firestore.commit(&[Write::put(name, fields, guard)]).await? {
                Done::At(_) => return Ok(Put::Stored),
                Done::Conflict => {}
            }
            guard = match self.state(name, now).await? {
                State::Absent => Guard::Absent,
                State::Live(found) | State::Expired(found) if found.fields.nonce == fields.nonce => {
                    return Ok(Put::Stored); // by an attempt whose answer was lost
                }
                State::Live(_) => return Ok(Put::Conflict),
                State::Expired(found) => Guard::Unchanged(found.update_time),
            };
        }
        Ok(Put::Conflict)
    }

    /// Writes if the entry is still of this version.
    async fn change(&self, name: &str, fields: &Fields, version: Version) -> Result<Put, Error> {
        match self.firestore.commit(&[Write::put(name, fields, Guard::Unchanged(version.update_time))]).await? {
            Done::At(_) => Ok(Put::Stored),
            // A second attempt finds what the first has written.
            Done::Conflict => {
                let there = self.firestore.get(name).await?;
                let ours = there.is_some_and(|found| found.fields.nonce == fields.nonce);
                Ok(if ours { Put::Stored } else { Put::Conflict })
            }
        }
    }

    /// Removes what has expired, so that nothing is there.
    async fn delete_absent(&self, name: &str, now: Timestamp) -> Result<Put, Error> {
        for _ in 0..MAX_TURNS {
            match self.state(name, now).await? {
                State::Absent => return Ok(Put::Stored),
                State::Live(_) => return Ok(Put::Conflict),
                State::Expired(found) => {
                    let write = Write::delete(name, Guard::Unchanged(found.update_time));
                    if let Done::At(_) = self.firestore.commit(&[write]).await? {
                        return Ok(Put::Stored);
                    }
                }
            }
        }
        Ok(Put::Conflict)
    }

    /// Removes the entry if it is still of this version. Firestore cannot say who removed a document, so it is first made
    /// into one that has expired and bears our nonce, and then removed.
    async fn delete_unchanged(&self, name: &str, version: Version) -> Result<Put, Error> {
        let grave = Fields::new(String::new(), random()?, Some(Timestamp::from_millis(0)));
        let write = Write::put(name, &grave, Guard::Unchanged(version.update_time));
        let buried = match self.firestore.commit(&[write]).await? {
            Done::At(update_time) => update_time,
            Done::Conflict => match self.firestore.get(name).await? {
                Some(found) if found.fields.nonce == grave.nonce => found.update_time,
                _ => return Ok(Put::Conflict),
            },
        };
        // The entry is gone already; what is left is removed late if this fails.
        if let Err(error) = self.firestore.commit(&[Write::delete(name, Guard::Unchanged(buried))]).await {
            tracing::debug!(error = error.chain(), "what is left of an entry stays for the TTL policy");
        }
        Ok(Put::Stored)
    }

    fn audit_write(&self, record: &Record) -> Result<(String, Fields), Error> {
        let value = serde_json::to_string(record)
            .map_err(|error| Error::new(ErrorKind::Invalid, "writing an audit record").because(error))?;
        let written = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let id = name::latest_first(record.ended, written, &random()?);
        Ok((self.firestore.name(&self.audit(), &id), Fields::audit(value)))
    }
}

/// Returns whether the document's time has come.
fn is_expired(found: &Found, now: Timestamp) -> Result<bool, Error> {
    Ok(found.expires()?.is_some_and(|expires| expires <= now))
}

/// Returns 96 random bits in hex.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 16];
    match SystemRandom::new().fill(&mut bytes[4..]) {
        Ok(()) => Ok(format!("{:024x}", u128::from_be_bytes(bytes))),
        Err(_) => Err(Error::new(ErrorKind::Unavailable, "the system gave no random number for a document")),
    }
}

/// Reads an entry's version, which says when it ends; `None` if the entry has ended, or if nobody was given this version.
fn version(text: &str, now: Timestamp) -> Option<Version> {
    let version = Version::read(text)?;
    version.expires.is_none_or(|expires| now < expires).then_some(version)
}

#[async_trait]
impl Store for FirestoreStore {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        if check_size(key, "").is_err() {
            return Ok(None); // there can be none
        }
        match self.state(&self.entry(key), now).await? {
            State::Live(found) => found.into_entry().map(Some),
            State::Absent | State::Expired(_) => Ok(None),
        }
    }

    /// Writes once, also if the answer to a first attempt is lost: each write has a random number of its own, by which a
    /// second attempt knows the first. Only when another writer changes the entry between the two is it a
    /// [`Put::Conflict`] although it was stored.
    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error> {
        check_size(key, value)?;
        let (name, fields) = (self.entry(key), Fields::new(value.to_owned(), random()?, expires));
        match when {
            When::Always => {
                self.firestore.commit(&[Write::put(&name, &fields, Guard::Nothing)]).await.and_then(Done::always)
            }
            When::Absent => self.create(&name, &fields, now).await,
            When::Unchanged(text) => match version(text, now) {
                Some(version) => self.change(&name, &fields, version).await,
                None => Ok(Put::Conflict),
            },
        }
    }

    /// Removes once, also if the answer to a first attempt is lost.
    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        if check_size(key, "").is_err() {
            return Ok(if matches!(when, When::Unchanged(_)) { Put::Conflict } else { Put::Stored });
        }
        let name = self.entry(key);
        match when {
            When::Always => self.firestore.commit(&[Write::delete(&name, Guard::Nothing)]).await.and_then(Done::always),
            When::Absent => self.delete_absent(&name, now).await,
            When::Unchanged(text) => match version(text, now) {
                Some(version) => self.delete_unchanged(&name, version).await,
                None => Ok(Put::Conflict),
            },
        }
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        let entries = self.entries();
        let mut from = Cursor::at(self.firestore.name(&entries, &name::encode(prefix)));
        let end = Cursor::at(self.firestore.name(&entries, &name::after(prefix)));
        let (mut page, mut found) = (PAGE, Vec::new());
        loop {
            let (documents, more) = self.firestore.page(&entries, Some(&from), Some(&end), &mut page).await?;
            for document in documents {
                from = Cursor::behind(document.name.clone());
                if is_expired(&document, now)? {
                    continue;
                }
                let key =
                    document.id().and_then(name::decode).ok_or_else(|| document.wrong("an id of another form"))?;
                found.push((key, document.into_entry()?));
                if found.len() == MAX_LIST {
                    return Ok(found);
                }
            }
            if !more {
                return Ok(found);
            }
        }
    }

    /// Appends once: the document's id is chosen before the first attempt.
    async fn append(&self, record: &Record) -> Result<(), Error> {
        let (name, fields) = self.audit_write(record)?;
        self.firestore.commit(&[Write::put(&name, &fields, Guard::Nothing)]).await.and_then(Done::always).map(drop)
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        let (mut from, mut found, mut page) = (None, Vec::new(), limit.min(PAGE));
        while found.len() < limit {
            page = page.min(limit - found.len());
            let (documents, more) = self.firestore.page(&self.audit(), from.as_ref(), None, &mut page).await?;
            for document in documents {
                let record = serde_json::from_str(&document.fields.value.text)
                    .map_err(|error| Error::new(ErrorKind::Invalid, "reading an audit record").because(error))?;
                found.push(record);
                from = Some(Cursor::behind(document.name));
            }
            if !more {
                break;
            }
        }
        Ok(found)
    }

    /// Does both at once, so that a job never ends without its record.
    async fn finish(&self, record: &Record, now: Timestamp) -> Result<(), Error> {
        let FinishedClaim { key, value, expires } = FinishedClaim::new(&record.job, now)?;
        let (claim, fields) = (self.entry(&key), Fields::new(value, random()?, Some(expires)));
        let (audit, record) = self.audit_write(record)?;
        let writes = [Write::put(&claim, &fields, Guard::Nothing), Write::put(&audit, &record, Guard::Nothing)];
        self.firestore.commit(&writes).await.and_then(Done::always).map(drop)
    }
}
