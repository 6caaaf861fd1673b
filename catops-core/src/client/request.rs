//! A request on its way out.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http_body_util::Full;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::{Client, MAX_BODY, REQUEST_TIME, Response};
use crate::error::{Error, ErrorKind};

/// Some servers refuse a request that does not say what it comes from.
const USER_AGENT: &str = concat!("catops/", env!("CARGO_PKG_VERSION"));

/// A request being built; a mistake in it is reported by [`RequestBuilder::send`].
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder<'a> {
    client: &'a Client,
    request: Result<http::Request<Full<Bytes>>, Error>,
    host: String,
    timeout: Duration,
    max_body: usize,
}

/// Shows the method and the host; the rest can be secret.
impl fmt::Debug for RequestBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.request.as_ref().ok().map(http::Request::method);
        f.debug_struct("RequestBuilder").field("method", &method).field("host", &self.host).finish_non_exhaustive()
    }
}

impl<'a> RequestBuilder<'a> {
    pub(super) fn new(client: &'a Client, method: http::Method, url: &str) -> Self {
        let (request, host) = match target(url) {
            Ok((uri, host)) => {
                let mut request = http::Request::new(Full::default());
                *request.method_mut() = method;
                *request.uri_mut() = uri;
                request.headers_mut().insert(http::header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
                (Ok(request), host)
            }
            Err(error) => (Err(error), String::new()),
        };
        Self { client, request, host, timeout: REQUEST_TIME, max_body: MAX_BODY }
    }

    /// Sets a header, in place of an earlier one of the same name.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        let header = HeaderName::from_bytes(name.as_ref().as_bytes())
            .map_err(|error| self.invalid("a header's name").because(error))
            .and_then(|name| match HeaderValue::from_bytes(value.as_ref()) {
                Ok(value) => Ok((name, value)),
                Err(error) => Err(self.invalid(&format!("the value of header {name}")).because(error)),
            });
        match (&mut self.request, header) {
            (Ok(request), Ok((name, value))) => {
                request.headers_mut().insert(name, value);
            }
            (request @ Ok(_), Err(error)) => *request = Err(error),
            (Err(_), _) => {}
        }
        self
    }

    /// Sets the body to `value` as JSON, with its content type.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header(http::header::CONTENT_TYPE, "application/json; charset=utf-8").body(body),
            Err(error) => {
                self.request = self.request.and_then(|_| Err(invalid("the body", &self.host).because(error)));
                self
            }
        }
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        if let Ok(request) = &mut self.request {
            *request.body_mut() = Full::new(body.into());
        }
        self
    }

    /// Sets how long the request may take in all, from the first packet to the last byte of the body.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the largest body that is read, in bytes.
    pub const fn max_body(mut self, max_body: usize) -> Self {
        self.max_body = max_body;
        self
    }

    /// Sends the request and returns once the status and the headers are there, whatever the status.
    ///
    /// - [`ErrorKind::Invalid`]: the request itself is wrong; nothing was sent.
    /// - [`ErrorKind::Unavailable`]: no connection; nothing was sent.
    /// - [`ErrorKind::Timeout`]: no answer in time, or the connection broke before it; the other side may have acted on the
    ///   request.
    pub async fn send(self) -> Result<Response, Error> {
        let Self { client, request, host, timeout, max_body } = self;
        let request = request?;
        let hyper = client
            .hyper()
            .ok_or_else(|| Error::new(ErrorKind::Config, format!("{host} was called outside of a tokio runtime")))?;
        let deadline = Instant::now() + timeout;
        match timeout_at(deadline, hyper.request(request)).await {
            Ok(Ok(response)) => Ok(Response::new(response, host, deadline, timeout, max_body)),
            Ok(Err(error)) => Err(broken(&host, error)),
            Err(_) => Err(late(&host, timeout)),
        }
    }

    fn invalid(&self, what: &str) -> Error {
        invalid(what, &self.host)
    }
}

fn invalid(what: &str, host: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("{what} of a request to {host} is not valid"))
}

fn broken(host: &str, error: hyper_util::client::legacy::Error) -> Error {
    // A TCP time-out while connecting is a failure to connect like any other: nothing was sent. After that nobody knows.
    if error.is_connect() {
        Error::new(ErrorKind::Unavailable, format!("connecting to {host}")).because(error)
    } else {
        Error::new(ErrorKind::Timeout, format!("asking {host}")).because(error)
    }
}

pub(super) fn late(host: &str, timeout: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("{host} did not answer within {timeout:?}"))
}

/// Reads a URL into what is requested and the host to name in errors.
fn target(url: &str) -> Result<(http::Uri, String), Error> {
    let wrong = |why: &str| Error::new(ErrorKind::Invalid, format!("a URL to call {why}"));
    let uri: http::Uri = url.parse().map_err(|error: http::uri::InvalidUri| wrong("is not valid").because(error))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("does not begin with https:// or http://"));
    }
    let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("holds a user name; put credentials in a header"));
    }
    let host = authority.as_str().to_owned();
    Ok((uri, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, why: &str) {
        let error = target(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.to_string(), format!("a URL to call {why}"));
        assert!(!error.chain().contains("secret"), "{}", error.chain());
    }

    #[test]
    fn urls() {
        refused("/secret", "does not begin with https:// or http://");
        refused("ftp://host/secret", "does not begin with https:// or http://");
        refused("https://secret@host/", "holds a user name; put credentials in a header");
        refused("https://host/se cret", "is not valid");
        refused("https:///secret", "is not valid");
        assert_eq!(target("http://127.0.0.1:3000/secret?a=b").unwrap().1, "127.0.0.1:3000");
    }

    #[test]
    fn debug_shows_no_path() {
        let shown = format!("{:?}", Client::shared().post("https://host/secret").header("authorization", "secret"));
        assert!(shown.contains("host") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_wrong_header_is_named_without_its_value() {
        let builder = Client::shared().get("https://host/").header("x-key", "sec\nret");
        let error = builder.request.unwrap_err();
        assert_eq!(
            error.chain(),
            "the value of header x-key of a request to host is not valid: failed to parse header value"
        );
    }
}
