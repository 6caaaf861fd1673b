//! Log lines as Cloud Logging takes them from a container's output.
//!
//! <https://cloud.google.com/logging/docs/structured-logging>

use std::fmt;
use std::io::Write;
use std::sync::Mutex;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::TRACE;
use crate::audit;
use crate::time::Timestamp;

/// What Cloud Logging calls the trace of a line.
const GOOGLE_TRACE: &str = "logging.googleapis.com/trace";

/// Writes one JSON object a line: the event's fields, and the spans it is in, the outermost first.
#[derive(Debug)]
pub(super) struct Lines<W> {
    /// Gives what lines are written to. Each goes out in one call of `write_all`.
    out: fn() -> W,
    /// So that lines of several threads do not mix.
    one: Mutex<()>,
}

impl<W: Write> Lines<W> {
    pub(super) const fn new(out: fn() -> W) -> Self {
        Self { out, one: Mutex::new(()) }
    }
}

/// Collects fields.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    /// Puts what a field holds as JSON text in its place, so that queries can name what is in it.
    fn unfold(&mut self, name: &str) {
        if let Some(value) = self.0.get_mut(name) {
            *value = value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.take());
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        event.record(&mut line);
        let mut spans = Vec::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            let Some(Fields(fields)) = extensions.get::<Fields>() else { continue };
            let mut fields = fields.clone();
            // The line's own trace comes before one of a span.
            if let Some(trace) = fields.remove(TRACE) {
                line.0.entry(TRACE).or_insert(trace);
            }
            if !fields.is_empty() {
                fields.insert("span".to_owned(), span.name().into());
                spans.push(Value::Object(fields));
            }
        }
        if event.metadata().target() == audit::LOG {
            line.unfold("record");
        }
        let line = compose(line.0, spans, *event.metadata().level(), Timestamp::now());
        let mut text = line.to_string();
        text.push('\n');
        let _one = self.one.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // There is nowhere left to say that the log cannot be written.
        let _ = (self.out)().write_all(text.as_bytes());
    }
}

fn compose(mut line: Map<String, Value>, spans: Vec<Value>, level: Level, now: Timestamp) -> Value {
    let severity = match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        // Cloud Logging knows nothing below it.
        _ => "DEBUG",
    };
    // An empty trace is that of a request that has none.
    if let Some(trace) = line.remove(TRACE).filter(|trace| trace.as_str() != Some("")) {
        line.insert(GOOGLE_TRACE.to_owned(), trace);
    }
    if !spans.is_empty() {
        line.insert("spans".to_owned(), spans.into());
    }
    line.insert("severity".to_owned(), severity.into());
    let shown = now.to_string();
    let millis = now.as_millis() % 1000;
    line.insert("time".to_owned(), format!("{}T{}.{millis:03}Z", &shown[..10], &shown[11..19]).into());
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::registry;

    use super::*;

    /// What was written in this process; one test writes.
    static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    struct Out;

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            WRITTEN.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_what_cloud_logging_reads() {
        let lines = registry().with(Lines::new(|| Out));
        tracing::subscriber::with_default(lines, || {
            tracing::info!(target: audit::LOG, record = %r#"{"job":"j1","took":12}"#, "a record");
            tracing::info!(target: audit::LOG, record = "{", "no record");
            tracing::info!(record = "{}", "of somebody else");
            tracing::warn!(count = 2, ok = true, "no trace");
            let request = tracing::error_span!("request", trace = "projects/p/traces/0af7");
            let job = tracing::info_span!(parent: &request, "job", id = %"j1", late = tracing::field::Empty);
            let _in = job.enter();
            job.record("late", 1.5);
            tracing::debug!("two\nlines and a \"quote\"");
            tracing::error!(parent: tracing::error_span!("request", trace = ""), error = "broken", "outside");
        });
        let written = String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap();
        let mut lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &mut lines {
            let time = line.as_object_mut().unwrap().remove("time").unwrap();
            let time: Timestamp = time.as_str().unwrap().parse().unwrap();
            assert!(Timestamp::now().since(time).as_secs() < 60);
        }
        assert_eq!(
            lines,
            [
                json!({"severity": "INFO", "message": "a record", "record": {"job": "j1", "took": 12}}),
                json!({"severity": "INFO", "message": "no record", "record": "{"}),
                json!({"severity": "INFO", "message": "of somebody else", "record": "{}"}),
                json!({"severity": "WARNING", "message": "no trace", "count": 2, "ok": true}),
                json!({
                    "severity": "DEBUG", "message": "two\nlines and a \"quote\"",
                    "logging.googleapis.com/trace": "projects/p/traces/0af7",
                    "spans": [{"span": "job", "id": "j1", "late": 1.5}],
                }),
                json!({"severity": "ERROR", "message": "outside", "error": "broken"}),
            ]
        );
    }
}
