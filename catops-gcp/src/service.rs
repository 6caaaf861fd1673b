//! One Google service: authorised calls, tried again while that can help.

mod fault;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catops_core::client::{Client, Patience};
use catops_core::{Error, ErrorKind};
use http::StatusCode;
use tokio::time::{Instant, timeout};

use crate::credentials::Credentials;

/// How long a TCP connection may take. Google's front ends are near wherever Cloud Run is; what takes a second is lost,
/// and a new attempt is sooner.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// The largest answer that is read, in bytes, unless the call says otherwise.
pub const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// One Google service over REST: its address, and calls to it with an access token.
pub struct Service {
    credentials: Arc<Credentials>,
    client: Client,
    endpoint: String,
}

/// Shows the host.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("host", &self.host()).finish_non_exhaustive()
    }
}

/// One call. It must be one that can be sent twice: after a lost answer it is.
#[derive(Clone)]
pub struct Call<'a> {
    /// The method.
    pub method: http::Method,
    /// The path, which begins with `/`, percent-encoded as it is sent.
    pub path: Cow<'a, str>,
    /// The body, in JSON.
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
    /// Makes a service from its base address, such as `https://pubsub.googleapis.com`, without a path.
    pub fn new(credentials: Arc<Credentials>, endpoint: impl Into<String>) -> Self {
        let endpoint = endpoint.into().trim_end_matches('/').to_owned();
        Self { credentials, client: Client::with_connect_time(CONNECT_TIME), endpoint }
    }

    /// Returns the host that is called, for errors.
    pub fn host(&self) -> &str {
        self.endpoint.split_once("://").map_or(self.endpoint.as_str(), |(_, host)| host)
    }

    /// Sends a call until it is answered or patience ends. Getting an access token is part of each attempt.
    ///
    /// - *Tries again what may pass*: no connection, a broken one, no answer in time, no token, 429, 5xx, and `ABORTED`, by
    ///   which Firestore says that a write met another. When patience ends, the error is of kind [`ErrorKind::Timeout`] if an
    ///   attempt had no answer, since the service may then have acted on it, and else [`ErrorKind::Unavailable`].
    /// - *Asks for a new token once*: after 401.
    /// - *Every other answer is returned as it is*, whatever its status: see [`Answer::fault`].
    ///
    /// After a time-out or a broken connection the service may have acted on the call, and acts on it again.
    pub async fn send(&self, call: &Call<'_>, patience: &Patience) -> Result<Answer, Error> {
        let attempt = async |time| {
            let begun = Instant::now();
            let mut answer = self.attempt(call, time).await?;
            // The token may have been withdrawn before its end: once more with a new one.
            if answer.status == StatusCode::UNAUTHORIZED {
                answer = self.attempt(call, time.saturating_sub(begun.elapsed())).await?;
            }
            if answer.may_pass() { Err(self.busy(&answer)) } else { Ok(answer) }
        };
        patience.retry(self.host(), attempt).await
    }

    async fn attempt(&self, call: &Call<'_>, time: Duration) -> Result<Answer, Error> {
        let begun = Instant::now();
        // Nothing was sent, so that it took too long leaves nothing open.
        let late = |_| {
            Error::new(ErrorKind::Unavailable, format!("there was no access token for {} within {time:?}", self.host()))
        };
        let token = timeout(time, self.credentials.token()).await.map_err(late)??;
        let mut request = self
            .client
            .request(call.method.clone(), format!("{}{}", self.endpoint, call.path))
            .header("authorization", format!("Bearer {}", token.expose()))
            .timeout(time.saturating_sub(begun.elapsed()))
            .max_body(MAX_ANSWER);
        if let Some(project) = self.credentials.quota_project() {
            request = request.header("x-goog-user-project", project);
        }
        if !call.body.is_empty() {
            request = request.header("content-type", "application/json").body(call.body.clone());
        }
        let response = request.send().await?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            self.credentials.forget(&token);
        }
        Ok(Answer { status, body: response.bytes().await? })
    }

    fn busy(&self, answer: &Answer) -> Error {
        let said = format!("{} answered {}", self.host(), answer.words());
        Error::new(ErrorKind::Unavailable, said)
    }
}
