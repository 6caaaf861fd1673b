//! Runs the command and turns however it ends into a reply.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::run::{self, Ended};
use super::turn::{Call, Ending, Notes, Turn};
use super::{Dispatched, asking, next, words};
use crate::audit::Outcome;
use crate::command::Command;
use crate::context::{Context, Inner, Outbox};
use crate::reply::{Audience, Color, Reply};

impl Turn<'_> {
    /// Runs the command, with the lock that it takes.
    pub(super) async fn perform(&self, call: Call, notes: Notes) -> Dispatched {
        if let Some(lock) = call.command.exclusive() {
            return Box::pin(self.perform_locked(lock, call, notes)).await;
        }
        let (outbox, ending) = self.run(call, notes).await;
        self.end(&outbox, ending).await
    }

    /// Runs the command and turns however it ends into a reply, which is to be posted by the outbox.
    pub(super) async fn run(&self, call: Call, mut notes: Notes) -> (Arc<Outbox>, Ending) {
        let Call { command, values, name, arguments, given } = call;
        let ephemeral = command.is_ephemeral();
        let (request, app) = (&self.job.request, &self.dispatcher.app);
        let outbox = self.outbox(if ephemeral { Audience::Asker } else { Audience::Channel });
        let outbox = Arc::new(outbox.with_intro(self.intro(&name, &arguments, &notes)));
        let (deadline, begun) = (self.deadline(), Instant::now());
        let context = self.context(&command, &outbox, deadline);
        let ended = run::run(command.run(), &command, context, values, deadline).await;
        notes.took = Some(begun.elapsed());
        let (outcome, mut reply) = self.told(ended, &name);
        if ephemeral {
            reply.audience = Audience::Asker;
        }
        if notes.reason.is_some() {
            reply.color = reply.color.or(Some(Color::Danger));
            if reply.audience == Audience::Asker {
                Box::pin(self.cry(&name, &arguments, &notes)).await;
            }
        }
        if next::has_steps(&command, outcome) {
            let known = self.groups(&request.actor).await;
            reply.next.extend(next::steps(app, self.asker(&known), &command, &given, outcome));
        }
        (outbox, Ending { command: name, arguments, outcome, reply, notes })
    }

    /// Tells all who broke the glass, where the reply does not.
    async fn cry(&self, name: &str, arguments: &str, notes: &Notes) {
        let said = Reply::to_channel(self.intro(name, arguments, notes).unwrap_or_default()).color(Color::Danger);
        if let Err(error) = self.outbox(Audience::Channel).finish(&said, self.clock.now()).await {
            tracing::error!(error = error.chain(), "nobody was told that the glass was broken");
        }
    }

    /// When a command or a plan is stopped.
    pub(super) fn deadline(&self) -> Instant {
        self.begun + self.limit.saturating_sub(margin(self.limit))
    }

    /// Makes what a command or a plan sees.
    pub(super) fn context(&self, command: &Command, outbox: &Arc<Outbox>, deadline: Instant) -> Context {
        Context::new(Inner {
            job: self.job.id.clone(),
            request: self.job.request.clone(),
            chat: self.job.reply_to.chat.clone(),
            plugin: command.plugin().to_owned(),
            clock: self.clock,
            deadline,
            store: self.dispatcher.store.clone(),
            outbox: outbox.clone(),
        })
    }

    /// Turns an end into an outcome and what is said of it; what went wrong goes to the log.
    pub(super) fn told(&self, ended: Ended, name: &str) -> (Outcome, Reply) {
        let id = &self.job.id;
        match ended {
            Ended::Replied(reply) => (Outcome::Ran, reply),
            Ended::Usage(text) => (Outcome::Usage, Reply::to_asker(text)),
            Ended::Failed(detail) => {
                tracing::error!(command = name, error = detail, "a command failed");
                (Outcome::Failed, words::failed(name, id))
            }
            Ended::Panicked(detail) => {
                tracing::error!(command = name, panic = detail, "a command panicked");
                (Outcome::Panicked, words::panicked(name, id))
            }
            Ended::TimedOut => {
                let after = self.begun.elapsed();
                tracing::error!(command = name, after = ?after, "a command outlived its deadline");
                (Outcome::TimedOut, words::timed_out(name, after, id))
            }
        }
    }

    /// Says who ran what, where the words are not seen by whoever sees a public reply.
    fn intro(&self, name: &str, arguments: &str, notes: &Notes) -> Option<String> {
        let request = &self.job.request;
        if let Some(reason) = &notes.reason {
            return Some(words::broke_glass(&request.actor, name, arguments, reason));
        }
        let ran = (!request.via.is_line()).then(|| words::ran(&request.actor, name, arguments))?;
        Some(asking::approved(ran, &notes.approvers))
    }
}

/// The part of the time limit kept for the last reply and the record: a tenth, between half a second and five.
pub(super) fn margin(limit: Duration) -> Duration {
    (limit / 10).clamp(Duration::from_millis(500), Duration::from_secs(5)).min(limit / 2)
}
