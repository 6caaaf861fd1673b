//! Items as DynamoDB's JSON has them.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A string attribute: `{"S":"…"}`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Text<'a> {
    #[serde(rename = "S")]
    text: Cow<'a, str>,
}

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self { text: text.into() }
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self { text: text.into() }
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.text.into_owned()
    }
}

/// A number attribute: `{"N":"17"}`.
#[derive(Serialize, Deserialize)]
pub(super) struct Number {
    #[serde(rename = "N")]
    digits: String,
}

impl Number {
    pub(super) fn read(&self) -> Option<u64> {
        self.digits.parse().ok()
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self { digits: number.to_string() }
    }
}

/// The key of an item.
#[derive(Serialize, Deserialize)]
pub(super) struct Key<'a> {
    pk: Text<'a>,
    sk: Text<'a>,
}

impl<'a> Key<'a> {
    pub(super) fn new(pk: &'a str, sk: &'a str) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }
}

/// An entry or an audit record.
#[derive(Serialize, Deserialize)]
pub(super) struct Item<'a> {
    pub(super) pk: Text<'a>,
    pub(super) sk: Text<'a>,
    pub(super) value: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ttl: Option<Number>,
}
