//! The console's Web API: as much of Slack's as the bot uses, answered as Slack answers.
//!
//! Whoever calls it brings the console's own token; `guard.rs` sees to that.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use catops_core::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Shared;
use super::messages::Message;
use super::workspace::{BOT, CHANNEL, NAME, Person, TEAM};

/// What is put into an answer besides `ok`, or Slack's word for what is wrong.
type Answer = Result<Value, &'static str>;

/// A form that is to be shown, as every page is told; only one window does.
#[derive(Serialize)]
struct Shown<'a> {
    window: &'a str,
    view: &'a Value,
}

pub(super) async fn call(
    State(shared): State<Arc<Shared>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let answer = read(kind, &body).and_then(|arguments| shared.method(&method, arguments, Timestamp::now()));
    let mut answered = match answer {
        Ok(answer) => answer,
        Err(word) => json!({"error": word}),
    };
    answered["ok"] = answered.get("error").is_none().into();
    Json(answered).into_response()
}

/// Answers a call as Slack does one whose token is wrong.
pub(super) fn unauthorised(word: &'static str) -> Response {
    Json(json!({"ok": false, "error": word})).into_response()
}

/// Reads the arguments: a JSON object, or a form, in which what is no plain text is JSON.
fn read(kind: &str, body: &[u8]) -> Result<Map<String, Value>, &'static str> {
    if kind.starts_with("application/json") {
        return serde_json::from_slice(body).map_err(|_| "invalid_json");
    }
    let nested = |name: &str| matches!(name, "attachments" | "blocks" | "files" | "view");
    let field = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let json = nested(&name).then(|| serde_json::from_str(&value).ok()).flatten();
        (name.into_owned(), json.unwrap_or_else(|| Value::from(value)))
    };
    Ok(form_urlencoded::parse(body).map(field).collect())
}

fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str)
}

impl Shared {
    fn method(&self, method: &str, arguments: Map<String, Value>, now: Timestamp) -> Answer {
        match method {
            "auth.test" => Ok(json!({"team": NAME, "team_id": TEAM, "user_id": BOT})),
            "chat.postMessage" => self.post_message(arguments, None, now),
            "chat.postEphemeral" => match self.named(&arguments) {
                Some(person) => self.post_message(arguments, Some(person), now),
                None => Err("user_not_in_channel"),
            },
            "chat.update" => self.update(arguments, now),
            "views.open" => self.open_view(arguments, now),
            "views.update" => self.update_view(arguments),
            "files.getUploadURLExternal" => self.expect_file(&arguments),
            "files.completeUploadExternal" => self.share_files(arguments, now),
            "users.info" => match self.named(&arguments) {
                Some(person) => Ok(json!({"user": {
                    "id": person.id, "team_id": TEAM, "name": person.name, "deleted": false, "is_bot": false,
                    "is_email_confirmed": true,
                    "profile": {"display_name": person.name, "email": person.address()},
                }})),
                None => Err("user_not_found"),
            },
            // Whatever the group, nobody here is in it.
            "usergroups.users.list" => Ok(json!({"users": []})),
            _ => Err("unknown_method"),
        }
    }

    /// Returns the person that the arguments name.
    fn named(&self, arguments: &Map<String, Value>) -> Option<&'static Person> {
        self.people.iter().find(|person| Some(person.id) == text(arguments, "user"))
    }

    fn post_message(&self, arguments: Map<String, Value>, only: Option<&'static Person>, now: Timestamp) -> Answer {
        if text(&arguments, "channel") != Some(CHANNEL) {
            return Err("channel_not_found");
        }
        let message = Message { thread: self.thread(&arguments), only, ..Message::of(arguments) };
        if message.fields.is_empty() {
            return Err("no_text");
        }
        let fields = message.fields.clone();
        let ts = self.post(message, now);
        Ok(match only {
            Some(_) => json!({"message_ts": ts}),
            None => json!({"channel": CHANNEL, "ts": ts, "message": fields}),
        })
    }

    /// Returns the first message of the thread that is meant. One from before a restart is not known any more; what
    /// belongs under it goes into the channel rather than nowhere.
    fn thread(&self, arguments: &Map<String, Value>) -> Option<String> {
        let ts = text(arguments, "thread_ts")?;
        let parent = self.messages.get(ts)?;
        Some(parent.thread.unwrap_or_else(|| ts.to_owned()))
    }

    fn update(&self, arguments: Map<String, Value>, now: Timestamp) -> Answer {
        if text(&arguments, "channel") != Some(CHANNEL) {
            return Err("channel_not_found");
        }
        let ts = text(&arguments, "ts").ok_or("invalid_arguments")?.to_owned();
        let held = self.messages.get(&ts).filter(|held| held.only.is_none()).ok_or("message_not_found")?;
        if held.from.is_some() {
            return Err("cant_update_message");
        }
        match self.edit(&ts, Message::of(arguments), now) {
            true => Ok(json!({"channel": CHANNEL, "ts": ts})),
            false => Err("message_not_found"),
        }
    }

    fn open_view(&self, mut arguments: Map<String, Value>, now: Timestamp) -> Answer {
        let view = view(&mut arguments)?;
        let trigger = text(&arguments, "trigger_id").ok_or("invalid_arguments")?;
        let (window, who) = self.triggers.take(trigger, now)?;
        let view = self.views.open(view, window.clone(), who)?;
        self.feed.publish("view", &Shown { window: &window, view: &view });
        Ok(json!({ "view": view }))
    }

    fn update_view(&self, mut arguments: Map<String, Value>) -> Answer {
        let view = view(&mut arguments)?;
        let id = text(&arguments, "view_id").ok_or("invalid_arguments")?;
        let held = self.views.get(id).ok_or("not_found")?;
        if text(&arguments, "hash").is_some_and(|hash| held.view["hash"] != hash) {
            return Err("hash_conflict");
        }
        let open = self.views.update(id, view)?;
        self.feed.publish("view", &Shown { window: &open.window, view: &open.view });
        Ok(json!({"view": open.view}))
    }

    fn expect_file(&self, arguments: &Map<String, Value>) -> Answer {
        let name = text(arguments, "filename").filter(|name| !name.is_empty()).ok_or("invalid_arguments")?;
        let (id, token) = self.files.expect(name).map_err(|_| "internal_error")?;
        Ok(json!({"file_id": id, "upload_url": format!("{}/console/upload/{token}", self.base)}))
    }

    fn share_files(&self, mut arguments: Map<String, Value>, now: Timestamp) -> Answer {
        let listed = arguments.remove("files").unwrap_or_default();
        let described: Option<Vec<Value>> = listed
            .as_array()
            .into_iter()
            .flatten()
            .map(|file| self.files.describe(file["id"].as_str()?, file["title"].as_str()))
            .collect();
        let described = described.filter(|files| !files.is_empty()).ok_or("file_not_found")?;
        if let Some(channel) = text(&arguments, "channel_id") {
            if channel != CHANNEL {
                return Err("channel_not_found");
            }
            let thread = self.thread(&arguments);
            let said = arguments.remove("initial_comment").unwrap_or_else(|| "".into());
            let mut fields = Map::from_iter([("text".to_owned(), said)]);
            fields.extend(arguments.remove_entry("blocks"));
            fields.insert("files".to_owned(), described.clone().into());
            self.post(Message { thread, ..Message::of(fields) }, now);
        }
        Ok(json!({ "files": described }))
    }
}

/// Takes the view out of the arguments; a client may send it as text.
fn view(arguments: &mut Map<String, Value>) -> Result<Value, &'static str> {
    match arguments.remove("view") {
        Some(Value::String(text)) => serde_json::from_str(&text).map_err(|_| "invalid_arguments"),
        Some(view) => Ok(view),
        None => Err("invalid_arguments"),
    }
}
