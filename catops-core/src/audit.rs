//! The record of who did what.
//!
//! Records are linked, so that what is taken away or changed shows: see [`Link`], and [`verify`](mod@verify) for what that
//! proves and what it does not. The form of a record is for ever: fields may be added, optional and left out where they are
//! absent, and none may be changed, since the seal is over the record's JSON.

mod chain;
pub mod report;
pub mod verify;

use serde::{Deserialize, Serialize};

pub(crate) use self::chain::{Chain, json};
pub use self::chain::{Link, Seen};
pub use self::verify::{Fault, Verified, newest, verify};
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
    /// A plan was shown, and waits for its asker to apply it; nothing ran yet.
    Planned,
    /// The plan was not the one that was confirmed any more; the new one was shown, and nothing ran.
    Changed,
    /// It waits for others to approve it; nothing ran yet.
    Waiting,
    /// Somebody approved it, and more have to; nothing ran yet.
    Approved,
    /// Somebody turned it down, or its asker took it back; nothing ran.
    Rejected,
    /// Another run holds the lock that it takes; nothing ran.
    Locked,
    /// It was asked for more often than a limit allows; nothing ran.
    Limited,
    /// A button was pressed that the bot did not make, or that was altered; nothing ran.
    Forged,
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
            Self::Planned => "planned",
            Self::Changed => "changed",
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Locked => "locked",
            Self::Limited => "limited",
            Self::Forged => "forged",
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
    /// How long the command itself ran, in milliseconds; absent where nothing ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<u64>,
    /// What allowed it, such as "role `oncall`"; absent where nothing had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The hash of the plan that was shown or applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Who approved it, in the order in which they did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
    /// Why the asker broke the glass: it ran without the approval that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The job that this one goes back to: the one that asked for what was approved, or that is run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<JobId>,
    /// The line as it was typed, in escaped form, where `command` and `arguments` do not say it all; absent too where it
    /// holds a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its place in the audit; absent in what was written before there were links, and where none could be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
}

impl Record {
    /// Makes the record of a job that ended at `ended`; nobody asked for it, nowhere.
    pub fn new(job: JobId, outcome: Outcome, ended: Timestamp) -> Self {
        Self {
            job,
            asked: ended,
            ended,
            actor: Actor::default(),
            channel: Channel::default(),
            chat: String::new(),
            command: String::new(),
            arguments: String::new(),
            outcome,
            undelivered: None,
            took: None,
            rule: None,
            plan: None,
            approvers: Vec::new(),
            reason: None,
            origin: None,
            text: None,
            link: None,
        }
    }
}

/// Somebody who approved a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// Who.
    pub who: Actor,
    /// When.
    pub at: Timestamp,
}

/// The target of the log line that each record is.
pub const LOG: &str = "catops::audit";
