//! What Slack sends: one route, four forms of body.

mod command;
mod event;
mod fields;
mod interaction;
mod press;
mod shortcut;
mod view;

use serde_json::{Value, json};

use self::fields::{needed, text, word};
use super::Slack;
use super::address::Address;
use super::form::{Form, decode};
use crate::chat::{Inbound, Rejection};
use crate::http::{self, HttpRequest, MAX_BODY, media_type, status};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Checks and reads one request.
pub(super) fn receive(slack: &Slack, http: &HttpRequest, now: Timestamp) -> Result<Inbound, Rejection> {
    if http.method() != ::http::Method::POST {
        return Err(Rejection::Method);
    }
    let body: &[u8] = http.body();
    if body.len() > MAX_BODY {
        return Err(Rejection::TooLarge);
    }
    let kind = media_type(http);
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let signature = match slack.verifier.verify(http.headers(), body, now) {
            Ok(signature) => signature,
            // Slack probes the certificate whatever its signature. Looking for a probe only once the signature is
            // found wrong answers it all the same, and costs a command nothing.
            Err(_) if Form::find(body).is_probe() => return Ok(nothing()),
            Err(rejection) => return Err(rejection),
        };
        let form = Form::find(body);
        if form.is_probe() {
            return Ok(nothing());
        }
        return match form.payload {
            Some(payload) => interaction::read(slack, &json(decoded(payload)?.as_bytes())?, now),
            None => command::read(slack, &form, signature, now),
        };
    }
    if kind.eq_ignore_ascii_case("application/json") {
        slack.verifier.verify(http.headers(), body, now)?;
        let json = json(body)?;
        return match needed(&json, "/type")? {
            "event_callback" => event::read(slack, http, &json, now),
            "url_verification" => handshake(&json),
            "app_rate_limited" => {
                let minute = json.get("minute_rate_limited").and_then(Value::as_u64);
                let said = "Slack holds events back: there were more than 30,000 of one workspace within an hour";
                tracing::warn!(chat = slack.name, minute, "{said}");
                Ok(nothing())
            }
            kind => Ok(not_for_us(slack, word(kind), "it is of no kind that is handled")),
        };
    }
    Err(Rejection::ContentType)
}

/// Answers the question whether we are who the app's settings say.
fn handshake(json: &Value) -> Result<Inbound, Rejection> {
    let challenge = json.get("challenge").and_then(Value::as_str).ok_or(Rejection::Malformed)?;
    Ok(Inbound::Answer(http::json(json!({ "challenge": challenge }).to_string())))
}

fn json(body: &[u8]) -> Result<Value, Rejection> {
    serde_json::from_slice(body).map_err(|_| Rejection::Malformed)
}

fn decoded(field: &[u8]) -> Result<String, Rejection> {
    decode(field).ok_or(Rejection::Malformed)
}

/// Acknowledges something and does no more.
fn nothing() -> Inbound {
    Inbound::Answer(status(::http::StatusCode::OK))
}

/// Acknowledges what the bot does nothing about: Slack switches an endpoint off that refuses too much.
fn not_for_us(slack: &Slack, kind: &str, why: &'static str) -> Inbound {
    tracing::debug!(chat = slack.name, kind, why, "acknowledged, and nothing done");
    nothing()
}

/// Takes a reply address; an empty one is none. One elsewhere than at Slack refuses the whole request.
fn reply_address(slack: &Slack, url: String) -> Result<Option<Secret>, Rejection> {
    if url.is_empty() {
        return Ok(None);
    }
    if Address::check(&url, &slack.reply_hosts).is_err() {
        tracing::warn!(chat = slack.name, "refused a signed request whose reply address is not on a host of Slack's");
        return Err(Rejection::Malformed);
    }
    Ok(Some(Secret::new(url)))
}

/// Returns the thread that `message` is in, below another message; empty if it stands in the channel itself.
fn thread(message: &Value) -> &str {
    let thread = text(message, "/thread_ts");
    // A message that was answered in a thread names itself.
    if thread == text(message, "/ts") { "" } else { thread }
}
