//! Who may run what.

use crate::command::Command;
use crate::request::Actor;

/// Decides whether an actor may run a command.
///
/// A command without `requires` is open to everybody who can talk to the bot. A command that requires a permission is
/// closed until a rule opens it; there are no rules yet, so it is closed to all.
#[derive(Clone, Debug, Default)]
pub struct Policy {}

/// What a [`Policy`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The actor may.
    Allow,
    /// The actor may not; the permission that is missing.
    Deny(&'static str),
}

impl Policy {
    /// Decides for one actor and one command.
    pub fn decide(&self, _actor: &Actor, command: &Command) -> Decision {
        command.requires().map_or(Decision::Allow, Decision::Deny)
    }

    /// Returns whether the actor may, for lists of commands.
    pub fn allows(&self, actor: &Actor, command: &Command) -> bool {
        self.decide(actor, command) == Decision::Allow
    }
}
