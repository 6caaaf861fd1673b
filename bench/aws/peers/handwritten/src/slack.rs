//! Slack's signature and form.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::event::Job;

/// How far a request's time may be from ours, as Slack says.
const WINDOW_SECONDS: u64 = 300;

/// Returns whether Slack sent this body within the last five minutes.
pub fn is_signed(secret: &str, headers: &HashMap<String, String>, body: &[u8]) -> bool {
    signed(secret, headers, body).is_some()
}

fn signed(secret: &str, headers: &HashMap<String, String>, body: &[u8]) -> Option<()> {
    let time = headers.get("x-slack-request-timestamp")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    if now.abs_diff(time.parse().ok()?) > WINDOW_SECONDS {
        return None;
    }
    let signature = hex::decode(headers.get("x-slack-signature")?.strip_prefix("v0=")?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    for part in [b"v0:", time.as_bytes(), b":", body] {
        mac.update(part);
    }
    mac.verify_slice(&signature).ok()
}

/// Takes from the form what the second leg needs.
pub fn parse(body: &[u8]) -> Option<Job> {
    let mut form: HashMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
    Some(Job { text: form.remove("text")?, response_url: form.remove("response_url")? })
}
