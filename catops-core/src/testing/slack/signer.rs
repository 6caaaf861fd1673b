//! Signs requests as Slack does.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use ring::hmac;

use crate::http::HttpRequest;
use crate::job::hex;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Signs requests with the app's signing secret.
#[derive(Clone, Debug)]
pub struct Signer(Secret);

impl Signer {
    /// Makes one with that secret.
    pub const fn new(secret: Secret) -> Self {
        Self(secret)
    }

    /// Returns the secret.
    pub const fn secret(&self) -> &Secret {
        &self.0
    }

    /// Makes a signed POST to `/slack`.
    pub fn post(&self, content_type: &str, body: impl Into<Bytes>, at: Timestamp) -> HttpRequest {
        let body = body.into();
        let seconds = at.as_secs().to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose().as_bytes());
        let mut context = hmac::Context::with_key(&key);
        for part in [b"v0:", seconds.as_bytes(), b":", &body] {
            context.update(part);
        }
        http::Request::post("/slack")
            .header(CONTENT_TYPE, content_type)
            .header("x-slack-request-timestamp", seconds)
            .header("x-slack-signature", format!("v0={}", hex(context.sign().as_ref())))
            .body(body)
            .expect("these are valid headers")
    }
}
