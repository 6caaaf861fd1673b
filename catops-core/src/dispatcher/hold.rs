//! What has to wait: for its asker to see the plan, or for others to approve.

use std::sync::Arc;
use std::time::Duration;

use super::run::{self, Ended};
use super::turn::{Call, Ending, Notes, Turn};
use super::{Dispatched, Dispatcher, asking, kept};
use crate::audit::Outcome;
use crate::command::{Command, Run, Values};
use crate::context::Outbox;
use crate::error::{Error, ErrorKind};
use crate::job::JobId;
use crate::pending::{Answer, Pending};
use crate::policy::{Approval, Asker};
use crate::reply::{Audience, Decision, Part, Reply};

/// How long a plan waits to be applied, where nobody has to approve it.
const PLAN_TIME: Duration = Duration::from_secs(15 * 60);

/// What it takes before a command that may be run is run.
#[derive(Clone, Debug)]
pub(super) struct Takes {
    /// What makes its plan.
    pub(super) plan: Option<Run>,
    /// Who has to approve it.
    pub(super) approval: Option<Approval>,
}

/// A plan that was made.
pub(super) struct Plan {
    pub(super) reply: Reply,
    /// Says whether another one is the same, for the same command and line.
    pub(super) hash: String,
}

impl Takes {
    pub(super) fn time(&self) -> Duration {
        self.approval.as_ref().map_or(PLAN_TIME, |approval| Duration::from_secs(approval.within.into()))
    }

    const fn answers(&self) -> [Answer; 2] {
        match self.approval {
            Some(_) => [Answer::Approve, Answer::Deny],
            None => [Answer::Apply, Answer::Cancel],
        }
    }
}

impl Turn<'_> {
    /// Returns what it takes, if anything. Whoever breaks the glass waits for nothing.
    pub(super) fn takes_more(&self, call: &Call, asker: Asker<'_>, notes: &Notes) -> Option<Takes> {
        if notes.reason.is_some() {
            return None;
        }
        let (plan, approval) = (call.command.plan(), self.approval(asker, &call.command));
        (plan.is_some() || approval.is_some()).then_some(Takes { plan, approval })
    }

    /// Returns who has to approve the line of this turn.
    pub(super) fn approval(&self, asker: Asker<'_>, command: &Command) -> Option<Approval> {
        let app = &self.dispatcher.app;
        if !app.policy().may_take_approval(command) {
            return None;
        }
        let read = app.commands().line(&self.job.request.text).ok();
        app.policy().approval(asker, command, read.as_ref().map(|line| line.arguments.as_slice()))
    }

    /// Shows what waits and for what.
    pub(super) async fn hold(&self, call: Call, takes: Takes, notes: Notes) -> Dispatched {
        let (job, outbox) = (self.job, Arc::new(self.outbox(self.audience(&call.command, &takes))));
        let Call { command, values, name, arguments, .. } = call;
        let plan = match takes.plan {
            Some(plan) => match self.plan(plan, &command, &name, values, &outbox).await {
                Ok(plan) => Some(plan),
                Err((outcome, reply)) => {
                    return self.end(&outbox, Ending { command: name, arguments, outcome, reply, notes }).await;
                }
            },
            None => None,
        };
        let now = self.clock.now();
        let pending = Pending {
            origin: job.id.clone(),
            asker: job.request.actor.clone(),
            channel: job.request.channel.clone(),
            chat: job.reply_to.chat.clone(),
            prefix: job.request.prefix.clone(),
            line: job.request.text.clone(),
            asked: job.asked,
            expires: now + takes.time(),
            plan: plan.as_ref().map(|plan| plan.hash.clone()),
            approvers: Vec::new(),
        };
        let outcome = if takes.approval.is_some() { Outcome::Waiting } else { Outcome::Planned };
        let ending = Ending { command: name, arguments, outcome, reply: Reply::default(), notes };
        self.ask(&outbox, &command, &takes, pending, plan, ending).await
    }

    /// Posts what waits, with the buttons that decide. `ending` lacks the reply.
    pub(super) async fn ask(
        &self,
        outbox: &Outbox,
        command: &Command,
        takes: &Takes,
        pending: Pending,
        plan: Option<Plan>,
        mut ending: Ending,
    ) -> Dispatched {
        // Of this job and no other: a job that is delivered again makes the same.
        let ticket = JobId::of(&["pending", self.job.id.as_str()]);
        let carried = match self.carried(&ticket, &pending, command).await {
            Ok(carried) => carried,
            Err(error) => return self.unclaimed(&error).await,
        };
        let line = format!("{} {}", ending.command, ending.arguments);
        let asks = asking::asks(&pending, line.trim_end(), takes.approval.as_ref(), ending.outcome);
        let mut reply = Reply { audience: self.audience(command, takes), ..asks };
        reply.parts.extend(plan.into_iter().flat_map(|plan| plan.reply.parts));
        let answers = takes.answers().to_vec();
        reply.parts.push(Part::Decision(Decision { ticket, expires: pending.expires, carried, answers }));
        (ending.reply, ending.notes.plan) = (reply, pending.plan);
        self.end(outbox, ending).await
    }

    /// Who sees what waits: those who can decide on it.
    pub(super) fn audience(&self, command: &Command, takes: &Takes) -> Audience {
        if command.is_ephemeral() && takes.approval.is_none() { Audience::Asker } else { Audience::Channel }
    }

    /// Returns what the buttons carry. What does not fit there or may hold a secret goes into the store.
    async fn carried(&self, ticket: &JobId, pending: &Pending, command: &Command) -> Result<String, Error> {
        let text = serde_json::to_string(pending)
            .map_err(|error| Error::new(ErrorKind::Invalid, "writing what waits").because(error))?;
        let chat = self.dispatcher.app.chat_named(&self.job.reply_to.chat);
        let room = chat.map_or_else(|| self.responder.room(), |chat| chat.room());
        if !command.has_secret() && text.encode_utf16().count() <= room {
            return Ok(text);
        }
        let Dispatcher { app, store, .. } = self.dispatcher;
        kept::put(&**store, app.key(), ticket, &text, pending.expires, self.clock.now()).await?;
        Ok(String::new())
    }

    /// Makes the plan; an error is how the turn ends without one.
    pub(super) async fn plan(
        &self,
        plan: Run,
        command: &Command,
        name: &str,
        values: Values,
        outbox: &Arc<Outbox>,
    ) -> Result<Plan, (Outcome, Reply)> {
        let deadline = self.deadline();
        let reply = match run::run(plan, command, self.context(command, outbox, deadline), values, deadline).await {
            Ended::Replied(reply) => reply,
            ended => {
                let (outcome, reply) = self.told(ended, name);
                let audience = if command.is_ephemeral() { Audience::Asker } else { reply.audience };
                return Err((outcome, Reply { audience, ..reply }));
            }
        };
        let parts = serde_json::to_string(&reply.parts).unwrap_or_default();
        let hash = self.dispatcher.app.key().tag("plan", &format!("{name}\n{}\n{parts}", self.job.request.text));
        Ok(Plan { reply, hash })
    }
}
