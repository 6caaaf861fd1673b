//! Documents as Firestore's JSON has them.

use catops_core::store::Entry;
use catops_core::{Error, ErrorKind, Timestamp};
use serde::{Deserialize, Serialize};

/// The latest time that Firestore can write: the end of the year 9999, in milliseconds since 1970.
const LAST: u64 = 253_402_300_799_999;

/// A field of text: `{"stringValue":"…"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Text {
    #[serde(rename = "stringValue")]
    pub(super) text: String,
}

/// A field of time: `{"timestampValue":"2027-01-15T08:00:00.001Z"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Time {
    #[serde(rename = "timestampValue")]
    time: String,
}

/// What a document holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Fields {
    pub(super) value: Text,
    /// Which write it was; an audit record has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<Time>,
}

impl Fields {
    pub(super) fn new(value: String, nonce: String, expires: Option<Timestamp>) -> Self {
        let ttl = expires.map(|time| Time { time: write(time) });
        Self { value: Text { text: value }, nonce: Some(Text { text: nonce }), ttl }
    }

    pub(super) const fn audit(value: String) -> Self {
        Self { value: Text { text: value }, nonce: None, ttl: None }
    }
}

/// A document that is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    /// `projects/P/databases/(default)/documents/C/I`.
    pub(super) name: String,
    pub(super) fields: Fields,
    /// When it was last written; never the same for two writes of one document.
    pub(super) update_time: String,
}

impl Found {
    /// Returns the document's id.
    pub(super) fn id(&self) -> Option<&str> {
        self.name.rsplit('/').next()
    }

    /// Returns when the entry ends.
    pub(super) fn expires(&self) -> Result<Option<Timestamp>, Error> {
        let Some(ttl) = &self.fields.ttl else { return Ok(None) };
        ttl.time.parse().map(Some).map_err(|_| self.wrong("no time in `ttl`"))
    }

    pub(super) fn into_entry(self) -> Result<Entry, Error> {
        let expires = self.expires()?;
        let version = Version { update_time: self.update_time, expires }.write();
        Ok(Entry { value: self.fields.value.text, version, expires })
    }

    pub(super) fn wrong(&self, what: &str) -> Error {
        let id = self.id().unwrap_or_default();
        Error::new(ErrorKind::Invalid, format!("the document {id} has {what}; CatOps did not write it so"))
    }
}

/// What an entry's version says: which write it was, and when what was written ends. So an entry that has expired is known
/// to be no longer there without another look.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) update_time: String,
    pub(super) expires: Option<Timestamp>,
}

impl Version {
    fn write(&self) -> String {
        match self.expires {
            Some(expires) => format!("{}/{}", self.update_time, expires.as_millis()),
            None => self.update_time.clone(),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let (update_time, expires) = match text.split_once('/') {
            Some((update_time, expires)) => (update_time, Some(Timestamp::from_millis(expires.parse().ok()?))),
            None => (text, None),
        };
        update_time.parse::<Timestamp>().ok()?;
        Some(Self { update_time: update_time.to_owned(), expires })
    }
}

/// Writes a time as RFC 3339, in milliseconds.
fn write(time: Timestamp) -> String {
    let millis = time.as_millis().min(LAST);
    // It is shown as `2027-01-15 08:00:00 UTC`.
    let shown = Timestamp::from_millis(millis).to_string();
    let (date, rest) = shown.split_once(' ').unwrap_or_default();
    let time = rest.split(' ').next().unwrap_or_default();
    format!("{date}T{time}.{:03}Z", millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_800_000_000_001, "2027-01-15T08:00:00.001Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(write(Timestamp::from_millis(millis)), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_millis(millis)));
        }
        assert_eq!(write(Timestamp::from_millis(u64::MAX)), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn versions_come_back() {
        for expires in [None, Some(Timestamp::from_millis(1_800_000_000_001))] {
            let version = Version { update_time: "2026-11-23T02:11:39.152239Z".to_owned(), expires };
            assert_eq!(Version::read(&version.write()), Some(version));
        }
        for wrong in ["", "v", "/", "2026-11-23T02:11:39.152239Z/", "2026-11-23T02:11:39.152239Z/x", "x/1"] {
            assert_eq!(Version::read(wrong), None, "{wrong}");
        }
    }
}
