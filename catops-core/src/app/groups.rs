//! Who else somebody is: the groups and addresses that the policy names, as the chat verifies them.

use std::time::Duration;

use super::App;
use crate::request::Actor;
use crate::time::Timestamp;

impl App {
    /// Returns which of the groups and addresses of the policy `actor` has, as the chat of that name says within `limit`;
    /// `None` where the policy names none, or it cannot be told.
    ///
    /// All or nothing: of somebody whose groups are known in part it cannot be said that a rule which denies a group is not
    /// about them. What went wrong is in the log. Where the policy names none, this looks at a table in memory and does
    /// nothing else.
    pub async fn groups(&self, chat: &str, actor: &Actor, limit: Duration, now: Timestamp) -> Option<Vec<String>> {
        if !self.policy.asks_for_groups(&actor.team) {
            return None;
        }
        // A terminal is no chat: there is nobody to ask, and that is no fault.
        let chat = self.chat_named(chat)?;
        let mut wanted: Vec<&str> = Vec::new();
        for id in self.policy.groups() {
            if !wanted.contains(&id) {
                wanted.push(id);
            }
        }
        let asked = chat.groups(actor, &wanted, limit, now).await;
        if let Err(error) = &asked {
            let (chat, user, error) = (chat.name(), &actor.id, error.chain());
            tracing::warn!(chat, user, error, "which groups somebody is in is not known, so these open nothing");
        }
        asked.ok()
    }
}
