//! Shortcuts: a form is wanted, from anywhere or about a message.

use super::fields::{clipped, first};
use super::interaction::Payload;
use super::reply_address;
use crate::chat::slack::limits::REPLY_TIME;
use crate::chat::slack::manifest::{RUN, RUN_ON_MESSAGE};
use crate::chat::{Inbound, Opening, Rejection};
use crate::form::Draft;
use crate::request::ReplyTo;

/// How much of a message a form carries, in characters: it must fit into what Slack keeps with a view, under seal.
const ABOUT: usize = 1_000;

/// Reads a shortcut that was taken from the menu of them: there is no channel, and no reply address.
pub(super) fn global(payload: &Payload<'_>) -> Result<Inbound, Rejection> {
    let actor = payload.actor()?;
    let reply_to = payload.reply_to(&actor);
    let draft = Draft { command: command(payload, RUN), reply_to, ..Draft::default() };
    Ok(Inbound::Open(Box::new(Opening { actor, draft, trigger: payload.trigger()? })))
}

/// Reads a shortcut that was taken on a message; the replies go into the thread below it.
pub(super) fn on_message(payload: &Payload<'_>) -> Result<Inbound, Rejection> {
    let actor = payload.actor()?;
    let channel = payload.channel();
    let thread = first(payload.json, &["/message/thread_ts", "/message/ts", "/message_ts"]).to_owned();
    let reply_to = ReplyTo {
        url: reply_address(payload.slack, payload.text("/response_url").to_owned())?,
        channel: channel.id.clone(),
        expires: payload.now + REPLY_TIME,
        thread,
        ..payload.reply_to(&actor)
    };
    let about = clipped(payload.text("/message/text"), ABOUT);
    let command = command(payload, RUN_ON_MESSAGE);
    let draft = Draft { command, prefix: String::new(), channel, reply_to, about };
    Ok(Inbound::Open(Box::new(Opening { actor, draft, trigger: payload.trigger()? })))
}

fn command(payload: &Payload<'_>, any: &str) -> String {
    match payload.text("/callback_id") {
        id if id == any => String::new(),
        id => id.to_owned(),
    }
}
