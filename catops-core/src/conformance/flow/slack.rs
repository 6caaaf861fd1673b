//! Plays Slack: slash commands, signed.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use ring::hmac;

use crate::http::HttpRequest;
use crate::job::hex;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Signs requests with the app's signing secret.
#[derive(Debug)]
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

/// A slash command.
#[derive(Clone, Debug)]
pub struct Command {
    /// The text after `/meow`, as Slack sends it: escaped.
    pub text: String,
    /// Where replies go.
    pub response_url: String,
    /// Unique for each time somebody presses enter.
    pub trigger_id: String,
    /// Who typed it.
    pub user: &'static str,
}

impl Command {
    /// Returns the form body.
    pub fn form(&self) -> String {
        let fields = [
            ("token", "legacy-verification-token"),
            ("team_id", "T0001"),
            ("team_domain", "example"),
            ("channel_id", "C0001"),
            ("channel_name", "ops"),
            ("user_id", self.user),
            ("user_name", "ann"),
            ("command", "/meow"),
            ("text", &self.text),
            ("api_app_id", "A0001"),
            ("is_enterprise_install", "false"),
            ("response_url", &self.response_url),
            ("trigger_id", &self.trigger_id),
        ];
        let fields = fields.map(|(name, value)| format!("{name}={}", encode(value)));
        fields.join("&")
    }

    /// Makes the request as Slack would send it at `at`.
    pub fn signed(&self, signer: &Signer, at: Timestamp) -> HttpRequest {
        signer.post("application/x-www-form-urlencoded", self.form(), at)
    }
}

/// Percent-encodes a form value, with `+` for a space.
fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => {
                out.push('%');
                out.push_str(&hex(&[byte]).to_ascii_uppercase());
            }
        }
    }
    out
}
