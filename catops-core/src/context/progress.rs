//! One message for one job: progress edits it, the final reply replaces it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::error::{Error, ErrorKind};
use crate::job::JobId;
use crate::reply::{Audience, Part, Reply};
use crate::request::ReplyTo;
use crate::responder::{PROGRESS_TIME, Posted, Responder};
use crate::time::Timestamp;

/// How often progress may be posted where the message has no name by which it can be changed. A Slack reply address takes
/// five posts: three for progress, one for the result, one to tell of a death.
const MAX_PROGRESS: usize = 3;

/// How long to wait before the second and the third of those; what comes after them waits for the result.
const PAUSES: [Duration; MAX_PROGRESS] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(30)];

/// The shortest and the longest time between two changes of one message; see [`pause`].
const PACE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Chooses the time between two changes of a message that was posted so long ago: a tenth of its age, from one second to
/// thirty.
///
/// A workspace takes 50 changes of messages a minute from one bot (`chat.update` is of tier 3; docs.slack.dev, "Rate
/// limits"). So paced, a command makes at most 30 in its first minute, 8 in its second and 25 in the eight after that, and
/// leaves room for others and for final replies. What is passed over is not missed: of a long run nobody watches each
/// second, and the final reply comes at once.
fn pause(age: Duration) -> Duration {
    (age / 10).clamp(PACE.0, PACE.1)
}

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
    /// When the first post and the last attempt were.
    times: Option<(Instant, Instant)>,
    /// Whether no more progress is shown.
    is_over: bool,
}

impl Sent {
    /// Returns whether progress may be posted now.
    fn is_time(&self) -> bool {
        let wait = match &self.posted {
            _ if self.is_over => return false,
            Some(Posted { message: Some(_), .. }) => self.times.map(|(first, last)| pause(last - first)),
            _ => match PAUSES.get(self.progress) {
                Some(pause) => Some(*pause),
                None => return false,
            },
        };
        match (wait, self.times) {
            (Some(wait), Some((_, last))) => last.elapsed() >= wait,
            _ => true,
        }
    }
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

    /// Posts progress if it is time to, and holds up the work for [`PROGRESS_TIME`] at most.
    pub(crate) async fn progress(&self, done: u64, total: u64, text: &str, now: Timestamp) {
        // While another call posts, it is not yet time for this one.
        let Ok(mut sent) = self.sent.try_lock() else { return };
        if !sent.is_time() {
            return;
        }
        let reply = Reply { audience: self.audience, ..Reply::to_channel(line(done, total, text)) };
        let began = Instant::now();
        // In case this call is dropped half-way: then it was an attempt.
        sent.progress += 1;
        sent.times = Some((sent.times.map_or(began, |(first, _)| first), began));
        let reply = self.introduced(&reply);
        let posting = self.responder.progress(&self.to, &reply, sent.posted.as_ref(), now);
        let late = || Error::new(ErrorKind::Timeout, format!("it took longer than {PROGRESS_TIME:?}"));
        match timeout(PROGRESS_TIME, posting).await.unwrap_or_else(|_| Err(late())) {
            Ok(posted) => sent.posted = Some(posted),
            // A setting is missing: the final reply meets the same, and says so once.
            Err(error) if error.kind() == ErrorKind::Config => sent.is_over = true,
            Err(error) => {
                // What may have been posted has no name: another post could not take its place. What was refused once is
                // refused again.
                sent.is_over = match error.kind() {
                    ErrorKind::Timeout => sent.posted.is_none(),
                    _ => !error.is_transient(),
                };
                tracing::warn!(job = %self.job, error = error.chain(), "progress was not delivered");
            }
        }
        if let Some((_, last)) = &mut sent.times {
            *last = Instant::now();
        }
    }

    /// Posts the final reply, in place of the progress where the chat can.
    pub(crate) async fn finish(&self, reply: &Reply, now: Timestamp) -> Result<(), Error> {
        let mut sent = self.sent.lock().await;
        let posted = self.responder.respond(&self.to, &self.introduced(reply), sent.posted.as_ref(), now).await?;
        sent.posted = Some(posted);
        sent.is_over = true; // nothing may overwrite the result
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
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use tokio::time::{advance, sleep};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_305_600);

    /// A chat that keeps what it is given and when, and answers as it is told; then it takes everything.
    #[derive(Debug, Default)]
    struct Chat {
        /// What it calls its messages.
        name: Option<&'static str>,
        answers: Mutex<VecDeque<Option<ErrorKind>>>,
        takes: Duration,
        seen: Mutex<Vec<(Instant, String)>>,
    }

    #[async_trait]
    impl Responder for Chat {
        async fn respond(
            &self,
            _: &ReplyTo,
            reply: &Reply,
            earlier: Option<&Posted>,
            _: Timestamp,
        ) -> Result<Posted, Error> {
            self.seen.lock().unwrap().push((Instant::now(), reply.text()));
            let answer = self.answers.lock().unwrap().pop_front().flatten();
            sleep(self.takes).await;
            match answer {
                Some(kind) => Err(Error::new(kind, "as told")),
                None => {
                    let uses = earlier.map_or(1, |earlier| earlier.uses + 1);
                    Ok(Posted { audience: reply.audience, uses, message: self.name.map(str::to_owned) })
                }
            }
        }
    }

    fn outbox(chat: Chat) -> (Arc<Chat>, Outbox) {
        let chat = Arc::new(chat);
        let job = JobId::of(&["a"]);
        (chat.clone(), Outbox::new(chat, ReplyTo::default(), job, Audience::Channel))
    }

    /// Reports progress every 50 ms, and returns the milliseconds at which something was posted.
    async fn posts(chat: Chat, time: Duration) -> Vec<u128> {
        let (chat, outbox) = outbox(chat);
        let started = Instant::now();
        while started.elapsed() < time {
            outbox.progress(1, 2, "working", NOW).await;
            advance(Duration::from_millis(50)).await;
        }
        let seen = chat.seen.lock().unwrap();
        seen.iter().map(|(at, _)| (*at - started).as_millis()).collect()
    }

    fn named() -> Chat {
        Chat { name: Some("C1/1"), ..Chat::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_is_changed_once_a_second_and_seldom_when_it_is_old() {
        let times = posts(named(), Duration::from_secs(600)).await;
        let within = |from: u128, to: u128| times.iter().filter(|at| (from * 1000..to * 1000).contains(at)).count();
        assert_eq!((times[0], times[1], times[9]), (0, 1000, 9000));
        assert!(times.windows(2).all(|pair| (1000..=30_050).contains(&(pair[1] - pair[0]))), "{times:?}");
        let (first, second, rest) = (within(0, 60), within(60, 120), within(120, 600));
        assert!((20..=30).contains(&first) && second <= 8 && rest <= 25, "{first} {second} {rest}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_without_a_name_is_posted_three_times() {
        assert_eq!(posts(Chat::default(), Duration::from_secs(600)).await, [0, 2000, 32_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_mended_is_not_tried_again() {
        let long = Duration::from_secs(600);
        let told = |answers: &[Option<ErrorKind>]| Chat { answers: Mutex::new(answers.to_vec().into()), ..named() };
        for kind in [ErrorKind::Config, ErrorKind::Refused, ErrorKind::Gone, ErrorKind::Invalid, ErrorKind::Timeout] {
            assert_eq!(posts(told(&[Some(kind)]), long).await, [0], "{kind:?}");
        }
        assert_eq!(posts(told(&[None, Some(ErrorKind::Refused)]), long).await, [0, 1000]);
        // What may pass, is; a message that has a name can be changed all the same.
        let busy = Some(ErrorKind::Unavailable);
        assert_eq!(posts(told(&[busy, busy, None]), long).await[..4], [0, 2000, 32_000, 35_200]);
        let late = posts(told(&[None, Some(ErrorKind::Timeout), busy]), long).await;
        assert_eq!(late[..4], [0, 1000, 2000, 3000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_chat_that_does_not_answer_holds_up_nothing() {
        let (chat, outbox) = outbox(Chat { takes: Duration::from_secs(3600), ..named() });
        let started = Instant::now();
        for n in 0..100 {
            outbox.progress(n, 100, "working", NOW).await;
        }
        assert_eq!((started.elapsed(), chat.seen.lock().unwrap().len()), (PROGRESS_TIME, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_beside_another_is_passed_over_and_the_result_is_last() {
        let (chat, outbox) = outbox(Chat { takes: Duration::from_secs(2), ..named() });
        let result = Reply::to_channel("done");
        let (_, _, finished) = tokio::join!(
            outbox.progress(1, 3, "one", NOW),
            outbox.progress(2, 3, "two", NOW),
            outbox.finish(&result, NOW)
        );
        finished.unwrap();
        advance(Duration::from_secs(60)).await;
        outbox.progress(3, 3, "three", NOW).await;
        let seen: Vec<_> = chat.seen.lock().unwrap().iter().map(|(_, text)| text.clone()).collect();
        assert_eq!(seen, ["▰▰▰▱▱▱▱▱▱▱ 1/3 one", "done"]);
    }

    #[test]
    fn bars() {
        assert_eq!(line(3, 10, "draining"), "▰▰▰▱▱▱▱▱▱▱ 3/10 draining");
        assert_eq!(line(9, 2, "odd"), "▰▰▰▰▰▰▰▰▰▰ 9/2 odd");
        assert_eq!(line(0, 0, "?"), "▱▱▱▱▱▱▱▱▱▱ 0/0 ?");
        assert_eq!(line(u64::MAX, u64::MAX, ""), "▰▰▰▰▰▰▰▰▰▰ 18446744073709551615/18446744073709551615 ");
    }
}
