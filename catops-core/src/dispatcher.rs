//! The second leg: open, claim, allow, run, reply, record.

mod next;
mod run;
mod tick;
mod ticket;
mod words;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument as _;

use self::run::Ended;
pub use self::tick::SCHEDULE;
use crate::app::App;
use crate::audit::{Outcome, Record};
use crate::command::{Command, Values, What};
use crate::context::{Clock, Context, Inner, Outbox};
use crate::error::Error;
use crate::invoker::Invoker;
use crate::job::{Head, Job, JobId, MAX_HOPS, OpenError, SealedJob};
use crate::policy::Asker;
use crate::reply::{Audience, Reply};
use crate::request::{Press, ReplyTo, Via};
use crate::responder::Responder;
use crate::store::{Claimed, Store};
use crate::time::Timestamp;

/// How long after its deadline a run counts as dead: the time its last reply and record may take.
const CLAIM_MARGIN: Duration = Duration::from_secs(60);

/// How long a run waits at most until the message that held its button says who pressed.
const PRESSED_TIME: Duration = Duration::from_secs(3);

/// Runs jobs. Every path ends in one reply and one record, save where nothing may happen.
#[derive(Debug)]
pub struct Dispatcher {
    app: Arc<App>,
    store: Arc<dyn Store>,
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
        Self { app, store }
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
                    Ok(true) if turn.is_repeatable() => turn.fresh().await,
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

/// One delivery of one job.
struct Turn<'a> {
    dispatcher: &'a Dispatcher,
    job: &'a Job,
    responder: Arc<dyn Responder>,
    /// Whether it is a tick, of a command that declares it.
    is_scheduled: bool,
    clock: Clock,
    begun: Instant,
    limit: Duration,
}

impl<'a> Turn<'a> {
    fn new(
        dispatcher: &'a Dispatcher,
        job: &'a Job,
        responder: Arc<dyn Responder>,
        now: Timestamp,
        limit: Duration,
    ) -> Self {
        let clock = Clock::starting(now);
        Self { dispatcher, job, responder, is_scheduled: false, clock, begun: Instant::now(), limit }
    }

    /// When this run must be dead if it has not ended.
    fn until(&self) -> Timestamp {
        self.clock.started() + self.limit + CLAIM_MARGIN
    }

    fn is_repeatable(&self) -> bool {
        let command = self.dispatcher.app.commands().addressed(&self.job.request.text);
        command.is_some_and(|command| command.is_repeatable())
    }

    fn outbox(&self, audience: Audience) -> Outbox {
        let (to, id) = (self.job.reply_to.clone(), self.job.id.clone());
        Outbox::new(self.responder.clone(), to, id, audience)
    }

    /// The store is down: say so, run nothing.
    async fn unclaimed(&self, error: &Error) -> Dispatched {
        tracing::error!(job = %self.job.id, error = error.chain(), "a job could not be claimed");
        let reply = words::unclaimed(&self.job.id);
        if let Err(error) = self.outbox(Audience::Asker).finish(&reply, self.clock.now()).await {
            tracing::error!(job = %self.job.id, error = error.chain(), "a reply was not delivered");
        }
        Dispatched::Unclaimed
    }

    /// Ends a claimed job without running anything.
    async fn stop(&self, outcome: Outcome, reply: Reply) -> Dispatched {
        let asked = self.dispatcher.app.commands().read("", &self.job.request.text, &|_| true);
        self.end(&self.outbox(Audience::Asker), asked.command, asked.arguments, outcome, &reply).await
    }

    /// Takes a job that nobody ran.
    async fn fresh(&self) -> Dispatched {
        let job = self.job;
        if job.expires <= self.clock.started() {
            let said = if self.is_scheduled { words::missed(job) } else { words::expired(job) };
            return self.stop(Outcome::Expired, said).await;
        }
        if job.hops > MAX_HOPS {
            return self.stop(Outcome::TooManyHops, words::too_many_hops()).await;
        }
        let app = &self.dispatcher.app;
        let asker = Asker::of(&job.request, self.clock.started());
        let may = |command: &Command| app.policy().offers(asker, command);
        let asked = app.commands().read(&job.request.prefix, &job.request.text, &may);
        let (name, arguments, given) = (asked.command, asked.arguments, asked.given);
        let (outcome, reply) = match asked.what {
            What::Help(reply) => (Outcome::Help, reply),
            What::Unknown(reply) => (Outcome::Unknown, reply),
            // How a command is used is for those who may use it.
            What::Usage(command, reply) if self.is_scheduled || may(&command) => (Outcome::Usage, reply),
            What::Usage(command, _) => {
                let why = app.policy().admit(asker, &command, None, &name).err();
                (Outcome::Denied, Reply::to_asker(why.unwrap_or_default()))
            }
            What::Run(command, values) => match self.admit(asker, &command, &name, &arguments) {
                Ok(()) => return self.press(&command, values, given, name, arguments).await,
                Err(why) => (Outcome::Denied, Reply::to_asker(why)),
            },
        };
        self.end(&self.outbox(Audience::Asker), name, arguments, outcome, &reply).await
    }

    /// Asks the policy; an error says why not. A tick is for the one command that declares a schedule, which is its author's
    /// permission.
    fn admit(&self, asker: Asker<'_>, command: &Command, name: &str, arguments: &str) -> Result<(), String> {
        if self.is_scheduled {
            return Ok(());
        }
        let app = &self.dispatcher.app;
        // Reading the words once more is for the few commands that a rule weighs by them.
        let weighed = app.policy().weighs_arguments(command);
        let read = weighed.then(|| app.commands().line(&self.job.request.text)).and_then(Result::ok);
        let known = read.as_ref().map(|line| line.arguments.as_slice());
        app.policy().admit(asker, command, known, format!("{name} {arguments}").trim_end())
    }

    /// Runs the command, unless it was asked for by a button that was pressed before.
    ///
    /// Policy and arguments are settled here, so a press of somebody who may not leaves the button to those who may.
    async fn press(
        &self,
        command: &Command,
        values: Values,
        given: Vec<(&'static str, String)>,
        name: String,
        arguments: String,
    ) -> Dispatched {
        let job = self.job;
        if let Via::Button(press) = &job.request.via {
            match ticket::use_up(&*self.dispatcher.store, press, job, self.clock.now()).await {
                Ok(None) => self.tell_pressed(press).await,
                Ok(Some(used)) => {
                    let reply = words::used(&used, &job.request.actor);
                    return self.end(&self.outbox(Audience::Asker), name, arguments, Outcome::Used, &reply).await;
                }
                Err(error) => return self.unclaimed(&error).await,
            }
        }
        self.command(command, values, &given, name, arguments).await
    }

    /// Lets everybody see that it is under way. The run does not depend on it.
    async fn tell_pressed(&self, press: &Press) {
        let (job, now) = (self.job, self.clock.now());
        let note = words::pressed(&job.request.actor, press, job.asked);
        let told = self.responder.pressed(&job.reply_to, press, &note, now);
        match tokio::time::timeout(PRESSED_TIME, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = error.chain(), "the message does not say who pressed its button"),
            Err(_) => tracing::warn!("the message may not say who pressed its button: the chat takes too long"),
        }
    }

    /// Runs the command and turns however it ends into a reply.
    async fn command(
        &self,
        command: &Command,
        values: Values,
        given: &[(&'static str, String)],
        name: String,
        arguments: String,
    ) -> Dispatched {
        let ephemeral = command.is_ephemeral();
        let (request, app) = (&self.job.request, &self.dispatcher.app);
        let intro = (!request.via.is_line()).then(|| words::ran(&request.actor, &name, &arguments));
        let outbox = self.outbox(if ephemeral { Audience::Asker } else { Audience::Channel });
        let outbox = Arc::new(outbox.with_intro(intro));
        let deadline = self.begun + self.limit.saturating_sub(margin(self.limit));
        let context = Context::new(Inner {
            job: self.job.id.clone(),
            request: request.clone(),
            chat: self.job.reply_to.chat.clone(),
            plugin: command.plugin().to_owned(),
            clock: self.clock,
            deadline,
            store: self.dispatcher.store.clone(),
            outbox: outbox.clone(),
        });
        let id = &self.job.id;
        let (outcome, mut reply) = match run::run(command, context, values, deadline).await {
            Ended::Replied(reply) => (Outcome::Ran, reply),
            Ended::Usage(text) => (Outcome::Usage, Reply::to_asker(text)),
            Ended::Failed(detail) => {
                tracing::error!(command = name, error = detail, "a command failed");
                (Outcome::Failed, words::failed(&name, id))
            }
            Ended::Panicked(detail) => {
                tracing::error!(command = name, panic = detail, "a command panicked");
                (Outcome::Panicked, words::panicked(&name, id))
            }
            Ended::TimedOut => {
                let after = self.begun.elapsed();
                tracing::error!(command = name, after = ?after, "a command outlived its deadline");
                (Outcome::TimedOut, words::timed_out(&name, after, id))
            }
        };
        if ephemeral {
            reply.audience = Audience::Asker;
        }
        reply.next.extend(next::steps(app, Asker::of(request, self.clock.now()), command, given, outcome));
        self.end(&outbox, name, arguments, outcome, &reply).await
    }

    /// Delivers the reply, then writes the record. In this order: a reply that was lost because the process died is
    /// noticed by the next delivery, which tells the asker that no end was recorded.
    async fn end(
        &self,
        outbox: &Outbox,
        command: String,
        arguments: String,
        outcome: Outcome,
        reply: &Reply,
    ) -> Dispatched {
        let undelivered = match outbox.finish(reply, self.clock.now()).await {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(job = %self.job.id, error = error.chain(), "a reply was not delivered");
                Some(error.chain())
            }
        };
        let (job, ended) = (self.job, self.clock.now());
        let record = Record {
            job: job.id.clone(),
            asked: job.asked,
            ended,
            actor: job.request.actor.clone(),
            channel: job.request.channel.clone(),
            chat: job.reply_to.chat.clone(),
            command,
            arguments,
            outcome,
            undelivered,
        };
        let (name, ms) = (outcome.as_str(), self.begun.elapsed().as_millis() as u64);
        // The entry says it to the operator, with what it knows of the delivery.
        tracing::debug!(job = %job.id, command = record.command, actor = job.request.actor.id, outcome = name, ms, "ended");
        if let Err(error) = self.dispatcher.store.finish(&record, ended).await {
            let record = serde_json::to_string(&record).unwrap_or_default();
            tracing::error!(job = %job.id, error = error.chain(), record, "the record could not be stored");
        }
        Dispatched::Ended(Box::new(record))
    }
}

/// The part of the time limit kept for the last reply and the record: a tenth, between half a second and five.
fn margin(limit: Duration) -> Duration {
    (limit / 10).clamp(Duration::from_millis(500), Duration::from_secs(5)).min(limit / 2)
}

#[cfg(test)]
mod tests;
