//! One delivery of one job, from its claim to its record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Dispatched, Dispatcher, ticket, words};
use crate::audit::{Approver, Outcome, Record};
use crate::command::{Asked, Command, Values, What};
use crate::context::{Clock, Outbox};
use crate::error::Error;
use crate::job::{Job, JobId, MAX_HOPS};
use crate::line::{Words, escape_line, plain};
use crate::policy::{Asker, Groups};
use crate::reply::{Audience, Reply};
use crate::request::{Actor, Press, Request, Via};
use crate::responder::Responder;
use crate::time::Timestamp;

/// How long after its deadline a run counts as dead: the time its last reply and record may take.
const CLAIM_MARGIN: Duration = Duration::from_secs(60);

/// How long a run waits at most until the message that held its button says who pressed.
const PRESSED_TIME: Duration = Duration::from_secs(3);

/// How long the chat may take to tell which groups somebody is in, who waits meanwhile; half of the time there is, where
/// that is less.
const GROUPS_TIME: Duration = Duration::from_secs(5);

/// One delivery of one job.
#[derive(Clone)]
pub(super) struct Turn<'a> {
    pub(super) dispatcher: &'a Dispatcher,
    pub(super) job: &'a Job,
    pub(super) responder: Arc<dyn Responder>,
    /// Whether it is a tick, of a command that declares it.
    pub(super) is_scheduled: bool,
    /// Whether an earlier delivery of it began to run and died.
    pub(super) is_again: bool,
    pub(super) clock: Clock,
    pub(super) begun: Instant,
    pub(super) limit: Duration,
}

/// A line that some command takes.
pub(super) struct Call {
    pub(super) command: Command,
    pub(super) values: Values,
    /// The command's path.
    pub(super) name: String,
    /// The rest of the line for the record, without secrets.
    pub(super) arguments: String,
    /// What was given, for the steps that follow.
    pub(super) given: Vec<(&'static str, String)>,
}

/// What the record says besides who, what and how it ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    pub(super) took: Option<Duration>,
    pub(super) rule: Option<String>,
    pub(super) plan: Option<String>,
    pub(super) approvers: Vec<Approver>,
    /// Why the glass was broken: then it runs at once.
    pub(super) reason: Option<String>,
    pub(super) origin: Option<JobId>,
}

/// What is said and recorded at the end of a turn.
pub(super) struct Ending {
    pub(super) command: String,
    pub(super) arguments: String,
    pub(super) outcome: Outcome,
    pub(super) reply: Reply,
    pub(super) notes: Notes,
}

impl Ending {
    /// Makes the end of what names no command.
    pub(super) fn of(outcome: Outcome, reply: Reply) -> Self {
        Self { command: String::new(), arguments: String::new(), outcome, reply, notes: Notes::default() }
    }
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        dispatcher: &'a Dispatcher,
        job: &'a Job,
        responder: Arc<dyn Responder>,
        now: Timestamp,
        limit: Duration,
    ) -> Self {
        let clock = Clock::starting(now);
        Self { dispatcher, job, responder, is_scheduled: false, is_again: false, clock, begun: Instant::now(), limit }
    }

    /// When this run must be dead if it has not ended.
    pub(super) fn until(&self) -> Timestamp {
        self.clock.started() + self.limit + CLAIM_MARGIN
    }

    pub(super) fn is_repeatable(&self) -> bool {
        let command = self.dispatcher.app.commands().addressed(&self.job.request.text);
        command.is_some_and(|command| command.is_repeatable())
    }

    pub(super) fn outbox(&self, audience: Audience) -> Outbox {
        let (to, id) = (self.job.reply_to.clone(), self.job.id.clone());
        Outbox::new(self.responder.clone(), to, id, audience)
    }

    /// The store is down: say so, run nothing.
    pub(super) async fn unclaimed(&self, error: &Error) -> Dispatched {
        tracing::error!(job = %self.job.id, error = error.chain(), "a job could not be claimed");
        let reply = words::unclaimed(&self.job.id);
        if let Err(error) = self.outbox(Audience::Asker).finish(&reply, self.clock.now()).await {
            tracing::error!(job = %self.job.id, error = error.chain(), "a reply was not delivered");
        }
        Dispatched::Unclaimed
    }

    /// Ends a claimed job without running anything.
    pub(super) async fn stop(&self, outcome: Outcome, reply: Reply) -> Dispatched {
        let Request { text, via, .. } = &self.job.request;
        let mut ending = Ending::of(outcome, reply);
        if let Via::Decision(decided) = via {
            ending.notes.origin = decided.origin();
        }
        // What a button decides on is in the store where it does not say so. Else no words are a call for help.
        if !text.is_empty() || !matches!(via, Via::Decision(_)) {
            let asked = self.dispatcher.app.commands().read("", text, &|_| true);
            (ending.command, ending.arguments) = (asked.command, asked.arguments);
        }
        self.tell(ending).await
    }

    /// Ends a job that runs nothing: only the asker is told.
    pub(super) async fn tell(&self, ending: Ending) -> Dispatched {
        self.end(&self.outbox(Audience::Asker), ending).await
    }

    /// Ends a call that is not run, with what the record knows of it by then.
    pub(super) async fn refuse(&self, call: Call, outcome: Outcome, reply: Reply, notes: Notes) -> Dispatched {
        self.tell(Ending { command: call.name, arguments: call.arguments, outcome, reply, notes }).await
    }

    /// Takes a job that nobody ran.
    pub(super) async fn fresh(&self) -> Dispatched {
        let job = self.job;
        if job.expires <= self.clock.started() {
            let said = if self.is_scheduled { words::missed(job) } else { words::expired(job) };
            return self.stop(Outcome::Expired, said).await;
        }
        if job.hops > MAX_HOPS {
            return self.stop(Outcome::TooManyHops, words::too_many_hops()).await;
        }
        match &job.request.via {
            Via::Decision(decided) => Box::pin(self.decide(decided)).await,
            Via::Expired => self.stop(Outcome::Expired, words::too_old()).await,
            _ => self.start(Notes::default()).await,
        }
    }

    /// Reads the line and does what it asks for.
    pub(super) async fn start(&self, notes: Notes) -> Dispatched {
        let (job, app) = (self.job, &self.dispatcher.app);
        let known = self.groups(&job.request.actor).await;
        let asker = self.asker(&known);
        let may = |command: &Command| app.policy().offers(asker, command);
        let Asked { command: name, arguments, given, what } =
            app.commands().read(&job.request.prefix, &job.request.text, &may);
        let (outcome, reply) = match what {
            What::Help(reply) => (Outcome::Help, reply),
            What::Unknown(reply) => (Outcome::Unknown, reply),
            // How a command is used is for those who may use it.
            What::Usage(command, reply) if self.is_scheduled || may(&command) => (Outcome::Usage, reply),
            What::Usage(command, _) => {
                let why = app.policy().admit(asker, &command, None, &name).err();
                (Outcome::Denied, Reply::to_asker(why.unwrap_or_default()))
            }
            What::Own(own) => return Box::pin(self.own(own, asker, name, arguments)).await,
            What::Run(command, values) => {
                return self.call(Call { command, values, name, arguments, given }, asker, notes).await;
            }
        };
        self.tell(Ending { command: name, arguments, outcome, reply, notes }).await
    }

    /// Returns what the chat knows of a person besides the id, if the policy asks for it.
    pub(super) async fn groups(&self, actor: &Actor) -> Option<Vec<String>> {
        // Nobody's rights are looked at for a tick.
        if self.is_scheduled {
            return None;
        }
        let limit = GROUPS_TIME.min(self.limit / 2);
        self.dispatcher.app.groups(&self.job.reply_to.chat, actor, limit, self.clock.now()).await
    }

    /// Returns who asks, in the words of the policy.
    pub(super) fn asker<'b>(&'b self, known: &'b Option<Vec<String>>) -> Asker<'b> {
        let groups = known.as_deref().map_or(Groups::Unknown, Groups::Known);
        Asker { groups, ..Asker::of(&self.job.request, self.clock.now()) }
    }

    /// Asks the policy; an error says why not. A tick is for the one command that declares a schedule, which is its author's
    /// permission.
    pub(super) fn admit(&self, asker: Asker<'_>, call: &Call) -> Result<Option<String>, String> {
        if self.is_scheduled {
            return Ok(None);
        }
        let app = &self.dispatcher.app;
        let Call { command, name, arguments, .. } = call;
        // Reading the words once more is for the few commands that a rule weighs by them.
        let weighed = app.policy().weighs_arguments(command);
        let read = weighed.then(|| app.commands().line(&self.job.request.text)).and_then(Result::ok);
        let known = read.as_ref().map(|line| line.arguments.as_slice());
        app.policy().admit(asker, command, known, format!("{name} {arguments}").trim_end())
    }

    /// Runs the command if the asker may, unless it was asked for by a button that was pressed before, too often, or has to
    /// wait.
    ///
    /// Policy and arguments are settled first, so a press of somebody who may not leaves the button to those who may.
    async fn call(&self, call: Call, asker: Asker<'_>, mut notes: Notes) -> Dispatched {
        let job = self.job;
        match self.admit(asker, &call) {
            Ok(rule) => notes.rule = rule,
            Err(why) => return self.refuse(call, Outcome::Denied, Reply::to_asker(why), notes).await,
        }
        if let Via::Button(press) = &job.request.via {
            match ticket::use_up(&*self.dispatcher.store, press, job, self.clock.now()).await {
                Ok(None) => self.tell_pressed(press).await,
                Ok(Some(used)) => {
                    let reply = words::used(&used, &job.request.actor);
                    return self.refuse(call, Outcome::Used, reply, notes).await;
                }
                Err(error) => return self.unclaimed(&error).await,
            }
        }
        if self.is_scheduled {
            return self.perform(call, notes).await;
        }
        match self.over_a_limit(&call.command).await {
            Ok(None) => {}
            Ok(Some(reply)) => return self.refuse(call, Outcome::Limited, reply, notes).await,
            Err(error) => return self.unclaimed(&error).await,
        }
        match self.takes_more(&call, asker, &notes) {
            Some(takes) => Box::pin(self.hold(call, takes, notes)).await,
            None => self.perform(call, notes).await,
        }
    }

    /// Lets everybody see that it is under way. The run does not depend on it.
    pub(super) async fn tell_pressed(&self, press: &Press) {
        let (job, now) = (self.job, self.clock.now());
        let note = words::pressed(&job.request.actor, press, job.asked);
        let told = self.responder.pressed(&job.reply_to, press, &note, now);
        match tokio::time::timeout(PRESSED_TIME, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = error.chain(), "the message does not say who pressed its button"),
            Err(_) => tracing::warn!("the message may not say who pressed its button: the chat takes too long"),
        }
    }

    /// Delivers the reply, then writes the record. In this order: a reply that was lost because the process died is
    /// noticed by the next delivery, which tells the asker that no end was recorded.
    pub(super) async fn end(&self, outbox: &Outbox, ending: Ending) -> Dispatched {
        let Ending { command, arguments, outcome, reply, notes } = ending;
        let undelivered = match outbox.finish(&reply, self.clock.now()).await {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(job = %self.job.id, error = error.chain(), "a reply was not delivered");
                Some(error.chain())
            }
        };
        let (job, ended) = (self.job, self.clock.now());
        let text = self.more_than(&command, &arguments, outcome);
        let mut record = Record {
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
            took: notes.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            rule: notes.rule,
            plan: notes.plan,
            approvers: notes.approvers,
            reason: notes.reason,
            origin: notes.origin,
            text,
            link: None,
        };
        self.dispatcher.record(&mut record, ended, self.spare()).await;
        Dispatched::Ended(Box::new(record))
    }

    /// How long each thing may take that comes after the reply: less for an inline command, whose reply is the answer that the
    /// chat waits for.
    fn spare(&self) -> Duration {
        // What runs nothing has no limit of its own.
        if self.limit.is_zero() { Duration::MAX } else { self.limit / 3 }
    }

    /// Returns the line, if `command` and `arguments` do not say it all and it has no secret.
    fn more_than(&self, command: &str, arguments: &str, outcome: Outcome) -> Option<String> {
        let text = &self.job.request.text;
        let typed = text.strip_prefix(command).map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
        // As most are: then nothing is looked up.
        if typed == Some(arguments) && !text.contains(['&', '<', '>']) {
            return None;
        }
        if matches!(outcome, Outcome::Help | Outcome::Usage | Outcome::Unknown) {
            return None;
        }
        // One of the bot's own words may hold the line of the command: that is not it.
        let read = self.dispatcher.app.commands().addressed(text)?;
        let after = Words::new(text).nth(command.split(' ').count()).map_or("", |word| &text[word.start..]);
        // Where a secret was typed, the arguments are not what was typed.
        let is_it = read.path() == command && plain(after.trim_end()) == arguments;
        (is_it && escape_line(format!("{command} {arguments}").trim_end()) != *text).then(|| text.clone())
    }
}
