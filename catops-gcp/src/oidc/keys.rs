//! Google's public keys, fetched when they are needed and kept as long as Google says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catops_core::client::Client;
use catops_core::{Error, ErrorKind, Timestamp};
use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL};
use serde::Deserialize;
use tokio::sync::Mutex;

/// Where Google publishes the keys of its tokens. <https://accounts.google.com/.well-known/openid-configuration>
const GOOGLE: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// How long a fetch may take.
const FETCH_TIME: Duration = Duration::from_secs(5);

/// How long keys are kept where the answer does not say, at least, and at most.
const KEEP: Duration = Duration::from_secs(60 * 60);
const KEEP_AT_LEAST: Duration = Duration::from_secs(60);
const KEEP_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// How soon after a fetch the next one may be made: for a key that was not among those fetched, and after a failure.
const NEXT_FETCH: Duration = Duration::from_secs(60);
const NEXT_TRY: Duration = Duration::from_secs(2);

/// A public key of RSA.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) n: Vec<u8>,
    pub(super) e: Vec<u8>,
}

/// The keys that tokens may be signed with.
///
/// A key that is not known makes them be fetched anew, at most once a minute, so strangers cannot make us call Google as
/// often as they please.
#[derive(Debug)]
pub struct Keys {
    url: String,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    keys: HashMap<String, Arc<Key>>,
    /// Until when they are good.
    until: Timestamp,
    /// When they may be fetched again.
    next: Timestamp,
}

/// A set of JSON web keys. <https://www.rfc-editor.org/rfc/rfc7517>
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<WebKey>,
}

#[derive(Deserialize)]
struct WebKey {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Default for Keys {
    /// Google's own.
    fn default() -> Self {
        Self::at(GOOGLE)
    }
}

impl Keys {
    /// Makes a set that is fetched from `url`. No setting leads here: whoever chooses the URL chooses who may push.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), cache: Mutex::default() }
    }

    /// Returns the key of that id, or `None` if there is none.
    pub(super) async fn get(&self, id: &str, now: Timestamp) -> Result<Option<Arc<Key>>, Error> {
        // Held while the keys are fetched, so that many tokens at once make one fetch.
        let mut cache = self.cache.lock().await;
        let is_fresh = now < cache.until;
        let known = cache.keys.get(id).cloned();
        if is_fresh && (known.is_some() || now < cache.next) {
            return Ok(known);
        }
        if now < cache.next {
            let said = "Google's keys could not be fetched a moment ago, and are not asked for again so soon";
            return Err(Error::new(ErrorKind::Unavailable, said));
        }
        match self.fetch().await {
            Ok((keys, keep)) => {
                *cache = Cache { keys, until: now + keep, next: now + NEXT_FETCH };
                Ok(cache.keys.get(id).cloned())
            }
            Err(error) => {
                cache.next = now + NEXT_TRY;
                // Those that are there are good for their time, and the one that is asked for is not among them.
                if is_fresh {
                    tracing::warn!(error = error.chain(), "Google's keys could not be fetched anew");
                    return Ok(None);
                }
                Err(error)
            }
        }
    }

    async fn fetch(&self) -> Result<(HashMap<String, Arc<Key>>, Duration), Error> {
        let response = Client::shared().get(&self.url).timeout(FETCH_TIME).send().await?;
        if !response.status().is_success() {
            let said = format!("asking for Google's keys: the answer was {}", response.status().as_u16());
            return Err(Error::new(ErrorKind::Unavailable, said));
        }
        let keep = keep(response.headers());
        let set: KeySet = response.json().await?;
        let keys: HashMap<_, _> = set.keys.into_iter().filter_map(WebKey::into_key).collect();
        tracing::debug!(keys = keys.len(), keep_s = keep.as_secs(), "Google's keys were fetched");
        Ok((keys, keep))
    }
}

impl WebKey {
    /// Returns the key and its id, if it is one that a token may be signed with.
    fn into_key(self) -> Option<(String, Arc<Key>)> {
        let Self { kty, kid, alg, purpose, n, e } = self;
        let is_ours = kty == "RSA" && alg.is_none_or(|alg| alg == "RS256") && purpose.is_none_or(|is| is == "sig");
        // Leading zeros say nothing, and ring takes none.
        let number = |text: Option<String>| {
            let bytes = URL_SAFE_NO_PAD.decode(text?).ok()?;
            Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<_>>())
        };
        let key = Key { n: number(n)?, e: number(e)? };
        is_ours.then_some((kid?, Arc::new(key)))
    }
}

/// Reads how long an answer is good for: `max-age` less the time it has been under way.
fn keep(headers: &HeaderMap) -> Duration {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let max_age = text(CACHE_CONTROL).and_then(|value| {
        let is_max_age = |part: &str| part.trim().to_ascii_lowercase().strip_prefix("max-age=").map(str::to_owned);
        value.split(',').find_map(is_max_age)?.parse().ok()
    });
    let age = text(AGE).and_then(|value| value.trim().parse().ok()).unwrap_or(0);
    max_age
        .map_or(KEEP, |seconds: u64| Duration::from_secs(seconds.saturating_sub(age)))
        .clamp(KEEP_AT_LEAST, KEEP_AT_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_keys_are_kept() {
        let keep = |control: Option<&'static str>, age: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            let mut add = |name, value: Option<&'static str>| {
                value.map(|value| headers.insert(name, http::HeaderValue::from_static(value)))
            };
            add(CACHE_CONTROL, control);
            add(AGE, age);
            super::keep(&headers).as_secs()
        };
        assert_eq!(keep(Some("public, max-age=21600, must-revalidate"), Some("600")), 21_000);
        assert_eq!(keep(Some("Max-Age=300"), None), 300);
        assert_eq!(keep(Some("max-age=10"), Some("11")), 60);
        assert_eq!(keep(Some("max-age=999999999"), None), 86_400);
        assert_eq!(keep(Some("no-cache"), None), 3600);
        assert_eq!(keep(None, None), 3600);
    }
}
