//! What invoked the function.
//!
//! One function takes everything, so the events must be told apart by their form. The order of the questions matters:
//! the call of a Lambda authorizer, for one, has all that an HTTP request has.

pub mod http;
mod queue;

use catops_core::{Error, ErrorKind, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::http::Request;
pub use self::queue::Message;

/// One event, as this function sees it.
#[derive(Debug)]
pub enum Event {
    /// An HTTP request, from whichever front door.
    Http(Box<Request>),
    /// A sealed job: this function invoked itself. Its seal is not checked yet.
    Job(String),
    /// The scheduler calls a command that declares a schedule.
    Tick(Tick),
    /// An asynchronous invocation of this function failed.
    Dead(Dead),
    /// Messages of a queue.
    Messages(Vec<Message>),
}

/// A scheduler's call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The command, as `help` shows it.
    pub command: String,
    /// When it was due: the same for each attempt.
    pub due: Timestamp,
}

/// The record that Lambda sends to the on-failure destination.
#[derive(Clone, PartialEq, Eq)]
pub struct Dead {
    /// The event of the invocation that failed.
    pub payload: String,
    /// Why, in Lambda's words, such as `RetriesExhausted`.
    pub condition: String,
    /// What the function died of, such as `Sandbox.Timedout`; empty if Lambda does not say.
    pub error: String,
    /// Whether Lambda says that the process was killed, which it does when a function needs more memory than it has.
    pub killed: bool,
}

/// Shows no payload: it can hold a reply address.
impl std::fmt::Debug for Dead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dead").field("condition", &self.condition).field("error", &self.error).finish_non_exhaustive()
    }
}

/// The members that tell events apart. Only what decides is read; the rest is not even parsed.
#[derive(Deserialize)]
struct Form<'a> {
    #[serde(borrow)]
    catops: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestContext")]
    context: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, rename = "methodArn")]
    method_arn: Option<&'a RawValue>,
    #[serde(borrow, rename = "routeArn")]
    route_arn: Option<&'a RawValue>,
    #[serde(borrow)]
    version: Option<&'a RawValue>,
    #[serde(borrow, rename = "httpMethod")]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestPayload")]
    payload: Option<&'a RawValue>,
}

/// The members of `requestContext` that tell events apart.
#[derive(Default, Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    elb: Option<&'a RawValue>,
    #[serde(borrow, rename = "connectionId")]
    connection: Option<&'a RawValue>,
    #[serde(borrow)]
    http: Option<&'a RawValue>,
    #[serde(borrow)]
    stage: Option<&'a RawValue>,
    #[serde(borrow, rename = "resourcePath")]
    resource: Option<&'a RawValue>,
    #[serde(borrow)]
    condition: Option<&'a RawValue>,
}

fn is_object(value: Option<&RawValue>) -> bool {
    value.is_some_and(|value| value.get().starts_with('{'))
}

/// Reads a string; anything else is `None`.
fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

fn invalid(said: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, said)
}

impl Event {
    /// Tells what `event` is.
    ///
    /// An error names what it is instead, or its members, and never quotes its content.
    pub fn read(event: &str) -> Result<Self, Error> {
        let form: Form<'_> = serde_json::from_str(event).map_err(|_| invalid("an event that is no JSON object"))?;
        // Ours first: it is the most frequent one, and no other has this member.
        if let Some(ours) = form.catops {
            return ours_of(ours, event);
        }
        let context: Context<'_> = match form.context {
            Some(context) if context.get().starts_with('{') => serde_json::from_str(context.get())
                .map_err(|_| invalid("an event whose `requestContext` cannot be read"))?,
            _ => Context::default(),
        };
        if is_object(context.elb) {
            return http::load_balancer(event);
        }
        if context.connection.is_some() {
            return Err(invalid(
                "a WebSocket event: chats send plain HTTP requests; use an HTTP API or a Function URL",
            ));
        }
        let kind = text(form.kind);
        let authorizes = matches!(kind.as_deref(), Some("REQUEST" | "TOKEN"));
        if authorizes && (form.method_arn.is_some() || form.route_arn.is_some()) {
            let said = "the call of a Lambda authorizer: this function is none; take it out of the API's authorizers";
            return Err(invalid(said));
        }
        if text(form.version).is_some_and(|version| version.starts_with('2')) && is_object(context.http) {
            return http::payload_2(event);
        }
        let is_rest = form.resource.is_some() || context.stage.is_some() || context.resource.is_some();
        if text(form.method).is_some() && is_rest {
            return http::payload_1(event);
        }
        if let Some(records) = form.records {
            return queue::messages(records);
        }
        if let (Some(kind), Some(source)) = (text(form.detail_type), text(form.source)) {
            return Err(bare_event(&kind, &source));
        }
        if form.payload.is_some() && context.condition.is_some() {
            return dead(event);
        }
        Err(unknown(event))
    }
}

/// What this function sends itself, or has a scheduler send.
fn ours_of(ours: &RawValue, event: &str) -> Result<Event, Error> {
    #[derive(Deserialize)]
    struct Called {
        schedule: String,
        time: String,
    }
    let Ok(Called { schedule, time }) = serde_json::from_str(ours.get()) else {
        return Ok(Event::Job(event.to_owned()));
    };
    let due = time.parse::<Timestamp>().map_err(|_| {
        let wanted = "set it to `<aws.scheduler.scheduled-time>`, which the scheduler replaces by a time";
        invalid(format!("a schedule of `{}` whose `time` is no time: {wanted}", printable(&schedule)))
    })?;
    Ok(Event::Tick(Tick { command: schedule, due }))
}

/// An event of EventBridge without our input: it cannot say which command is meant.
fn bare_event(kind: &str, source: &str) -> Error {
    let what = if kind == "Scheduled Event" && matches!(source, "aws.events" | "aws.scheduler") {
        "a schedule without an input"
    } else {
        "an event of EventBridge"
    };
    invalid(format!(
        "{what}, which names no command: set the target's input to \
         {{\"catops\":{{\"schedule\":\"<command>\",\"time\":\"<aws.scheduler.scheduled-time>\"}}}}"
    ))
}

fn dead(event: &str) -> Result<Event, Error> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow, rename = "requestPayload")]
        payload: &'a RawValue,
        #[serde(borrow, rename = "requestContext")]
        context: RecordContext<'a>,
        #[serde(borrow, default, rename = "responsePayload")]
        answer: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct RecordContext<'a> {
        #[serde(borrow)]
        condition: Option<&'a RawValue>,
    }
    #[derive(Default, Deserialize)]
    struct Answer {
        #[serde(default, rename = "errorType")]
        kind: String,
        #[serde(default, rename = "errorMessage")]
        message: String,
    }
    let record: Record<'_> =
        serde_json::from_str(event).map_err(|_| invalid("a destination record that cannot be read"))?;
    let answer = record.answer.and_then(|answer| serde_json::from_str(answer.get()).ok());
    let Answer { kind, message } = answer.unwrap_or_default();
    let condition = text(record.context.condition).unwrap_or_default();
    if condition == "Success" {
        return Err(invalid("the record of a success: only the on-failure destination belongs to this function"));
    }
    let killed = message.contains("signal: killed");
    Ok(Event::Dead(Dead { payload: record.payload.get().to_owned(), condition, error: kind, killed }))
}

/// Names the members of an event, which are no secret; its content can be one.
fn unknown(event: &str) -> Error {
    let members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(event).unwrap_or_default();
    let names: Vec<String> = members.keys().take(12).map(|name| format!("`{}`", printable(name))).collect();
    let names = if names.is_empty() { "no members".to_owned() } else { names.join(", ") };
    invalid(format!("an event of a kind that this function does not take; it has {names}"))
}

/// Cuts a name from outside to what a log line can hold.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests;
