//! How much trouble a call takes: bounded, jittered retries.

use std::error::Error as _;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, sleep};

use crate::error::{Error, ErrorKind};

/// How long one attempt may take. A server that thinks for ten seconds and then answers sees exactly one post.
pub const ATTEMPT_TIME: Duration = Duration::from_secs(15);

/// How long a delivery may take in all. What a command leaves of its function's time is rarely more.
pub const TOTAL_TIME: Duration = Duration::from_secs(45);

/// The least time a further attempt is made with: one with less would be given up before it can be answered.
const LEAST_TIME: Duration = Duration::from_millis(100);

/// How much trouble a call takes.
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
    pub(super) fn next_pause(&self, last: Duration) -> Duration {
        let mut bytes = [0; 4];
        // Without randomness the pause is the longest of its range, which is safe.
        let share = match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
            Err(_) => 1.0,
        };
        let span = last.saturating_mul(3).min(self.longest_pause).saturating_sub(self.pause);
        self.pause + span.mul_f64(share)
    }

    /// Makes attempts until one succeeds, fails for good, or patience ends; each is told how much time it has.
    ///
    /// What may pass ([`Error::is_transient`]) is tried again after a pause. When patience ends, the error is of kind
    /// [`ErrorKind::Timeout`] if one of the attempts was not answered: it may have been acted on, whatever was answered to
    /// the others, which is its cause. Otherwise it is that of the last attempt. `what` names the call in the log.
    pub async fn retry<T, F: Future<Output = Result<T, Error>>>(
        &self,
        what: &str,
        mut attempt: impl FnMut(Duration) -> F,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let mut pause = self.pause;
        let (mut unanswered, mut answered) = (None, None);
        loop {
            let left = self.total.saturating_sub(started.elapsed());
            let failed = match attempt(self.attempt.min(left)).await {
                Err(error) if error.is_transient() => error,
                ended => return ended,
            };
            pause = self.next_pause(pause);
            let gives_up = pause + LEAST_TIME > self.total.saturating_sub(started.elapsed());
            let wait_ms = pause.as_millis() as u64;
            tracing::debug!(what, reason = failed.chain(), wait_ms, gives_up, "a call failed");
            if failed.kind() == ErrorKind::Timeout {
                unanswered.get_or_insert(failed);
            } else {
                answered = Some(failed);
            }
            if gives_up {
                return Err(both(unanswered, answered));
            }
            sleep(pause).await;
        }
    }
}

/// Joins what is known of a call that came to nothing: first what leaves most open.
fn both(unanswered: Option<Error>, answered: Option<Error>) -> Error {
    match (unanswered, answered) {
        (Some(unanswered), Some(answered)) if unanswered.source().is_none() => unanswered.because(answered),
        (Some(error), _) | (None, Some(error)) => error,
        (None, None) => Error::new(ErrorKind::Unavailable, "nothing was tried"),
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
