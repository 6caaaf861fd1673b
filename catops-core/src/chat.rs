//! A chat platform: what it sends us, and what it expects back.

#[cfg(feature = "slack")]
pub mod slack;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{Error, ErrorKind};
use crate::form::{Draft, Form};
use crate::http::{HttpRequest, HttpResponse, status};
use crate::job::JobId;
use crate::reply::{Audience, Reply};
use crate::request::{Actor, Channel, ReplyTo, Request};
use crate::responder::Responder;
use crate::secret::Secret;
use crate::time::Timestamp;

/// One chat platform.
///
/// A chat verifies, parses and formats. It never knows which cloud it runs on.
#[async_trait]
pub trait Chat: Responder {
    /// Returns its name, such as `slack`; [`ReplyTo::chat`] holds it.
    fn name(&self) -> &'static str;

    /// Returns the path its requests arrive under, such as `/slack`.
    fn route(&self) -> &'static str;

    /// Checks method, type, size and the signature over the raw body, then parses. There is no way to parse without
    /// checking.
    ///
    /// - *The id is the event's*: the same event delivered again gives the same [`Incoming::id`].
    /// - *A refusal tells nothing*: a [`Rejection`] becomes a status and no more.
    async fn receive(&self, http: &HttpRequest, now: Timestamp) -> Result<Inbound, Rejection>;

    /// Makes the answer that keeps the asker's client waiting happily.
    fn ack(&self, ack: Ack<'_>, now: Timestamp) -> HttpResponse;

    /// Returns whether it can open forms.
    fn opens_forms(&self) -> bool {
        false
    }

    /// Opens `form` before the eyes of whoever caused `trigger`, within `limit`.
    ///
    /// An error means that nothing was opened, save after a time-out, when it may have been.
    async fn open_form(&self, form: &Form, trigger: &Secret, limit: Duration) -> Result<(), Error> {
        let _ = (form, trigger, limit);
        Err(Error::new(ErrorKind::Config, "this chat has no forms"))
    }

    /// Returns which of `wanted`, ids of groups and e-mail addresses, `actor` belongs to or has, and the chat has verified,
    /// within `limit`.
    ///
    /// - *Not known is an error*, never an empty list: the caller then opens nothing. It is one too where only some of it is
    ///   not known.
    /// - *Not asked each time*: an answer may be some minutes old, by `now`.
    async fn groups(
        &self,
        actor: &Actor,
        wanted: &[&str],
        limit: Duration,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let _ = (actor, wanted, limit, now);
        Err(Error::new(ErrorKind::Config, "this chat tells of no groups and addresses"))
    }

    /// Makes the answer to [`Inbound::Complete`]: the words that may stand there, best first, each with what is shown for
    /// it. What the chat does not take for its size is left out.
    fn completions(&self, words: &[String]) -> HttpResponse {
        let _ = words;
        status(http::StatusCode::OK)
    }

    /// Makes the answer to [`Inbound::Submit`].
    fn submitted(&self, answer: Submitted<'_>) -> HttpResponse {
        let _ = answer;
        status(http::StatusCode::OK)
    }
}

/// What a verified request asks for.
#[derive(Debug)]
pub enum Inbound {
    /// Run this.
    Run(Box<Incoming>),
    /// Open a form.
    Open(Box<Opening>),
    /// Tell which words may stand in a field, while somebody types.
    Complete(Box<Typing>),
    /// Take what somebody filled in.
    Submit(Box<Submission>),
    /// Record that somebody pressed a button that is not the bot's own, and refuse the request.
    Forged(Box<Forged>),
    /// Answer this at once; there is nothing to run, as for a handshake.
    Answer(HttpResponse),
}

/// A verified request to run a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Made from the platform's own event id, so that a repeat is recognised.
    pub id: JobId,
    /// What was asked.
    pub request: Request,
    /// Where the replies go.
    pub reply_to: ReplyTo,
    /// What the acknowledgement is worth.
    pub hearing: Hearing,
    /// What opens a form before the asker's eyes; short-lived, and a bearer secret.
    pub trigger: Option<Secret>,
}

impl Incoming {
    /// Makes one whose acknowledgement the chat shows, and that can open no form.
    pub const fn new(id: JobId, request: Request, reply_to: ReplyTo) -> Self {
        Self { id, request, reply_to, hearing: Hearing::Shown, trigger: None }
    }
}

/// What an acknowledgement is worth to whoever asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hearing {
    /// The chat shows it as a message.
    #[default]
    Shown,
    /// The chat shows nothing of it, and sends again what was answered with a status of 500 or more.
    Resent,
    /// The chat shows nothing of it, and what was not taken is lost.
    Unseen,
}

/// Somebody wants a form, without a line: by a shortcut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Who.
    pub actor: Actor,
    /// What the form is to carry. A command that does not exist means: ask which.
    pub draft: Draft,
    /// What opens it.
    pub trigger: Secret,
}

/// Somebody types into a field of a form.
#[derive(Clone, PartialEq, Eq)]
pub struct Typing {
    /// Who.
    pub actor: Actor,
    /// What the form carries.
    pub draft: Draft,
    /// The [name](crate::form::Field::name) of the field.
    pub field: String,
    /// What is typed so far.
    pub typed: String,
}

/// Without what is typed: it may be secret.
impl fmt::Debug for Typing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, draft, field, .. } = self;
        f.debug_struct("Typing")
            .field("actor", actor)
            .field("draft", draft)
            .field("field", field)
            .finish_non_exhaustive()
    }
}

/// Somebody sent a form off.
#[derive(Clone, PartialEq, Eq)]
pub struct Submission {
    /// Made from the chat's own name of the form, so that a repeat is recognised.
    pub id: JobId,
    /// Who.
    pub actor: Actor,
    /// What the form carried; if the form asked where the reply goes, with that answer.
    pub draft: Draft,
    /// The [names](crate::form::Field::name) of the fields with what is in them; an empty field has no words.
    pub values: Vec<(String, Vec<String>)>,
}

/// Without what was filled in: it may be secret.
impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, actor, draft, .. } = self;
        f.debug_struct("Submission").field("id", id).field("actor", actor).field("draft", draft).finish_non_exhaustive()
    }
}

/// Somebody pressed a button that the bot did not make, or that was altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forged {
    /// Made from the platform's own event id, so that a repeat is recognised.
    pub id: JobId,
    /// Who; the chat vouches for it.
    pub actor: Actor,
    /// Where.
    pub channel: Channel,
}

/// What becomes of a [`Submission`].
#[derive(Clone, Copy, Debug)]
pub enum Submitted<'a> {
    /// It was taken; the form closes.
    Taken,
    /// It was not; the names of fields and what is wrong with them, shown beside each. The form stays.
    Wrong(&'a [(String, String)]),
    /// Another form takes its place.
    Next(&'a Form),
}

/// What the acknowledgement says.
#[derive(Clone, Copy, Debug)]
pub enum Ack<'a> {
    /// The job was accepted; show the asker's words to this audience.
    Heard(Audience),
    /// The whole answer, at once: help, an inline command, or why nothing was started.
    Reply(&'a Reply),
}

/// Why a request was turned away. Becomes an HTTP status; carries no detail outward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// No signature, a wrong one, or a time outside the window: 401.
    Signature,
    /// Not POST: 405.
    Method,
    /// Larger than the limit: 413.
    TooLarge,
    /// A content type that the route does not take: 415.
    ContentType,
    /// Signed, but not of a form we know: 400.
    Malformed,
    /// No such route: 404.
    Route,
}

impl Rejection {
    /// Returns the reason in one word, for logs and counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Method => "method",
            Self::TooLarge => "too_large",
            Self::ContentType => "content_type",
            Self::Malformed => "malformed",
            Self::Route => "route",
        }
    }

    /// Returns the HTTP status.
    pub const fn status(self) -> http::StatusCode {
        match self {
            Self::Signature => http::StatusCode::UNAUTHORIZED,
            Self::Method => http::StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => http::StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType => http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Malformed => http::StatusCode::BAD_REQUEST,
            Self::Route => http::StatusCode::NOT_FOUND,
        }
    }

    /// Returns the answer: the status and an empty body.
    pub fn response(self) -> HttpResponse {
        let mut response = status(self.status());
        if self == Self::Method {
            response.headers_mut().insert(http::header::ALLOW, http::HeaderValue::from_static("POST"));
        }
        response
    }
}
