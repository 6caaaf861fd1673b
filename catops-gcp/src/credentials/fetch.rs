//! Asks for a token.

use std::time::Duration;

use catops_core::client::{Client, Patience, Response};
use catops_core::{Error, ErrorKind, Secret, Timestamp};
use serde::Deserialize;

use super::file::{ServiceKey, User, VARIABLE};
use super::jwt;
use crate::percent::encode;

/// The metadata server is on the same machine. Right after a start it may not be ready.
const METADATA_PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(1),
    total: Duration::from_secs(3),
    pause: Duration::from_millis(50),
    longest_pause: Duration::from_millis(500),
};

/// Google's token endpoint is one round trip away.
const EXCHANGE_PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(3),
    total: Duration::from_secs(10),
    pause: Duration::from_millis(100),
    longest_pause: Duration::from_secs(2),
};

/// The largest answer that is read, in bytes. A token has about 1 KiB.
const MAX_ANSWER: usize = 64 * 1024;

/// The life that is believed, at most. Google's tokens live for an hour, or twelve where an organisation allows it.
const LONGEST_LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// A token and how long it is good for.
pub(super) struct Granted {
    pub(super) token: Secret,
    pub(super) life: Duration,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

/// What a token endpoint says when it refuses (RFC 6749, 5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Asks the metadata server for a token of the service's own account.
pub(super) async fn from_metadata(client: &Client, host: &str) -> Result<Granted, Error> {
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let ask = |time| client.get(&url).header("metadata-flavor", "Google").timeout(time).max_body(MAX_ANSWER).send();
    let response = patiently(host, &METADATA_PATIENCE, ask).await.map_err(|error| {
        if error.is_transient() {
            let said = format!(
                "the metadata server {host} gave no access token; outside of Google Cloud, name a credentials file in \
                 {VARIABLE}"
            );
            return Error::new(ErrorKind::Unavailable, said).because(error);
        }
        error
    })?;
    match response.status().as_u16() {
        200 => granted(response).await,
        404 => {
            let said = format!("the metadata server {host} has no service account: give the service one");
            Err(Error::new(ErrorKind::Config, said))
        }
        status => {
            Err(Error::new(ErrorKind::Refused, format!("the metadata server {host} answered {status} for a token")))
        }
    }
}

/// Exchanges an assertion that the key signs (RFC 7523).
pub(super) async fn with_key(client: &Client, key: &ServiceKey, now: Timestamp) -> Result<Granted, Error> {
    let assertion = jwt::assertion(key, now)?;
    let grant = encode("urn:ietf:params:oauth:grant-type:jwt-bearer");
    exchange(client, &key.token_uri, format!("grant_type={grant}&assertion={}", assertion.expose())).await
}

/// Exchanges a user's refresh token.
pub(super) async fn with_consent(client: &Client, user: &User) -> Result<Granted, Error> {
    let body = format!(
        "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
        encode(&user.client_id),
        encode(user.client_secret.expose()),
        encode(user.refresh_token.expose()),
    );
    exchange(client, &user.token_uri, body).await
}

async fn exchange(client: &Client, url: &str, form: String) -> Result<Granted, Error> {
    let host = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let ask = |time| {
        let request = client.post(url).header("content-type", "application/x-www-form-urlencoded");
        request.body(form.clone()).timeout(time).max_body(MAX_ANSWER).send()
    };
    let response = patiently(host, &EXCHANGE_PATIENCE, ask).await?;
    if response.status().is_success() {
        return granted(response).await;
    }
    let status = response.status().as_u16();
    // Its description can name accounts; the code is one of a short list.
    let code = response.json().await.map(|Refusal { error }| error).unwrap_or_default();
    let is_code = !code.is_empty() && code.len() <= 40 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let code = if is_code { format!(" {code}") } else { String::new() };
    let said = format!("{host} answered {status}{code} to the credentials in {VARIABLE}: make new ones");
    Err(Error::new(ErrorKind::Refused, said))
}

/// Asks until there is an answer other than 429 and 5xx, or patience ends.
async fn patiently<'a, F>(host: &str, patience: &Patience, ask: impl Fn(Duration) -> F) -> Result<Response, Error>
where
    F: Future<Output = Result<Response, Error>> + 'a,
{
    let attempt = async |time| {
        let response = ask(time).await?;
        match response.status() {
            status if status.as_u16() == 429 || status.is_server_error() => {
                Err(Error::new(ErrorKind::Unavailable, format!("{host} answered {}", status.as_u16())))
            }
            _ => Ok(response),
        }
    };
    patience.retry(host, attempt).await
}

async fn granted(response: Response) -> Result<Granted, Error> {
    let Answer { access_token, expires_in } = response.json().await?;
    Ok(Granted { token: Secret::new(access_token), life: Duration::from_secs(expires_in).min(LONGEST_LIFE) })
}
