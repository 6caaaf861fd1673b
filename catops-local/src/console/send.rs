//! A line typed on the page: a slash command, or in a thread a message that mentions the bot.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use catops_core::{Error, JobId, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Shared;
use super::deliver::{Body, job};
use super::messages::Message;
use super::payload;
use super::sink::Origin;
use super::workspace::{BOT, CHANNEL, CHANNEL_NAME, DOMAIN, PREFIX, Person, TEAM};
use crate::words::from_person;

/// The longest name that a page may give a line or a window of its own, in bytes.
const MAX_KEY: usize = 64;

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Line {
    text: String,
    /// Names the line on the page that sent it, which shows it before we do.
    #[serde(default)]
    key: String,
    /// Names the window, which shows the forms that the bot opens for it.
    #[serde(default)]
    window: String,
    /// The id of whoever speaks.
    #[serde(default)]
    who: String,
    /// The message under which it was typed.
    thread: Option<String>,
}

/// A line that somebody typed, as every page is told.
#[derive(Serialize)]
struct Sent<'a> {
    turn: &'a str,
    key: &'a str,
    at: Timestamp,
    text: &'a str,
    /// The name of whoever typed it.
    from: &'a str,
}

/// What the bot answered at once.
#[derive(Serialize)]
pub(super) struct Acked {
    turn: String,
    at: Timestamp,
    status: u16,
    /// Whether the channel sees the words.
    shown: bool,
    /// Whether it was answered with a message.
    said: bool,
    /// The job that was started.
    job: Option<JobId>,
}

/// What became of anything else that was done.
#[derive(Serialize)]
pub(super) struct Done {
    pub(super) job: Option<JobId>,
}

pub(super) async fn send(State(shared): State<Arc<Shared>>, Json(line): Json<Line>) -> Response {
    if line.key.len() > MAX_KEY || line.window.len() > MAX_KEY {
        return (StatusCode::BAD_REQUEST, "a key is at most 64 bytes long").into_response();
    }
    let Some(who) = shared.person(&line.who) else { return nobody() };
    let text = line.text.trim();
    if let Some(thread) = &line.thread {
        return shared.mention(who, text, thread).await;
    }
    let rest = match text.strip_prefix(PREFIX) {
        Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => return (StatusCode::BAD_REQUEST, "a line begins with /meow").into_response(),
    };
    match shared.ask(who, text, rest, &line).await {
        Ok(acked) => Json(acked).into_response(),
        Err(error) => failed(&error),
    }
}

/// Answers that something of our own went wrong.
pub(super) fn failed(error: &Error) -> Response {
    tracing::error!(error = error.chain(), "the console could not send something to the bot");
    (StatusCode::INTERNAL_SERVER_ERROR, "The bot could not take this; its log says why.").into_response()
}

/// Answers that nobody here has that id.
pub(super) fn nobody() -> Response {
    (StatusCode::BAD_REQUEST, "Nobody here has this id.").into_response()
}

/// Answers what became of an event or an interaction, of whose answer Slack shows nothing.
pub(super) fn done(sent: Result<catops_core::http::HttpResponse, Error>) -> Response {
    match sent {
        Ok(response) if response.status().is_success() => Json(Done { job: job(&response) }).into_response(),
        Ok(response) => {
            let said = format!("The bot did not take this (status {}).", response.status().as_u16());
            (StatusCode::BAD_GATEWAY, said).into_response()
        }
        Err(error) => failed(&error),
    }
}

impl Shared {
    /// Returns who has that id; the first person has none.
    pub(super) fn person(&self, id: &str) -> Option<&'static Person> {
        match id {
            "" => self.people.first(),
            id => self.people.iter().find(|person| person.id == id),
        }
    }

    async fn ask(&self, who: &'static Person, text: &str, rest: &str, line: &Line) -> Result<Acked, Error> {
        let now = Timestamp::now();
        let turn = JobId::random().to_string();
        let trigger = self.triggers.make(&line.window, who, now)?;
        let origin = Origin { who, turn: Some(turn.clone()), original: None };
        let url = self.reply_address(&self.sinks.open(origin, now)?);
        // Before it is sent: a reply may be here before the acknowledgement.
        self.feed.publish("sent", &Sent { turn: &turn, key: &line.key, at: now, text, from: who.name });
        let response = self.deliver(Body::Form(form(who, rest, &url, &trigger)), now).await?;
        let fields = serde_json::from_slice::<Map<String, Value>>(response.body()).unwrap_or_default();
        let shown = fields.get("response_type").and_then(Value::as_str) == Some("in_channel");
        let says = |name| fields.get(name).is_some_and(|value: &Value| value.as_str() != Some(""));
        let (status, at) = (response.status().as_u16(), Timestamp::now());
        let said = status == 200 && ["text", "blocks", "attachments"].into_iter().any(says);
        let acked = Acked { turn: turn.clone(), at, status, shown, said, job: job(&response) };
        self.feed.publish("ack", &acked);
        if said {
            let message = Message { turn: Some(turn), only: (!shown).then_some(who), ..Message::of(fields) };
            self.post(message, at);
        }
        Ok(acked)
    }

    /// Posts a message of the person's under another, and tells the bot of it.
    async fn mention(&self, who: &'static Person, text: &str, thread: &str) -> Response {
        let now = Timestamp::now();
        let Some(parent) = self.messages.get(thread).filter(|parent| parent.only.is_none()) else {
            return (StatusCode::NOT_FOUND, "This message is no longer there.").into_response();
        };
        if text.is_empty() {
            return (StatusCode::BAD_REQUEST, "an empty message says nothing").into_response();
        }
        let thread = parent.thread.as_deref().unwrap_or(thread);
        let rest = text.strip_prefix(PREFIX).unwrap_or(text).trim_start();
        let text = format!("<@{BOT}> {}", from_person(rest));
        let fields = Map::from_iter([("text".to_owned(), format!("<@{BOT}|catops> {}", from_person(rest)).into())]);
        let message = Message { thread: Some(thread.to_owned()), from: Some(who), ..Message::of(fields) };
        let ts = self.post(message, now);
        done(self.deliver(Body::Event(payload::mention(who, &text, &ts, thread, now)), now).await)
    }
}

/// Writes the form of a slash command whose sender asked for escaped text.
fn form(who: &Person, text: &str, response_url: &str, trigger: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("team_id", TEAM)
        .append_pair("team_domain", DOMAIN)
        .append_pair("channel_id", CHANNEL)
        .append_pair("channel_name", CHANNEL_NAME)
        .append_pair("user_id", who.id)
        .append_pair("user_name", who.name)
        .append_pair("command", PREFIX)
        .append_pair("text", &from_person(text))
        .append_pair("response_url", response_url)
        .append_pair("trigger_id", trigger)
        .finish()
}
