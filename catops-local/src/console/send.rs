//! A line typed on the page: made a Slack slash command, signed, and sent the way Slack's are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use catops_core::http::HttpRequest;
use catops_core::{Error, JobId, Timestamp};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Shared;
use crate::words::from_person;

/// What every line begins with.
pub(super) const PREFIX: &str = "/meow";

const CHAT: &str = "slack";
const TEAM: &str = "T-console";

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct Line {
    text: String,
    /// Names the line on the page that sent it, which shows it before we do.
    #[serde(default)]
    key: String,
}

/// A line that somebody typed, as every page is told.
#[derive(Serialize)]
struct Sent<'a> {
    thread: &'a str,
    key: &'a str,
    at: Timestamp,
    text: &'a str,
}

/// What the bot answered at once.
#[derive(Serialize)]
pub(super) struct Acked {
    thread: String,
    at: Timestamp,
    status: u16,
    /// The message in the acknowledgement, as Slack would get it.
    ack: Option<Value>,
    /// The job that was started.
    job: Option<JobId>,
}

pub(super) async fn send(State(shared): State<Arc<Shared>>, Json(line): Json<Line>) -> Response {
    let text = line.text.trim();
    let rest = match text.strip_prefix(PREFIX) {
        Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => return (StatusCode::BAD_REQUEST, "a line begins with /meow").into_response(),
    };
    if line.key.len() > 64 {
        return (StatusCode::BAD_REQUEST, "the key is longer than 64 bytes").into_response();
    }
    match shared.ask(text, rest, &line.key).await {
        Ok(acked) => Json(acked).into_response(),
        Err(error) => {
            tracing::error!(error = error.chain(), "the console could not send a line");
            (StatusCode::INTERNAL_SERVER_ERROR, "The bot could not take this; its log says why.").into_response()
        }
    }
}

impl Shared {
    async fn ask(&self, text: &str, rest: &str, key: &str) -> Result<Acked, Error> {
        let now = Timestamp::now();
        let (thread, trigger) = (JobId::random().to_string(), JobId::random().to_string());
        let token = self.sinks.open(&thread, now)?;
        let url = format!("{}/console/reply/{}", self.base, token.expose());
        // Before it is sent: a reply may be here before the acknowledgement.
        self.feed.publish("sent", &Sent { thread: &thread, key, at: now, text });
        let mut request = request(form(rest, &url, &trigger));
        self.signer.sign(&mut request, now)?;
        let response = self.ingress.accept(&request, now).await;
        let (status, ack) = (response.status().as_u16(), serde_json::from_slice(response.body()).ok());
        let job = self.job(JobId::of(&[CHAT, TEAM, &trigger])).await;
        let acked = Acked { thread, at: Timestamp::now(), status, ack, job };
        self.feed.publish("ack", &acked);
        Ok(acked)
    }

    /// Returns the id if such a job was just put into the queue; what is answered at once needs none.
    async fn job(&self, id: JobId) -> Option<JobId> {
        let latest = self.queue.list(None, 50).await.unwrap_or_default();
        latest.iter().any(|job| job.id == id).then_some(id)
    }
}

/// Writes the form of a slash command whose sender asked for escaped text.
fn form(text: &str, response_url: &str, trigger: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("team_id", TEAM)
        .append_pair("team_domain", "console")
        .append_pair("channel_id", "C-console")
        .append_pair("channel_name", "console")
        .append_pair("user_id", "U-console")
        .append_pair("user_name", "you")
        .append_pair("command", PREFIX)
        .append_pair("text", &from_person(text))
        .append_pair("response_url", response_url)
        .append_pair("trigger_id", trigger)
        .finish()
}

/// Makes the request that carries a form.
fn request(form: String) -> HttpRequest {
    let mut request = HttpRequest::new(Bytes::from(form));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/slack");
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, kind);
    request
}
