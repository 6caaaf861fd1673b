//! Rows as the Table service's JSON has them, and their keys.

use std::collections::BTreeMap;
use std::time::Duration;

use catops_core::{Error, ErrorKind, Timestamp};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The partition of every row.
pub(super) const PARTITION: &str = "catops";

/// The most UTF-16 units of a property: 64 KiB (Microsoft Learn, "Understanding the Table service data model").
const MAX_PROPERTY: usize = 32 * 1024;

/// The longest key whose row key has all of it, in bytes.
const WHOLE: usize = 100;

/// How many bytes of a longer key its row key has.
const BEGINNING: usize = 80;

/// Times are counted down from here, ms since 1970, so that the latest comes first.
const COUNT_DOWN: u64 = 99_999_999_999_999;

/// A row of the table. What is absent is not written.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Row {
    #[serde(rename = "PartitionKey")]
    partition_key: String,
    #[serde(rename = "RowKey")]
    pub(super) row_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// A whole number of 64 bits, which this JSON has as text. By hand, somebody may have written one of 32 bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Value>,
    #[serde(rename = "expires@odata.type", default, skip_serializing_if = "Option::is_none")]
    expires_type: Option<String>,
    /// The value in pieces: `v0`, `v1`…; and what is no concern of ours.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Row {
    /// Makes a row that holds `value`.
    pub(super) fn new(row_key: String, value: &str) -> Self {
        let pieces = pieces(value).into_iter().enumerate();
        Self {
            partition_key: PARTITION.to_owned(),
            row_key,
            key: None,
            version: None,
            expires: None,
            expires_type: None,
            rest: pieces.map(|(at, piece)| (format!("v{at}"), piece.into())).collect(),
        }
    }

    /// Adds what an entry has.
    pub(super) fn with_entry(self, key: &str, version: String, expires: Option<Timestamp>) -> Self {
        Self {
            key: Some(key.to_owned()),
            version: Some(version),
            expires: expires.map(|time| number(time).to_string().into()),
            expires_type: expires.map(|_| "Edm.Int64".to_owned()),
            ..self
        }
    }

    /// Puts the value together again.
    pub(super) fn value(&self) -> String {
        let pieces = (0..).map_while(|at| self.rest.get(&format!("v{at}"))?.as_str());
        pieces.collect()
    }

    /// Returns when the entry ends, if it does.
    pub(super) fn expires(&self) -> Result<Option<Timestamp>, Error> {
        let read = |number: &Value| {
            let millis = number.as_u64().or_else(|| number.as_str()?.parse().ok());
            millis.map(Timestamp::from_millis).ok_or_else(|| {
                let said = format!(
                    "the row {} in the table has no whole number in `expires`; CatOps did not write it so",
                    self.row_key
                );
                Error::new(ErrorKind::Invalid, said)
            })
        };
        self.expires.as_ref().map(read).transpose()
    }
}

/// The service's numbers have a sign.
fn number(time: Timestamp) -> u64 {
    time.as_millis().min(i64::MAX.cast_unsigned())
}

/// Cuts a value into what fits into a property each; there is at least one.
fn pieces(value: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut units) = (0, 0);
    for (at, letter) in value.char_indices() {
        if units + letter.len_utf16() > MAX_PROPERTY {
            pieces.push(&value[start..at]);
            (start, units) = (at, 0);
        }
        units += letter.len_utf16();
    }
    pieces.push(&value[start..]);
    pieces
}

/// Returns the row key of an entry.
pub(super) fn entry_key(key: &str) -> String {
    let bytes = key.as_bytes();
    if bytes.len() <= WHOLE {
        return format!("entry-{}", hex(bytes));
    }
    // The dash is no hex digit, so no shorter key has the same row key.
    format!("entry-{}-{}", hex(&bytes[..BEGINNING]), hex(&digest(&SHA256, bytes).as_ref()[..16]))
}

/// Returns the row key of an audit record.
pub(super) fn audit_key(ended: Timestamp, written: Duration, random: &str) -> String {
    let ended = COUNT_DOWN.saturating_sub(ended.as_millis());
    let written = u64::MAX - u64::try_from(written.as_nanos()).unwrap_or(u64::MAX);
    format!("audit-{ended:014}-{written:020}-{random}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which rows a query is for.
pub(super) struct Range {
    filter: String,
    /// The properties that are read, if not all.
    select: Option<&'static str>,
    /// Where the page before ended: the partition and the row with which the next begins.
    next: Option<Next>,
}

/// Where a query goes on; opaque.
#[derive(Clone)]
pub(super) struct Next {
    pub(super) partition: String,
    pub(super) row: String,
}

impl Range {
    /// All entries whose keys begin with `prefix`, and some more if it is long.
    pub(super) fn entries(prefix: &str) -> Self {
        let bytes = prefix.as_bytes();
        Self::beginning(&format!("entry-{}", hex(&bytes[..bytes.len().min(BEGINNING)])))
    }

    /// All audit records.
    pub(super) fn audit() -> Self {
        Self::beginning("audit-")
    }

    /// The rows whose keys begin so. A tilde is behind all that a row key has.
    fn beginning(row: &str) -> Self {
        let filter = format!("PartitionKey eq '{PARTITION}' and RowKey ge '{row}' and RowKey lt '{row}~'");
        Self { filter, select: None, next: None }
    }

    /// Those of them that have expired, without their values.
    pub(super) fn expired(mut self, now: Timestamp) -> Self {
        self.select = Some("PartitionKey,RowKey,version");
        self.filter.push_str(&format!(" and expires le {}L", number(now)));
        self
    }

    /// Goes on with the next page.
    pub(super) fn continue_at(&mut self, next: Next) {
        self.next = Some(next);
    }

    pub(super) fn filter(&self) -> &str {
        &self.filter
    }

    pub(super) const fn select(&self) -> Option<&'static str> {
        self.select
    }

    pub(super) const fn next(&self) -> Option<&Next> {
        self.next.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_keys_keep_the_order_and_the_prefixes_of_keys() {
        let keys = ["", "a", "a/", "a/1", "a/10", "a/2", "a0", "aa", "b", "ü", "🐈"];
        let rows: Vec<_> = keys.iter().map(|key| entry_key(key)).collect();
        assert!(rows.is_sorted(), "{rows:?}");
        assert_eq!(entry_key("a/ü"), "entry-612fc3bc");
        for (prefix, key) in [("", "a"), ("a/", "a/1"), ("ü", "üü")] {
            let range = Range::entries(prefix);
            let (from, to) = bounds(range.filter());
            assert!((from..to).contains(&entry_key(key)), "{prefix} {key}");
        }
    }

    fn bounds(filter: &str) -> (String, String) {
        let mut texts = filter.split('\'').skip(3).step_by(2).map(str::to_owned);
        (texts.next().unwrap(), texts.next().unwrap())
    }

    #[test]
    fn the_row_key_of_a_long_key_is_short_and_its_own() {
        let long = "k".repeat(512);
        let other = format!("{}x", "k".repeat(511));
        let [one, two] = [&long, &other].map(|key| entry_key(key));
        assert!(one.len() <= 206 && one != two && one != entry_key(&"k".repeat(WHOLE)), "{one} {two}");
        for prefix in ["k", &"k".repeat(WHOLE), &"k".repeat(400)] {
            let (from, to) = bounds(Range::entries(prefix).filter());
            assert!(from <= one && one < to && from <= two && two < to, "{}", prefix.len());
        }
        // A letter may be cut in two: it is bytes that are compared.
        assert!(entry_key(&"ü".repeat(256)).len() <= 206);
    }

    #[test]
    fn the_latest_record_comes_first() {
        let key = |ended, written| audit_key(Timestamp::from_millis(ended), Duration::from_nanos(written), "r");
        let keys = [key(u64::MAX, 9), key(2, 2), key(2, 1), key(1, 9), key(0, 0)];
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn values_are_cut_between_letters_and_put_together() {
        let check = |value: &str, lengths: &[usize]| {
            let cut: Vec<_> = pieces(value).iter().map(|piece| piece.encode_utf16().count()).collect();
            assert_eq!(cut, lengths);
            let row = serde_json::to_string(&Row::new("r".to_owned(), value)).unwrap();
            assert!(serde_json::from_str::<Row>(&row).unwrap().value() == value);
        };
        check("", &[0]);
        check("v", &[1]);
        check(&"v".repeat(MAX_PROPERTY), &[MAX_PROPERTY]);
        check(&"v".repeat(MAX_PROPERTY + 1), &[MAX_PROPERTY, 1]);
        check(&format!("v{}", "🐈".repeat(MAX_PROPERTY / 2)), &[MAX_PROPERTY - 1, 2]);
        check(&"ü".repeat(128 * 1024), &[MAX_PROPERTY; 4]);
    }

    #[test]
    fn a_row_that_somebody_else_wrote() {
        let read = |json: &str| serde_json::from_str::<Row>(json).unwrap();
        let row = read(r#"{"PartitionKey":"catops","RowKey":"r","expires":"soon","more":1,"v0":"a","v1":2}"#);
        assert_eq!((row.value().as_str(), row.expires().unwrap_err().kind()), ("a", ErrorKind::Invalid));
        let row = read(r#"{"PartitionKey":"catops","RowKey":"r","expires":7,"v0":null}"#);
        assert_eq!((row.value().as_str(), row.expires().unwrap()), ("", Some(Timestamp::from_millis(7))));
        let row = read(r#"{"PartitionKey":"catops","RowKey":"r","expires":null,"Timestamp":"2026-11-22T00:00:00Z"}"#);
        assert_eq!((row.value().as_str(), row.expires().unwrap()), ("", None));
    }
}
