//! Slash commands.

use super::decoded;
use crate::chat::slack::Slack;
use crate::chat::slack::form::Form;
use crate::chat::slack::limits::REPLY_TIME;
use crate::chat::{Inbound, Incoming, Rejection};
use crate::job::JobId;
use crate::request::{Actor, Channel, ReplyTo, Request, Via};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Reads a slash command.
pub(super) fn read(slack: &Slack, form: &Form<'_>, signature: &str, now: Timestamp) -> Result<Inbound, Rejection> {
    let needed =
        |field| Some(text(field)).filter(|text| text != &Ok(String::new())).unwrap_or(Err(Rejection::Malformed));
    let prefix = needed(form.command)?;
    let user = needed(form.user_id)?;
    let team = text(form.team_id)?;
    let channel = Channel { id: text(form.channel_id)?, name: text(form.channel_name)? };
    let trigger = text(form.trigger_id)?;
    let url = super::reply_address(slack, text(form.response_url)?)?;
    let id = match trigger.as_str() {
        // The signature is over the time and the whole body: the same words typed again have another.
        "" => JobId::of(&[slack.name, signature]),
        trigger => JobId::of(&[slack.name, &team, trigger]),
    };
    let reply_to = ReplyTo {
        chat: slack.name.to_owned(),
        url,
        channel: channel.id.clone(),
        user: user.clone(),
        expires: now + REPLY_TIME,
        thread: String::new(), // Slack has no slash commands in threads.
    };
    let actor = Actor { id: user, name: text(form.user_name)?, team };
    let request = Request { actor, channel, prefix, text: text(form.text)?, via: Via::Line };
    let trigger = Some(trigger).filter(|trigger| !trigger.is_empty()).map(Secret::new);
    Ok(Inbound::Run(Box::new(Incoming { trigger, ..Incoming::new(id, request, reply_to) })))
}

/// Decodes a field; a missing one is empty.
fn text(field: Option<&[u8]>) -> Result<String, Rejection> {
    field.map_or(Ok(String::new()), decoded)
}
