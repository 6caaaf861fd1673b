//! Runs the command and turns however it ends into a reply.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::run::{self, Ended};
use super::turn::{Call, Ending, Notes, Turn};
use super::{Dispatched, next, words};
use crate::audit::Outcome;
use crate::context::{Context, Inner};
use crate::policy::Asker;
use crate::reply::{Audience, Reply};

impl Turn<'_> {
    /// Runs the command, with the lock that it takes.
    pub(super) async fn perform(&self, call: Call, notes: Notes) -> Dispatched {
        let Some(lock) = call.command.exclusive() else { return self.run(call, notes).await };
        Box::pin(self.perform_locked(lock, call, notes)).await
    }

    /// Runs the command and turns however it ends into a reply.
    pub(super) async fn run(&self, call: Call, mut notes: Notes) -> Dispatched {
        let Call { command, values, name, arguments, given } = call;
        let ephemeral = command.is_ephemeral();
        let (request, app) = (&self.job.request, &self.dispatcher.app);
        let outbox = self.outbox(if ephemeral { Audience::Asker } else { Audience::Channel });
        let outbox = Arc::new(outbox.with_intro(self.intro(&name, &arguments, &notes)));
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
        let (id, begun) = (&self.job.id, Instant::now());
        let (outcome, mut reply) = match run::run(command.run(), &command, context, values, deadline).await {
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
        notes.took = Some(begun.elapsed());
        if ephemeral {
            reply.audience = Audience::Asker;
        }
        reply.next.extend(next::steps(app, Asker::of(request, self.clock.now()), &command, &given, outcome));
        self.end(&outbox, Ending { command: name, arguments, outcome, reply, notes }).await
    }

    /// Says who ran what, where the words are not seen by whoever sees a public reply.
    fn intro(&self, name: &str, arguments: &str, _notes: &Notes) -> Option<String> {
        let request = &self.job.request;
        (!request.via.is_line()).then(|| words::ran(&request.actor, name, arguments))
    }
}

/// The part of the time limit kept for the last reply and the record: a tenth, between half a second and five.
pub(super) fn margin(limit: Duration) -> Duration {
    (limit / 10).clamp(Duration::from_millis(500), Duration::from_secs(5)).min(limit / 2)
}
