//! What a service account signs to get a token.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use catops_core::{Error, ErrorKind, Secret, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Serialize;

use super::file::{ServiceKey, VARIABLE};

/// What the token may be used for; the account's roles narrow it.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long the assertion is good for, in seconds: the most that Google takes (Google Identity, "Using OAuth 2.0 for
/// Server to Server Applications").
const LIFE: u64 = 3600;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
}

/// Signs the assertion, as a JWT by RS256.
pub(super) fn assertion(key: &ServiceKey, now: Timestamp) -> Result<Secret, Error> {
    let iat = now.as_secs();
    let header = Header { alg: "RS256", kid: &key.key_id, typ: "JWT" };
    let claims = Claims { iss: &key.email, scope: SCOPE, aud: &key.token_uri, iat, exp: iat + LIFE };
    let mut text = format!("{}.{}", part(&header)?, part(&claims)?);
    let mut signature = vec![0; key.key.public().modulus_len()];
    key.key
        .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_| Error::new(ErrorKind::Config, format!("the key in {VARIABLE} does not sign")))?;
    text.push('.');
    text.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(Secret::new(text))
}

fn part(value: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_vec(value)
        .map_err(|error| Error::new(ErrorKind::Invalid, "writing an assertion").because(error))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Reads an RSA key in PKCS #8, as PEM.
pub(super) fn key(pem: &str) -> Option<RsaKeyPair> {
    let inner = pem.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?.strip_suffix("-----END PRIVATE KEY-----")?;
    let base64: String = inner.split_whitespace().collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).ok()?).ok()
}
