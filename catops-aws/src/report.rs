//! One line in the log for each event, with its metrics in it.
//!
//! The line is in CloudWatch's embedded metric format: CloudWatch reads metrics out of the log, so they cost no call, and a
//! line that holds both costs one write.

use std::io::Write as _;
use std::time::Duration;

use catops_core::Timestamp;
use catops_core::audit::{Outcome, Record};
use catops_core::log::Format;
use serde::Serialize;

/// Under what the metrics are found in CloudWatch.
const NAMESPACE: &str = "CatOps";

/// What stands for a command that does not exist: each of its names would be a metric of its own, and paid for.
const UNKNOWN: &str = "unknown";

/// What is measured of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The first leg: the time from the request to its acknowledgement, and whether the job was accepted.
    Acknowledged(Duration, bool),
    /// The second leg: the time it took, and whether it failed.
    Ran(Duration, bool),
}

impl Measure {
    /// Returns what `record` says of a command that ended, in an invocation that began at `begun`.
    ///
    /// A failure is what the team should look at: an error, a panic, a time-out, a process that died, or a reply that
    /// was not delivered. What was asked for wrongly or not allowed is none.
    pub(crate) fn of(record: &Record, begun: Timestamp) -> Self {
        use Outcome::{Died, Failed, Panicked, TimedOut};
        let failed = matches!(record.outcome, Failed | Panicked | TimedOut | Died) || record.undelivered.is_some();
        Self::Ran(record.ended.since(begun), failed)
    }
}

/// What the log says of one event. What is not known of it is left out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Event {
    /// What came: `request`, `job`, `tick`, `dead`, `messages`.
    pub(crate) kind: &'static str,
    /// The job.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) job: String,
    /// The command.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) command: String,
    /// What became of it.
    pub(crate) outcome: String,
    /// What is measured of the command.
    #[serde(skip)]
    pub(crate) measure: Option<Measure>,
}

/// Where an event came from: an invocation, or one of the messages it brought.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The invocation.
    pub(crate) request_id: &'a str,
    /// The message.
    pub(crate) item: Option<&'a str>,
    /// When it began.
    pub(crate) begun: Timestamp,
    /// How much time the invocation had left then.
    pub(crate) left: Duration,
}

#[derive(Serialize)]
struct Line<'a> {
    timestamp: &'a str,
    level: &'static str,
    message: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a str>,
    #[serde(flatten)]
    event: &'a Event,
    ms: u64,
    left_ms: u64,
    #[serde(flatten)]
    metrics: Option<Metrics<'a>>,
}

#[derive(Serialize)]
struct Metrics<'a> {
    #[serde(rename = "_aws")]
    aws: Meta,
    #[serde(rename = "Command")]
    command: &'a str,
    #[serde(rename = "AckTime", skip_serializing_if = "Option::is_none")]
    ack: Option<u64>,
    #[serde(rename = "NotAccepted", skip_serializing_if = "Option::is_none")]
    not_accepted: Option<u8>,
    #[serde(rename = "Count", skip_serializing_if = "Option::is_none")]
    count: Option<u8>,
    #[serde(rename = "Failures", skip_serializing_if = "Option::is_none")]
    failures: Option<u8>,
    #[serde(rename = "RunTime", skip_serializing_if = "Option::is_none")]
    run: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    timestamp: u64,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: [[&'static str; 1]; 1],
    metrics: &'static [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

const ACK: &[Metric] =
    &[Metric { name: "AckTime", unit: "Milliseconds" }, Metric { name: "NotAccepted", unit: "Count" }];

const RUN: &[Metric] = &[
    Metric { name: "Count", unit: "Count" },
    Metric { name: "Failures", unit: "Count" },
    Metric { name: "RunTime", unit: "Milliseconds" },
];

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn metrics(event: &Event, now: Timestamp) -> Option<Metrics<'_>> {
    let measure = event.measure?;
    let metrics = if let Measure::Acknowledged(..) = measure { ACK } else { RUN };
    let directive = Directive { namespace: NAMESPACE, dimensions: [["Command"]], metrics };
    let aws = Meta { timestamp: now.as_millis(), cloud_watch_metrics: [directive] };
    let known = !event.command.is_empty() && event.outcome != Outcome::Unknown.as_str();
    let command = if known { event.command.as_str() } else { UNKNOWN };
    let none = Metrics { aws, command, ack: None, not_accepted: None, count: None, failures: None, run: None };
    Some(match measure {
        Measure::Acknowledged(time, accepted) => {
            Metrics { ack: Some(millis(time)), not_accepted: Some((!accepted).into()), ..none }
        }
        Measure::Ran(time, failed) => {
            Metrics { count: Some(1), failures: Some(failed.into()), run: Some(millis(time)), ..none }
        }
    })
}

/// Writes one line for an event to standard output, which Lambda puts into the log as it is. A line that cannot be written
/// is lost. As text, the line has no place for metrics, which get one of their own.
pub(crate) fn write(format: Format, origin: &Origin<'_>, event: &Event, now: Timestamp) {
    let (ms, left_ms) = (millis(now.since(origin.begun)), millis(origin.left));
    let is_shown = tracing::enabled!(tracing::Level::INFO);
    let line = match format {
        Format::Json if is_shown => {
            let (timestamp, level, message) = (&now.rfc3339(), "INFO", "event");
            let &Origin { request_id, item, .. } = origin;
            let metrics = metrics(event, now);
            serde_json::to_string(&Line { timestamp, level, message, request_id, item, event, ms, left_ms, metrics })
        }
        _ => {
            let &Origin { request_id, item, .. } = origin;
            let Event { kind, job, command, outcome, .. } = event;
            tracing::info!(request_id, item, kind, job, command, outcome, ms, left_ms, "event");
            match metrics(event, now) {
                Some(metrics) => serde_json::to_string(&metrics),
                None => return,
            }
        }
    };
    if let Ok(mut line) = line {
        line.push('\n');
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_123);

    fn line(event: &Event) -> String {
        let (timestamp, level, message) = (NOW.rfc3339(), "INFO", "event");
        let metrics = metrics(event, NOW);
        let (timestamp, request_id) = (timestamp.as_str(), "r-1");
        let line = Line { timestamp, level, message, request_id, item: None, event, ms: 13, left_ms: 9000, metrics };
        serde_json::to_string(&line).unwrap()
    }

    #[test]
    fn a_line_has_what_is_known_and_its_metrics() {
        let (job, command) = ("3ez84wcd8daemrww".to_owned(), "restart".to_owned());
        let measure = Some(Measure::Acknowledged(Duration::from_micros(12_900), true));
        let event = Event { kind: "request", job, command, outcome: "accepted".to_owned(), measure };
        assert_eq!(
            line(&event),
            r#"{"timestamp":"2027-01-15T08:00:00.123Z","level":"INFO","message":"event","request_id":"r-1","kind":"request","job":"3ez84wcd8daemrww","command":"restart","outcome":"accepted","ms":13,"left_ms":9000,"_aws":{"Timestamp":1800000000123,"CloudWatchMetrics":[{"Namespace":"CatOps","Dimensions":[["Command"]],"Metrics":[{"Name":"AckTime","Unit":"Milliseconds"},{"Name":"NotAccepted","Unit":"Count"}]}]},"Command":"restart","AckTime":12,"NotAccepted":0}"#
        );
        let event = Event { kind: "messages", outcome: "2 of 2 done".to_owned(), ..Event::default() };
        assert!(line(&event).ends_with(r#""kind":"messages","outcome":"2 of 2 done","ms":13,"left_ms":9000}"#));
    }

    #[test]
    fn a_word_that_is_no_command_is_no_dimension() {
        let measure = Some(Measure::Ran(Duration::from_millis(5), false));
        for (command, outcome) in [("sya", "unknown"), ("", "help")] {
            let event = Event {
                kind: "job",
                command: command.to_owned(),
                outcome: outcome.to_owned(),
                measure,
                ..Event::default()
            };
            assert!(line(&event).contains(r#""Command":"unknown","Count":1,"Failures":0,"RunTime":5"#));
        }
    }
}
