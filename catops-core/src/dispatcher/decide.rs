//! Decides on what waits.

use super::turn::Turn;
use super::{Dispatched, words};
use crate::audit::Outcome;
use crate::request::Decided;

impl Turn<'_> {
    /// Takes the press of a button that decides.
    pub(super) async fn decide(&self, _decided: &Decided) -> Dispatched {
        self.stop(Outcome::Expired, words::expired(self.job)).await
    }
}
