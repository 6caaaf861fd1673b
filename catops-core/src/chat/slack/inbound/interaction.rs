//! Interactions: somebody pressed, typed or submitted something that the bot had posted.

use std::sync::Once;

use serde_json::Value;

use super::fields::{first, needed, text, word};
use super::{not_for_us, nothing, press, shortcut, view};
use crate::chat::slack::Slack;
use crate::chat::{Inbound, Rejection};
use crate::request::{Actor, Channel, ReplyTo};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Reads the payload of an interaction.
pub(super) fn read(slack: &Slack, json: &Value, now: Timestamp) -> Result<Inbound, Rejection> {
    let payload = Payload { slack, json, now };
    match needed(json, "/type")? {
        "block_actions" => press::read(&payload),
        "block_suggestion" => view::typing(&payload),
        "view_submission" => view::submission(&payload),
        "shortcut" => shortcut::global(&payload),
        "message_action" => shortcut::on_message(&payload),
        "view_closed" => Ok(nothing()),
        "interactive_message"
        | "dialog_submission"
        | "dialog_suggestion"
        | "dialog_cancellation"
        | "workflow_step_edit" => {
            static ONCE: Once = Once::new();
            ONCE.call_once(|| {
                let said = "Slack sends a kind of interaction that it has replaced, and the bot does not handle";
                tracing::warn!(chat = slack.name, kind = text(json, "/type"), "{said}");
            });
            Ok(nothing())
        }
        kind => Ok(not_for_us(slack, word(kind), "it is of no kind that is handled")),
    }
}

/// The payload of an interaction, and what reading it takes.
pub(super) struct Payload<'a> {
    pub(super) slack: &'a Slack,
    pub(super) json: &'a Value,
    pub(super) now: Timestamp,
}

impl<'a> Payload<'a> {
    /// Returns the text at a path; empty if there is none.
    pub(super) fn text(&self, path: &str) -> &'a str {
        text(self.json, path)
    }

    /// Returns the text at a path where there must be one.
    pub(super) fn needed(&self, path: &str) -> Result<&'a str, Rejection> {
        needed(self.json, path)
    }

    /// Returns who did it. Their own team counts, which in a shared channel is not the one that the bot serves; an app that
    /// a whole organisation installed may get no team at all.
    pub(super) fn actor(&self) -> Result<Actor, Rejection> {
        let id = self.needed("/user/id")?.to_owned();
        let name = first(self.json, &["/user/username", "/user/name"]).to_owned();
        let team = first(self.json, &["/user/team_id", "/team/id", "/enterprise/id"]).to_owned();
        Ok(Actor { id, name, team })
    }

    /// Returns where it was done; of no id if it was in no channel.
    pub(super) fn channel(&self) -> Channel {
        let id = first(self.json, &["/channel/id", "/container/channel_id"]).to_owned();
        Channel { id, name: self.text("/channel/name").to_owned() }
    }

    /// Returns what opens a form.
    pub(super) fn trigger(&self) -> Result<Secret, Rejection> {
        self.needed("/trigger_id").map(|trigger| Secret::new(trigger.to_owned()))
    }

    /// Returns where replies to `actor` go: by no address yet, to no channel.
    pub(super) fn reply_to(&self, actor: &Actor) -> ReplyTo {
        let (chat, user) = (self.slack.name.to_owned(), actor.id.clone());
        ReplyTo { chat, user, expires: self.now, ..ReplyTo::default() }
    }

    /// Acknowledges what is not the bot's own.
    pub(super) fn not_for_us(&self, why: &'static str) -> Inbound {
        not_for_us(self.slack, self.text("/type"), why)
    }
}
