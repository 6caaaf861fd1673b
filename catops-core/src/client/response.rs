//! An answer coming in.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::request::late;
use super::retry_after::retry_after;
use crate::error::{Error, ErrorKind};

/// An answer whose body is still on its way. Dropping it is free: a body that nobody reads is not fetched.
pub struct Response {
    response: http::Response<Incoming>,
    host: String,
    deadline: Instant,
    timeout: Duration,
    max_body: usize,
}

/// Shows the status and the host; headers and body can be secret.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.response.status();
        f.debug_struct("Response").field("status", &status).field("host", &self.host).finish_non_exhaustive()
    }
}

impl Response {
    pub(super) const fn new(
        response: http::Response<Incoming>,
        host: String,
        deadline: Instant,
        timeout: Duration,
        max_body: usize,
    ) -> Self {
        Self { response, host, deadline, timeout, max_body }
    }

    /// Returns the status.
    pub fn status(&self) -> http::StatusCode {
        self.response.status()
    }

    /// Returns the headers.
    pub fn headers(&self) -> &http::HeaderMap {
        self.response.headers()
    }

    /// Returns how long the server asks to wait, in `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(self.response.headers())
    }

    /// Returns the host that answered, for errors.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Reads the body, within the request's time and size.
    ///
    /// A larger body is an error of kind [`ErrorKind::TooLarge`]; no more than the limit is held in memory.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let Self { response, host, deadline, timeout, max_body } = self;
        match timeout_at(deadline, collect(response.into_body(), &host, max_body)).await {
            Ok(body) => body,
            Err(_) => Err(late(&host, timeout)),
        }
    }

    /// Reads the body as text; bytes that are not UTF-8 are replaced by `�`.
    pub async fn text(self) -> Result<String, Error> {
        let body = self.bytes().await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Reads the body as JSON, whatever content type it names.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let host = self.host.clone();
        let body = self.bytes().await?;
        serde_json::from_slice(&body).map_err(|error| {
            // The parser's own text can quote the body; the place is enough to find the fault.
            let (line, column) = (error.line(), error.column());
            let said = format!("{host} did not answer with the expected JSON: line {line}, column {column}");
            Error::new(ErrorKind::Invalid, said)
        })
    }
}

async fn collect(mut body: Incoming, host: &str, max_body: usize) -> Result<Bytes, Error> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Error::new(ErrorKind::Unavailable, format!("reading the answer of {host}")).because(error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > max_body {
            let said = format!("the answer of {host} is larger than {max_body} bytes");
            return Err(Error::new(ErrorKind::TooLarge, said));
        }
        if first.is_empty() {
            first = data; // most bodies come in one piece, which is passed on as it is
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}
