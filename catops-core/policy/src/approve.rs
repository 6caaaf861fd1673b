//! What waits for others, and who they are.

use crate::decide::Question;
use crate::rules::{Limit, Rules};

/// What it takes to run something that may be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// An approver has one role of each of these.
    pub by: Vec<Vec<&'static str>>,
    /// How many have to approve.
    pub count: u8,
    /// How long it waits for them, in seconds.
    pub within: u32,
}

/// What a command declares of its approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The role that an approver has.
    pub role: &'static str,
    /// How many have to approve.
    pub count: u8,
}

impl Rules {
    /// Returns what it takes to run what `question` asks for, if others have to approve it. Where several rules say so,
    /// an approver has a role of each, the largest count holds and the shortest time. A rule of which it cannot be told
    /// whether it applies does.
    pub fn approval(&self, question: &Question<'_>, declared: Option<Declared>) -> Option<Approval> {
        let _ = (question, declared);
        None
    }

    /// Returns whether the asker of `question` can approve. What is not known approves nothing.
    pub fn can_approve(&self, approval: &Approval, question: &Question<'_>) -> bool {
        let _ = (approval, question);
        false
    }

    /// Returns whether the asker of `question` may run without approval what else would wait for it.
    pub fn may_break_glass(&self, question: &Question<'_>) -> bool {
        let _ = question;
        false
    }

    /// Returns the limits on a command.
    pub fn limits_on(&self, path: &str, permission: Option<&str>) -> impl Iterator<Item = &'static Limit> {
        self.limits.iter().filter(move |limit| limit.target.has(path, permission))
    }
}
