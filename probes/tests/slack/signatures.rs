//! The SDK's verifier of signatures beside ours: the same verdict on each request, altered ones included.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat as _, Rejection};
use catops_core::{Secret, Timestamp};
use serde_json::{Value, json};

use crate::sdk::{FORM, Sdk};

/// How many altered requests are compared.
const ALTERED: usize = 5000;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const NOW: u64 = 1_795_305_600;
const BODY: &[u8] =
    b"command=%2Fmeow&text=say+hello&user_id=U1&user_name=ann&channel_id=C1&team_id=T1&trigger_id=1.2.a";

/// A request as it arrives.
#[derive(Clone, Debug, PartialEq)]
struct Arrived {
    timestamp: Option<Vec<u8>>,
    signature: Option<Vec<u8>>,
    body: Vec<u8>,
}

impl Arrived {
    /// Returns the time, the signature or the body, to be altered.
    fn part(&mut self, which: usize) -> &mut Vec<u8> {
        match which {
            0 => self.timestamp.get_or_insert_default(),
            1 => self.signature.get_or_insert_default(),
            _ => &mut self.body,
        }
    }
}

/// Both, side by side.
struct Both {
    ours: Slack,
    theirs: Sdk,
}

impl Both {
    fn new() -> Self {
        Self { ours: Slack::new(Secret::new(SECRET.to_owned()), Vec::new()), theirs: Sdk::start() }
    }

    /// Makes a request that the SDK signs with `secret`.
    fn signed(&mut self, secret: &str, timestamp: &str, body: &[u8]) -> Arrived {
        let signature = self.theirs.sign(&Secret::new(secret.to_owned()), timestamp, body);
        let (timestamp, signature) = (Some(timestamp.into()), Some(signature.into_bytes()));
        Arrived { timestamp, signature, body: body.to_vec() }
    }

    /// Returns whether we take the signature, and what the SDK says: whether it takes it, or its exception.
    async fn verdicts(&mut self, arrived: &Arrived, now: u64) -> (bool, Value) {
        let mut http = http::Request::post("/slack").header("content-type", FORM);
        for (name, value) in
            [("x-slack-request-timestamp", &arrived.timestamp), ("x-slack-signature", &arrived.signature)]
        {
            if let Some(value) = value {
                http = http.header(name, http::HeaderValue::from_bytes(value).expect("what a header can hold"));
            }
        }
        let http = http.body(Bytes::from(arrived.body.clone())).unwrap();
        let ours = self.ours.receive(&http, Timestamp::from_secs(now)).await;
        let text = |value: &Option<Vec<u8>>| value.as_deref().map(latin);
        let theirs = self.theirs.ask(
            "valid",
            json!({
                "secret": SECRET, "now": now, "timestamp": text(&arrived.timestamp),
                "signature": text(&arrived.signature), "body": BASE64_STANDARD.encode(&arrived.body),
            }),
        );
        (!matches!(ours, Err(Rejection::Signature)), theirs)
    }

    async fn agree(&mut self, arrived: &Arrived, now: u64, expected: bool) {
        let (ours, theirs) = self.verdicts(arrived, now).await;
        assert_eq!((ours, theirs == true), (expected, expected), "{arrived:?} at {now}: the SDK says {theirs}");
    }
}

/// Reads a header as servers for Python do.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[tokio::test]
async fn the_same_verdict_on_requests_of_every_kind() {
    let mut both = Both::new();
    let at = NOW.to_string();
    let good = both.signed(SECRET, &at, BODY);
    for (now, expected) in
        [(NOW, true), (NOW + 300, true), (NOW - 300, true), (NOW + 301, false), (NOW - 301, false), (0, false)]
    {
        both.agree(&good, now, expected).await;
    }
    for body in [&b""[..], b"{}", b"payload=%7B%7D", "text=f\u{fc}r \u{1f408}".as_bytes()] {
        let arrived = both.signed(SECRET, &at, body);
        both.agree(&arrived, NOW, true).await;
        let arrived = both.signed("another secret", &at, body);
        both.agree(&arrived, NOW, false).await;
    }
    let of = |timestamp: Option<&str>, signature: Option<&str>| Arrived {
        timestamp: timestamp.map(|text| text.as_bytes().to_vec()),
        signature: signature.map(|text| text.as_bytes().to_vec()),
        body: BODY.to_vec(),
    };
    let signature = latin(good.signature.as_ref().unwrap());
    both.agree(&of(None, Some(&signature)), NOW, false).await;
    both.agree(&of(Some(&at), None), NOW, false).await;
    for other in ["", "v0=", &signature[3..], &signature.to_uppercase(), &signature.replace("v0", "v1"), "v0=\u{e4}"] {
        both.agree(&of(Some(&at), Some(other)), NOW, false).await;
    }
    // Signed with the secret, and no time all the same.
    for odd in ["", "soon", "1795305600.0", "0x6b0237c0", "-1795305600"] {
        let arrived = both.signed(SECRET, odd, BODY);
        both.agree(&arrived, NOW, false).await;
    }
}

/// Where the two differ on what only Slack could sign, and Slack does not: we take digits and nothing else as a time,
/// and sign bytes and not text.
#[tokio::test]
async fn where_the_verdicts_differ() {
    let mut both = Both::new();
    for odd in ["+1795305600", "1_795_305_600", "0001795305600"] {
        let arrived = both.signed(SECRET, odd, BODY);
        assert_eq!(both.verdicts(&arrived, NOW).await, (false, json!(true)), "{odd}");
    }
    let mut arrived = both.signed(SECRET, &NOW.to_string(), BODY);
    arrived.body = b"\xff".to_vec();
    assert_eq!(both.verdicts(&arrived, NOW).await, (false, json!("UnicodeDecodeError")));
}

/// Splices, cuts and changes requests by a fixed sequence.
#[tokio::test]
async fn the_same_verdict_on_altered_requests() {
    let mut both = Both::new();
    let mut good = both.signed(SECRET, &NOW.to_string(), BODY);
    let mut other = both.signed(SECRET, &(NOW - 7).to_string(), b"command=%2Fmeow&text=other&user_id=U2");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let letters = b"v0123456789abcdefABCDEF=&%+. x_-";
    let mut taken = 0;
    for _ in 0..ALTERED {
        let mut arrived = good.clone();
        for _ in 0..=next(2) {
            let (which, kind, letter) = (next(3), next(7), letters[next(letters.len())]);
            let part = arrived.part(which);
            let place = next(part.len().max(1));
            match kind {
                0 if !part.is_empty() => part[place] = letter,
                1 => part.insert(place, letter),
                2 if !part.is_empty() => drop(part.remove(place)),
                3 => part.truncate(place),
                4 => part.push(letter),
                // A part of another sound request, or of the first one again.
                5 => part.clone_from(other.part(which)),
                _ => part.clone_from(good.part(which)),
            }
        }
        let (ours, theirs) = both.verdicts(&arrived, NOW).await;
        assert_eq!(ours, theirs == true, "{arrived:?}: the SDK says {theirs}");
        assert!(!ours || arrived == good || arrived == other, "an altered request was taken: {arrived:?}");
        taken += usize::from(ours);
    }
    assert!((1..ALTERED / 4).contains(&taken), "{taken} were taken");
}
