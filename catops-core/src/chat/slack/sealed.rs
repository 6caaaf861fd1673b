//! What Slack keeps for the bot, for tests and fuzzing, which play Slack and hand it back.

use super::seals::Kind;
use super::{Slack, button, decision};
use crate::form::Draft;
use crate::pending::Answer;
use crate::reply::Decision;
use crate::time::Timestamp;

impl Slack {
    /// Returns the value of a button that runs `line`; `None` if Slack does not take so long a value.
    pub fn sealed_button(&self, line: &str, now: Timestamp) -> Option<String> {
        button::seal(&self.seals, line, now)
    }

    /// Returns the value of the button that gives this answer; `None` if Slack does not take so long a value.
    pub fn sealed_decision(&self, decision: &Decision, answer: Answer) -> Option<String> {
        decision::seal(&self.seals, decision, answer)
    }

    /// Returns what a view carries for `draft`.
    pub fn sealed_draft(&self, draft: &Draft) -> String {
        self.seals.seal(Kind::Form, &serde_json::to_string(draft).unwrap_or_default())
    }
}
