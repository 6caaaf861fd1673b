//! What has to wait: for its asker to see the plan, or for others to approve.

use super::Dispatched;
use super::turn::{Call, Notes, Turn};
use crate::policy::{Approval, Asker};

/// What it takes before a command that may be run is run.
#[derive(Clone, Debug)]
pub(super) struct Takes {
    /// Whether its plan is shown first.
    pub(super) plan: bool,
    /// Who has to approve it.
    pub(super) approval: Option<Approval>,
}

impl Turn<'_> {
    /// Returns what it takes, if anything.
    pub(super) fn takes_more(&self, _call: &Call, _asker: Asker<'_>, _notes: &Notes) -> Option<Takes> {
        None
    }

    /// Shows what waits and for what.
    pub(super) async fn hold(&self, call: Call, _takes: Takes, notes: Notes) -> Dispatched {
        self.perform(call, notes).await
    }
}
