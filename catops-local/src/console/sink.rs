//! The console's reply addresses, which behave as Slack's `response_url` does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use catops_core::app::random_secret;
use catops_core::{Error, Secret, Timestamp};
use serde_json::{Map, Value};

use super::Shared;
use super::messages::Message;
use super::workspace::Person;

/// How often an address can be used, and how long: Slack's figures
/// (<https://docs.slack.dev/interactivity/handling-user-interaction>).
const USES: u8 = 5;
const TIME: Duration = Duration::from_secs(30 * 60);

/// How many addresses are kept; of more, the oldest end early.
const MAX_OPEN: usize = 1000;

/// The open addresses by their tokens: 256 random bits each, so that looking one up tells a guesser nothing.
#[derive(Default)]
pub(super) struct Sinks {
    open: Mutex<HashMap<String, Sink>>,
}

/// What an address was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Who did what it answers.
    pub(super) who: &'static Person,
    /// The typed line that it answers.
    pub(super) turn: Option<String>,
    /// The message that `replace_original` changes: the one that held a button, or the last one posted here.
    pub(super) original: Option<String>,
}

struct Sink {
    origin: Origin,
    uses: u8,
    expires: Timestamp,
}

impl Sinks {
    /// Makes an address and returns its token.
    pub(super) fn open(&self, origin: Origin, now: Timestamp) -> Result<Secret, Error> {
        let token = random_secret()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, sink| sink.expires > now);
        if open.len() >= MAX_OPEN
            && let Some(oldest) = open.iter().min_by_key(|(_, sink)| sink.expires).map(|(token, _)| token.clone())
        {
            open.remove(&oldest);
        }
        open.insert(token.expose().clone(), Sink { origin, uses: 0, expires: now + TIME });
        Ok(token)
    }

    /// Uses an address once and returns what it was made for, or the words Slack says when that cannot be.
    fn take(&self, token: &str, now: Timestamp) -> Result<Origin, &'static str> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(token) {
            Some(sink) if sink.expires <= now => Err("expired_url"),
            Some(sink) if sink.uses >= USES => Err("used_url"),
            Some(sink) => {
                sink.uses += 1;
                Ok(sink.origin.clone())
            }
            None => Err("expired_url"),
        }
    }

    /// Remembers what was posted last.
    fn posted(&self, token: &str, ts: String) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sink) = open.get_mut(token) {
            sink.origin.original = Some(ts);
        }
    }
}

pub(super) async fn reply(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    Json(message): Json<Value>,
) -> Response {
    let Value::Object(fields) = message else {
        return (StatusCode::BAD_REQUEST, "invalid_payload").into_response();
    };
    let now = Timestamp::now();
    match shared.sinks.take(&token, now) {
        Ok(origin) => {
            shared.replied(&token, origin, fields, now);
            "ok".into_response()
        }
        Err(word) => (StatusCode::NOT_FOUND, word).into_response(),
    }
}

impl Shared {
    /// Returns the address whose token this is.
    pub(super) fn reply_address(&self, token: &Secret) -> String {
        format!("{}/console/reply/{}", self.base, token.expose())
    }

    /// Changes or removes the original, or posts a message beside it.
    fn replied(&self, token: &str, origin: Origin, fields: Map<String, Value>, now: Timestamp) {
        let says = |name: &str| fields.get(name).and_then(Value::as_bool).unwrap_or_default();
        let original = origin.original.as_deref();
        if says("delete_original") {
            return original.into_iter().for_each(|ts| self.remove(ts));
        }
        let only_one = fields.get("response_type").and_then(Value::as_str) != Some("in_channel");
        let thread = fields.get("thread_ts").and_then(Value::as_str).map(str::to_owned);
        let replaces = says("replace_original");
        let only = only_one.then_some(origin.who);
        let message = Message { turn: origin.turn, thread, only, ..Message::of(fields) };
        if replaces && original.is_some_and(|ts| self.edit(ts, message.clone(), now)) {
            return;
        }
        // A button's address stays with the button's message.
        let ts = self.post(message, now);
        if original.is_none() || replaces {
            self.sinks.posted(token, ts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::workspace::PEOPLE;
    use super::*;

    fn of(turn: &str) -> Origin {
        Origin { who: &PEOPLE[0], turn: Some(turn.to_owned()), original: None }
    }

    #[test]
    fn five_uses_and_half_an_hour() {
        let sinks = Sinks::default();
        let now = Timestamp::from_secs(1000);
        let (first, second) = (sinks.open(of("one"), now).unwrap(), sinks.open(of("two"), now).unwrap());
        for _ in 0..5 {
            assert_eq!(sinks.take(first.expose(), now), Ok(of("one")));
        }
        assert_eq!(sinks.take(first.expose(), now), Err("used_url"));
        assert_eq!(sinks.take(second.expose(), now + TIME), Err("expired_url"));
        assert_eq!(sinks.take("guess", now), Err("expired_url"));
    }

    #[test]
    fn the_oldest_of_too_many_ends() {
        let sinks = Sinks::default();
        let oldest = sinks.open(of("oldest"), Timestamp::from_secs(1000)).unwrap();
        let later: Vec<_> = (0..MAX_OPEN as u64)
            .map(|n| sinks.open(of("later"), Timestamp::from_secs(1001 + n / 100)).unwrap())
            .collect();
        assert_eq!(sinks.take(oldest.expose(), Timestamp::from_secs(1002)), Err("expired_url"));
        assert!(sinks.take(later[MAX_OPEN - 1].expose(), Timestamp::from_secs(1002)).is_ok());
    }
}
