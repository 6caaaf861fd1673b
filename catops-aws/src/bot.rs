//! Both legs, and what each event is for them.

use std::sync::Arc;
use std::time::Duration;

use catops_core::chat::Rejection;
use catops_core::dispatcher::Dispatched;
use catops_core::http::{HttpRequest, HttpResponse, status};
use catops_core::ingress::{Answered, Heard};
use catops_core::invoker::Invoker;
use catops_core::log::Format;
use catops_core::{Dispatcher, Error, Ingress, Timestamp};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::event::http::{Request, answer};
use crate::event::{Dead, Event, Message, Tick};
use crate::report::{self, Measure, Origin};

/// What of an invocation's time is kept for the last reply and the record, besides what core keeps: a tenth, and at most
/// as long as a reply may take to be delivered.
fn reserve(left: Duration) -> Duration {
    (left / 10).min(catops_core::client::TOTAL_TIME)
}

/// The bot in one execution environment.
#[derive(Debug)]
pub(crate) struct Bot {
    ingress: Ingress,
    dispatcher: Arc<Dispatcher>,
    invoker: Arc<dyn Invoker>,
    limit: Option<Duration>,
    log: Format,
}

impl Bot {
    /// Puts the bot together; a command runs for at most `limit`, if that is less than the invocation has. What became
    /// of each event is logged in the form of `log`.
    pub(crate) fn new(
        ingress: Ingress,
        dispatcher: Arc<Dispatcher>,
        invoker: Arc<dyn Invoker>,
        limit: Option<Duration>,
        log: Format,
    ) -> Self {
        Self { ingress, dispatcher, invoker, limit, log }
    }

    /// Takes one event, which must be done with at `deadline`, and returns what Lambda is answered.
    ///
    /// An error means that this is no event of ours; Lambda counts the invocation as failed.
    pub(crate) async fn handle(
        &self,
        event: &str,
        request_id: &str,
        deadline: Timestamp,
    ) -> Result<Box<RawValue>, Error> {
        let now = Timestamp::now();
        let event = match Event::read(event) {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(request_id, error = error.chain(), "an event was refused");
                return Err(error);
            }
        };
        let origin = Origin { request_id, item: None, begun: now, left: deadline.since(now) };
        let (said, answer) = match event {
            Event::Http(request) => self.http(*request, now).await?,
            Event::Messages(messages) => self.messages(messages, &origin).await?,
            event => (self.one(event, now, origin.left).await.0, json(&())?),
        };
        report::write(self.log, &origin, &said, Timestamp::now());
        Ok(answer)
    }

    /// The first leg.
    async fn http(&self, request: Request, now: Timestamp) -> Result<(report::Event, Box<RawValue>), Error> {
        let response = match request.http {
            Ok(http) => self.route(&http, now).await,
            Err(rejection) => self.ingress.refuse(rejection),
        };
        let outcome = response.status().as_u16().to_string();
        let mut said = report::Event { kind: "request", outcome, ..report::Event::default() };
        if let Some(Heard { job, command, answered }) = response.extensions().get() {
            let took = Timestamp::now().since(now);
            said.measure = Some(Measure::Acknowledged(took, *answered != Answered::NotAccepted));
            said.job = job.to_string();
            said.command.clone_from(command);
            said.outcome = match answered {
                Answered::Later => "accepted",
                Answered::Here => "answered",
                Answered::NotAccepted => "not_accepted",
            }
            .to_owned();
        }
        Ok((said, answer(request.front, &response)?))
    }

    async fn route(&self, http: &HttpRequest, now: Timestamp) -> HttpResponse {
        match http.uri().path() {
            path if self.ingress.takes(path) => self.ingress.accept(http, now).await,
            "/healthz" if http.method() == Method::GET => status(StatusCode::OK),
            _ => self.ingress.refuse(Rejection::Route),
        }
    }

    /// What waits in the queue: invocations that failed, each by itself, so that one does not hold up the others.
    async fn messages(
        &self,
        messages: Vec<Message>,
        origin: &Origin<'_>,
    ) -> Result<(report::Event, Box<RawValue>), Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Failed {
            item_identifier: String,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Batch {
            batch_item_failures: Vec<Failed>,
        }
        let count = messages.len();
        let mut failures = Vec::new();
        for Message { id, body } in messages {
            // A queue brings what was invoked and failed, and nothing that wants an answer.
            let Ok(event @ (Event::Job(_) | Event::Tick(_) | Event::Dead(_))) = Event::read(&body) else {
                tracing::error!(item = id, "a message was dropped: it holds no job and no failed invocation");
                continue;
            };
            let begun = Timestamp::now();
            let left = origin.left.saturating_sub(begun.since(origin.begun));
            let (said, again) = self.one(event, begun, left).await;
            report::write(self.log, &Origin { item: Some(&id), begun, left, ..*origin }, &said, Timestamp::now());
            if again {
                failures.push(Failed { item_identifier: id });
            }
        }
        let outcome = format!("{} of {count} done", count - failures.len());
        let answer = json(&Batch { batch_item_failures: failures })?;
        Ok((report::Event { kind: "messages", outcome, ..report::Event::default() }, answer))
    }

    /// The second leg, and all else that comes without a caller who waits. Returns what to say of the event, and whether it
    /// must be delivered again.
    async fn one(&self, event: Event, now: Timestamp, left: Duration) -> (report::Event, bool) {
        let limit = left.saturating_sub(reserve(left));
        let limit = self.limit.map_or(limit, |most| most.min(limit));
        let (kind, dispatched) = match event {
            Event::Job(text) => ("job", self.dispatcher.dispatch(&text, now, limit).await),
            Event::Tick(Tick { command, due }) => ("tick", self.dispatcher.tick(&command, due, now, limit).await),
            Event::Dead(dead) => ("dead", self.dead(&dead, now).await),
            Event::Http(_) | Event::Messages(_) => return (report::Event::default(), false),
        };
        let mut said = report::Event { kind, ..report::Event::default() };
        said.outcome = match &dispatched {
            Dispatched::Ended(record) => {
                said.measure = Some(Measure::of(record, now));
                said.job = record.job.to_string();
                said.command.clone_from(&record.command);
                record.outcome.as_str()
            }
            Dispatched::Repeat => "repeat",
            Dispatched::Again(job) => {
                said.job = job.to_string();
                "again"
            }
            // The run that has it will end, or die and come to the on-failure destination itself.
            Dispatched::Busy(_) => "busy",
            Dispatched::Unclaimed => "unclaimed",
            Dispatched::Unreported => "unreported",
            Dispatched::Refused => "refused",
        }
        .to_owned();
        (said, dispatched == Dispatched::Unreported)
    }

    /// Deals with an invocation that failed: a repeatable command runs again, the asker of any other is told.
    async fn dead(&self, dead: &Dead, now: Timestamp) -> Dispatched {
        let Dead { payload, condition, error, killed } = dead;
        let why = why(dead);
        tracing::warn!(condition, error, killed, "an invocation failed");
        if let Ok(Event::Tick(Tick { command, due })) = Event::read(payload) {
            return self.dispatcher.report_dead_tick(&command, due, why, now).await;
        }
        self.dispatcher.rerun_or_report(payload, why, &*self.invoker, now).await
    }
}

/// Says in the asker's words what became of an invocation.
///
/// Lambda's own words are those of the developer guide, "Troubleshoot invocation issues".
fn why(dead: &Dead) -> &'static str {
    match (dead.condition.as_str(), dead.error.as_str()) {
        ("EventAgeExceeded", _) => "AWS could not start it in time",
        (_, "Sandbox.Timedout") => "AWS stopped it when its time was up",
        (_, "Runtime.OutOfMemory") => "it ran out of memory",
        (_, "Runtime.ExitError") if dead.killed => "it was killed, most likely since it ran out of memory",
        (_, "Runtime.ExitError") => "its process ended",
        _ => "AWS could not run it",
    }
}

fn json(value: &impl Serialize) -> Result<Box<RawValue>, Error> {
    to_raw_value(value).map_err(|error| Error::new(catops_core::ErrorKind::Invalid, "writing an answer").because(error))
}
