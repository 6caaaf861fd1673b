//! Signs requests as Slack does, for those that this process sends to itself.

use bytes::Bytes;
use catops_core::http::HttpRequest;
use catops_core::{Error, ErrorKind, Secret, Timestamp};
use http::header::{HeaderValue, InvalidHeaderValue};
use ring::hmac;

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

/// Signs with a signing secret that this process knows, so that the console and a recorded request take the route that
/// Slack's requests take.
#[derive(Clone)]
pub(crate) struct Signer(hmac::Key);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    /// Makes one with that secret.
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()))
    }

    /// Signs `request` as of `now`, in place of any signature it has.
    pub(crate) fn sign(&self, request: &mut HttpRequest, now: Timestamp) -> Result<(), Error> {
        let seconds = now.as_secs().to_string();
        let signature = self.signature(&seconds, request.body());
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|error: InvalidHeaderValue| Error::new(ErrorKind::Invalid, "signing a request").because(error))
        };
        let (seconds, signature) = (value(&seconds)?, value(&signature)?);
        request.headers_mut().insert(TIMESTAMP, seconds);
        request.headers_mut().insert(SIGNATURE, signature);
        Ok(())
    }

    fn signature(&self, seconds: &str, body: &Bytes) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [b"v0:", seconds.as_bytes(), b":", body] {
            context.update(part);
        }
        let mut text = "v0=".to_owned();
        for byte in context.sign().as_ref() {
            text.push_str(&format!("{byte:02x}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_that_slack_publishes() {
        let signer = Signer::new(&Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned()));
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                    channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                    response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                    96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let mut request = HttpRequest::new(Bytes::from_static(body.as_bytes()));
        signer.sign(&mut request, Timestamp::from_secs(1_531_420_618)).unwrap();
        let expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
        assert_eq!(request.headers()[SIGNATURE], expected);
    }
}
