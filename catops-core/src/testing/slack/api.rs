//! The Web API: the methods that a bot like ours calls.

mod chat;
pub(super) mod files;
pub(super) mod people;
pub(super) mod views;

use serde_json::{Value, json};

use super::post::Said;
use super::server::Asked;
use super::workspace::Workspace;
use super::{BOT, BOT_USER, TEAM};

/// Calls a method whose token has been checked.
pub(super) fn call(workspace: &Workspace, method: &str, asked: &Asked) -> Said {
    let body = &asked.body;
    let said = match method {
        "auth.test" => Ok(json!({
            "url": "https://example.slack.com/", "team": "Example", "user": "catops", "team_id": TEAM, "user_id": BOT_USER,
            "bot_id": BOT, "is_enterprise_install": false,
        })),
        "chat.postMessage" => chat::post(workspace, body, None),
        "chat.postEphemeral" => chat::post_ephemeral(workspace, body),
        "chat.update" => chat::update(workspace, body),
        "chat.delete" => chat::delete(workspace, body),
        "views.open" => views::open(workspace, body, false),
        "views.push" => views::open(workspace, body, true),
        "views.update" => views::update(workspace, body),
        "files.getUploadURLExternal" => files::begin(workspace, body),
        "files.completeUploadExternal" => files::complete(workspace, body),
        "users.info" => people::info(workspace, body),
        "usergroups.users.list" => people::members(workspace, body),
        _ => Err(Said::refused("unknown_method", &[])),
    };
    said.map_or_else(|refused| refused, Said::ok)
}

/// Refuses with a code and nothing more.
fn refuse<T>(code: &str) -> Result<T, Said> {
    Err(Said::refused(code, &[]))
}

/// Returns a text argument, which is needed.
fn needed<'a>(body: &'a Value, name: &str) -> Result<&'a str, Said> {
    let missing = || Said::refused("invalid_arguments", &[format!("missing required field: {name}")]);
    body[name].as_str().filter(|text| !text.is_empty()).ok_or_else(missing)
}
