//! Posts that must arrive: bounded, jittered retries.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::retry_after::retry_after;
use super::{Client, Patience, Response};
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// The largest answer to a delivery that is read, in bytes. Chats answer `ok` or a short object.
const MAX_ANSWER: usize = 64 * 1024;

impl Client {
    /// Posts JSON to an address until it is taken, and returns that answer.
    ///
    /// - *Tries again what may pass*: no connection, a broken one, no answer in time, 429 and 5xx.
    /// - *Waits as told*: at least as long as `Retry-After` says. If that is longer than what is left of
    ///   [`Patience::total`], it gives up at once.
    /// - *Gone is gone*: 404 and 410 are [`ErrorKind::Gone`]; another status than these and 2xx is
    ///   [`ErrorKind::Refused`]. Neither is tried again.
    ///
    /// After a time-out or a broken connection the other side may have taken the post, and takes it again.
    pub async fn deliver(&self, url: &Secret, body: Bytes, patience: Patience) -> Result<Response, Error> {
        self.delivered(None, url, body, patience).await
    }

    /// Posts as [`Client::deliver`] does, with `token` as the bearer.
    pub async fn deliver_as(
        &self,
        token: &Secret,
        url: &Secret,
        body: Bytes,
        patience: Patience,
    ) -> Result<Response, Error> {
        self.delivered(Some(token), url, body, patience).await
    }

    async fn delivered(
        &self,
        token: Option<&Secret>,
        url: &Secret,
        body: Bytes,
        patience: Patience,
    ) -> Result<Response, Error> {
        let started = Instant::now();
        let mut pause = patience.pause;
        loop {
            let left = patience.total.saturating_sub(started.elapsed());
            let failed = match self.attempt(token, url, body.clone(), patience.attempt.min(left)).await {
                Ok(response) => return Ok(response),
                Err(failed) if failed.error.is_transient() => failed,
                Err(failed) => return Err(failed.error),
            };
            pause = patience.next_pause(pause);
            let wait = failed.wait.map_or(pause, |asked| asked.max(pause));
            if wait >= patience.total.saturating_sub(started.elapsed()) {
                return Err(failed.give_up());
            }
            tracing::debug!(
                reason = failed.error.chain(),
                wait_ms = wait.as_millis() as u64,
                "delivery is tried again"
            );
            sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        token: Option<&Secret>,
        url: &Secret,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Response, Failed> {
        let request = self.post(url.expose()).timeout(timeout).max_body(MAX_ANSWER).body(body);
        let mut request = request.header("content-type", "application/json; charset=utf-8");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        let response = request.send().await?;
        let status = response.status();
        let kind = match status {
            _ if status.is_success() => return Ok(response),
            StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::Gone,
            StatusCode::TOO_MANY_REQUESTS => ErrorKind::Unavailable,
            _ if status.is_server_error() => ErrorKind::Unavailable,
            _ => ErrorKind::Refused,
        };
        let error = Error::new(kind, format!("{} answered {}", response.host(), status.as_u16()));
        Err(Failed { error, wait: retry_after(response.headers()) })
    }
}

/// An attempt that came to nothing.
struct Failed {
    error: Error,
    /// How long the server asked us to wait.
    wait: Option<Duration>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, wait: None }
    }
}

impl Failed {
    /// Says why there is no further attempt.
    fn give_up(self) -> Error {
        match self.wait {
            Some(wait) => {
                let said = format!("{} and asked to wait {} s, longer than we can", self.error, wait.as_secs());
                Error::new(self.error.kind(), said)
            }
            None => self.error,
        }
    }
}
