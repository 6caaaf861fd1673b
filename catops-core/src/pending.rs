//! What waits for a decision: a command that its asker has to apply, or that others have to approve.
//!
//! It needs no database: it travels in the button that decides on it, under the chat's seal. What does not fit there, or
//! holds a secret, is in the store.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::audit::Approver;
use crate::job::JobId;
use crate::request::{Actor, Channel};
use crate::time::Timestamp;

/// A command that waits for a decision.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The job that asked for it.
    pub origin: JobId,
    /// Who asked, and under whose rights it will run.
    pub asker: Actor,
    /// Where it was asked.
    pub channel: Channel,
    /// The chat in which it was asked: it is decided there and in no other.
    pub chat: String,
    /// How the bot was addressed.
    pub prefix: String,
    /// The line, in escaped form.
    pub line: String,
    /// When it was asked.
    pub asked: Timestamp,
    /// Until when it can be decided.
    pub expires: Timestamp,
    /// The hash of the plan that was shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Who has approved it so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
}

/// Without the line: an argument in it may be secret.
impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Pending");
        shown.field("origin", &self.origin).field("asker", &self.asker).field("expires", &self.expires);
        shown.field("plan", &self.plan).field("approvers", &self.approvers).finish_non_exhaustive()
    }
}

/// What can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Its asker wants the plan carried out.
    Apply,
    /// Its asker does not want it any more.
    Cancel,
    /// Somebody else wants it run.
    Approve,
    /// Somebody else does not want it run.
    Deny,
}

impl Answer {
    /// Returns the word on its button.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Cancel => "Cancel",
            Self::Approve => "Approve",
            Self::Deny => "Deny",
        }
    }

    /// Returns its name in a seal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Cancel => "cancel",
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }

    /// Returns the answer of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Apply, Self::Cancel, Self::Approve, Self::Deny].into_iter().find(|answer| answer.as_str() == name)
    }

    /// Returns whether it lets the command run.
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Apply | Self::Approve)
    }
}
