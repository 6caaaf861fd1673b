//! Messages by token. docs.slack.dev, "chat.postMessage" and its neighbours.

use serde_json::{Value, json};

use super::super::API;
use super::super::check;
use super::super::message::Message;
use super::super::post::Said;
use super::super::workspace::{State, Workspace};
use super::{needed, refuse};

/// Returns the channel that is meant, if it takes the bot's messages now.
fn channel(state: &mut State, body: &Value) -> Result<String, Said> {
    let channel = match body["channel"].as_str() {
        None | Some("") => return refuse("channel_not_found"),
        // A message to a person stands in the conversation with them.
        Some(user) if user.starts_with(['U', 'W']) => format!("D{user}"),
        Some(channel) => channel.to_owned(),
    };
    if let Some(code) = state.refusing.get(&channel) {
        return refuse(code);
    }
    Ok(channel)
}

/// Counts a message against the pace of its channel.
fn pace(state: &mut State, channel: &str) -> Result<(), Said> {
    let now = state.now();
    let Some(pace) = &mut state.pace else { return Ok(()) };
    match pace.get(channel) {
        Some(last) if now.since(*last).as_millis() < 1000 => Err(Said::busy(1)),
        _ => {
            pace.insert(channel.to_owned(), now);
            Ok(())
        }
    }
}

/// Refuses what breaks a limit.
fn sound(body: &Value) -> Result<(), Said> {
    check::of_message(body).map_err(check::Breaches::said)
}

pub(super) fn post(workspace: &Workspace, body: &Value, only_for: Option<&str>) -> Result<Value, Said> {
    let mut state = workspace.state();
    let channel = channel(&mut state, body)?;
    sound(body)?;
    pace(&mut state, &channel)?;
    let ts = state.ts();
    let message = Message {
        path: format!("{API}chat.{}", if only_for.is_some() { "postEphemeral" } else { "postMessage" }),
        channel: channel.clone(),
        ts: ts.clone(),
        thread_ts: body["thread_ts"].as_str().map(str::to_owned),
        only_for: only_for.map(str::to_owned),
        body: body.clone(),
        earlier: Vec::new(),
        is_deleted: false,
    };
    let shown = message.to_json();
    state.messages.push(message);
    Ok(json!({"channel": channel, "ts": ts, "message": shown}))
}

pub(super) fn post_ephemeral(workspace: &Workspace, body: &Value) -> Result<Value, Said> {
    let user = needed(body, "user")?;
    let said = post(workspace, body, Some(user))?;
    Ok(json!({"message_ts": said["ts"]}))
}

/// Finds a message of the bot's that all can see: what is for one alone cannot be changed by token.
fn find<'a>(state: &'a mut State, body: &Value) -> Result<&'a mut Message, Said> {
    let (channel, ts) = (channel(state, body)?, needed(body, "ts")?);
    let mut all = state.messages.iter_mut();
    let found = all.find(|message| message.channel == channel && message.ts == ts && message.is_public());
    found.filter(|message| !message.is_deleted).ok_or_else(|| Said::refused("message_not_found", &[]))
}

pub(super) fn update(workspace: &Workspace, body: &Value) -> Result<Value, Said> {
    let mut state = workspace.state();
    let message = find(&mut state, body)?;
    sound(body)?;
    message.earlier.push(std::mem::replace(&mut message.body, body.clone()));
    Ok(json!({"channel": message.channel, "ts": message.ts, "text": body["text"], "message": message.to_json()}))
}

pub(super) fn delete(workspace: &Workspace, body: &Value) -> Result<Value, Said> {
    let mut state = workspace.state();
    let message = find(&mut state, body)?;
    message.is_deleted = true;
    Ok(json!({"channel": message.channel, "ts": message.ts}))
}
