//! What the environment says.

use std::time::Duration;

use catops_core::log::{self, Format};
use catops_core::settings::{variable, wrong};
use catops_core::{Error, ErrorKind};
use tracing::Level;

use crate::secrets::Source;

/// The settings of the function besides those that every adapter shares.
#[derive(Clone, Debug)]
pub struct Config {
    /// `AWS_LAMBDA_FUNCTION_NAME`: what Lambda calls the function.
    pub function: String,
    /// `CATOPS_STORE`: where claims, state and the audit are kept.
    pub store: StoreKind,
    /// `CATOPS_SECRETS`: where secrets are fetched from that the environment does not hold.
    pub secrets: Option<Source>,
    /// `CATOPS_TIME_LIMIT`: how many seconds a command may run, if that is less than the function's time-out allows.
    pub limit: Option<Duration>,
}

/// Where claims, state and the audit are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In a DynamoDB table of this name.
    DynamoDb(String),
    /// In the process: a job runs at most once only as long as one process gets all its deliveries.
    Memory,
}

impl Config {
    /// Reads the environment. An error names the variable, what is wrong with it, and what it can be.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(&variable)
    }

    fn read(get: &dyn Fn(&str) -> Result<Option<String>, Error>) -> Result<Self, Error> {
        let function = get("AWS_LAMBDA_FUNCTION_NAME")?.ok_or_else(|| {
            let said = "AWS_LAMBDA_FUNCTION_NAME is not set; Lambda sets it, so this program seems to run elsewhere: \
                        the local bot is started by `cargo run`";
            Error::new(ErrorKind::Config, said)
        })?;
        let store = match get("CATOPS_STORE")? {
            None => {
                let said = "CATOPS_STORE is not set; it names the DynamoDB table that keeps claims and the audit, such \
                            as `dynamodb:catops` (`memory` does without, and then a command may run twice)";
                return Err(Error::new(ErrorKind::Config, said));
            }
            Some(text) if text == "memory" => StoreKind::Memory,
            Some(text) => match text.strip_prefix("dynamodb:").filter(|table| !table.is_empty()) {
                Some(table) => StoreKind::DynamoDb(table.to_owned()),
                None => return Err(wrong("CATOPS_STORE", &text, "`dynamodb:<table>` or `memory` here")),
            },
        };
        let limit = match get("CATOPS_TIME_LIMIT")? {
            None => None,
            Some(text) => match text.parse::<u32>() {
                Ok(seconds) if seconds > 0 => Some(Duration::from_secs(seconds.into())),
                _ => return Err(wrong("CATOPS_TIME_LIMIT", &text, "a whole number of seconds, such as `600`")),
            },
        };
        let secrets = get("CATOPS_SECRETS")?.map(|text| text.parse()).transpose()?;
        Ok(Self { function, store, secrets, limit })
    }
}

/// Reads how to log: `CATOPS_LOG`, and where it is not set, what the function's logging configuration says.
///
/// Lambda sets `AWS_LAMBDA_LOG_FORMAT` to `JSON` or `Text`, and `AWS_LAMBDA_LOG_LEVEL` where the format is JSON.
pub fn log_from_env() -> Result<(Level, Format), Error> {
    read_log(&variable)
}

fn read_log(get: &dyn Fn(&str) -> Result<Option<String>, Error>) -> Result<(Level, Format), Error> {
    if let Some(text) = get("CATOPS_LOG")? {
        return log::parse(&text);
    }
    // Lines that a machine can search are of more use in CloudWatch, so JSON is what is written unless told otherwise.
    let format = match get("AWS_LAMBDA_LOG_FORMAT")? {
        Some(format) if format.eq_ignore_ascii_case("text") => Format::Text,
        _ => Format::Json,
    };
    let level = match get("AWS_LAMBDA_LOG_LEVEL")?.map(|level| level.to_ascii_uppercase()).as_deref() {
        Some("TRACE") => Level::TRACE,
        Some("DEBUG") => Level::DEBUG,
        Some("WARN") => Level::WARN,
        Some("ERROR" | "FATAL") => Level::ERROR,
        _ => Level::INFO,
    };
    Ok((level, format))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &'static [(&str, &str)]) -> Result<Config, String> {
        let get = |wanted: &str| Ok(set.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned()));
        Config::read(&get).map_err(|error| error.to_string())
    }

    fn refuses(set: &'static [(&str, &str)], said: &str) {
        let error = read(set).map(drop).expect_err(said);
        assert!(error.contains(said), "{error}");
    }

    #[test]
    fn settings() {
        let config = read(&[("AWS_LAMBDA_FUNCTION_NAME", "bot"), ("CATOPS_STORE", "dynamodb:catops")]).unwrap();
        assert_eq!((config.function.as_str(), config.limit), ("bot", None));
        assert_eq!(config.store, StoreKind::DynamoDb("catops".to_owned()));
        let config = read(&[
            ("AWS_LAMBDA_FUNCTION_NAME", "bot"),
            ("CATOPS_STORE", "memory"),
            ("CATOPS_TIME_LIMIT", "60"),
            ("CATOPS_SECRETS", "ssm:/catops"),
        ])
        .unwrap();
        assert_eq!((config.store, config.limit), (StoreKind::Memory, Some(Duration::from_secs(60))));
        assert!(config.secrets.is_some());
    }

    #[test]
    fn what_is_wrong_is_named() {
        refuses(&[], "AWS_LAMBDA_FUNCTION_NAME is not set");
        refuses(&[("AWS_LAMBDA_FUNCTION_NAME", "bot")], "CATOPS_STORE is not set");
        refuses(&[("AWS_LAMBDA_FUNCTION_NAME", "bot"), ("CATOPS_STORE", "dynamodb:")], "CATOPS_STORE cannot be");
        refuses(&[("AWS_LAMBDA_FUNCTION_NAME", "bot"), ("CATOPS_STORE", "sqlite:x")], "CATOPS_STORE cannot be");
        refuses(
            &[("AWS_LAMBDA_FUNCTION_NAME", "bot"), ("CATOPS_STORE", "memory"), ("CATOPS_TIME_LIMIT", "1m")],
            "CATOPS_TIME_LIMIT cannot be",
        );
    }

    #[test]
    fn log_settings() {
        let read = |set: &[(&str, &str)]| {
            let get =
                |wanted: &str| Ok(set.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned()));
            read_log(&get).unwrap()
        };
        assert_eq!(read(&[]), (Level::INFO, Format::Json));
        assert_eq!(read(&[("AWS_LAMBDA_LOG_FORMAT", "Text")]), (Level::INFO, Format::Text));
        let json = ("AWS_LAMBDA_LOG_FORMAT", "JSON");
        assert_eq!(read(&[json, ("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]), (Level::DEBUG, Format::Json));
        assert_eq!(read(&[json, ("AWS_LAMBDA_LOG_LEVEL", "FATAL")]), (Level::ERROR, Format::Json));
        assert_eq!(read(&[json, ("CATOPS_LOG", "warn,text")]), (Level::WARN, Format::Text));
    }
}
