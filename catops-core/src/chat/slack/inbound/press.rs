//! Buttons that were pressed.

use serde_json::{Map, Value};

use super::fields::{clipped, items, text};
use super::interaction::Payload;
use super::{reply_address, thread};
use crate::chat::slack::button::{self, Refused};
use crate::chat::slack::limits::{BUTTON_TEXT, REPLY_TIME};
use crate::chat::slack::seals::Seals;
use crate::chat::{Hearing, Inbound, Incoming, Rejection, Telling};
use crate::job::JobId;
use crate::reply::Reply;
use crate::request::{Press, ReplyTo, Request, Via};
use crate::store::KEEP_CLAIM;

/// The room for the message that held the button, in bytes as a sealed job writes them. With the longest line and all else
/// it stays below what a job may be.
const MESSAGE: usize = 32 * 1024;

/// Reads a press of a button. Of several actions the first that is one of ours counts; what a plugin or another part of
/// the app put there is none.
pub(super) fn read(payload: &Payload<'_>) -> Result<Inbound, Rejection> {
    let is_ours = |action: &&Value| Seals::is_sealed(text(action, "/value"));
    let Some(action) = items(payload.json, "/actions").iter().find(is_ours) else {
        return Ok(payload.not_for_us("it is no button that the bot sealed"));
    };
    let actor = payload.actor()?;
    let trigger = payload.trigger()?;
    let channel = payload.channel();
    let reply_to = ReplyTo {
        url: reply_address(payload.slack, payload.text("/response_url").to_owned())?,
        channel: channel.id.clone(),
        expires: payload.now + REPLY_TIME,
        thread: where_it_is(payload.json).to_owned(),
        ..payload.reply_to(&actor)
    };
    let sealed = match button::open(&payload.slack.seals, text(action, "/value"), payload.now) {
        Ok(sealed) => sealed,
        Err(Refused::Expired) => return Ok(Inbound::Tell(Box::new(Telling { reply_to, reply: too_old() }))),
        Err(Refused::Seal) => {
            let said = "refused a button: its seal is not the bot's own, so it was altered, or is from another bot";
            tracing::warn!(chat = payload.slack.name, user = actor.id, "{said}");
            return Err(Rejection::Malformed);
        }
    };
    let press = Press {
        ticket: sealed.ticket,
        label: clipped(text(action, "/text/text"), BUTTON_TEXT),
        message: payload.json.get("message").and_then(kept),
    };
    let id = JobId::of(&[payload.slack.name, &actor.team, trigger.expose()]);
    let request =
        Request { actor, channel, prefix: String::new(), text: sealed.line.to_owned(), via: Via::Button(press) };
    let (hearing, trigger) = (Hearing::Unseen, Some(trigger));
    Ok(Inbound::Run(Box::new(Incoming { hearing, trigger, ..Incoming::new(id, request, reply_to) })))
}

/// Returns the thread of the message that held the button. What only one person sees comes without the message.
fn where_it_is(json: &Value) -> &str {
    json.get("message").map_or_else(|| text(json, "/container/thread_ts"), thread)
}

fn too_old() -> Reply {
    let days = KEEP_CLAIM.as_secs() / (24 * 60 * 60);
    Reply::to_asker(format!("This button is more than {days} days old; type the command instead."))
}

/// Returns what it takes to change a message, unless that is too much.
fn kept(message: &Value) -> Option<Value> {
    let mut kept = Map::new();
    for name in ["text", "blocks", "attachments", "ts", "thread_ts"] {
        if let Some(value) = message.get(name) {
            kept.insert(name.to_owned(), value.clone());
        }
    }
    let kept = Value::Object(kept);
    let json = kept.to_string();
    // A sealed job holds JSON within JSON, where these two characters take twice the room.
    let doubled = json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    (json.len() + doubled <= MESSAGE).then_some(kept)
}
