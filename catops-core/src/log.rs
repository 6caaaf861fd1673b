//! Log lines: text for people, JSON for machines.
//!
//! `CATOPS_LOG` is a level (`error`, `warn`, `info`, `debug`, `trace`), or a level and a format (`info,json`). Lines
//! written while a job runs carry its id. An adapter may choose a format of its cloud's where the setting names none.
//!
//! Each audit record is a line too, of level `info` and the target [`audit::LOG`](crate::audit::LOG), in its field `record`:
//! with `warn` or less the log does not have them, and cannot tell whether the store's were cut off.

mod lines;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry;

use self::lines::{Lines, Out};
use crate::error::{Error, ErrorKind};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line of text with the time.
    Text,
    /// One JSON object a line.
    Json,
    /// One JSON object a line, with the fields that Cloud Logging reads: `severity`, `time`, `message`, and the trace of a
    /// span that has a field [`TRACE`].
    Google,
}

/// The field of a span or a line that [`Format::Google`] writes as the trace it belongs to.
pub const TRACE: &str = "trace";

/// Reads `CATOPS_LOG`; `info` and text where it does not say.
///
/// ```
/// use catops_core::log::{Format, parse};
/// assert_eq!(parse("warn,json").unwrap(), (tracing::Level::WARN, Format::Json));
/// assert!(parse("loud").unwrap_err().to_string().contains("CATOPS_LOG"));
/// ```
pub fn parse(text: &str) -> Result<(Level, Format), Error> {
    let (mut level, mut format) = (Level::INFO, Format::Text);
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "json" => format = Format::Json,
            "text" => format = Format::Text,
            word => {
                level = word.parse().map_err(|_| {
                    let said =
                        format!("CATOPS_LOG cannot be `{word}`: it is error, warn, info, debug or trace, and `,json`");
                    Error::new(ErrorKind::Config, said)
                })?;
            }
        }
    }
    Ok((level, format))
}

/// Starts writing log lines to standard error. Calling it again changes nothing.
///
/// At `trace`, only CatOps's own lines are written: what libraries trace is what goes over the wire, secrets included.
pub fn init(level: Level, format: Format) {
    init_with(level, format, Box::new(|_, line| write(&mut std::io::stderr(), line)));
}

/// Starts writing log lines: errors to standard error and all others to standard output, for platforms that take
/// whatever comes on standard error for an error. Otherwise like [`init`].
pub fn init_split(level: Level, format: Format) {
    let split = |level, line: &[u8]| match level {
        Level::ERROR => write(&mut std::io::stderr(), line),
        _ => write(&mut std::io::stdout(), line),
    };
    init_with(level, format, Box::new(split));
}

/// Writes a line in one call, so that it does not mix with those of another process.
fn write(out: &mut dyn std::io::Write, line: &[u8]) {
    // There is nowhere left to say that the log cannot be written.
    let _ = out.write_all(line).and_then(|()| out.flush());
}

fn init_with(level: Level, format: Format, out: Out) {
    // The one error is that a subscriber is already there, as in tests.
    let _ = tracing::subscriber::set_global_default(writing(level, format, out));
}

fn writing(level: Level, format: Format, out: Out) -> impl tracing::Subscriber + Send + Sync {
    let shown = move |line: &Metadata<'_>| {
        *line.level() <= level && (*line.level() < Level::TRACE || line.target().starts_with("catops"))
    };
    registry().with(Lines::new(format, out).with_filter(filter_fn(shown).with_max_level_hint(level)))
}

#[cfg(test)]
mod tests;
