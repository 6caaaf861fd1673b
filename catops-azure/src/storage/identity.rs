//! Tokens of the app's managed identity.

use std::time::Duration;

use catops_core::client::Client;
use catops_core::{Error, ErrorKind, Secret, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::encode;

/// What a token is for: any storage account (Microsoft Learn, "Authorize access to tables using Microsoft Entra ID").
const RESOURCE: &str = "https://storage.azure.com/";

/// How long before its end a token is replaced. The endpoint itself replaces one that ends within 5 minutes (Microsoft
/// Learn, "Use managed identities for App Service", on caching).
const EARLY: Duration = Duration::from_secs(5 * 60);

/// How long a token that could not be replaced, and is still good, is used before the next attempt to replace it.
const AGAIN: Duration = Duration::from_secs(30);

/// The identity that Azure gave the app, or one of several.
pub(super) struct Identity {
    url: String,
    host: String,
    /// What proves that we run in the app.
    header: Secret,
    held: Mutex<Option<Token>>,
}

struct Token {
    token: Secret,
    /// When to replace it.
    replace: Timestamp,
    ends: Timestamp,
}

/// The answer of the endpoint (Microsoft Learn, "Use managed identities for App Service", REST endpoint reference).
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_on: Seconds,
}

/// Seconds since 1970, which are sent as text, and by some hosts as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Identity {
    /// Makes the identity that `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` give: the system's, or that of `client`.
    pub(super) fn new(endpoint: &str, host: String, header: Secret, client: Option<&str>) -> Self {
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        let mut url = format!("{endpoint}{separator}api-version=2019-08-01&resource={}", encode(RESOURCE));
        if let Some(client) = client {
            url.push_str(&format!("&client_id={}", encode(client)));
        }
        Self { url, host, header, held: Mutex::new(None) }
    }

    /// Returns a token that is good for some minutes: the one at hand, or a new one. Of several callers one asks, and the
    /// others wait for it.
    pub(super) async fn token(&self, client: &Client, timeout: Duration) -> Result<Secret, Error> {
        let mut held = self.held.lock().await;
        let now = Timestamp::now();
        let Some(old) = held.as_mut().filter(|token| now < token.ends) else {
            let token = self.ask(client, timeout).await?;
            return Ok(held.insert(token).token.clone());
        };
        if now >= old.replace {
            // The old one still opens the door, so that the call at hand must keep some of its time.
            match self.ask(client, timeout / 2).await {
                Ok(token) => *old = token,
                Err(error) => {
                    tracing::warn!(reason = error.chain(), "the identity's token could not be replaced yet");
                    old.replace = now + AGAIN;
                }
            }
        }
        Ok(old.token.clone())
    }

    /// Says that there was no token in time, to one who waited for another's attempt.
    pub(super) fn late(&self, timeout: Duration) -> Error {
        Error::new(ErrorKind::Timeout, format!("{} gave no token within {timeout:?}", self.host))
    }

    async fn ask(&self, client: &Client, timeout: Duration) -> Result<Token, Error> {
        let request = client.get(&self.url).header("x-identity-header", self.header.expose()).timeout(timeout);
        let response = request.send().await?;
        let (host, status) = (&self.host, response.status());
        if !status.is_success() {
            let kind = match status.as_u16() {
                429 | 500..=599 => ErrorKind::Unavailable,
                _ => ErrorKind::Refused,
            };
            let said = format!(
                "{host} answered {} when asked for a token of the app's managed identity; if several are assigned, \
                 AZURE_CLIENT_ID names one",
                status.as_u16()
            );
            return Err(Error::new(kind, said));
        }
        let issued: Issued = response.json().await?;
        let ends = match issued.expires_on {
            Seconds::Number(seconds) => Some(seconds),
            Seconds::Text(text) => text.parse().ok(),
        };
        let ends = ends.ok_or_else(|| {
            Error::new(
                ErrorKind::Invalid,
                format!("{host} gave a token whose `expires_on` is no whole number of seconds"),
            )
        })?;
        let replace = Timestamp::from_secs(ends.saturating_sub(EARLY.as_secs()));
        Ok(Token { token: Secret::new(issued.access_token), replace, ends: Timestamp::from_secs(ends) })
    }
}
