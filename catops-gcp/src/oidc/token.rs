//! A JSON web token of Google's, as far as a push carries one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catops_core::Timestamp;
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Expected;
use super::keys::Key;

/// How far Google's clock and ours may be apart, in seconds.
pub(super) const SKEW: f64 = 60.0;

/// The longest token that is looked at, in bytes. Google's have about a thousand.
const MAX_TOKEN: usize = 8 * 1024;

/// Both are Google. <https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken>
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// A token whose form is right. Nothing in it is proven before [`Token::is_signed_by`] says so.
#[derive(Debug)]
pub(super) struct Token<'a> {
    key_id: String,
    claims: Claims,
    /// What is signed.
    signed: &'a str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    /// Extensions that must be understood; we know none.
    crit: Option<serde_json::Value>,
}

/// Times are numbers that need not be whole. <https://www.rfc-editor.org/rfc/rfc7519#section-2>
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    email: String,
    email_verified: bool,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
}

impl<'a> Token<'a> {
    /// Reads a token; an error is why it is none, in a word.
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > MAX_TOKEN {
            return Err("length");
        }
        let (signed, signature) = text.rsplit_once('.').ok_or("form")?;
        let (header, claims) = signed.split_once('.').ok_or("form")?;
        let header: Header = json(header).ok_or("header")?;
        if header.alg != "RS256" {
            return Err("algorithm");
        }
        if header.crit.is_some() {
            return Err("extension");
        }
        let claims = json(claims).ok_or("claims")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "form")?;
        Ok(Self { key_id: header.kid, claims, signed, signature })
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Checks what the token says; an error is what is wrong, in a word.
    pub(super) fn says(&self, expected: &Expected, now: Timestamp) -> Result<(), &'static str> {
        let Claims { iss, aud, email, email_verified, exp, iat, nbf } = &self.claims;
        let now = now.as_secs() as f64;
        match () {
            () if !ISSUERS.contains(&iss.as_str()) => Err("issuer"),
            () if *aud != expected.audience => Err("audience"),
            () if *email != expected.account => Err("account"),
            () if !email_verified => Err("unverified"),
            () if exp + SKEW <= now => Err("expired"),
            () if *iat > now + SKEW || nbf.is_some_and(|nbf| nbf > now + SKEW) => Err("early"),
            () => Ok(()),
        }
    }

    /// Checks the signature.
    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        let Key { n, e } = key;
        let key = ring::signature::RsaPublicKeyComponents { n, e };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &self.signature).is_ok()
    }
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
