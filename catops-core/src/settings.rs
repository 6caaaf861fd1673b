//! What the environment says; the only file of core that reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// The shortest key that may seal jobs, in characters: 128 bits in hex.
const MIN_KEY: usize = 32;

/// The settings that every adapter shares, as read from the environment.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `CATOPS_SLACK_SIGNING_SECRET`: what Slack signs its requests with.
    pub slack_signing_secret: Option<Secret>,
    /// `CATOPS_SLACK_BOT_TOKEN`: what the bot posts with where a request has no reply address, or one that is used up.
    pub slack_bot_token: Option<Secret>,
    /// `CATOPS_SLACK_API_URL`: another base of Slack's Web API than `https://slack.com/api/`, for tests and proxies.
    pub slack_api_url: Option<String>,
    /// `CATOPS_JOB_KEY`: what jobs are sealed with; without it the key is derived from the chats' secrets.
    pub job_key: Option<Secret>,
    /// `CATOPS_SCHEDULE_CHANNEL`: the id of the channel where replies of scheduled commands go, which takes a bot token.
    pub schedule_channel: Option<String>,
    /// `CATOPS_AUDIT_CHANNEL`: the id of the channel that is told of every outcome, which takes a bot token.
    pub audit_channel: Option<String>,
    /// `CATOPS_REPLY_HOSTS`: further hosts that replies may go to, comma-separated `host` or `host:port`. They may be
    /// plain http. For tests and proxies.
    pub reply_hosts: Vec<String>,
    /// `CATOPS_CONFIG`: a file that replaces the `catops.toml` beside the plugins.
    pub config: Option<PathBuf>,
}

impl Settings {
    /// Reads the environment. An error names the variable, what is wrong with it, and the cure.
    pub fn from_env() -> Result<Self, Error> {
        let job_key = secret("CATOPS_JOB_KEY")?;
        if job_key.as_ref().is_some_and(|key| key.expose().chars().count() < MIN_KEY) {
            let said =
                format!("CATOPS_JOB_KEY is shorter than {MIN_KEY} characters; make one with `openssl rand -hex 32`");
            return Err(Error::new(ErrorKind::Config, said));
        }
        let hosts = variable("CATOPS_REPLY_HOSTS")?.unwrap_or_default();
        let reply_hosts = hosts.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty());
        Ok(Self {
            slack_signing_secret: secret("CATOPS_SLACK_SIGNING_SECRET")?,
            slack_bot_token: secret("CATOPS_SLACK_BOT_TOKEN")?,
            slack_api_url: variable("CATOPS_SLACK_API_URL")?,
            job_key,
            schedule_channel: variable("CATOPS_SCHEDULE_CHANNEL")?,
            audit_channel: variable("CATOPS_AUDIT_CHANNEL")?,
            reply_hosts: reply_hosts.collect(),
            config: variable("CATOPS_CONFIG")?.map(PathBuf::from),
        })
    }
}

/// What [`provide`] was given.
static PROVIDED: OnceLock<BTreeMap<String, Secret>> = OnceLock::new();

/// Gives values to variables that the environment does not set, under the variables' names, such as
/// `CATOPS_SLACK_SIGNING_SECRET` or `CATOPS_SECRET_PAGER`: for an adapter that fetches secrets from its cloud.
///
/// - *Before they are read*: [`Settings::from_env`] and a command's secrets see them from now on, and what was read before
///   stays as it is.
/// - *The environment wins*: a variable that is set and not empty has its value from there.
/// - *Once in a process*: a second call is an error of kind [`ErrorKind::Config`] and changes nothing.
pub fn provide(secrets: BTreeMap<String, Secret>) -> Result<(), Error> {
    let twice = |_| Error::new(ErrorKind::Config, "secrets were provided a second time; a process takes them once");
    PROVIDED.set(secrets).map_err(twice)
}

/// Reads a variable from the environment, or else from what was provided; an empty one counts as not set.
pub fn variable(name: &str) -> Result<Option<String>, Error> {
    let full = |value: &str| Some(value.trim()).filter(|value| !value.is_empty()).map(str::to_owned);
    let provided = || PROVIDED.get().and_then(|secrets| full(secrets.get(name)?.expose()));
    match std::env::var(name) {
        Ok(value) => Ok(full(&value).or_else(provided)),
        Err(std::env::VarError::NotPresent) => Ok(provided()),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::new(ErrorKind::Config, format!("{name} is not valid UTF-8 text")))
        }
    }
}

/// Makes the error of a variable whose value cannot be read; `expected` says what it can be.
pub fn wrong(name: &str, value: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{name} cannot be `{value}`: it is {expected}"))
}

fn secret(name: &str) -> Result<Option<Secret>, Error> {
    Ok(variable(name)?.map(Secret::new))
}

/// Reads the secret `name` of a plugin from `CATOPS_SECRET_<NAME>`, or from what was [provided](provide) under that name.
pub(crate) fn plugin_secret(name: &str) -> Result<Secret, Error> {
    let variable = format!("CATOPS_SECRET_{}", name.to_ascii_uppercase().replace('-', "_"));
    secret(&variable)?
        .ok_or_else(|| Error::new(ErrorKind::Config, format!("{variable} is not set, and a command needs it")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one test that provides anything in this process.
    #[test]
    fn what_is_provided_stands_in_for_the_environment() {
        let secrets =
            [("PATH", "/provided"), ("CATOPS_SECRET_PROVIDED_ONE", " value\n"), ("CATOPS_SECRET_PROVIDED_EMPTY", " ")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())));
        assert!(plugin_secret("provided-one").is_err());
        provide(secrets.into()).unwrap();
        assert_eq!(plugin_secret("provided-one").unwrap().expose(), "value");
        assert_eq!(variable("PATH").unwrap(), std::env::var("PATH").ok(), "the environment wins");
        let error = plugin_secret("provided-empty").unwrap_err();
        assert_eq!(error.to_string(), "CATOPS_SECRET_PROVIDED_EMPTY is not set, and a command needs it");
        assert_eq!(provide(BTreeMap::new()).unwrap_err().kind(), ErrorKind::Config);
        assert!(plugin_secret("provided-one").is_ok(), "a second call changes nothing");
    }
}
