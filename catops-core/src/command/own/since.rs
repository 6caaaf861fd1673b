//! How far to look back.

use std::str::FromStr;
use std::time::Duration;

use crate::command::read::shown;
use crate::line::{Token, plain};
use crate::time::Timestamp;

/// How far to look back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// For so long.
    Ago(Duration),
    /// To this time.
    At(Timestamp),
}

impl Since {
    /// Returns the time, if it is `now`.
    pub fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(time) => {
                let ago = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                Timestamp::from_millis(now.as_millis().saturating_sub(ago))
            }
        }
    }

    /// Reads the word after `since`.
    pub(super) fn read(word: Option<Token>) -> Result<Self, String> {
        let word = word.map(|word| plain(&word.text)).unwrap_or_default();
        word.parse().map_err(|why| format!("`since` cannot be `{}`: {why}", shown(&word)))
    }
}

impl FromStr for Since {
    type Err = &'static str;

    /// Reads a time back, such as `2d`, or a date or time; else says what it may be.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        ago(word)
            .or_else(|| date(word))
            .ok_or("it is a time back, such as `90m`, `2h`, `2d` or `1w`, or a date such as `2026-11-22`")
    }
}

fn ago(word: &str) -> Option<Since> {
    let seconds = match word.bytes().last()? {
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        b'w' => 7 * 86_400,
        _ => return None,
    };
    let count = &word[..word.len() - 1];
    let count: u32 = count.bytes().all(|byte| byte.is_ascii_digit()).then(|| count.parse().ok())??;
    Some(Since::Ago(Duration::from_secs(u64::from(count) * seconds)))
}

/// A day begins in UTC.
fn date(word: &str) -> Option<Since> {
    let time = if word.len() == 10 { format!("{word}T00:00:00Z").parse() } else { word.parse() };
    time.ok().map(Since::At)
}
