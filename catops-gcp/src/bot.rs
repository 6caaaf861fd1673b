//! Both legs, and what each request is for them.

use std::sync::Arc;
use std::time::Duration;

use catops_core::chat::Rejection;
use catops_core::dispatcher::Dispatched;
use catops_core::http::{HttpRequest, HttpResponse, status};
use catops_core::ingress::{Answered, Heard};
use catops_core::invoker::Invoker;
use catops_core::server::Handler;
use catops_core::{Dispatcher, Ingress, Timestamp};
use http::header::AUTHORIZATION;
use http::{Method, StatusCode};
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::config::Role;
use crate::entry::{self, Route};
use crate::oidc::{Refusal, Verifier};
use crate::push::Push;
use crate::running::Running;
use crate::worker::{Work, Worker};

/// The bot in one container.
///
/// Its answers tell the queue what to do: 204, be done with the message; 503, deliver it again; 400 and 401 mean that
/// something is set up wrongly, and keep the message until it is put right or goes to the dead-letter topic.
#[derive(Debug)]
pub struct Bot {
    role: Role,
    ingress: Ingress,
    worker: Arc<Worker>,
    /// What tokens are checked by, where nobody else does it.
    verifier: Option<Verifier>,
    project: String,
    stop: watch::Sender<bool>,
    running: Running,
}

/// What the log says of one request.
#[derive(Default)]
struct Said {
    kind: &'static str,
    job: String,
    command: String,
    outcome: String,
    /// How often the queue has tried it, this time included; 0 where it does not say.
    attempt: u32,
}

impl Said {
    fn new(kind: &'static str, outcome: impl Into<String>) -> Self {
        Self { kind, outcome: outcome.into(), ..Self::default() }
    }
}

impl Bot {
    /// Puts the bot together; a command runs for at most `limit`. Without a `verifier` whoever can reach the routes of
    /// the second leg can use them.
    pub fn new(
        role: Role,
        ingress: Ingress,
        dispatcher: Arc<Dispatcher>,
        invoker: Arc<dyn Invoker>,
        verifier: Option<Verifier>,
        limit: Duration,
        project: impl Into<String>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let worker = Arc::new(Worker { dispatcher, invoker, limit, stopped });
        Self { role, ingress, worker, verifier, project: project.into(), stop, running: Running::default() }
    }

    /// Starts no more runs: what comes from now on is answered 503, and what waits for another run no longer does.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Resolves when no run is under way, also none whose caller has gone. Call it after [`Bot::stop`].
    pub async fn drained(&self) {
        self.running.none().await;
    }

    /// Ends the runs that are still under way and notes in the store that they are dead; returns how many there were. For
    /// the end of the process: each comes back by its queue, and its asker is told.
    pub async fn give_up(&self, now: Timestamp) -> usize {
        self.running.give_up(&**self.worker.dispatcher.store(), now).await
    }

    async fn route(&self, http: &HttpRequest, now: Timestamp) -> (Said, HttpResponse) {
        let path = http.uri().path();
        let (serves_chats, serves_queue) = (self.role != Role::Worker, self.role != Role::Front);
        if self.ingress.takes(path) && serves_chats {
            return self.first_leg(http, now).await;
        }
        match Route::of(http) {
            Route::Health => (Said::default(), status(StatusCode::OK)),
            Route::Other => self.refused(Rejection::Route),
            _ if !serves_queue => self.refused(Rejection::Route),
            _ if http.method() != Method::POST => self.refused(Rejection::Method),
            route => self.second_leg(route, http, now).await,
        }
    }

    fn refused(&self, rejection: Rejection) -> (Said, HttpResponse) {
        (Said::new("request", rejection.reason()), self.ingress.refuse(rejection))
    }

    async fn first_leg(&self, http: &HttpRequest, now: Timestamp) -> (Said, HttpResponse) {
        let response = self.ingress.accept(http, now).await;
        let mut said = Said::new("request", response.status().as_str());
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
        (said, response)
    }

    async fn second_leg(&self, route: Route, http: &HttpRequest, now: Timestamp) -> (Said, HttpResponse) {
        let kind = match route {
            Route::Tick(_) => "tick",
            Route::Dead => "dead",
            _ => "job",
        };
        if let Some(verifier) = &self.verifier {
            let authorization = http.headers().get(AUTHORIZATION).map(http::HeaderValue::as_bytes);
            match verifier.verify(authorization, now).await {
                Ok(()) => {}
                Err(Refusal::Token(reason)) => {
                    tracing::warn!(reason, "a token was refused");
                    return (Said::new(kind, "unauthorized"), self.ingress.refuse(Rejection::Signature));
                }
                Err(Refusal::Keys(error)) => {
                    tracing::error!(error = error.chain(), "a token could not be checked");
                    return (Said::new(kind, "unchecked"), status(StatusCode::SERVICE_UNAVAILABLE));
                }
            }
        }
        if *self.stop.borrow() {
            return (Said::new(kind, "draining"), status(StatusCode::SERVICE_UNAVAILABLE));
        }
        let (work, attempt) = match read(route, http) {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(error = error.chain(), "a delivery was refused");
                return (Said::new(kind, "malformed"), status(StatusCode::BAD_REQUEST));
            }
        };
        let (mut said, again) = self.work(kind, work).await;
        said.attempt = attempt;
        (said, status(if again { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }))
    }

    /// Does the work and returns what to say of it, and whether it must be delivered again.
    async fn work(&self, kind: &'static str, work: Work) -> (Said, bool) {
        let worker = self.worker.clone();
        let sealed = match &work {
            Work::Job(text) => Some(text.clone()),
            Work::Tick(..) | Work::Dead(..) => None,
        };
        let run = async move { worker.run(&work).await }.in_current_span();
        // A run that was given up ends without a result.
        let Ok(dispatched) = self.running.spawn(sealed.as_deref(), run).await else {
            return (Said::new(kind, "given_up"), true);
        };
        let mut said = Said { kind, ..Said::default() };
        said.outcome = match &dispatched {
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
        (said, matches!(dispatched, Dispatched::Busy(_) | Dispatched::Unreported))
    }
}

impl Handler for Bot {
    async fn handle(&self, http: HttpRequest) -> HttpResponse {
        let now = Timestamp::now();
        // At every level of the log, so that an error has its trace.
        let span = tracing::error_span!("request", trace = entry::trace(&http, &self.project));
        async {
            let (said, response) = self.route(&http, now).await;
            let ms = Timestamp::now().since(now).as_millis() as u64;
            let (Said { kind, job, command, outcome, attempt }, code) = (said, response.status().as_u16());
            if !kind.is_empty() {
                tracing::info!(kind, job, command, outcome, attempt, code, ms, "event");
            }
            response
        }
        .instrument(span)
        .await
    }

    fn refuse(&self, rejection: Rejection) -> HttpResponse {
        self.ingress.refuse(rejection)
    }
}

/// Reads what there is to do, and how often it was tried.
fn read(route: Route, http: &HttpRequest) -> Result<(Work, u32), catops_core::Error> {
    // What is not text is no job, and no job's seal opens over nothing.
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap_or_default();
    Ok(match route {
        Route::Push => {
            let push = Push::read(http)?;
            (Work::Job(text(&push.data)), push.attempt.unwrap_or(0))
        }
        Route::Dead => {
            let push = Push::read(http)?;
            (Work::Dead(text(&push.data), push.given_up_after), push.attempt.unwrap_or(0))
        }
        Route::Tick(command) => {
            let due = entry::due(http).ok_or_else(|| {
                let said =
                    "a tick has no time in X-CloudScheduler-ScheduleTime; only Cloud Scheduler may call this route";
                catops_core::Error::new(catops_core::ErrorKind::Invalid, said)
            })?;
            (Work::Tick(command, due), 0)
        }
        Route::Task | Route::Health | Route::Other => {
            let retries =
                http.headers().get("x-cloudtasks-taskretrycount").and_then(|value| value.to_str().ok()?.parse().ok());
            (Work::Job(text(http.body())), retries.map_or(0, |retries: u32| retries.saturating_add(1)))
        }
    })
}
