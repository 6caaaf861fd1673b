//! From what was done on the page to the bot, and from the bot's messages to the pages.

use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::ingress::{Answered, Heard};
use catops_core::{Error, JobId, Timestamp};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Uri};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Shared;
use super::messages::Message;
use super::workspace::ROUTE;

/// What is sent to the bot.
pub(super) enum Body {
    /// A slash command: an encoded form.
    Form(String),
    /// An interaction: a form that holds JSON.
    Interaction(Value),
    /// An event: JSON.
    Event(Value),
}

/// A message that is new or changed, as every page is told.
#[derive(Serialize)]
struct Told<'a> {
    ts: &'a str,
    at: Timestamp,
    turn: Option<&'a str>,
    thread: Option<&'a str>,
    /// The name of who alone sees it.
    only: Option<&'a str>,
    /// The name of who wrote it, if it was not the bot.
    from: Option<&'a str>,
    message: &'a Map<String, Value>,
}

/// A message that was taken away.
#[derive(Serialize)]
struct Gone<'a> {
    ts: &'a str,
}

impl Shared {
    /// Signs a request and gives it to the bot, as Slack would over HTTP.
    pub(super) async fn deliver(&self, body: Body, now: Timestamp) -> Result<HttpResponse, Error> {
        const FORM: &str = "application/x-www-form-urlencoded";
        let (kind, text) = match body {
            Body::Form(form) => (FORM, form),
            Body::Event(event) => ("application/json", event.to_string()),
            Body::Interaction(payload) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                (FORM, form.append_pair("payload", &payload.to_string()).finish())
            }
        };
        let mut request = HttpRequest::new(text.into());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static(ROUTE);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        self.signer.sign(&mut request, now)?;
        Ok(self.ingress.accept(&request, now).await)
    }

    /// Puts a message into the channel and returns its name.
    pub(super) fn post(&self, message: Message, now: Timestamp) -> String {
        let ts = self.messages.add(message.clone(), now);
        self.tell(&ts, &message, now);
        ts
    }

    /// Changes what a message says; returns whether it is there.
    pub(super) fn edit(&self, ts: &str, content: Message, now: Timestamp) -> bool {
        let changed = self.messages.change(ts, content);
        if let Some(message) = &changed {
            self.tell(ts, message, now);
        }
        changed.is_some()
    }

    /// Takes a message away, if it is there.
    pub(super) fn remove(&self, ts: &str) {
        if self.messages.remove(ts) {
            self.feed.publish("gone", &Gone { ts });
        }
    }

    fn tell(&self, ts: &str, message: &Message, at: Timestamp) {
        let Message { fields, turn, thread, only, from } = message;
        let (turn, thread) = (turn.as_deref(), thread.as_deref());
        let (only, from) = (only.map(|person| person.name), from.map(|person| person.name));
        let told = Told { ts, at, turn, thread, only, from, message: fields };
        self.feed.publish("message", &told);
    }
}

/// Returns the job that a request became, if it runs later.
pub(super) fn job(response: &HttpResponse) -> Option<JobId> {
    let heard = response.extensions().get::<Heard>()?;
    (heard.answered == Answered::Later).then(|| heard.job.clone())
}
