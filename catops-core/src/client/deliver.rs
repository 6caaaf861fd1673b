//! Posts that must arrive: bounded, jittered retries.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, sleep};

use super::retry_after::retry_after;
use super::{Client, Response};
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// How long one attempt may take. A server that thinks for ten seconds and then answers sees exactly one post.
pub const ATTEMPT_TIME: Duration = Duration::from_secs(15);

/// How long a delivery may take in all. What a command leaves of its function's time is rarely more.
pub const TOTAL_TIME: Duration = Duration::from_secs(45);

/// The largest answer to a delivery that is read, in bytes. Chats answer `ok` or a short object.
const MAX_ANSWER: usize = 64 * 1024;

/// How much trouble a delivery takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long one attempt may take.
    pub attempt: Duration,
    /// How long all attempts and the pauses between them may take.
    pub total: Duration,
    /// The shortest pause between two attempts.
    pub pause: Duration,
    /// The longest pause that is not asked for by the server.
    pub longest_pause: Duration,
}

impl Default for Patience {
    /// [`ATTEMPT_TIME`], [`TOTAL_TIME`], and pauses from a quarter of a second to eight seconds.
    fn default() -> Self {
        Self {
            attempt: ATTEMPT_TIME,
            total: TOTAL_TIME,
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(8),
        }
    }
}

impl Patience {
    /// Chooses the next pause: at random between the shortest and three times the last one. Begin with
    /// [`Patience::pause`] as the last.
    ///
    /// This is the "decorrelated jitter" of the AWS Architecture Blog, "Exponential Backoff And Jitter": it spreads
    /// callers that failed together better than doubling does.
    pub fn next_pause(&self, last: Duration) -> Duration {
        let mut bytes = [0; 4];
        // Without randomness the pause is the longest of its range, which is safe.
        let share = match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
            Err(_) => 1.0,
        };
        let span = last.saturating_mul(3).min(self.longest_pause).saturating_sub(self.pause);
        self.pause + span.mul_f64(share)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_in_their_range_and_differ() {
        let patience = Patience::default();
        let mut pauses = Vec::new();
        let mut pause = patience.pause;
        for _ in 0..200 {
            pause = patience.next_pause(pause);
            assert!((patience.pause..=patience.longest_pause).contains(&pause), "{pause:?}");
            pauses.push(pause);
        }
        pauses.sort();
        pauses.dedup();
        assert!(pauses.len() > 20, "only {} different pauses", pauses.len());
    }

    #[test]
    fn pauses_without_a_span_do_not_panic() {
        let none = Patience { pause: Duration::ZERO, longest_pause: Duration::ZERO, ..Patience::default() };
        assert_eq!(none.next_pause(Duration::ZERO), Duration::ZERO);
        assert!(Patience::default().next_pause(Duration::MAX) <= Duration::from_secs(8));
    }
}
