//! The first leg: verify, seal, hand over, acknowledge.

mod forms;
mod known;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::app::App;
use crate::chat::{Ack, Chat, Forged, Hearing, Inbound, Incoming, Rejection};
use crate::command::Command;
use crate::dispatcher::{Dispatched, Dispatcher};
use crate::error::{Error, ErrorKind};
use crate::http::{HttpRequest, HttpResponse, status};
use crate::invoker::Invoker;
use crate::job::{Job, JobId};
use crate::reply::{Audience, Reply};
use crate::request::{ReplyTo, Request};
use crate::responder::MemoryResponder;
use crate::time::Timestamp;

/// How long an inline command may take; the chats give 3 s from the asker's key press to the answer, both ways included.
const INLINE_LIMIT: Duration = Duration::from_millis(1500);

/// How long it may take to tell somebody something who does not see the acknowledgement, or to record a forged button. It
/// comes on top of the attempt to hand the job over, and chats give both 3 s.
const TELL_LIMIT: Duration = Duration::from_millis(1500);

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
    /// In the acknowledgement, as it should be: help, a form, or an inline command.
    Here,
    /// Nowhere yet: the platform did not accept the job. The acknowledgement says so; where nobody sees it, the chat sends
    /// the request again, or the asker was told.
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
    /// When a job is started, it has been accepted by the platform before this returns. When it has not been accepted, the
    /// asker is told: in the response where the chat shows it, else by a message, unless the chat sends the request again.
    pub async fn accept(&self, http: &HttpRequest, now: Timestamp) -> HttpResponse {
        let Some(chat) = self.app.chat_at(http.uri().path()) else {
            return self.refuse(Rejection::Route);
        };
        match chat.receive(http, now).await {
            Ok(Inbound::Run(incoming)) => self.start(&**chat, incoming, now).await,
            Ok(Inbound::Open(opening)) => self.open(&**chat, *opening, now).await,
            Ok(Inbound::Complete(typing)) => self.complete(&**chat, *typing, now).await,
            Ok(Inbound::Submit(submission)) => self.submit(&**chat, *submission, now).await,
            Ok(Inbound::Forged(forged)) => {
                Box::pin(self.record(&forged, chat.name(), now)).await;
                self.refuse(Rejection::Malformed)
            }
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

    async fn start(&self, chat: &dyn Chat, mut incoming: Box<Incoming>, now: Timestamp) -> HttpResponse {
        let (hearing, trigger) = (incoming.hearing, incoming.trigger.take());
        let mut job = Job::new(*incoming, now);
        self.spell_out(&mut job.request);
        let command = self.app.commands().addressed(&job.request.text);
        let name = command.as_ref().map(Command::path).unwrap_or_default();
        if self.form_instead(chat, &job, command.as_ref(), trigger.as_ref()).await {
            let mut response = status(http::StatusCode::OK);
            response.extensions_mut().insert(Heard { job: job.id, command: name, answered: Answered::Here });
            return response;
        }
        let place = match hearing {
            Hearing::Shown => self.place(&job, command.as_ref()).await,
            // Nobody would see help or the reply of an inline command.
            Hearing::Resent | Hearing::Unseen => Place::Later(Audience::Asker),
        };
        let (mut response, answered) = match place {
            Place::Here(reply) => (chat.ack(Ack::Reply(&reply), now), Answered::Here),
            Place::Inline => (chat.ack(Ack::Reply(&self.inline(&job, now).await), now), Answered::Here),
            Place::Later(audience) => match self.hand_over(&job).await {
                Ok(()) if hearing == Hearing::Shown => (chat.ack(Ack::Heard(audience), now), Answered::Later),
                Ok(()) => (status(http::StatusCode::OK), Answered::Later),
                // In a box, since what is hardly ever needed would make every request's future larger.
                Err(error) => {
                    let answer = Box::pin(self.not_taken(chat, &job, hearing, &error, now)).await;
                    (answer, Answered::NotAccepted)
                }
            },
        };
        response.extensions_mut().insert(Heard { job: job.id, command: name, answered });
        response
    }

    /// Puts the word of the prefix before the line if it names a command or a group, as that of `/deploy api` does where
    /// the bot has a command `deploy`: then the reader types `/` and the command.
    fn spell_out(&self, request: &mut Request) {
        let Some(word) = request.prefix.strip_prefix('/').filter(|word| self.app.commands().names(word)) else {
            return;
        };
        request.text = format!("{word} {}", request.text).trim_end().to_owned();
        request.prefix.truncate("/".len());
    }

    async fn place(&self, job: &Job, command: Option<&Command>) -> Place {
        match command {
            Some(command) if command.is_inline() => Place::Inline,
            Some(command) if command.is_ephemeral() => Place::Later(Audience::Asker),
            Some(_) => Place::Later(Audience::Channel),
            None => Box::pin(self.place_of_other(job)).await,
        }
    }

    /// Returns where a line is answered that addresses no command.
    async fn place_of_other(&self, job: &Job) -> Place {
        let request = &job.request;
        let asker = self.known(&job.reply_to.chat, &request.actor, &request.channel.id, job.asked).await;
        match self.app.commands().read(&request.prefix, &request.text, &|command| asker.offers(command)).what {
            crate::command::What::Help(reply) => Place::Here(reply),
            _ => Place::Later(Audience::Asker),
        }
    }

    /// Hands a job over, and logs how that went. After `Ok` the platform has accepted it.
    async fn hand_over(&self, job: &Job) -> Result<(), Error> {
        let handed = async { self.invoker.invoke(&job.seal(self.app.key())?).await }.await;
        match &handed {
            Ok(()) => tracing::debug!(job = %job.id, "accepted"),
            Err(error) => tracing::error!(job = %job.id, error = error.chain(), "a job was not accepted"),
        }
        handed
    }

    /// Answers when a job was not accepted, so that the asker learns of it or the chat sends the request again.
    async fn not_taken(
        &self,
        chat: &dyn Chat,
        job: &Job,
        hearing: Hearing,
        error: &Error,
        now: Timestamp,
    ) -> HttpResponse {
        let reply = not_accepted(error);
        match hearing {
            Hearing::Shown => chat.ack(Ack::Reply(&reply), now),
            // Also after a time-out: if the job was accepted after all, the next one of its id is a repeat. One that is too
            // large will be too large each time.
            Hearing::Resent if error.kind() != ErrorKind::TooLarge => status(http::StatusCode::SERVICE_UNAVAILABLE),
            Hearing::Resent | Hearing::Unseen => {
                self.tell(chat, &job.reply_to, &reply, now).await;
                status(http::StatusCode::OK)
            }
        }
    }

    /// Tells somebody something by a message of its own. That it could not be told is logged; there is nobody else to tell.
    async fn tell(&self, chat: &dyn Chat, to: &ReplyTo, reply: &Reply, now: Timestamp) {
        let told = match tokio::time::timeout(TELL_LIMIT, chat.respond(to, reply, None, now)).await {
            Ok(told) => told.map(drop),
            Err(_) => Err(Error::new(ErrorKind::Timeout, format!("the chat did not take it within {TELL_LIMIT:?}"))),
        };
        if let Err(error) = told {
            tracing::error!(chat = chat.name(), error = error.chain(), "somebody could not be told why nothing is run");
        }
    }

    /// Records that a button was forged, as far as the chat's patience goes.
    async fn record(&self, forged: &Forged, chat: &str, now: Timestamp) {
        if tokio::time::timeout(TELL_LIMIT, self.dispatcher.forged(forged, chat, now, TELL_LIMIT)).await.is_err() {
            tracing::error!(job = %forged.id, "a forged button may not be recorded: the store takes more than {TELL_LIMIT:?}");
        }
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
