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
use serde::Serialize;
use serde_json::Value;

use super::Shared;

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

struct Sink {
    thread: String,
    uses: u8,
    expires: Timestamp,
}

/// A message that arrived, as every page is told.
#[derive(Serialize)]
struct Arrived<'a> {
    thread: &'a str,
    at: Timestamp,
    message: &'a Value,
    /// Whether it takes the place of the one before.
    replace: bool,
}

impl Sinks {
    /// Makes an address for the replies to one line and returns its token.
    pub(super) fn open(&self, thread: &str, now: Timestamp) -> Result<Secret, Error> {
        let token = random_secret()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, sink| sink.expires > now);
        if open.len() >= MAX_OPEN
            && let Some(oldest) = open.iter().min_by_key(|(_, sink)| sink.expires).map(|(token, _)| token.clone())
        {
            open.remove(&oldest);
        }
        let sink = Sink { thread: thread.to_owned(), uses: 0, expires: now + TIME };
        open.insert(token.expose().clone(), sink);
        Ok(token)
    }

    /// Uses an address once and returns its thread, or the words Slack says when that cannot be.
    fn take(&self, token: &str, now: Timestamp) -> Result<String, &'static str> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(token) {
            Some(sink) if sink.expires <= now => Err("expired_url"),
            Some(sink) if sink.uses >= USES => Err("used_url"),
            Some(sink) => {
                sink.uses += 1;
                Ok(sink.thread.clone())
            }
            None => Err("expired_url"),
        }
    }
}

pub(super) async fn reply(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    Json(message): Json<Value>,
) -> Response {
    let Some(fields) = message.as_object() else {
        return (StatusCode::BAD_REQUEST, "invalid_payload").into_response();
    };
    let replace = fields.get("replace_original").and_then(Value::as_bool).unwrap_or_default();
    let now = Timestamp::now();
    match shared.sinks.take(&token, now) {
        Ok(thread) => {
            shared.feed.publish("message", &Arrived { thread: &thread, at: now, message: &message, replace });
            "ok".into_response()
        }
        Err(word) => (StatusCode::NOT_FOUND, word).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_uses_and_half_an_hour() {
        let sinks = Sinks::default();
        let now = Timestamp::from_secs(1000);
        let (first, second) = (sinks.open("one", now).unwrap(), sinks.open("two", now).unwrap());
        for _ in 0..5 {
            assert_eq!(sinks.take(first.expose(), now).as_deref(), Ok("one"));
        }
        assert_eq!(sinks.take(first.expose(), now), Err("used_url"));
        assert_eq!(sinks.take(second.expose(), now + TIME), Err("expired_url"));
        assert_eq!(sinks.take("guess", now), Err("expired_url"));
    }

    #[test]
    fn the_oldest_of_too_many_ends() {
        let sinks = Sinks::default();
        let oldest = sinks.open("oldest", Timestamp::from_secs(1000)).unwrap();
        let later: Vec<_> =
            (0..MAX_OPEN as u64).map(|n| sinks.open("later", Timestamp::from_secs(1001 + n / 100)).unwrap()).collect();
        assert_eq!(sinks.take(oldest.expose(), Timestamp::from_secs(1002)), Err("expired_url"));
        assert!(sinks.take(later[MAX_OPEN - 1].expose(), Timestamp::from_secs(1002)).is_ok());
    }
}
