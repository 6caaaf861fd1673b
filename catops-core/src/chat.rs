//! A chat platform: what it sends us, and what it expects back.

#[cfg(feature = "slack")]
pub mod slack;

use async_trait::async_trait;

use crate::http::{HttpRequest, HttpResponse, status};
use crate::job::JobId;
use crate::reply::{Audience, Reply};
use crate::request::{ReplyTo, Request};
use crate::responder::Responder;
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
    fn ack(&self, ack: Ack<'_>) -> HttpResponse;
}

/// What a verified request asks for.
#[derive(Debug)]
pub enum Inbound {
    /// Run this.
    Run(Box<Incoming>),
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
