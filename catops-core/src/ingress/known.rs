//! Who asks, with what the chat tells of them, in the first leg.

use std::time::Duration;

use super::Ingress;
use crate::command::Command;
use crate::policy::{Asker, Groups, Policy};
use crate::request::Actor;
use crate::time::Timestamp;

/// How long the chat may take to tell which groups somebody is in. A form may have to be opened after that, and chats give
/// both 3 s from the key press.
const GROUPS_TIME: Duration = Duration::from_secs(1);

/// Somebody, where they are, and what the chat knows of them.
pub(super) struct Known<'a> {
    policy: &'a Policy,
    asker: Asker<'a>,
    groups: Option<Vec<String>>,
}

impl Known<'_> {
    /// Returns whether a command is worth showing to them.
    pub(super) fn offers(&self, command: &Command) -> bool {
        let groups = self.groups.as_deref().map_or(Groups::Unknown, Groups::Known);
        self.policy.offers(Asker { groups, ..self.asker }, command)
    }
}

impl Ingress {
    /// Returns who asks, in the chat of that name and in a channel.
    pub(super) async fn known<'a>(
        &'a self,
        chat: &str,
        actor: &'a Actor,
        channel: &'a str,
        now: Timestamp,
    ) -> Known<'a> {
        let groups = self.app.groups(chat, actor, GROUPS_TIME, now).await;
        let asker = Asker { actor, channel, now, groups: Groups::Unknown };
        Known { policy: self.app.policy(), asker, groups }
    }
}
