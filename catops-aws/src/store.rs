//! The store in DynamoDB.
//!
//! # The table
//!
//! Partition key `pk` and sort key `sk`, both strings; the attribute `ttl` is the table's time to live. One table serves
//! one bot.
//!
//! | item | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | an entry | `entry` | its key | `value`, `version`, and where it ends `expires` (ms since 1970) and `ttl` (s, rounded up) |
//! | an audit record | `audit` | when it ended (ms), when it was written (ns), a random number | `value` |
//!
//! The function's role needs `dynamodb:GetItem`, `PutItem`, `DeleteItem` and `Query` on it; a transaction needs the same
//! actions as what it is made of.
//!
//! # Limits
//!
//! All entries have one partition key, so that they can be listed by their prefix, and a partition takes 1,000 write units
//! a second (developer guide, "Best practices for designing and using partition keys effectively"). A command that keeps no
//! state writes 3 of them: one for the claim, two for its end, as a transaction counts double
//! (developer guide, "Managing complex workflows with DynamoDB transactions"). So a table carries about
//! 330 commands a second. DynamoDB may split a busy partition by sort key, which is not counted on. Above the limit writes
//! are throttled, tried again for up to [`TOTAL_TIME`], and then the asker is told that the job could not be claimed.
//!
//! DynamoDB removes what has expired within a few days (developer guide, "Using time to live"); until then it is there and
//! is not seen. Audit records stay until somebody removes them.

mod item;
mod table;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use catops_core::audit::Record;
use catops_core::client::Patience;
use catops_core::store::{Entry, FinishedClaim, MAX_LIST, Put, Store, When, check_size};
use catops_core::{Error, ErrorKind, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};

use self::item::{Item, Key, Number, Text};
use self::table::{Change, Guard, Table, Values};
use crate::service::Service;

/// How long one attempt of a call may take. DynamoDB answers in milliseconds; what takes two seconds is lost.
pub const ATTEMPT_TIME: Duration = Duration::from_secs(2);

/// How long a call may take in all.
pub const TOTAL_TIME: Duration = Duration::from_secs(10);

const ENTRY: &str = "entry";
const AUDIT: &str = "audit";

/// What must hold for [`When::Absent`]. DynamoDB deletes what has expired late.
const IS_ABSENT: &str = "attribute_not_exists(sk) OR expires <= :now";

/// What must hold for [`When::Unchanged`].
const IS_UNCHANGED: &str = "version = :version AND (attribute_not_exists(expires) OR expires > :now)";

/// Keeps entries and the audit in one table.
#[derive(Clone)]
pub struct DynamoStore {
    table: Table,
}

impl fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoStore").field("table", &self.table.name()).finish_non_exhaustive()
    }
}

impl DynamoStore {
    /// Makes the store of a table: its name or ARN. Nothing is called before it is used.
    pub fn new(service: Service, table: impl Into<String>) -> Self {
        let patience = Patience {
            attempt: ATTEMPT_TIME,
            total: TOTAL_TIME,
            pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
        };
        Self { table: Table::new(service, table.into(), patience) }
    }

    /// Sets how much trouble a call takes, in place of [`ATTEMPT_TIME`] and [`TOTAL_TIME`].
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.table.set_patience(patience);
        self
    }
}

/// Says to DynamoDB what must hold.
fn guard(when: When<'_>, now: Timestamp) -> Guard<'_> {
    let now = Some(Number::from(now.as_millis()));
    let (condition, values) = match when {
        When::Always => return Guard::default(),
        When::Absent => (IS_ABSENT, Values { now, ..Values::default() }),
        When::Unchanged(version) => (IS_UNCHANGED, Values { now, version: Some(version.into()), ..Values::default() }),
    };
    Guard { condition: Some(condition), values: Some(values) }
}

/// Returns 96 random bits in hex.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 16];
    match SystemRandom::new().fill(&mut bytes[4..]) {
        Ok(()) => Ok(format!("{:024x}", u128::from_be_bytes(bytes))),
        Err(_) => Err(Error::new(ErrorKind::Unavailable, "the system gave no random number for a version")),
    }
}

/// Makes the item of an entry, with a version of its own.
fn entry_item<'a>(key: &'a str, value: &'a str, expires: Option<Timestamp>) -> Result<Item<'a>, Error> {
    Ok(Item {
        pk: ENTRY.into(),
        sk: key.into(),
        value: value.into(),
        // A random version never comes twice, not even for a key that was removed and made again.
        version: Some(Text::from(random()?)),
        expires: expires.map(|time| Number::from(time.as_millis())),
        ttl: expires.map(|time| Number::from(time.as_millis().div_ceil(1000))),
    })
}

/// Makes the item of an audit record. Its key is in the order of the records' ends; those of one millisecond are in the
/// order in which they were written.
fn audit_item(record: &Record) -> Result<Item<'static>, Error> {
    let value = serde_json::to_string(record)
        .map_err(|error| Error::new(ErrorKind::Invalid, "writing an audit record").because(error))?;
    let written = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let sk = format!("{:014}/{written:020}/{}", record.ended.as_millis(), random()?);
    Ok(Item { pk: AUDIT.into(), sk: sk.into(), value: value.into(), version: None, expires: None, ttl: None })
}

/// Returns the entry of an item, or `None` if it has expired.
fn live(item: Item<'_>, now: Timestamp) -> Result<Option<Entry>, Error> {
    let wrong = |what: &str| {
        let key = &item.sk;
        Error::new(ErrorKind::Invalid, format!("the item {key} in the table has {what}; CatOps did not write it so"))
    };
    let expires = match &item.expires {
        None => None,
        Some(number) => {
            Some(Timestamp::from_millis(number.read().ok_or_else(|| wrong("no whole number in `expires`"))?))
        }
    };
    if expires.is_some_and(|expires| expires <= now) {
        return Ok(None);
    }
    let version = item.version.as_ref().ok_or_else(|| wrong("no `version`"))?.as_str().to_owned();
    Ok(Some(Entry { value: item.value.into(), version, expires }))
}

#[async_trait]
impl Store for DynamoStore {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        if check_size(key, "").is_err() {
            return Ok(None); // there can be none
        }
        self.table.get(Key::new(ENTRY, key)).await?.map_or(Ok(None), |item| live(item, now))
    }

    /// Writes once, also if the answer to a first attempt is lost: a second one finds the version of the first. Only when
    /// another writer changes the entry between the two is it a [`Put::Conflict`] although it was stored.
    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error> {
        check_size(key, value)?;
        self.table.put(entry_item(key, value, expires)?, guard(when, now)).await
    }

    /// Removes once, also if the answer to a first attempt is lost: what compares versions is a transaction with a token,
    /// which DynamoDB knows again for ten minutes.
    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        if check_size(key, "").is_err() {
            return Ok(if matches!(when, When::Unchanged(_)) { Put::Conflict } else { Put::Stored });
        }
        let (key, guard) = (Key::new(ENTRY, key), guard(when, now));
        match when {
            When::Always | When::Absent => self.table.delete(key, guard).await,
            When::Unchanged(_) => self.table.transact(vec![Change::Delete(key, guard)], random()?).await,
        }
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        let mut query = self.table.select(ENTRY, prefix);
        let mut found = Vec::new();
        loop {
            let page = self.table.query(&query).await?;
            for item in page.items {
                let key = item.sk.as_str().to_owned();
                if let Some(entry) = live(item, now)? {
                    found.push((key, entry));
                }
                if found.len() == MAX_LIST {
                    return Ok(found);
                }
            }
            match page.last_evaluated_key {
                Some(key) => query.exclusive_start_key = Some(key),
                None => return Ok(found),
            }
        }
    }

    /// Appends once: the item's key is chosen before the first attempt.
    async fn append(&self, record: &Record) -> Result<(), Error> {
        self.table.put(audit_item(record)?, Guard::default()).await.map(drop)
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        let mut found = Vec::new();
        let mut query = self.table.select(AUDIT, "");
        query.scan_index_forward = false;
        while found.len() < limit {
            query.limit = u32::try_from(limit - found.len()).ok();
            let page = self.table.query(&query).await?;
            for item in page.items {
                let record = serde_json::from_str(item.value.as_str())
                    .map_err(|error| Error::new(ErrorKind::Invalid, "reading an audit record").because(error))?;
                found.push(record);
            }
            match page.last_evaluated_key {
                Some(key) => query.exclusive_start_key = Some(key),
                None => break,
            }
        }
        Ok(found)
    }

    /// Does both at once, so that a job never ends without its record.
    async fn finish(&self, record: &Record, now: Timestamp) -> Result<(), Error> {
        let FinishedClaim { key, value, expires } = FinishedClaim::new(&record.job, now)?;
        let claim = entry_item(&key, &value, Some(expires))?;
        let changes = vec![Change::Put(claim), Change::Put(audit_item(record)?)];
        self.table.transact(changes, random()?).await.map(drop)
    }
}
