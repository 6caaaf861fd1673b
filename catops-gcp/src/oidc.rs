//! Who pushes: the token that Pub/Sub, Cloud Tasks and Cloud Scheduler send, checked in full.
//!
//! A valid signature by Google proves little: anybody can get a token of Google's for any audience. What counts is the
//! e-mail address of the service account that pushes, verified, together with the audience.

mod keys;
mod token;

use std::sync::Arc;

pub use self::keys::Keys;
use self::token::Token;
use catops_core::{Error, Timestamp};

/// What a token must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its audience, to the letter.
    pub audience: String,
    /// The e-mail address of the service account it was made for.
    pub account: String,
}

/// Why a caller was turned away.
#[derive(Debug)]
pub enum Refusal {
    /// It has no token, or a wrong one: the reason in one word, for the log.
    Token(&'static str),
    /// Google's keys could not be fetched, so nobody can be told apart now.
    Keys(Error),
}

/// Checks tokens.
#[derive(Debug)]
pub struct Verifier {
    keys: Arc<Keys>,
    expected: Expected,
}

impl Verifier {
    /// Makes one that takes tokens signed by `keys` that say what is `expected`.
    pub const fn new(keys: Arc<Keys>, expected: Expected) -> Self {
        Self { keys, expected }
    }

    /// Checks the value of an `Authorization` header.
    ///
    /// - *RS256 alone*: whatever else the token names is refused, and so is a header that must be understood (`crit`).
    /// - *In its time*: issued and not expired, give or take a minute.
    /// - *By Google, for us, from the pusher*: issuer, audience and e-mail address, which must be verified, are equal to what
    ///   is expected.
    pub async fn verify(&self, authorization: Option<&[u8]>, now: Timestamp) -> Result<(), Refusal> {
        let header = authorization.ok_or(Refusal::Token("missing"))?;
        let text = std::str::from_utf8(header).ok().and_then(|header| {
            let (scheme, token) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)
        });
        let token = Token::parse(text.ok_or(Refusal::Token("scheme"))?).map_err(Refusal::Token)?;
        // What is cheap comes first, so that a stranger's token makes nobody fetch keys.
        token.says(&self.expected, now).map_err(Refusal::Token)?;
        let key = self.keys.get(token.key_id(), now).await.map_err(Refusal::Keys)?;
        let key = key.ok_or(Refusal::Token("key"))?;
        if token.is_signed_by(&key) { Ok(()) } else { Err(Refusal::Token("signature")) }
    }
}
