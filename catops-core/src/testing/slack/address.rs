//! Reply addresses: `response_url`.

use std::time::Duration;

use serde_json::Value;

use super::check;
use super::message::Message;
use super::post::Said;
use super::server::Asked;
use super::workspace::{State, Workspace};
use crate::time::Timestamp;

/// How often an address can be used. docs.slack.dev, "Handling user interaction".
pub const ADDRESS_USES: u8 = 5;

/// How long an address can be used. docs.slack.dev, "Handling user interaction".
pub const ADDRESS_TIME: Duration = Duration::from_secs(30 * 60);

/// One address, and the request it came with.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) born: Timestamp,
    pub(super) uses: u8,
    pub(super) channel: String,
    pub(super) user: String,
    pub(super) thread_ts: Option<String>,
    /// The message that a post in its place changes: the one that held the button, or the last one posted here.
    pub(super) original: Option<String>,
}

/// Takes a post to an address that the workspace gave.
pub(super) fn post(workspace: &Workspace, asked: &Asked) -> Option<Said> {
    let mut state = workspace.state();
    let now = state.now();
    let address = state.addresses.get_mut(&asked.path)?;
    if now.since(address.born) >= ADDRESS_TIME {
        return Some(Said::status(404, "expired_url"));
    }
    if address.uses >= ADDRESS_USES {
        return Some(Said::status(404, "used_url"));
    }
    if !asked.body.is_object() {
        return Some(Said::status(400, "invalid_payload"));
    }
    address.uses += 1;
    let deletes = asked.body["delete_original"] == true;
    if !deletes && let Err(breaches) = check::of_message(&asked.body) {
        return Some(breaches.said());
    }
    put(&mut state, &asked.path, &asked.body);
    Some(Said::text("ok"))
}

/// Shows what was posted to the address at `path`.
pub(super) fn put(state: &mut State, path: &str, body: &Value) {
    let Some(address) = state.addresses.get(path) else { return };
    let original = address.original.clone();
    let found = state.messages.iter_mut().find(|message| Some(&message.ts) == original.as_ref());
    match found {
        Some(message) if body["delete_original"] == true => message.is_deleted = true,
        // A message for one cannot become one for all, or the other way round.
        Some(message) if body["replace_original"] == true => {
            message.earlier.push(std::mem::replace(&mut message.body, body.clone()));
        }
        _ => {
            let only_for = (body["response_type"] != "in_channel").then(|| address.user.clone());
            let thread_ts = body["thread_ts"].as_str().map(str::to_owned).or_else(|| address.thread_ts.clone());
            let channel = address.channel.clone();
            let ts = state.ts();
            let (earlier, is_deleted) = (Vec::new(), false);
            if let Some(address) = state.addresses.get_mut(path) {
                address.original = Some(ts.clone());
            }
            let (path, body) = (path.to_owned(), body.clone());
            state.messages.push(Message { path, channel, ts, thread_ts, only_for, body, earlier, is_deleted });
        }
    }
}
