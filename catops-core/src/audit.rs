//! The record of who did what.

use serde::{Deserialize, Serialize};

use crate::job::JobId;
use crate::request::{Actor, Channel};
use crate::time::Timestamp;

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The command ran and succeeded.
    Ran,
    /// Help was asked for and given.
    Help,
    /// The arguments were wrong; nothing ran.
    Usage,
    /// There is no such command; nothing ran.
    Unknown,
    /// The asker may not; nothing ran.
    Denied,
    /// The command returned an error.
    Failed,
    /// The command panicked.
    Panicked,
    /// The command outlived its deadline.
    TimedOut,
    /// The process ended while the command ran; how far it got is not known.
    Died,
    /// It waited too long to be started; nothing ran.
    Expired,
    /// It was sealed by another version of the bot during a deploy; nothing ran.
    Skewed,
    /// Its chain of jobs was longer than allowed; nothing ran.
    TooManyHops,
    /// The button had been pressed before, by the same or another; nothing ran.
    Used,
}

impl Outcome {
    /// Returns the name used in logs and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Help => "help",
            Self::Usage => "usage",
            Self::Unknown => "unknown",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::Died => "died",
            Self::Expired => "expired",
            Self::Skewed => "skewed",
            Self::TooManyHops => "too_many_hops",
            Self::Used => "used",
        }
    }

    /// Returns whether the asker got what they asked for.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Ran | Self::Help)
    }
}

/// One record for one job: who, where, what, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The job.
    pub job: JobId,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// Where.
    pub channel: Channel,
    /// The chat it came from.
    pub chat: String,
    /// The command that was addressed, such as `restart`, or what stood in its place.
    pub command: String,
    /// The rest of the line as plain text; the values of arguments marked secret are masked.
    pub arguments: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the reply arrived; if not, why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<String>,
}
