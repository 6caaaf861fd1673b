//! Both legs, and what each function of the host is for them.

use std::sync::Arc;
use std::time::Duration;

use catops_core::chat::Rejection;
use catops_core::dispatcher::Dispatched;
use catops_core::http::{HttpRequest, HttpResponse, status};
use catops_core::ingress::{Answered, Heard};
use catops_core::server::Handler;
use catops_core::{Commands, Dispatcher, Error, Ingress, Timestamp};
use http::{Method, StatusCode};
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::envelope::{Answer, Carried, Envelope, Item, Tick, Timer};
use crate::invoker::{QueueBindingInvoker, bound};
use crate::table::Table;
use crate::timer;

/// The header in which the host names the invocation; its own log lines have it as the operation's id.
const INVOCATION: &str = "x-azure-functions-invocationid";

/// What an asker reads of a job that the host gave up.
const GIVEN_UP: &str = "Azure gave it up after several tries";

/// How long the first message of a process waits for the table to be there.
const PREPARE_TIME: Duration = Duration::from_secs(2);

/// How long sweeping may take: the ticks of that minute wait for it.
const SWEEP_TIME: Duration = Duration::from_secs(20);

/// The bot behind the host, which calls each function as `POST /{FunctionName}`.
///
/// | function | trigger | what it does |
/// |---|---|---|
/// | a chat's name, such as `slack` | HTTP | the first leg; the job goes out by the output `job` |
/// | `job` | queue | the second leg, of jobs and of ticks |
/// | `dead` | the poison queue | runs a repeatable command again, by the output `job`; tells the asker of any other |
/// | `minute` | timer, each minute | puts the ticks that are due into the output `job`; sweeps expired rows |
/// | `health` | HTTP | says 200 |
#[derive(Debug)]
pub struct Bot {
    commands: &'static Commands,
    ingress: Ingress,
    dispatcher: Arc<Dispatcher>,
    table: Option<Table>,
    limit: Duration,
}

/// What the log says of one invocation.
#[derive(Default)]
struct Said {
    kind: &'static str,
    job: String,
    command: String,
    outcome: String,
}

impl Said {
    fn line(&self) -> String {
        let Self { kind, job, command, outcome } = self;
        let words = [kind, job.as_str(), command, outcome];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Bot {
    /// Puts the bot together; a command runs for at most `limit`.
    pub const fn new(
        commands: &'static Commands,
        ingress: Ingress,
        dispatcher: Arc<Dispatcher>,
        table: Option<Table>,
        limit: Duration,
    ) -> Self {
        Self { commands, ingress, dispatcher, table, limit }
    }

    /// Answers one invocation.
    async fn invoke(&self, http: &HttpRequest, now: Timestamp) -> Answer {
        let path = http.uri().path();
        let is_ours = matches!(path, "/job" | "/dead" | "/minute" | "/health") || self.ingress.takes(path);
        if http.method() != Method::POST || !is_ours {
            tracing::warn!(reason = Rejection::Route.reason(), "an invocation was refused: it is of no function here");
            return Answer::refused(StatusCode::NOT_FOUND);
        }
        let envelope = match Envelope::read(http.body()) {
            Ok(envelope) => envelope,
            Err(error) => {
                tracing::error!(error = error.chain(), "an invocation was refused");
                return Answer::refused(StatusCode::BAD_REQUEST);
            }
        };
        let (said, answer) = match path {
            "/job" => self.job(envelope.item(), now).await,
            "/dead" => self.dead(envelope.item(), now).await,
            "/minute" => self.minute(&envelope.timer(), now).await,
            "/health" => return Answer::done().with_http(status(StatusCode::OK)),
            chat => self.heard(&envelope, chat, now).await,
        };
        let ms = Timestamp::now().since(now).as_millis() as u64;
        let line = said.line();
        let Said { kind, job, command, outcome } = said;
        tracing::info!(kind, job, command, outcome, ms, "event");
        answer.with_log(line)
    }

    /// The first leg.
    async fn heard(&self, envelope: &Envelope<'_>, path: &str, now: Timestamp) -> (Said, Answer) {
        let (response, jobs) = bound(async {
            match envelope.http(path) {
                Ok(http) => self.ingress.accept(&http, now).await,
                Err(rejection) => self.ingress.refuse(rejection),
            }
        })
        .await;
        let mut said = Said { kind: "request", outcome: response.status().as_u16().to_string(), ..Said::default() };
        if let Some(Heard { job, command, answered }) = response.extensions().get() {
            said.job = job.to_string();
            said.command.clone_from(command);
            said.outcome = match answered {
                Answered::Later => "accepted",
                Answered::Here => "answered",
                Answered::NotAccepted => "not_accepted",
            }
            .to_owned();
        }
        (said, Answer::done().with_http(response).with_messages(jobs))
    }

    /// The second leg.
    async fn job(&self, Item { text, tries }: Item, now: Timestamp) -> (Said, Answer) {
        self.prepare().await;
        let (dispatcher, limit) = (self.dispatcher.clone(), self.limit);
        let (kind, dispatched) = match Carried::read(text) {
            Carried::Job(text) => ("job", whole(async move { dispatcher.dispatch(&text, now, limit).await }).await),
            Carried::Tick(Tick { command, due }) => {
                ("tick", whole(async move { dispatcher.tick(&command, due, now, limit).await }).await)
            }
        };
        let answer = match &dispatched {
            // The first delivery of a message that finds its job running is a copy of another message, which comes back
            // by itself if its run dies. A later delivery comes after one of its own ended badly, and most likely that was
            // the run: the poison queue tells the asker.
            Dispatched::Busy(_) if tries != Some(1) => Answer::failed(),
            Dispatched::Unreported => Answer::failed(),
            _ => Answer::done(),
        };
        (said(kind, &dispatched), answer)
    }

    /// Deals with a message that failed too often: a repeatable command runs again, the asker of any other is told.
    async fn dead(&self, Item { text, .. }: Item, now: Timestamp) -> (Said, Answer) {
        self.prepare().await;
        let (dispatched, jobs) = bound(async {
            match Carried::read(text) {
                Carried::Tick(Tick { command, due }) => {
                    self.dispatcher.report_dead_tick(&command, due, GIVEN_UP, now).await
                }
                Carried::Job(text) => self.dispatcher.rerun_or_report(&text, GIVEN_UP, &QueueBindingInvoker, now).await,
            }
        })
        .await;
        let answer = match &dispatched {
            Dispatched::Unreported | Dispatched::Busy(_) => Answer::failed(),
            _ => Answer::done().with_messages(jobs),
        };
        (said("dead", &dispatched), answer)
    }

    /// Puts the ticks that are due into the queue: there, one that takes long delays no other, nor the timer.
    async fn minute(&self, timer: &Timer, now: Timestamp) -> (Said, Answer) {
        let ticks = timer::due(self.commands, timer, now);
        if timer::sweeps(timer, now) {
            self.sweep(now).await;
        }
        let command = ticks.iter().map(|tick| tick.command.as_str()).collect::<Vec<_>>().join(", ");
        let said = Said { kind: "minute", command, outcome: format!("{} due", ticks.len()), ..Said::default() };
        (said, Answer::done().with_messages(ticks.iter().map(Tick::message).collect()))
    }

    /// Sees that the table is there. Without it the dispatcher says to the asker that nothing was run.
    async fn prepare(&self) {
        let Some(table) = &self.table else { return };
        match timeout(PREPARE_TIME, table.prepare()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error = error.chain(), "the table could not be created"),
            Err(_) => tracing::warn!("creating the table takes long"),
        }
    }

    async fn sweep(&self, now: Timestamp) {
        let Some(table) = &self.table else { return };
        let failed = match timeout(SWEEP_TIME, table.sweep(now)).await {
            Ok(Ok(count)) => return tracing::info!(count, "expired rows were deleted"),
            Ok(Err(error)) => error,
            Err(_) => Error::new(catops_core::ErrorKind::Timeout, format!("{SWEEP_TIME:?} were too short for all")),
        };
        tracing::warn!(error = failed.chain(), "expired rows are left for the next sweep");
    }
}

/// Runs `work` to its end, also when the host breaks off its call, which drops all that waits on the connection. The
/// message is delivered again then, and finds the job running or finished.
async fn whole(work: impl Future<Output = Dispatched> + Send + 'static) -> Dispatched {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a message was left");
        Dispatched::Unreported
    })
}

fn said(kind: &'static str, dispatched: &Dispatched) -> Said {
    let mut said = Said { kind, ..Said::default() };
    said.outcome = match dispatched {
        Dispatched::Ended(record) => {
            said.job = record.job.to_string();
            said.command.clone_from(&record.command);
            record.outcome.as_str()
        }
        Dispatched::Repeat => "repeat",
        Dispatched::Again(job) => {
            said.job = job.to_string();
            "again"
        }
        Dispatched::Busy(_) => "busy",
        Dispatched::Unclaimed => "unclaimed",
        Dispatched::Unreported => "unreported",
        Dispatched::Refused => "refused",
    }
    .to_owned();
    said
}

impl Handler for Bot {
    async fn handle(&self, http: HttpRequest) -> HttpResponse {
        if http.method() == Method::GET && http.uri().path() == "/" {
            // The host asks whether we are ready.
            return Answer::done().response();
        }
        let id = http.headers().get(INVOCATION).and_then(|id| id.to_str().ok()).unwrap_or_default();
        // Of the level of errors, so that it is on every line that is shown at all.
        let span = tracing::error_span!("invocation", id);
        async { self.invoke(&http, Timestamp::now()).await.response() }.instrument(span).await
    }

    /// An envelope that is too large can only be that of a request, and its client is to learn why.
    fn refuse(&self, rejection: Rejection) -> HttpResponse {
        let response = self.ingress.refuse(rejection);
        match rejection {
            Rejection::TooLarge => Answer::done().with_http(response).response(),
            _ => Answer::refused(StatusCode::BAD_REQUEST).response(),
        }
    }
}
