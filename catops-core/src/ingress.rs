//! The first leg: verify, seal, hand over, acknowledge.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::app::App;
use crate::chat::{Ack, Chat, Inbound, Incoming, Rejection};
use crate::command::Command;
use crate::dispatcher::{Dispatched, Dispatcher};
use crate::error::{Error, ErrorKind};
use crate::http::{HttpRequest, HttpResponse, status};
use crate::invoker::Invoker;
use crate::job::{Job, JobId};
use crate::reply::{Audience, Reply};
use crate::responder::MemoryResponder;
use crate::time::Timestamp;

/// How long an inline command may take; the chats give 3 s from the asker's key press to the answer, both ways included.
const INLINE_LIMIT: Duration = Duration::from_millis(1500);

/// Takes what a chat sends. Every path ends in an HTTP response.
#[derive(Debug)]
pub struct Ingress {
    app: Arc<App>,
    invoker: Arc<dyn Invoker>,
    dispatcher: Arc<Dispatcher>,
    refused: AtomicU64,
}

/// What a verified request became. It is among the extensions of the response, for the entry's log and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The job, whether or not it was accepted.
    pub job: JobId,
    /// The command that was addressed, as `help` shows it; empty if there is no such command.
    pub command: String,
    /// Where it was answered.
    pub answered: Answered,
}

/// Where a verified request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// In the second leg: the platform has accepted the job.
    Later,
    /// In the acknowledgement, as it should be: help, or an inline command.
    Here,
    /// In the acknowledgement, which says that the platform did not accept the job.
    NotAccepted,
}

/// Where a line is answered.
enum Place {
    /// In the acknowledgement, by a reply that is already there.
    Here(Reply),
    /// In the acknowledgement, by running the command now.
    Inline,
    /// In the second leg; who sees the asker's words.
    Later(Audience),
}

impl Ingress {
    /// Makes the first leg of `app`; jobs go to `invoker`, inline commands to `dispatcher`.
    pub const fn new(app: Arc<App>, invoker: Arc<dyn Invoker>, dispatcher: Arc<Dispatcher>) -> Self {
        Self { app, invoker, dispatcher, refused: AtomicU64::new(0) }
    }

    /// Returns whether a chat's requests arrive under `path`.
    pub fn takes(&self, path: &str) -> bool {
        self.app.chat_at(path).is_some()
    }

    /// Returns how many requests were refused since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Takes one request. Never fails: whatever arrives, the platform gets a response it understands.
    ///
    /// When a job is started, it has been accepted by the platform before this returns; when it has not been accepted,
    /// the response says so to the asker.
    pub async fn accept(&self, http: &HttpRequest, now: Timestamp) -> HttpResponse {
        let Some(chat) = self.app.chat_at(http.uri().path()) else {
            return self.refuse(Rejection::Route);
        };
        match chat.receive(http, now).await {
            Ok(Inbound::Run(incoming)) => self.start(&**chat, *incoming, now).await,
            Ok(Inbound::Open(_) | Inbound::Complete(_) | Inbound::Submit(_)) => status(http::StatusCode::OK),
            Ok(Inbound::Answer(response)) => response,
            Err(rejection) => self.refuse(rejection),
        }
    }

    /// Counts and logs a refusal: the reason, never the body.
    pub fn refuse(&self, rejection: Rejection) -> HttpResponse {
        let count = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::warn!(reason = rejection.reason(), count, "a request was refused");
        rejection.response()
    }

    async fn start(&self, chat: &dyn Chat, incoming: Incoming, now: Timestamp) -> HttpResponse {
        let job = Job::new(incoming, now);
        let command = self.app.commands().addressed(&job.request.text);
        let name = command.as_ref().map(Command::path).unwrap_or_default();
        let (mut response, answered) = match self.place(&job, command.as_ref()) {
            Place::Here(reply) => (chat.ack(Ack::Reply(&reply), now), Answered::Here),
            Place::Inline => (chat.ack(Ack::Reply(&self.inline(&job, now).await), now), Answered::Here),
            Place::Later(audience) => match self.hand_over(&job).await {
                Ok(()) => {
                    tracing::debug!(job = %job.id, "accepted");
                    (chat.ack(Ack::Heard(audience), now), Answered::Later)
                }
                Err(error) => {
                    tracing::error!(job = %job.id, error = error.chain(), "a job was not accepted");
                    (chat.ack(Ack::Reply(&not_accepted(&error)), now), Answered::NotAccepted)
                }
            },
        };
        response.extensions_mut().insert(Heard { job: job.id, command: name, answered });
        response
    }

    fn place(&self, job: &Job, command: Option<&Command>) -> Place {
        let (commands, request) = (self.app.commands(), &job.request);
        match command {
            Some(command) if command.is_inline() => Place::Inline,
            Some(command) if command.is_ephemeral() => Place::Later(Audience::Asker),
            Some(_) => Place::Later(Audience::Channel),
            None => {
                let may = |command: &_| self.app.policy().allows(&request.actor, command);
                match commands.read(&request.prefix, &request.text, &may).what {
                    crate::command::What::Help(reply) => Place::Here(reply),
                    _ => Place::Later(Audience::Asker),
                }
            }
        }
    }

    async fn hand_over(&self, job: &Job) -> Result<(), Error> {
        self.invoker.invoke(&job.seal(self.app.key())?).await
    }

    async fn inline(&self, job: &Job, now: Timestamp) -> Reply {
        let here = Arc::new(MemoryResponder::default());
        let dispatched = self.dispatcher.run(job, here.clone(), now, INLINE_LIMIT).await;
        match (here.replies().pop(), dispatched) {
            (Some((_, reply)), _) => reply,
            (None, Dispatched::Busy(_)) => Reply::to_asker("That is already running."),
            (None, _) => Reply::to_asker("That was already answered."),
        }
    }
}

/// What the asker reads when no job was started.
fn not_accepted(error: &Error) -> Reply {
    Reply::to_asker(match error.kind() {
        ErrorKind::TooLarge => "That is more text than I can carry, so nothing was started. Please make it shorter.",
        ErrorKind::Timeout => {
            "I could not start this in time, and cannot say whether it will still run. Please look before you repeat it."
        }
        _ => "I could not start this, and nothing is running. Please try again in a moment.",
    })
}
