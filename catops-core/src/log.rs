//! Log lines on standard error: text for people, JSON for machines.
//!
//! `CATOPS_LOG` is a level (`error`, `warn`, `info`, `debug`, `trace`), or a level and a format (`info,json`). Lines
//! written while a job runs carry its id.

use tracing::Level;

use crate::error::{Error, ErrorKind};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line of text with the time.
    Text,
    /// One JSON object a line.
    Json,
}

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
pub fn init(level: Level, format: Format) {
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false);
    let builder: Box<dyn tracing::Subscriber + Send + Sync> = match format {
        Format::Text => Box::new(lines.with_ansi(false).finish()),
        Format::Json => Box::new(lines.json().flatten_event(true).with_span_list(false).finish()),
    };
    // The one error is that a subscriber is already there, as in tests.
    let _ = tracing::subscriber::set_global_default(builder);
}
