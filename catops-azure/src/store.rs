//! The store in Table storage.
//!
//! # The table
//!
//! One table serves one bot; its name has 3 to 63 letters and digits and begins with a letter. All rows have the partition
//! key `catops`.
//!
//! | row | row key | properties |
//! |---|---|---|
//! | an entry | `entry-` and its key's bytes in hex | `key`, `v0`, `v1`…, `version`, and where it ends `expires` (ms since 1970) |
//! | an audit record | `audit-`, how long before the year 5138 it ended (ms) and was written (ns), a random number | `v0`, `v1`… |
//!
//! A property holds 32 Ki UTF-16 units, so a value is spread over `v0`, `v1` and so on, eight of them for the largest.
//! Hex keeps the order of keys and their prefixes, and none of the characters that a row key may not have can occur. The
//! row key of a key over 100 bytes has the first 80 of them and a hash: both keys of a row stand in its URL, where older
//! pages of Microsoft give them 256 characters, and some servers on the way no more. `key` always has the whole.
//!
//! One partition, and not one each for entries and audit, since only rows of one partition can be written at once: so a
//! job never ends without its record, and its end is one call. The price is that all writes share the throughput of one
//! partition.
//!
//! # What Table storage promises, and what not
//!
//! - *One writer wins.* Inserting a key that is there is refused (409), and so is changing a row whose ETag is not the
//!   one that was read (412): that is all that a claim needs, and it holds for all functions and their instances.
//! - *What was written is read*, once the write was answered, in the account's primary region. Reads here go there alone.
//! - *All or nothing* for up to 100 rows of one partition, and for no two rows of different ones.
//! - *Not: once.* A call whose answer is lost may have been acted on. So each write here can be recognised or repeated: a
//!   version of its own, a key that was chosen before, or the same rows again.
//! - *Not: an end of life.* A row stays until it is removed: [`TableStore::sweep`]. What has expired is not seen until then.
//! - *Not: a failover without loss.* Accounts with geo-redundancy copy to the second region afterwards, so a failover can
//!   lose the last minutes of writes (Microsoft Learn, "Azure Storage disaster recovery planning and failover"): a claim
//!   among them is then free again, and a job that is delivered again in those minutes runs a second time.
//!
//! # Limits
//!
//! A partition takes 2,000 entities of 1 KiB a second (Microsoft Learn, "Scalability and performance targets for Table
//! storage"). A command that keeps no state writes 3 of them, so a table carries about 650 commands a second. Above it the
//! service answers 503, calls are tried again for up to [`TOTAL_TIME`], and then the asker is told that the job could not
//! be claimed.
//!
//! A sweep looks at every entry, page by page, and claims are kept for a week: with 10,000 commands a day that is 70 pages.
//! Audit records stay until somebody removes them.

mod json;
mod row;
mod table;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use catops_core::audit::Record;
use catops_core::client::Patience;
use catops_core::store::{Entry, FinishedClaim, MAX_LIST, Put, Store, When, check_size};
use catops_core::{Error, ErrorKind, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};

use self::row::{Range, Row};
use self::table::{MAX_PAGE, Seen, Table};
use crate::storage::Storage;

/// How long one attempt of a call may take. Table storage answers in milliseconds; a query may take it 5 s, after which
/// it answers with what it has (Microsoft Learn, "Query timeout and pagination").
pub const ATTEMPT_TIME: Duration = Duration::from_secs(6);

/// How long a call may take in all.
pub const TOTAL_TIME: Duration = Duration::from_secs(12);

/// The most expired rows that one [`TableStore::sweep`] removes.
pub const MAX_SWEEP: usize = 500;

/// How often a write looks at what another one left before it gives up.
const LOOKS: usize = 4;

/// Keeps entries and the audit in one table.
#[derive(Clone)]
pub struct TableStore {
    table: Table,
}

impl fmt::Debug for TableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableStore").field("table", &self.table.name()).finish_non_exhaustive()
    }
}

impl TableStore {
    /// Makes the store of a table. Nothing is called before it is used.
    pub fn new(storage: Arc<Storage>, table: &str) -> Self {
        let patience = Patience {
            attempt: ATTEMPT_TIME,
            total: TOTAL_TIME,
            pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
        };
        Self { table: Table::new(storage, table.to_owned(), patience) }
    }

    /// Sets how much trouble a call takes, in place of [`ATTEMPT_TIME`] and [`TOTAL_TIME`].
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.table.set_patience(patience);
        self
    }

    /// Creates the table unless it is there.
    pub async fn create(&self) -> Result<(), Error> {
        self.table.create().await
    }

    /// Removes what has expired at `now`, at most [`MAX_SWEEP`] entries, and returns how many it removed.
    ///
    /// The service looks at every entry of the table for it, page by page: this is for a timer, not for a command. An entry
    /// that is written anew in the meantime stays.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, Error> {
        let mut range = Range::entries("").expired(now);
        let mut removed = 0;
        loop {
            let page = self.table.query(&range, MAX_PAGE).await?;
            for row in page.rows {
                removed += usize::from(self.table.delete_expired(row).await?);
                if removed == MAX_SWEEP {
                    return Ok(removed);
                }
            }
            match page.next {
                Some(next) => range.continue_at(next),
                None => return Ok(removed),
            }
        }
    }

    /// Returns the live entry of `key`, with the tag by which it can be changed.
    async fn look(&self, key: &str, now: Timestamp) -> Result<Option<(Entry, String)>, Error> {
        match self.table.get(&row::entry_key(key)).await? {
            Some(Seen { row, tag }) => Ok(live(row, now)?.map(|(_, entry)| (entry, tag))),
            None => Ok(None),
        }
    }

    /// Writes a row where there is none, or one that has expired.
    async fn insert(&self, row: &Row, now: Timestamp) -> Result<Put, Error> {
        for _ in 0..LOOKS {
            if self.table.insert(row).await? == Put::Stored {
                return Ok(Put::Stored);
            }
            let Some(there) = self.table.get(&row.row_key).await? else { continue }; // it went meanwhile
            if there.row.version == row.version {
                return Ok(Put::Stored); // a first attempt wrote it, and its answer was lost
            }
            let tag = there.tag;
            if live(there.row, now)?.is_some() {
                return Ok(Put::Conflict);
            }
            if self.table.replace(row, &tag).await? == Put::Stored {
                return Ok(Put::Stored);
            }
        }
        let key = row.key.as_deref().unwrap_or_default();
        Err(Error::new(ErrorKind::Unavailable, format!("writing {key}: others kept changing it")))
    }

    /// Replaces a row whose version is the expected one, unless it has expired.
    async fn replace(&self, key: &str, row: &Row, version: &str, now: Timestamp) -> Result<Put, Error> {
        match self.look(key, now).await? {
            Some((entry, tag)) if entry.version == version => self.table.replace(row, &tag).await,
            _ => Ok(Put::Conflict),
        }
    }
}

/// Returns 96 random bits in hex.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 16];
    match SystemRandom::new().fill(&mut bytes[4..]) {
        Ok(()) => Ok(format!("{:024x}", u128::from_be_bytes(bytes))),
        Err(_) => Err(Error::new(ErrorKind::Unavailable, "the system gave no random number for a version")),
    }
}

/// Makes the row of an entry. A random version never comes twice, not even for a key that was removed and made again.
fn entry_row(key: &str, value: &str, expires: Option<Timestamp>) -> Result<Row, Error> {
    Ok(Row::new(row::entry_key(key), value).with_entry(key, random()?, expires))
}

/// Makes the row of an audit record. Its key is in the order of the records' ends, the latest first; those of one
/// millisecond are in the order in which they were written.
fn audit_row(record: &Record) -> Result<Row, Error> {
    let value = serde_json::to_string(record)
        .map_err(|error| Error::new(ErrorKind::Invalid, "writing an audit record").because(error))?;
    let written = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Row::new(row::audit_key(record.ended, written, &random()?), &value))
}

/// Returns key and entry of a row, or `None` if it has expired.
fn live(row: Row, now: Timestamp) -> Result<Option<(String, Entry)>, Error> {
    let expires = row.expires()?;
    if expires.is_some_and(|expires| expires <= now) {
        return Ok(None);
    }
    let value = row.value();
    let missing = |what: &str| {
        let said = format!("the row {} in the table has no `{what}`; CatOps did not write it so", row.row_key);
        Error::new(ErrorKind::Invalid, said)
    };
    let key = row.key.clone().ok_or_else(|| missing("key"))?;
    let version = row.version.clone().ok_or_else(|| missing("version"))?;
    Ok(Some((key, Entry { value, version, expires })))
}

#[async_trait]
impl Store for TableStore {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        if check_size(key, "").is_err() {
            return Ok(None); // there can be none
        }
        Ok(self.look(key, now).await?.map(|(entry, _)| entry))
    }

    /// Writes once, also if the answer to a first attempt is lost: the version of the first is found. Only when another
    /// writer changes the entry between the two is it a [`Put::Conflict`] although it was stored.
    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error> {
        check_size(key, value)?;
        let row = entry_row(key, value, expires)?;
        match when {
            When::Always => self.table.write(&row).await.map(|()| Put::Stored),
            When::Absent => self.insert(&row, now).await,
            When::Unchanged(version) => self.replace(key, &row, version, now).await,
        }
    }

    /// Removes once, also if the answer to a first attempt is lost: what compares versions is first replaced by a row that
    /// has expired, and whose version is known again; that row is then removed, or swept.
    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        if check_size(key, "").is_err() {
            return Ok(if matches!(when, When::Unchanged(_)) { Put::Conflict } else { Put::Stored });
        }
        match when {
            When::Always => self.table.delete(&row::entry_key(key), "*").await.map(|_| Put::Stored),
            When::Absent => Ok(if self.look(key, now).await?.is_some() { Put::Conflict } else { Put::Stored }),
            When::Unchanged(version) => {
                let gone = entry_row(key, "", Some(Timestamp::default()))?;
                let put = self.replace(key, &gone, version, now).await?;
                if put == Put::Stored {
                    self.table.delete_expired(gone).await?;
                }
                Ok(put)
            }
        }
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        let mut range = Range::entries(prefix);
        let mut found = Vec::new();
        loop {
            let page = self.table.query(&range, MAX_PAGE).await?;
            for row in page.rows {
                found.extend(live(row, now)?.filter(|(key, _)| key.starts_with(prefix)));
            }
            match page.next {
                Some(next) if found.len() < MAX_LIST => range.continue_at(next),
                _ => break,
            }
        }
        // Rows whose keys share a long beginning are in the order of their hashes.
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found.truncate(MAX_LIST);
        Ok(found)
    }

    /// Appends once: the row's key is chosen before the first attempt, and a second one writes the same row.
    async fn append(&self, record: &Record) -> Result<(), Error> {
        self.table.write(&audit_row(record)?).await
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        let mut range = Range::audit();
        let mut found = Vec::new();
        while found.len() < limit {
            let page = self.table.query(&range, limit - found.len()).await?;
            for row in page.rows {
                let record = serde_json::from_str(&row.value())
                    .map_err(|error| Error::new(ErrorKind::Invalid, "reading an audit record").because(error))?;
                found.push(record);
            }
            match page.next {
                Some(next) => range.continue_at(next),
                None => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Does both at once, so that a job never ends without its record; a second attempt writes the same two rows.
    async fn finish(&self, record: &Record, now: Timestamp) -> Result<(), Error> {
        let FinishedClaim { key, value, expires } = FinishedClaim::new(&record.job, now)?;
        self.table.write_all(&[entry_row(&key, &value, Some(expires))?, audit_row(record)?]).await
    }
}
