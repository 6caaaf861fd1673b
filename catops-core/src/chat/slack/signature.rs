//! Slack's signature, version 0: HMAC-SHA256 over `v0:<timestamp>:<raw body>`.

use http::HeaderMap;
use ring::hmac;

use super::limits::SIGNATURE_WINDOW;
use crate::chat::Rejection;
use crate::secret::Secret;
use crate::time::Timestamp;

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

/// Checks signatures under one secret.
pub(super) struct Verifier(hmac::Key);

impl Verifier {
    /// Takes the signing secret as Slack shows it; its letters are the key, they are not hex to be decoded.
    pub(super) fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()))
    }

    /// Checks that `body` was signed by Slack near `now`, and returns the signature, which names this very request.
    pub(super) fn verify<'a>(&self, headers: &'a HeaderMap, body: &[u8], now: Timestamp) -> Result<&'a str, Rejection> {
        self.check(headers, body, now).ok_or(Rejection::Signature)
    }

    fn check<'a>(&self, headers: &'a HeaderMap, body: &[u8], now: Timestamp) -> Option<&'a str> {
        let timestamp = headers.get(TIMESTAMP)?.to_str().ok()?;
        // `parse` alone would take a plus sign.
        let digits = (1..=12).contains(&timestamp.len()) && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let signed: u64 = timestamp.parse().ok().filter(|_| digits)?;
        if signed.abs_diff(now.as_secs()) > SIGNATURE_WINDOW.as_secs() {
            return None;
        }
        let signature = headers.get(SIGNATURE)?.to_str().ok()?;
        let tag = tag(signature.as_bytes())?;
        // ring compares in constant time only where it has the whole message; the copy costs far less than the hash.
        let mut message = Vec::with_capacity(4 + timestamp.len() + body.len());
        message.extend_from_slice(b"v0:");
        message.extend_from_slice(timestamp.as_bytes());
        message.push(b':');
        message.extend_from_slice(body);
        hmac::verify(&self.0, &message, &tag).ok().map(|()| signature)
    }
}

/// Reads `v0=` and 64 lower-case hex digits.
fn tag(signature: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = signature.strip_prefix(b"v0=")?.try_into().ok()?;
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut tag = [0; 32];
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The sample that Slack publishes in "Verifying requests from Slack".
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: u64 = 1_531_420_618;
    const GOOD: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                        channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                        response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                        96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

    fn check(timestamp: Option<&str>, signature: Option<&str>, body: &str, now: u64, good: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in [("X-Slack-Request-Timestamp", timestamp), ("X-SLACK-SIGNATURE", signature)] {
            if let Some(value) = value {
                headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            }
        }
        let verifier = Verifier::new(&Secret::new(SECRET.to_owned()));
        let result = verifier.verify(&headers, body.as_bytes(), Timestamp::from_secs(now));
        assert_eq!(result.is_ok(), good, "{timestamp:?} {signature:?} {now}");
    }

    #[test]
    fn the_published_sample() {
        assert_eq!(BODY.len(), 362);
        check(Some("1531420618"), Some(GOOD), BODY, AT, true);
    }

    #[test]
    fn the_window_is_300_seconds_both_ways() {
        check(Some("1531420618"), Some(GOOD), BODY, AT + 300, true);
        check(Some("1531420618"), Some(GOOD), BODY, AT - 300, true);
        check(Some("1531420618"), Some(GOOD), BODY, AT + 301, false);
        check(Some("1531420618"), Some(GOOD), BODY, AT - 301, false);
    }

    #[test]
    fn anything_else_is_refused() {
        let at = Some("1531420618");
        check(None, Some(GOOD), BODY, AT, false);
        check(at, None, BODY, AT, false);
        check(at, Some(GOOD), &BODY[1..], AT, false);
        check(at, Some(GOOD), "", AT, false);
        for timestamp in ["", " 1531420618", "+1531420618", "1531420618.0", "0x5b47", "15314206180000000", "1531420619"]
        {
            check(Some(timestamp), Some(GOOD), BODY, AT, false);
        }
        let upper = GOOD.to_uppercase().replace("V0=", "v0=");
        let other = GOOD.replace("503", "504");
        for signature in
            ["", "v0=", "v0=a2", &GOOD[3..], &GOOD.replace("v0", "v1"), &upper, &other, &format!("{GOOD}0")]
        {
            check(at, Some(signature), BODY, AT, false);
        }
    }
}
