//! One message for one job: progress edits it, the final reply replaces it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::error::{Error, ErrorKind};
use crate::job::JobId;
use crate::reply::{Audience, Part, Reply};
use crate::request::ReplyTo;
use crate::responder::{Posted, Responder};
use crate::time::Timestamp;

/// How often progress may be posted. A Slack reply address takes five posts: three for progress, one for the result,
/// one to tell of a death.
const MAX_PROGRESS: usize = 3;

/// How long to wait before the second and the third post; those after it wait for the result.
const PAUSES: [Duration; MAX_PROGRESS] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(30)];

/// Where the replies of one run go.
#[derive(Debug)]
pub(crate) struct Outbox {
    responder: Arc<dyn Responder>,
    to: ReplyTo,
    job: JobId,
    audience: Audience,
    /// What stands above everything that all see.
    intro: Option<String>,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    posted: Option<Posted>,
    progress: usize,
    last: Option<Instant>,
}

impl Outbox {
    pub(crate) fn new(responder: Arc<dyn Responder>, to: ReplyTo, job: JobId, audience: Audience) -> Self {
        Self { responder, to, job, audience, intro: None, sent: Mutex::default() }
    }

    /// Puts a line of small print above everything that all see.
    pub(crate) fn with_intro(self, intro: Option<String>) -> Self {
        Self { intro, ..self }
    }

    /// Returns `reply` with the line above it, if it is for all and there is one.
    fn introduced<'a>(&self, reply: &'a Reply) -> Cow<'a, Reply> {
        let Some(intro) = self.intro.as_ref().filter(|_| reply.audience == Audience::Channel) else {
            return Cow::Borrowed(reply);
        };
        let mut reply = reply.clone();
        reply.parts.insert(0, Part::Note(intro.clone()));
        Cow::Owned(reply)
    }

    /// Posts progress if it is time to.
    pub(crate) async fn progress(&self, done: u64, total: u64, text: &str, now: Timestamp) {
        let mut sent = self.sent.lock().await;
        let Some(pause) = PAUSES.get(sent.progress) else { return };
        if sent.last.is_some_and(|last| last.elapsed() < *pause) {
            return;
        }
        let reply = Reply { audience: self.audience, ..Reply::to_channel(line(done, total, text)) };
        sent.progress += 1;
        match self.responder.respond(&self.to, &self.introduced(&reply), sent.posted.as_ref(), now).await {
            Ok(posted) => sent.posted = Some(posted),
            // A setting is missing: the final reply meets the same, and says so once.
            Err(error) if error.kind() == ErrorKind::Config => sent.progress = MAX_PROGRESS,
            Err(error) => tracing::warn!(job = %self.job, error = error.chain(), "progress was not delivered"),
        }
        sent.last = Some(Instant::now());
    }

    /// Posts the final reply, in place of the progress where the chat can.
    pub(crate) async fn finish(&self, reply: &Reply, now: Timestamp) -> Result<(), Error> {
        let mut sent = self.sent.lock().await;
        let posted = self.responder.respond(&self.to, &self.introduced(reply), sent.posted.as_ref(), now).await?;
        sent.posted = Some(posted);
        sent.progress = MAX_PROGRESS; // nothing may overwrite the result
        Ok(())
    }
}

/// Draws a bar of ten steps, such as `▰▰▰▱▱▱▱▱▱▱ 3/10 draining`.
fn line(done: u64, total: u64, text: &str) -> String {
    let full = if total == 0 { 0 } else { (u128::from(done.min(total)) * 10 / u128::from(total)) as usize };
    format!("{}{} {done}/{total} {text}", "▰".repeat(full), "▱".repeat(10 - full))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn bars() {
        assert_eq!(line(3, 10, "draining"), "▰▰▰▱▱▱▱▱▱▱ 3/10 draining");
        assert_eq!(line(9, 2, "odd"), "▰▰▰▰▰▰▰▰▰▰ 9/2 odd");
        assert_eq!(line(0, 0, "?"), "▱▱▱▱▱▱▱▱▱▱ 0/0 ?");
        assert_eq!(line(u64::MAX, u64::MAX, ""), "▰▰▰▰▰▰▰▰▰▰ 18446744073709551615/18446744073709551615 ");
    }
}
