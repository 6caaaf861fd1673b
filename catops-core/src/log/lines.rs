//! One line for each event: its fields, and the spans it is in, the outermost first.
//!
//! Our own instead of the formats of `tracing-subscriber`: with those a function is some 20 kB larger.

use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::{Format, TRACE};
use crate::audit;
use crate::time::Timestamp;

/// What Cloud Logging calls the trace of a line. <https://cloud.google.com/logging/docs/structured-logging>
const GOOGLE_TRACE: &str = "logging.googleapis.com/trace";

/// Takes a whole line of this level, with its end.
pub(super) type Out = Box<dyn Fn(Level, &[u8]) + Send + Sync>;

/// Writes lines.
pub(super) struct Lines {
    format: Format,
    out: Out,
    /// So that lines of several threads do not mix.
    one: Mutex<()>,
}

impl Lines {
    pub(super) fn new(format: Format, out: Out) -> Self {
        Self { format, out, one: Mutex::new(()) }
    }
}

/// A field: what it is called, and what it holds.
struct Filled {
    name: &'static str,
    value: Value,
    /// Whether it is a text of somebody's, which a line of text shows in quotes.
    is_text: bool,
}

/// Collects fields, in the order in which they are given.
#[derive(Default)]
struct Fields(Vec<Filled>);

impl Fields {
    fn set(&mut self, field: &Field, value: Value, is_text: bool) {
        let name = field.name();
        self.0.retain(|filled| filled.name != name);
        self.0.push(Filled { name, value, is_text });
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|filled| filled.name == name)?;
        Some(self.0.remove(at).value)
    }

    fn json(&self) -> Map<String, Value> {
        self.0.iter().map(|filled| (filled.name.to_owned(), filled.value.clone())).collect()
    }

    /// Writes ` name=value` for each but the message.
    fn text(&self, out: &mut String) {
        for Filled { name, value, is_text } in self.0.iter().filter(|filled| filled.name != "message") {
            let space = if out.ends_with('{') { "" } else { " " };
            let _ = write!(out, "{space}{name}=");
            match value {
                Value::String(text) if *is_text => {
                    let _ = write!(out, "{text:?}");
                }
                Value::String(text) => plain(text, out),
                value => {
                    let _ = write!(out, "{value}");
                }
            }
        }
    }
}

/// Writes a text so that it stays one line, and moves no cursor.
fn plain(text: &str, out: &mut String) {
    for letter in text.chars() {
        if letter.is_control() { out.extend(letter.escape_default()) } else { out.push(letter) }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into(), false);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // What a line says is a text of ours.
        self.set(field, value.into(), field.name() != "message");
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into(), false);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into(), false);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into(), false);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into(), false);
    }
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
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
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut line = match self.format {
            Format::Text => text(event, fields, &context),
            Format::Json => json(event, &fields, &context),
            Format::Google => google(event, &fields, &context),
        };
        line.push('\n');
        let _one = self.one.lock().unwrap_or_else(PoisonError::into_inner);
        (self.out)(*event.metadata().level(), line.as_bytes());
    }
}

/// Calls `each` with the fields of the spans that an event is in, the outermost first.
fn spans<S>(event: &Event<'_>, context: &Context<'_, S>, mut each: impl FnMut(&'static str, &Fields))
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
        if let Some(fields) = span.extensions().get::<Fields>() {
            each(span.name(), fields);
        }
    }
}

/// `2026-11-22T12:03:09.250Z  INFO job{id=j1}: what happened count=2`
fn text<S>(event: &Event<'_>, mut fields: Fields, context: &Context<'_, S>) -> String
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut line = format!("{} {:>5} ", Timestamp::now().rfc3339(), event.metadata().level());
    spans(event, context, |name, fields| {
        line.push_str(name);
        if !fields.0.is_empty() {
            line.push('{');
            fields.text(&mut line);
            line.push('}');
        }
        line.push_str(": ");
    });
    let message = fields.take("message");
    plain(message.as_ref().and_then(Value::as_str).unwrap_or_default(), &mut line);
    fields.text(&mut line);
    line
}

/// `{"timestamp":…,"level":"INFO","message":…,"count":2,"spans":[{"name":"job","id":"j1"}]}`
fn json<S>(event: &Event<'_>, fields: &Fields, context: &Context<'_, S>) -> String
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut shown = Vec::new();
    spans(event, context, |name, fields| {
        let mut fields = fields.json();
        fields.insert("name".to_owned(), name.into());
        shown.push(Value::Object(fields));
    });
    let mut line = fields.json();
    if !shown.is_empty() {
        line.insert("spans".to_owned(), shown.into());
    }
    line.insert("timestamp".to_owned(), Timestamp::now().rfc3339().into());
    line.insert("level".to_owned(), event.metadata().level().as_str().into());
    Value::Object(line).to_string()
}

/// What Cloud Logging reads: `severity`, `time`, `message`, and a trace, that of the line before one of a span.
fn google<S>(event: &Event<'_>, fields: &Fields, context: &Context<'_, S>) -> String
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let (mut shown, mut trace) = (Vec::new(), None);
    spans(event, context, |name, fields| {
        let mut fields = fields.json();
        if let Some(its) = fields.remove(TRACE) {
            trace.get_or_insert(its);
        }
        if !fields.is_empty() {
            fields.insert("span".to_owned(), name.into());
            shown.push(Value::Object(fields));
        }
    });
    let mut line = fields.json();
    // An empty trace is that of a request that has none.
    if let Some(trace) = line.remove(TRACE).or(trace).filter(|trace| trace.as_str() != Some("")) {
        line.insert(GOOGLE_TRACE.to_owned(), trace);
    }
    if !shown.is_empty() {
        line.insert("spans".to_owned(), shown.into());
    }
    // As an object, so that queries can name what is in it.
    if let Some(record) = line.get_mut("record").filter(|_| event.metadata().target() == audit::LOG) {
        *record = record.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| record.take());
    }
    let severity = match *event.metadata().level() {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        // Cloud Logging knows nothing below it.
        _ => "DEBUG",
    };
    line.insert("severity".to_owned(), severity.into());
    line.insert("time".to_owned(), Timestamp::now().rfc3339().into());
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::registry;

    use super::*;

    /// Returns what is written of what `say` says.
    fn written(format: Format, say: impl FnOnce()) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let to = written.clone();
        let out = Box::new(move |_: Level, line: &[u8]| to.lock().unwrap().extend_from_slice(line));
        tracing::subscriber::with_default(registry().with(Lines::new(format, out)), say);
        let written = written.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    /// Takes the time out of a line, which is that of the test.
    fn without_time(line: &str, name: &str) -> Value {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let time = line.as_object_mut().unwrap().remove(name).unwrap();
        let time: Timestamp = time.as_str().unwrap().parse().unwrap();
        assert!(Timestamp::now().since(time).as_secs() < 60);
        line
    }

    #[test]
    fn a_line_of_text_is_one_line_with_what_surrounds_it() {
        let text = written(Format::Text, || {
            let job = tracing::info_span!("job", id = %"j1", late = tracing::field::Empty);
            let _in = job.enter();
            job.record("late", 1.5);
            tracing::info!("ready");
            tracing::warn!(count = 2, ok = true, why = "a \"b\"\n", shown = %"x y\n\u{1b}[2J", odd = ?Some(1), "two\nlines");
            let _deeper = tracing::info_span!("bare").entered();
            tracing::error!(error = "gone");
        });
        let lines: Vec<&str> = text.lines().map(|line| line.split_once('Z').unwrap().1).collect();
        assert_eq!(
            lines,
            [
                "  INFO job{id=j1 late=1.5}: ready",
                r#"  WARN job{id=j1 late=1.5}: two\nlines count=2 ok=true why="a \"b\"\n" shown=x y\n\u{1b}[2J odd=Some(1)"#,
                r#" ERROR job{id=j1 late=1.5}: bare:  error="gone""#,
            ]
        );
    }

    #[test]
    fn a_line_of_json_has_level_time_and_spans() {
        let text = written(Format::Json, || {
            let _in = tracing::info_span!("job", id = %"j1").entered();
            tracing::warn!(count = 2, "two\nlines");
        });
        let expected = json!({
            "level": "WARN", "message": "two\nlines", "count": 2, "spans": [{"name": "job", "id": "j1"}],
        });
        assert_eq!(without_time(text.trim_end(), "timestamp"), expected);
    }

    #[test]
    fn lines_are_what_cloud_logging_reads() {
        let written = written(Format::Google, || {
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
        let lines: Vec<Value> = written.lines().map(|line| without_time(line, "time")).collect();
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
