//! What the environment says; the only file of core that reads it.

use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// The shortest key that may seal jobs, in characters: 128 bits in hex.
const MIN_KEY: usize = 32;

/// The settings that every adapter shares, as read from the environment.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `CATOPS_SLACK_SIGNING_SECRET`: what Slack signs its requests with.
    pub slack_signing_secret: Option<Secret>,
    /// `CATOPS_JOB_KEY`: what jobs are sealed with; without it the key is derived from the chats' secrets.
    pub job_key: Option<Secret>,
    /// `CATOPS_REPLY_HOSTS`: further hosts that replies may go to, comma-separated `host` or `host:port`. They may be
    /// plain http. For tests and proxies.
    pub reply_hosts: Vec<String>,
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
            job_key,
            reply_hosts: reply_hosts.collect(),
        })
    }
}

/// Reads a variable; an empty one counts as not set.
fn variable(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) if value.trim().is_empty() => Ok(None),
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::new(ErrorKind::Config, format!("{name} is not valid UTF-8 text")))
        }
    }
}

fn secret(name: &str) -> Result<Option<Secret>, Error> {
    Ok(variable(name)?.map(Secret::new))
}

/// Reads the secret `name` of a plugin from `CATOPS_SECRET_<NAME>`.
pub(crate) fn plugin_secret(name: &str) -> Result<Secret, Error> {
    let variable = format!("CATOPS_SECRET_{}", name.to_ascii_uppercase().replace('-', "_"));
    secret(&variable)?
        .ok_or_else(|| Error::new(ErrorKind::Config, format!("{variable} is not set, and a command needs it")))
}
