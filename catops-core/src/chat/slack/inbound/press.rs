//! Buttons that were pressed.

use serde_json::{Map, Value};

use super::fields::{clipped, items, text};
use super::interaction::Payload;
use super::{reply_address, thread};
use crate::chat::slack::canvas::OURS;
use crate::chat::slack::limits::{BUTTON_TEXT, REPLY_TIME};
use crate::chat::slack::seals::Seals;
use crate::chat::slack::{button, decision};
use crate::chat::{Forged, Hearing, Inbound, Incoming, Rejection};
use crate::job::JobId;
use crate::pending::Pending;
use crate::request::{Decided, Press, ReplyTo, Request, Via};

/// The room for the message that held the button, in bytes as a sealed job writes them. With the longest line and all else
/// it stays below what a job may be.
const MESSAGE: usize = 32 * 1024;

/// Reads a press of a button. Of several actions the first that is one of ours counts; what a plugin or another part of
/// the app put there is none.
pub(super) fn read(payload: &Payload<'_>) -> Result<Inbound, Rejection> {
    let Some(action) = items(payload.json, "/actions").iter().find(is_ours) else {
        return Ok(payload.not_for_us("it is no button that the bot sealed"));
    };
    let actor = payload.actor()?;
    let trigger = payload.trigger()?;
    let channel = payload.channel();
    let id = JobId::of(&[payload.slack.name, &actor.team, trigger.expose()]);
    let Some(Asked { prefix, text: line, via, opens_forms }) = asked(payload, action) else {
        let said = "refused a button: its seal is not the bot's own, so it was altered, or is from another bot";
        tracing::warn!(chat = payload.slack.name, user = actor.id, "{said}");
        return Ok(Inbound::Forged(Box::new(Forged { id, actor, channel })));
    };
    let reply_to = ReplyTo {
        url: reply_address(payload.slack, payload.text("/response_url").to_owned())?,
        channel: channel.id.clone(),
        expires: payload.now + REPLY_TIME,
        thread: where_it_is(payload.json).to_owned(),
        ..payload.reply_to(&actor)
    };
    let request = Request { actor, channel, prefix, text: line, via };
    let (hearing, trigger) = (Hearing::Unseen, Some(trigger).filter(|_| opens_forms));
    Ok(Inbound::Run(Box::new(Incoming { hearing, trigger, ..Incoming::new(id, request, reply_to) })))
}

/// Returns whether the bot made an element: by the form of its value or, where that was altered too, by its name.
fn is_ours(action: &&Value) -> bool {
    let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    Seals::is_sealed(text(action, "/value")) || text(action, "/action_id").strip_prefix(OURS).is_some_and(is_number)
}

/// What a button asks for.
struct Asked {
    prefix: String,
    text: String,
    via: Via,
    opens_forms: bool,
}

/// Opens the button; `None` if the bot did not make it.
fn asked(payload: &Payload<'_>, action: &Value) -> Option<Asked> {
    let (seals, value) = (&payload.slack.seals, text(action, "/value"));
    let press = |ticket| Press {
        ticket,
        label: clipped(text(action, "/text/text"), BUTTON_TEXT),
        message: payload.json.get("message").and_then(kept),
    };
    if let Some(button::Sealed { ticket, line, is_old }) = button::open(seals, value, payload.now) {
        let via = if is_old { Via::Expired } else { Via::Button(press(ticket)) };
        return Some(Asked { prefix: String::new(), text: line.to_owned(), via, opens_forms: !is_old });
    }
    let decision::Sealed { ticket, answer, carried } = decision::open(seals, value)?;
    // What another version wrote is the dispatcher's to answer.
    let pending: Option<Pending> = serde_json::from_str(carried).ok();
    let (prefix, text) = pending.map(|pending| (pending.prefix, pending.line)).unwrap_or_default();
    let decided = Decided { press: press(ticket), answer, carried: carried.to_owned() };
    Some(Asked { prefix, text, via: Via::Decision(Box::new(decided)), opens_forms: false })
}

/// Returns the thread of the message that held the button. What only one person sees comes without the message.
fn where_it_is(json: &Value) -> &str {
    json.get("message").map_or_else(|| text(json, "/container/thread_ts"), thread)
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
