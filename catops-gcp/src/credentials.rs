//! Access tokens for Google's services: from the metadata server, or from a file on a laptop.

mod fetch;
mod file;
mod jwt;

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use catops_core::client::Client;
use catops_core::{Error, ErrorKind, Secret, Timestamp};
use tokio::time::{Instant, timeout};

use self::file::{File, ServiceKey, User};

/// How long before its end a token is replaced. The metadata server hands out the same token until five minutes before
/// its end (Compute Engine, "Access tokens"), so asking much earlier gives nothing new; this is what Google's own
/// libraries wait for (google-auth, `REFRESH_THRESHOLD`).
pub const REFRESH_EARLY: Duration = Duration::from_secs(225);

/// How long a caller waits for a new token while the old one is still good.
const EARLY_TIME: Duration = Duration::from_millis(500);

/// How long the old token is used before a new one is asked for again, after that has failed.
const EARLY_PAUSE: Duration = Duration::from_secs(10);

/// How long a TCP connection may take. The metadata server is on the same machine.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// The metadata server's name inside Google Cloud.
const METADATA_HOST: &str = "metadata.google.internal";

/// What the emulators of Firestore take as a token that may do everything. Those of other services do not look.
const EMULATOR_TOKEN: &str = "owner";

/// Where access tokens come from, and the one at hand.
///
/// - *Cached*: a token is used until [`REFRESH_EARLY`] before its end, or half its life if that is shorter.
/// - *One flight*: of many callers one asks for a new token. The others use the old one while it is good, and else wait
///   and get the same token or the same error.
/// - *Early means early*: if no new token comes while the old one is good, the old one is used, with a line in the log.
pub struct Credentials {
    source: Source,
    client: Client,
    cached: Mutex<Option<Cached>>,
    flight: tokio::sync::Mutex<Option<Failure>>,
}

/// Where tokens come from.
enum Source {
    /// Nowhere: emulators.
    Nowhere,
    /// The metadata server at `host[:port]`.
    Metadata(String),
    /// A service account's key.
    Key(Box<ServiceKey>),
    /// A person's consent, as `gcloud auth application-default login` writes it.
    User(Box<User>),
}

/// A token that was given.
struct Cached {
    token: Secret,
    fresh_until: Timestamp,
    ends: Timestamp,
}

/// How the last flight failed.
struct Failure {
    at: Instant,
    kind: ErrorKind,
    said: String,
}

/// Shows where tokens come from; the rest is secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Nowhere => "none",
            Source::Metadata(_) => "metadata server",
            Source::Key(_) => "service account key",
            Source::User(_) => "user",
        };
        f.debug_struct("Credentials").field("source", &source).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads the environment; nothing is called before a token is needed.
    ///
    /// - `GOOGLE_APPLICATION_CREDENTIALS`: the path of a JSON file with a service account's key or a user's consent. For a
    ///   laptop; Cloud Run needs none.
    /// - `GCE_METADATA_HOST`: another `host[:port]` of the metadata server, which is asked if there is no file.
    ///
    /// An error is of kind [`ErrorKind::Config`] and names the variable.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the same variables from elsewhere than the environment.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable =
            |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        if let Some(path) = variable(file::VARIABLE) {
            return Ok(Self::new(match File::read(Path::new(&path))? {
                File::Key(key) => Source::Key(key),
                File::User(user) => Source::User(user),
            }));
        }
        let host = variable("GCE_METADATA_HOST").unwrap_or_else(|| METADATA_HOST.to_owned());
        let is_host = host.parse::<http::uri::Authority>().is_ok_and(|host| !host.as_str().contains('@'));
        if !is_host {
            let said = "GCE_METADATA_HOST is not of the form host or host:port";
            return Err(Error::new(ErrorKind::Config, said));
        }
        Ok(Self::new(Source::Metadata(host)))
    }

    /// Makes credentials for emulators: a token that is no secret and that they take.
    pub fn none() -> Self {
        Self::new(Source::Nowhere)
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            client: Client::with_connect_time(CONNECT_TIME),
            cached: Mutex::new(None),
            flight: tokio::sync::Mutex::new(None),
        }
    }

    /// Returns an access token with the scope `cloud-platform`.
    ///
    /// - [`ErrorKind::Config`]: there is no service account here, or the file cannot sign.
    /// - [`ErrorKind::Refused`]: the key or the consent is no longer good.
    /// - [`ErrorKind::Unavailable`], [`ErrorKind::Timeout`]: nobody gave a token.
    pub async fn token(&self) -> Result<Secret, Error> {
        self.token_at(Timestamp::now()).await
    }

    /// Returns what [`Credentials::token`] returns at the time `now`.
    pub async fn token_at(&self, now: Timestamp) -> Result<Secret, Error> {
        if matches!(self.source, Source::Nowhere) {
            return Ok(Secret::new(EMULATOR_TOKEN.to_owned()));
        }
        let old = match self.cached(now) {
            Some((token, true)) => return Ok(token),
            old => old.map(|(token, _)| token),
        };
        let arrived = Instant::now();
        let mut flight = match &old {
            Some(token) => match self.flight.try_lock() {
                Ok(flight) => flight,
                Err(_) => return Ok(token.clone()),
            },
            None => self.flight.lock().await,
        };
        if let Some((token, true)) = self.cached(now) {
            return Ok(token);
        }
        let Some(old) = old else {
            // Who waited for a flight that failed does not begin another: with many callers, the last would wait for all.
            if let Some(failure) = flight.as_ref().filter(|failure| failure.at >= arrived) {
                return Err(Error::new(failure.kind, failure.said.clone()));
            }
            return match self.fetch(now).await {
                Ok(token) => Ok(token),
                Err(error) => {
                    *flight = Some(Failure { at: Instant::now(), kind: error.kind(), said: error.chain() });
                    Err(error)
                }
            };
        };
        let late = |_| Error::new(ErrorKind::Timeout, format!("there was no token within {EARLY_TIME:?}"));
        match timeout(EARLY_TIME, self.fetch(now)).await.map_err(late).and_then(|fetched| fetched) {
            Ok(token) => Ok(token),
            Err(error) => {
                tracing::warn!(error = error.chain(), "no new access token; the old one is still good");
                if let Some(cached) = self.lock().as_mut() {
                    cached.fresh_until = now + EARLY_PAUSE;
                }
                Ok(old)
            }
        }
    }

    /// Drops a token that a service did not take, so that the next caller gets another.
    pub(crate) fn forget(&self, token: &Secret) {
        let mut cached = self.lock();
        if cached.as_ref().is_some_and(|cached| cached.token == *token) {
            *cached = None;
        }
    }

    /// Returns the project whose quota a user's calls count on, for the header `x-goog-user-project`.
    pub(crate) fn quota_project(&self) -> Option<&str> {
        match &self.source {
            Source::User(user) => user.quota_project_id.as_deref(),
            _ => None,
        }
    }

    /// Returns the token at hand, if it is good, and whether it is good for long.
    fn cached(&self, now: Timestamp) -> Option<(Secret, bool)> {
        let cached = self.lock();
        let cached = cached.as_ref().filter(|cached| now < cached.ends)?;
        Some((cached.token.clone(), now < cached.fresh_until))
    }

    async fn fetch(&self, now: Timestamp) -> Result<Secret, Error> {
        let granted = match &self.source {
            Source::Nowhere => return Ok(Secret::new(EMULATOR_TOKEN.to_owned())),
            Source::Metadata(host) => fetch::from_metadata(&self.client, host).await?,
            Source::Key(key) => fetch::with_key(&self.client, key, now).await?,
            Source::User(user) => fetch::with_consent(&self.client, user).await?,
        };
        let fresh = granted.life - REFRESH_EARLY.min(granted.life / 2);
        let token = granted.token;
        *self.lock() = Some(Cached { token: token.clone(), fresh_until: now + fresh, ends: now + granted.life });
        Ok(token)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Cached>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
