//! Keeps the log of this process.

use std::fmt::{Debug, Write as _};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Everything that is logged in this process from the first call of [`Lines::keep`] on, at any level, by any thread.
#[derive(Debug)]
pub(super) struct Lines;

static LINES: Mutex<String> = Mutex::new(String::new());

impl Lines {
    pub(super) fn keep() {
        static ONCE: OnceLock<()> = OnceLock::new();
        ONCE.get_or_init(|| tracing::subscriber::set_global_default(Self).expect("nobody else keeps the log here"));
    }

    /// Returns what was logged so far.
    pub(super) fn kept() -> String {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }

    // As it is, besides: a line for people is not escaped.
    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {field}={value} {value:?}").unwrap();
    }
}

fn keep(data: &Metadata<'_>, record: impl FnOnce(&mut Fields<'_>)) {
    let mut line = format!("{} {} {}", data.level(), data.target(), data.name());
    record(&mut Fields(&mut line));
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.push_str(&line);
    lines.push('\n');
}

impl Subscriber for Lines {
    /// What libraries trace goes over the wire, secrets included, so `catops_core::log` never writes it.
    fn enabled(&self, data: &Metadata<'_>) -> bool {
        *data.level() < tracing::Level::TRACE || data.target().starts_with("catops") || data.target().starts_with("it")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        keep(span.metadata(), |fields| span.record(fields));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = String::new();
        values.record(&mut Fields(&mut line));
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        keep(event.metadata(), |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
