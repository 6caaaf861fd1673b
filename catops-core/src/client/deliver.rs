//! Posts that must arrive: bounded, jittered retries.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::retry_after::retry_after;
use super::{Client, Patience, RequestBuilder, Response};
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// The largest answer to a delivery that is read, in bytes. Chats answer `ok` or a short object.
const MAX_ANSWER: usize = 64 * 1024;

/// The content type of JSON.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

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
        self.deliver_parcel(&Parcel { token: None, url, content_type: JSON, body }, patience).await
    }

    /// Posts as [`Client::deliver`] does, with `token` as the bearer.
    pub async fn deliver_as(
        &self,
        token: &Secret,
        url: &Secret,
        body: Bytes,
        patience: Patience,
    ) -> Result<Response, Error> {
        self.deliver_parcel(&Parcel { token: Some(token), url, content_type: JSON, body }, patience).await
    }

    /// Posts as [`Client::deliver`] does, whatever the parcel holds.
    pub(crate) async fn deliver_parcel(&self, parcel: &Parcel<'_>, patience: Patience) -> Result<Response, Error> {
        let started = Instant::now();
        let mut pause = patience.pause;
        loop {
            let left = patience.total.saturating_sub(started.elapsed());
            let failed = match self.attempt(parcel, patience.attempt.min(left)).await {
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

    async fn attempt(&self, parcel: &Parcel<'_>, timeout: Duration) -> Result<Response, Failed> {
        let response = parcel.request(self).timeout(timeout).send().await?;
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

/// A post that is to arrive.
pub(crate) struct Parcel<'a> {
    /// The bearer, if it takes one.
    pub(crate) token: Option<&'a Secret>,
    pub(crate) url: &'a Secret,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

impl Parcel<'_> {
    /// Makes the request that carries it.
    pub(crate) fn request<'a>(&self, client: &'a Client) -> RequestBuilder<'a> {
        let request = client.post(self.url.expose()).max_body(MAX_ANSWER).body(self.body.clone());
        let request = request.header("content-type", self.content_type);
        match self.token {
            Some(token) => request.header("authorization", format!("Bearer {}", token.expose())),
            None => request,
        }
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
