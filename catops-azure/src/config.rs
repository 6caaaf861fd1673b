//! What the environment says.

use std::time::Duration;

use catops_core::settings::{variable, wrong};
use catops_core::{Error, ErrorKind};

/// How long a command may run unless `CATOPS_TIME_LIMIT` says otherwise: what is left of the 30 minutes that the host
/// gives a function by default, once the last reply and the record are accounted for.
pub const TIME_LIMIT: Duration = Duration::from_secs(29 * 60);

/// The settings of the handler besides those that every adapter shares.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CATOPS_STORE`: where claims, state and the audit are kept.
    pub store: StoreKind,
    /// `CATOPS_TIME_LIMIT`: how many seconds a command may run. `functionTimeout` in `host.json` must be more, by a
    /// minute.
    pub limit: Duration,
}

/// Where claims, state and the audit are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In a table of this name, in the storage account of `AzureWebJobsStorage`.
    Tables(String),
    /// In the process: a job runs at most once only as long as one process gets all its deliveries.
    Memory,
}

impl Config {
    /// Reads the environment. An error names the variable, what is wrong with it, and what it can be.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(&variable)
    }

    fn read(get: &dyn Fn(&str) -> Result<Option<String>, Error>) -> Result<Self, Error> {
        let store = match get("CATOPS_STORE")? {
            None => {
                let said = "CATOPS_STORE is not set; it names the table that keeps claims and the audit, such as \
                            `tables:catops` (`memory` does without, and then a command may run twice)";
                return Err(Error::new(ErrorKind::Config, said));
            }
            Some(text) if text == "memory" => StoreKind::Memory,
            Some(text) => match text.strip_prefix("tables:").filter(|table| is_table(table)) {
                Some(table) => StoreKind::Tables(table.to_owned()),
                None => {
                    let expected = "`memory` or `tables:<table>` here, where a table's name is 3 to 63 letters and \
                                    digits and begins with a letter";
                    return Err(wrong("CATOPS_STORE", &text, expected));
                }
            },
        };
        let limit = match get("CATOPS_TIME_LIMIT")? {
            None => TIME_LIMIT,
            Some(text) => match text.parse::<u32>() {
                Ok(seconds) if seconds > 0 => Duration::from_secs(seconds.into()),
                _ => return Err(wrong("CATOPS_TIME_LIMIT", &text, "a whole number of seconds, such as `600`")),
            },
        };
        Ok(Self { store, limit })
    }
}

/// Refuses a variable whose reference into a key vault was not resolved: the host then passes the reference itself on, and
/// a secret that anybody can read in a template would be no secret.
pub fn refuse_unresolved() -> Result<(), Error> {
    let ours = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?)).filter(|(name, _)| name.starts_with("CATOPS_"))
    };
    unresolved(std::env::vars_os().filter_map(ours))
}

fn unresolved(mut variables: impl Iterator<Item = (String, String)>) -> Result<(), Error> {
    match variables.find(|(_, value)| value.trim_start().starts_with("@Microsoft.KeyVault(")) {
        None => Ok(()),
        Some((name, _)) => {
            let said = format!(
                "{name} is a reference into a key vault that was not resolved: see that the secret is there, that the \
                 app's identity has the role Key Vault Secrets User, and restart the app"
            );
            Err(Error::new(ErrorKind::Config, said))
        }
    }
}

/// Reads the port that the host wants to find the handler at: `FUNCTIONS_CUSTOMHANDLER_PORT`, or
/// `FUNCTIONS_HTTPWORKER_PORT`, as older hosts call it.
pub fn port_from_env() -> Result<u16, Error> {
    read_port(&variable)
}

fn read_port(get: &dyn Fn(&str) -> Result<Option<String>, Error>) -> Result<u16, Error> {
    for name in ["FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"] {
        if let Some(text) = get(name)? {
            let port = text.parse().ok().filter(|port| *port > 0);
            return port.ok_or_else(|| wrong(name, &text, "a port"));
        }
    }
    let said = "FUNCTIONS_CUSTOMHANDLER_PORT is not set; the Functions host sets it, so this program seems to run \
                elsewhere: `func start` starts it with a host, and the local bot is started by `cargo run`";
    Err(Error::new(ErrorKind::Config, said))
}

/// Returns whether a table may have this name.
fn is_table(name: &str) -> bool {
    let is_name = (3..=63).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_that_was_not_resolved_is_no_secret() {
        let variable = |value: &str| ("CATOPS_SLACK_SIGNING_SECRET".to_owned(), value.to_owned());
        unresolved([variable("8f742231b10e8888abcd99yyyzzz85a5")].into_iter()).unwrap();
        let reference = variable("@Microsoft.KeyVault(SecretUri=https://cats.vault.azure.net/secrets/s)");
        let error = unresolved([reference].into_iter()).unwrap_err();
        assert!(error.to_string().starts_with("CATOPS_SLACK_SIGNING_SECRET is a reference"), "{error}");
    }

    type Set = &'static [(&'static str, &'static str)];

    fn get(set: Set) -> impl Fn(&str) -> Result<Option<String>, Error> {
        move |wanted| Ok(set.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned()))
    }

    fn refuses(set: Set, said: &str) {
        let error = Config::read(&get(set)).map(drop).expect_err(said);
        assert!(error.to_string().contains(said), "{error}");
    }

    #[test]
    fn settings() {
        let config = Config::read(&get(&[("CATOPS_STORE", "tables:catops")])).unwrap();
        assert_eq!((config.store, config.limit), (StoreKind::Tables("catops".to_owned()), TIME_LIMIT));
        let config = Config::read(&get(&[("CATOPS_STORE", "memory"), ("CATOPS_TIME_LIMIT", "60")])).unwrap();
        assert_eq!((config.store, config.limit), (StoreKind::Memory, Duration::from_secs(60)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        refuses(&[], "CATOPS_STORE is not set");
        refuses(&[("CATOPS_STORE", "tables:")], "CATOPS_STORE cannot be");
        refuses(&[("CATOPS_STORE", "tables:cat-ops")], "letters and digits");
        refuses(&[("CATOPS_STORE", "dynamodb:x")], "CATOPS_STORE cannot be");
        refuses(&[("CATOPS_STORE", "memory"), ("CATOPS_TIME_LIMIT", "0")], "CATOPS_TIME_LIMIT cannot be");
    }

    #[test]
    fn ports() {
        let both: Set = &[("FUNCTIONS_CUSTOMHANDLER_PORT", "7001"), ("FUNCTIONS_HTTPWORKER_PORT", "7002")];
        assert_eq!(read_port(&get(both)).unwrap(), 7001);
        assert_eq!(read_port(&get(&both[1..])).unwrap(), 7002);
        for (set, said) in [
            (&[][..], "FUNCTIONS_CUSTOMHANDLER_PORT is not set"),
            (&[("FUNCTIONS_CUSTOMHANDLER_PORT", "0")], "FUNCTIONS_CUSTOMHANDLER_PORT cannot be `0`"),
            (&[("FUNCTIONS_HTTPWORKER_PORT", "high")], "FUNCTIONS_HTTPWORKER_PORT cannot be `high`"),
        ] {
            let error = read_port(&get(set)).expect_err(said);
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
