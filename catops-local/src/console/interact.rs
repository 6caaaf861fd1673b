//! What is pressed, picked and filled in on the page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use catops_core::http::HttpResponse;
use catops_core::{Error, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Shared;
use super::deliver::{Body, job};
use super::payload;
use super::send::{done, failed, nobody};
use super::sink::Origin;
use super::views::{Filled, Open, reply_place, state};
use super::workspace::{CHANNEL, Person};

/// A button that was pressed.
#[derive(Deserialize)]
pub(super) struct Pressed {
    message: String,
    block: String,
    action: String,
    window: String,
    /// The id of whoever pressed it.
    #[serde(default)]
    who: String,
}

pub(super) async fn press(State(shared): State<Arc<Shared>>, Json(pressed): Json<Pressed>) -> Response {
    let Pressed { message: ts, block, action, window, who } = &pressed;
    let Some(who) = shared.person(who) else { return nobody() };
    let Some(message) = shared.messages.get(ts) else { return gone() };
    let Some(button) = message.element(block, action) else { return gone() };
    let now = Timestamp::now();
    let sent = async {
        let trigger = shared.triggers.make(window, who, now)?;
        let url = shared.address(who, Some(ts), now)?;
        let payload = payload::press(who, (ts, &message), block, button, &trigger, &url, now);
        shared.deliver(Body::Interaction(payload), now).await
    };
    done(sent.await)
}

/// A shortcut that was used: on a message, or on nothing.
#[derive(Deserialize)]
pub(super) struct Shortcut {
    window: String,
    message: Option<String>,
    /// The id of whoever used it.
    #[serde(default)]
    who: String,
}

pub(super) async fn shortcut(State(shared): State<Arc<Shared>>, Json(shortcut): Json<Shortcut>) -> Response {
    let Some(who) = shared.person(&shortcut.who) else { return nobody() };
    let now = Timestamp::now();
    let message = match &shortcut.message {
        Some(ts) => match shared.messages.get(ts) {
            Some(message) => Some((ts, message)),
            None => return gone(),
        },
        None => None,
    };
    let sent = async {
        let trigger = shared.triggers.make(&shortcut.window, who, now)?;
        let payload = match message {
            Some((ts, message)) => {
                payload::message_shortcut(who, &message, ts, &trigger, &shared.address(who, Some(ts), now)?)
            }
            None => payload::shortcut(who, &trigger, &format!("{}.000000", now.as_secs())),
        };
        shared.deliver(Body::Interaction(payload), now).await
    };
    done(sent.await)
}

/// What is typed into a menu of a form.
#[derive(Deserialize)]
pub(super) struct Asked {
    view: String,
    block: String,
    action: String,
    value: String,
}

/// What a menu may hold.
#[derive(Serialize)]
struct Options {
    options: Vec<Value>,
}

pub(super) async fn suggest(State(shared): State<Arc<Shared>>, Json(asked): Json<Asked>) -> Response {
    let Some(open) = shared.views.get(&asked.view) else { return gone() };
    let payload = payload::suggestion(open.who, &open.view, &asked.block, &asked.action, &asked.value);
    match shared.deliver(Body::Interaction(payload), Timestamp::now()).await {
        Ok(response) if response.status() == StatusCode::OK => {
            Json(Options { options: options(&response) }).into_response()
        }
        other => done(other),
    }
}

/// Reads the options of an answer, those in groups too.
fn options(response: &HttpResponse) -> Vec<Value> {
    let mut answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let list = |value: Option<&mut Value>| match value.map(Value::take) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let groups = list(answer.get_mut("option_groups"));
    let grouped: Vec<_> = groups.into_iter().flat_map(|mut group| list(group.get_mut("options"))).collect();
    let mut options = list(answer.get_mut("options"));
    options.extend(grouped);
    options
}

/// A form that was sent off, or closed if nothing is filled in.
#[derive(Deserialize)]
pub(super) struct Ended {
    view: String,
    values: Option<BTreeMap<String, Filled>>,
}

pub(super) async fn view(State(shared): State<Arc<Shared>>, Json(ended): Json<Ended>) -> Response {
    let Some(open) = shared.views.get(&ended.view) else { return gone() };
    match ended.values {
        Some(values) => match shared.submit(&ended.view, &open, values).await {
            Ok(response) => response,
            Err(error) => failed(&error),
        },
        None => {
            shared.views.close(&ended.view);
            if open.view["notify_on_close"] != true {
                return Json(json!({})).into_response();
            }
            done(shared.deliver(Body::Interaction(payload::closing(open.who, &open.view)), Timestamp::now()).await)
        }
    }
}

impl Shared {
    /// Makes a reply address for what is done to a message, or in a form.
    fn address(&self, who: &'static Person, original: Option<&String>, now: Timestamp) -> Result<String, Error> {
        let origin = Origin { who, turn: None, original: original.cloned() };
        Ok(self.reply_address(&self.sinks.open(origin, now)?))
    }

    /// Sends a form off, and does with it what the bot answers: keeps it open with what is wrong, puts another in its
    /// place, or closes it.
    async fn submit(&self, id: &str, open: &Open, values: BTreeMap<String, Filled>) -> Result<Response, Error> {
        let now = Timestamp::now();
        let state = state(&open.view, values);
        let urls = match reply_place(&open.view, &state) {
            Some((block, action)) => {
                let url = self.address(open.who, None, now)?;
                json!([{"block_id": block, "action_id": action, "channel_id": CHANNEL, "response_url": url}])
            }
            None => json!([]),
        };
        let trigger = self.triggers.make(&open.window, open.who, now)?;
        let payload = payload::submission(open.who, &open.view, state, urls, &trigger);
        let response = self.deliver(Body::Interaction(payload), now).await?;
        if response.status() != StatusCode::OK {
            return Ok(done(Ok(response)));
        }
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        Ok(match answer["response_action"].as_str() {
            Some("errors") => Json(json!({"errors": answer["errors"]})).into_response(),
            Some("update") => match self.views.update(id, answer["view"].clone()) {
                Ok(open) => Json(json!({"view": open.view})).into_response(),
                Err(word) => {
                    tracing::error!(word, "the bot answered a form with a view that is none");
                    (StatusCode::BAD_GATEWAY, "The bot's answer could not be read.").into_response()
                }
            },
            _ => {
                self.views.close(id);
                Json(json!({"closed": true, "job": job(&response)})).into_response()
            }
        })
    }
}

fn gone() -> Response {
    (StatusCode::NOT_FOUND, "This is no longer there.").into_response()
}
