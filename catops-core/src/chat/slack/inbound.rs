//! What Slack sends: one route, four forms of body.

use serde::{Deserialize, Serialize};

use super::NAME;
use super::address::Address;
use super::form::{Form, decode};
use super::limits::REPLY_TIME;
use super::signature::Verifier;
use crate::chat::{Inbound, Incoming, Rejection};
use crate::http::{HttpRequest, MAX_BODY, json, media_type, status};
use crate::job::JobId;
use crate::request::{Actor, Channel, ReplyTo, Request, Via};
use crate::secret::Secret;
use crate::time::Timestamp;

/// Checks and reads one request.
pub(super) fn receive(
    http: &HttpRequest,
    now: Timestamp,
    verifier: &Verifier,
    reply_hosts: &[String],
) -> Result<Inbound, Rejection> {
    if http.method() != http::Method::POST {
        return Err(Rejection::Method);
    }
    let body: &[u8] = http.body();
    if body.len() > MAX_BODY {
        return Err(Rejection::TooLarge);
    }
    let kind = media_type(http);
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let signature = match verifier.verify(http.headers(), body, now) {
            Ok(signature) => signature,
            // Slack probes the certificate whatever its signature. Looking for a probe only once the signature is
            // found wrong answers it all the same, and costs a command nothing.
            Err(_) if Form::find(body).is_probe() => return Ok(empty()),
            Err(rejection) => return Err(rejection),
        };
        let form = Form::find(body);
        if form.is_probe() {
            return Ok(empty());
        }
        return match form.payload {
            Some(payload) => not_handled(&Envelope::read(text(Some(payload))?.as_bytes())?),
            None => command(&form, signature, now, reply_hosts),
        };
    }
    if kind.eq_ignore_ascii_case("application/json") {
        verifier.verify(http.headers(), body, now)?;
        let envelope = Envelope::read(body)?;
        return if envelope.kind == "url_verification" { envelope.handshake() } else { not_handled(&envelope) };
    }
    Err(Rejection::ContentType)
}

/// Reads a slash command.
fn command(form: &Form<'_>, signature: &str, now: Timestamp, reply_hosts: &[String]) -> Result<Inbound, Rejection> {
    let needed =
        |field| Some(text(field)).filter(|text| text != &Ok(String::new())).unwrap_or(Err(Rejection::Malformed));
    let prefix = needed(form.command)?;
    let user = needed(form.user_id)?;
    let team = text(form.team_id)?;
    let channel = Channel { id: text(form.channel_id)?, name: text(form.channel_name)? };
    let trigger = text(form.trigger_id)?;
    let url = match text(form.response_url)? {
        url if url.is_empty() => None,
        url if Address::check(&url, reply_hosts).is_ok() => Some(Secret::new(url)),
        _ => {
            tracing::warn!(chat = NAME, "refused a signed request whose reply address is not on a host of Slack's");
            return Err(Rejection::Malformed);
        }
    };
    let id = match trigger.as_str() {
        // The signature is over the time and the whole body: the same words typed again have another.
        "" => JobId::of(&[NAME, signature]),
        trigger => JobId::of(&[NAME, &team, trigger]),
    };
    let reply_to = ReplyTo {
        chat: NAME.to_owned(),
        url,
        channel: channel.id.clone(),
        user: user.clone(),
        expires: now + REPLY_TIME,
        thread: String::new(),
    };
    let actor = Actor { id: user, name: text(form.user_name)?, team };
    let request = Request { actor, channel, prefix, text: text(form.text)?, via: Via::Line };
    let trigger = Some(trigger).filter(|trigger| !trigger.is_empty()).map(Secret::new);
    Ok(Inbound::Run(Box::new(Incoming { trigger, ..Incoming::new(id, request, reply_to) })))
}

/// Decodes a field; a missing one is empty.
fn text(field: Option<&[u8]>) -> Result<String, Rejection> {
    match field {
        Some(value) => decode(value).ok_or(Rejection::Malformed),
        None => Ok(String::new()),
    }
}

/// What every JSON body of Slack's has.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    challenge: Option<String>,
}

impl Envelope {
    fn read(json: &[u8]) -> Result<Self, Rejection> {
        serde_json::from_slice(json).map_err(|_| Rejection::Malformed)
    }

    /// Answers the question whether we are who the app's settings say.
    fn handshake(self) -> Result<Inbound, Rejection> {
        #[derive(Serialize)]
        struct Answer {
            challenge: String,
        }
        let challenge = self.challenge.ok_or(Rejection::Malformed)?;
        let body = serde_json::to_vec(&Answer { challenge }).map_err(|_| Rejection::Malformed)?;
        Ok(Inbound::Answer(json(body)))
    }
}

/// Acknowledges what is not handled yet: Slack switches an endpoint off that refuses too much.
fn not_handled(envelope: &Envelope) -> Result<Inbound, Rejection> {
    let word = envelope.kind.len() <= 40 && envelope.kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let kind = if word { envelope.kind.as_str() } else { "unknown" };
    tracing::debug!(chat = NAME, kind, "acknowledged a kind of request that is not handled yet");
    Ok(empty())
}

fn empty() -> Inbound {
    Inbound::Answer(status(http::StatusCode::OK))
}
