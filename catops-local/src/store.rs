//! The store in the file.

use async_trait::async_trait;
use catops_core::audit::Record;
use catops_core::store::{Entry, FinishedClaim, MAX_LIST, Put, Store, When, check_size};
use catops_core::{Error, ErrorKind, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::db::Db;

/// How many audit records are kept; the oldest go first.
pub const KEEP_RECORDS: u32 = 100_000;

/// Keeps entries and the audit in a [`Db`], beside the queue or in a file of its own.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    db: Db,
}

impl SqliteStore {
    /// Makes the store of an open file.
    pub const fn new(db: Db) -> Self {
        Self { db }
    }

    /// Removes what has expired, and audit records over [`KEEP_RECORDS`]. A server calls it now and then.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), Error> {
        let sweep = move |conn: &Connection| {
            conn.prepare_cached("DELETE FROM entries WHERE expires <= ?1")?.execute([millis(now)])?;
            let old = "DELETE FROM records WHERE seq <= (SELECT max(seq) FROM records) - ?1";
            conn.prepare_cached(old)?.execute([KEEP_RECORDS])
        };
        self.db.write(sweep).await.map(drop)
    }
}

/// Writes a time as SQLite stores it.
pub(crate) fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Reads a time as SQLite stores it.
pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let expires: Option<i64> = row.get("expires")?;
    Ok(Entry { value: row.get("value")?, version: row.get("version")?, expires: expires.map(time) })
}

fn find(conn: &Connection, key: &str, now: Timestamp) -> rusqlite::Result<Option<Entry>> {
    let live = "SELECT value, version, expires FROM entries WHERE key = ?1 AND (expires IS NULL OR expires > ?2)";
    conn.prepare_cached(live)?.query_row(params![key, millis(now)], entry).optional()
}

/// Puts a value under a key. A random version never comes twice, not even for a key that was removed and made again.
fn set(conn: &Connection, key: &str, value: &str, expires: Option<Timestamp>) -> rusqlite::Result<()> {
    let put = "INSERT INTO entries (key, value, version, expires)
        VALUES (:key, :value, lower(hex(randomblob(12))), :expires)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, expires = excluded.expires";
    let values = named_params! { ":key": key, ":value": value, ":expires": expires.map(millis) };
    conn.prepare_cached(put)?.execute(values).map(drop)
}

fn write(record: &Record) -> Result<String, Error> {
    serde_json::to_string(record)
        .map_err(|error| Error::new(ErrorKind::Invalid, "writing an audit record").because(error))
}

fn add(conn: &Connection, record: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO records (record) VALUES (?1)")?.execute([record]).map(drop)
}

/// An owned [`When`], to send to the writer.
enum Condition {
    Always,
    Absent,
    Unchanged(String),
}

impl From<When<'_>> for Condition {
    fn from(when: When<'_>) -> Self {
        match when {
            When::Always => Self::Always,
            When::Absent => Self::Absent,
            When::Unchanged(version) => Self::Unchanged(version.to_owned()),
        }
    }
}

impl Condition {
    fn holds(&self, conn: &Connection, key: &str, now: Timestamp) -> rusqlite::Result<bool> {
        Ok(match self {
            Self::Always => true,
            Self::Absent => find(conn, key, now)?.is_none(),
            Self::Unchanged(version) => find(conn, key, now)?.is_some_and(|entry| entry.version == *version),
        })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        let key = key.to_owned();
        self.db.read(move |conn| find(conn, &key, now)).await
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
        let (key, value, when) = (key.to_owned(), value.to_owned(), Condition::from(when));
        let put = move |conn: &Connection| {
            if !when.holds(conn, &key, now)? {
                return Ok(Put::Conflict);
            }
            set(conn, &key, &value, expires)?;
            Ok(Put::Stored)
        };
        self.db.write(put).await
    }

    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        let (key, when) = (key.to_owned(), Condition::from(when));
        let delete = move |conn: &Connection| {
            if !when.holds(conn, &key, now)? {
                return Ok(Put::Conflict);
            }
            conn.prepare_cached("DELETE FROM entries WHERE key = ?1")?.execute([key])?;
            Ok(Put::Stored)
        };
        self.db.write(delete).await
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        let prefix = prefix.to_owned();
        let list = move |conn: &Connection| {
            let from = "SELECT key, value, version, expires FROM entries
                WHERE key >= ?1 AND (expires IS NULL OR expires > ?2) ORDER BY key";
            let mut query = conn.prepare_cached(from)?;
            let mut rows = query.query(params![prefix, millis(now)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let key: String = row.get("key")?;
                if !key.starts_with(&prefix) || found.len() == MAX_LIST {
                    break;
                }
                found.push((key, entry(row)?));
            }
            Ok(found)
        };
        self.db.read(list).await
    }

    async fn append(&self, record: &Record) -> Result<(), Error> {
        let record = write(record)?;
        self.db.write(move |conn| add(conn, &record)).await
    }

    /// In one transaction: a job that has finished has its record, whenever the process ends.
    async fn finish(&self, record: &Record, now: Timestamp) -> Result<(), Error> {
        let FinishedClaim { key, value, expires } = FinishedClaim::new(&record.job, now)?;
        let record = write(record)?;
        let finish = move |conn: &Connection| {
            set(conn, &key, &value, Some(expires))?;
            add(conn, &record)
        };
        self.db.write(finish).await
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let latest = move |conn: &Connection| {
            let mut query = conn.prepare_cached("SELECT record FROM records ORDER BY seq DESC LIMIT ?1")?;
            query.query_map([limit], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        let read = |text: &String| {
            serde_json::from_str(text)
                .map_err(|error| Error::new(ErrorKind::Invalid, "reading an audit record").because(error))
        };
        self.db.read(latest).await?.iter().map(read).collect()
    }
}
