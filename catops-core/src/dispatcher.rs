//! The second leg: open, claim, allow, run, reply, record.

mod another;
mod asking;
mod decide;
mod forged;
mod hold;
mod kept;
mod limit;
mod lock;
mod next;
mod own;
mod perform;
mod record;
mod run;
mod tell;
mod tick;
mod ticket;
mod turn;
mod words;

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;

pub use self::tick::SCHEDULE;
use self::turn::Turn;
use crate::app::App;
use crate::audit::{Chain, Outcome, Record};
use crate::error::Error;
use crate::invoker::Invoker;
use crate::job::{Head, Job, JobId, MAX_HOPS, OpenError, SealedJob};
use crate::request::ReplyTo;
use crate::responder::Responder;
use crate::store::{Claimed, Store};
use crate::time::Timestamp;

/// Runs jobs. Every path ends in one reply and one record, save where nothing may happen.
#[derive(Debug)]
pub struct Dispatcher {
    app: Arc<App>,
    store: Arc<dyn Store>,
    chain: Chain,
}

/// What became of a delivery; the adapter tells its queue accordingly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispatched {
    /// It ended this way now, and the asker was told. Deliver no more.
    Ended(Box<Record>),
    /// It had ended before; nothing was done. Deliver no more.
    Repeat,
    /// It died, may run twice, and was handed over once more ([`Dispatcher::rerun_or_report`]). Deliver no more.
    Again(JobId),
    /// Another delivery is running it. Deliver again after this time, to see whether that one lived.
    Busy(Timestamp),
    /// The store could not be reached; nothing ran, and the asker was told so. Deliver no more.
    Unclaimed,
    /// A dead job could not be reported, since the store could not be reached; nobody was told. Report it again later.
    Unreported,
    /// It is no job of ours. Deliver no more, answer nobody.
    Refused,
}

impl Dispatcher {
    /// Makes the second leg of `app`, which keeps claims, state and audit in `store`.
    pub fn new(app: Arc<App>, store: Arc<dyn Store>) -> Self {
        crate::panics::install();
        Self { app, store, chain: Chain::default() }
    }

    /// Returns the store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Opens and runs what a carrier delivered, within `limit` from now: the time this invocation still has.
    ///
    /// A seal that does not open is logged without its content.
    pub async fn dispatch(&self, text: &str, now: Timestamp, limit: Duration) -> Dispatched {
        match SealedJob::from_text(text).and_then(|sealed| sealed.open(self.app.key())) {
            Ok(job) => match self.responder(&job.id, &job.reply_to) {
                Some(responder) => self.run(&job, responder, now, limit).await,
                None => Dispatched::Refused,
            },
            Err(OpenError::Version(head)) => self.skewed(&head, now).await,
            Err(OpenError::Seal) => {
                tracing::warn!(reason = "seal", bytes = text.len(), "a job was refused");
                Dispatched::Refused
            }
        }
    }

    fn responder(&self, id: &JobId, to: &ReplyTo) -> Option<Arc<dyn Responder>> {
        let chat = self.app.chat_named(&to.chat).cloned();
        if chat.is_none() {
            tracing::error!(job = %id, chat = to.chat, "a job was refused: this bot has no such chat");
        }
        chat.map(|chat| chat as Arc<dyn Responder>)
    }

    /// Runs a job that is known to be ours; replies go to `responder`.
    pub async fn run(&self, job: &Job, responder: Arc<dyn Responder>, now: Timestamp, limit: Duration) -> Dispatched {
        self.work(job, responder, false, now, limit).await
    }

    async fn work(
        &self,
        job: &Job,
        responder: Arc<dyn Responder>,
        is_scheduled: bool,
        now: Timestamp,
        limit: Duration,
    ) -> Dispatched {
        let span = tracing::info_span!("job", id = %job.id);
        let turn = Turn { is_scheduled, ..Turn::new(self, job, responder, now, limit) };
        async move {
            match self.store.claim(&job.id, turn.until(), now).await {
                Ok(Claimed::New) => turn.fresh().await,
                Ok(Claimed::Finished) => {
                    tracing::info!("a repeat of a finished job: nothing to do");
                    Dispatched::Repeat
                }
                Ok(Claimed::Running(until)) => Dispatched::Busy(until),
                Ok(Claimed::Died(claim)) => match self.store.take_over(&claim, turn.until(), now).await {
                    Ok(true) if turn.is_repeatable() => Turn { is_again: true, ..turn }.fresh().await,
                    Ok(true) => turn.stop(Outcome::Died, words::died(job, claim.started, None)).await,
                    Ok(false) => Dispatched::Busy(turn.until()),
                    Err(error) => turn.unclaimed(&error).await,
                },
                Err(error) => turn.unclaimed(&error).await,
            }
        }
        .instrument(span)
        .await
    }

    /// Deals with a job that the platform gave up: a repeatable command runs again, by `invoker`, and the asker of any other
    /// is told ([`Dispatcher::report_dead`]); so too if `invoker` does not take it.
    ///
    /// It runs again as the same job, one hop further, so that a command that kills each process it runs in comes to an
    /// end. For the dead-job path of targets that do not deliver a dead job again by themselves: dead-letter topics, poison
    /// queues, on-failure destinations.
    pub async fn rerun_or_report(&self, text: &str, why: &str, invoker: &dyn Invoker, now: Timestamp) -> Dispatched {
        match self.again(text, now).await {
            Ok(Some(job)) => match invoker.invoke(&job).await {
                Ok(()) => return Dispatched::Again(job.id().clone()),
                Err(error) => tracing::error!(job = %job.id(), error = error.chain(), "it could not be run again"),
            },
            Ok(None) => {}
            Err(error) => {
                tracing::error!(error = error.chain(), "a dead job could not be looked up");
                return Dispatched::Unreported;
            }
        }
        self.report_dead(text, why, now).await
    }

    /// Tells the asker that the platform gave the job up, and why; unless it had ended.
    pub async fn report_dead(&self, text: &str, why: &str, now: Timestamp) -> Dispatched {
        let Some(job) = self.dead(text) else { return Dispatched::Refused };
        match self.responder(&job.id, &job.reply_to) {
            Some(responder) => self.bury(&job, responder, why, now).await,
            None => Dispatched::Refused,
        }
    }

    /// Ends a job that does not run any more.
    async fn bury(&self, job: &Job, responder: Arc<dyn Responder>, why: &str, now: Timestamp) -> Dispatched {
        let turn = Turn::new(self, job, responder, now, Duration::ZERO);
        let buried = async {
            // What the platform calls dead does not run any more, whatever its claim says.
            self.store.expire_claim(&job.id, now).await?;
            Ok(match self.store.claim(&job.id, turn.until(), now).await? {
                Claimed::Finished => Dispatched::Repeat,
                Claimed::New => turn.stop(Outcome::Died, words::never_started(job, why)).await,
                Claimed::Running(until) => Dispatched::Busy(until),
                Claimed::Died(claim) => match self.store.take_over(&claim, turn.until(), now).await? {
                    true => turn.stop(Outcome::Died, words::died(job, claim.started, Some(why))).await,
                    false => Dispatched::Repeat,
                },
            })
        };
        buried.await.unwrap_or_else(|error: Error| {
            tracing::error!(job = %job.id, error = error.chain(), "a dead job could not be reported");
            Dispatched::Unreported
        })
    }

    /// Returns what to deliver instead of a job that died while it ran, if its command is repeatable: the same job, one
    /// hop further. `None` means: report it dead.
    async fn again(&self, text: &str, now: Timestamp) -> Result<Option<SealedJob>, Error> {
        let Some(job) = self.dead(text) else { return Ok(None) };
        let command = self.app.commands().addressed(&job.request.text);
        if !command.is_some_and(|command| command.is_repeatable()) || job.hops >= MAX_HOPS || job.expires <= now {
            return Ok(None);
        }
        self.store.expire_claim(&job.id, now).await?;
        let hops = job.hops + 1;
        Job { hops, ..job }.seal(self.app.key()).map(Some)
    }

    fn dead(&self, text: &str) -> Option<Job> {
        let job = SealedJob::from_text(text).and_then(|sealed| sealed.open(self.app.key())).ok();
        if job.is_none() {
            tracing::warn!(reason = "seal", "a dead job was refused");
        }
        job
    }

    /// Answers a job that another version of the bot sealed.
    async fn skewed(&self, head: &Head, now: Timestamp) -> Dispatched {
        tracing::warn!(job = %head.id, version = head.v, ours = crate::job::VERSION, "a job of another version");
        let Some(responder) = self.responder(&head.id, &head.reply_to) else { return Dispatched::Refused };
        let request = crate::request::Request::default();
        let (id, reply_to) = (head.id.clone(), head.reply_to.clone());
        let job = Job { id, asked: now, expires: now, hops: 0, reply_to, request };
        let turn = Turn::new(self, &job, responder, now, Duration::ZERO);
        match self.store.claim(&job.id, turn.until(), now).await {
            Ok(Claimed::New) => turn.stop(Outcome::Skewed, words::skewed()).await,
            Ok(_) => Dispatched::Repeat,
            Err(error) => turn.unclaimed(&error).await,
        }
    }
}

#[cfg(test)]
mod tests;
