//! One AWS service: signed calls, tried again while that can help.

mod fault;
mod sign;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catops_core::client::Patience;
use catops_core::{Error, ErrorKind, Timestamp};
use http::StatusCode;

use crate::account::Account;

/// The largest answer that is read, in bytes. A page of a DynamoDB query has at most 1 MB of items (developer guide,
/// "Paginating table query results"), which can be several times as long once JSON has escaped it.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// One AWS service: its endpoint, and calls to it signed with Signature Version 4.
#[derive(Clone)]
pub struct Service {
    account: Arc<Account>,
    name: &'static str,
    endpoint: String,
    host: String,
}

/// Shows the name and the host.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name).field("host", &self.host).finish_non_exhaustive()
    }
}

/// One call. It must be one that can be sent twice: after a lost answer it is.
#[derive(Clone)]
pub struct Call<'a> {
    /// The method.
    pub method: http::Method,
    /// The path, which begins with `/`, and the query if there is one; both percent-encoded as they are sent.
    pub path: Cow<'a, str>,
    /// The headers besides `host` and those of the signature, each once and in lower case. All of them are signed but
    /// those that may change on the way, such as `x-amzn-trace-id`.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body.
    pub body: Bytes,
}

/// Shows the method and the size; the rest can be secret.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("method", &self.method).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// What the service answered, its body read to the end.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Shows the status and the size; the rest can be secret.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl Service {
    /// Makes the service `name`, as it is called in its host's name and in a signature: `dynamodb`, `lambda`,
    /// `secretsmanager`, `ssm`.
    pub fn new(account: Arc<Account>, name: &'static str) -> Self {
        let endpoint = account.endpoint(name);
        let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host).to_owned();
        Self { account, name, endpoint, host }
    }

    /// Returns the host that is called, for errors.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Sends a call until it is answered or patience ends, signed anew each time.
    ///
    /// - *Tries again what may pass*: no connection, a broken one, no answer in time, 429, 5xx, and the errors by which a
    ///   service says that it is busy. When patience ends, the error is of kind
    ///   [`ErrorKind::Timeout`] if one of the attempts was not answered, since it may have been acted on, and of kind
    ///   [`ErrorKind::Unavailable`] otherwise.
    /// - *Every other answer is returned as it is*, whatever its status: see [`Answer::fault`].
    ///
    /// After a time-out or a broken connection the service may have acted on the call, and acts on it again.
    pub async fn send(&self, call: &Call<'_>, patience: &Patience) -> Result<Answer, Error> {
        let attempt = async |timeout| match self.attempt(call, timeout).await {
            Ok(answer) if answer.may_pass() => Err(self.busy(&answer)),
            ended => ended,
        };
        patience.retry(&self.host, attempt).await
    }

    async fn attempt(&self, call: &Call<'_>, timeout: Duration) -> Result<Answer, Error> {
        let url = format!("{}{}", self.endpoint, call.path);
        let uri = url.parse().map_err(|error: http::uri::InvalidUri| {
            Error::new(ErrorKind::Invalid, format!("signing a call to {}", self.host)).because(error)
        })?;
        let signature = sign::sign(&self.account, self.name, call, &uri, Timestamp::now());
        let mut request =
            self.account.client().request(call.method.clone(), &url).timeout(timeout).max_body(MAX_ANSWER);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        for (name, value) in &signature {
            request = request.header(name, value);
        }
        let response = request.body(call.body.clone()).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await? })
    }

    fn busy(&self, answer: &Answer) -> Error {
        let code = answer.fault().map(|code| format!(" {code}")).unwrap_or_default();
        Error::new(ErrorKind::Unavailable, format!("{} answered {}{code}", self.host, answer.status.as_u16()))
    }
}
