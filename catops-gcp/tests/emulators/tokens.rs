//! PyJWT beside our own check of tokens: the same verdict on each, altered ones included.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use catops_core::Timestamp;
use catops_gcp::oidc::{Expected, Keys, Verifier};
use serde_json::{Value, json};

use crate::mint::{ACCOUNT, AUDIENCE, Mint, Published, claims, encode};

/// How many altered tokens are compared.
const ALTERED: usize = 4000;

/// PyJWT in a process of its own. It ends with this value.
struct PyJwt {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Drop for PyJwt {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl PyJwt {
    fn start(keys: &[&Mint]) -> Self {
        let python = std::env::var("CATOPS_PYJWT").unwrap_or_default();
        assert!(
            !python.is_empty(),
            "CATOPS_PYJWT is not set: it is the path of a Python with the PyPI packages PyJWT and cryptography, and this \
             test needs it"
        );
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulators/verdicts.py");
        let mut process =
            Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut started = Self { process, to, from };
        let keys: Vec<_> = keys.iter().map(|mint| mint.public()).collect();
        started.write(&json!({"keys": keys, "audience": AUDIENCE, "account": ACCOUNT}));
        started
    }

    fn write(&mut self, line: &Value) {
        writeln!(self.to, "{line}").unwrap();
        self.to.flush().unwrap();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.write(&json!(token));
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("it says yes or no")
    }
}

/// Both, side by side.
struct Both {
    ours: Verifier,
    theirs: PyJwt,
    google: Mint,
    _published: Published,
}

impl Both {
    async fn new() -> Self {
        let google = Mint::google();
        let published = Published::new(&[&google]).await;
        let expected = Expected { audience: AUDIENCE.to_owned(), account: ACCOUNT.to_owned() };
        let ours = Verifier::new(Arc::new(Keys::at(published.url())), expected);
        Self { ours, theirs: PyJwt::start(&[&google]), google, _published: published }
    }

    /// Returns whether we take it, and whether PyJWT does.
    async fn take(&mut self, token: &str) -> (bool, bool) {
        let header = format!("Bearer {token}");
        let ours = self.ours.verify(Some(header.as_bytes()), Timestamp::now()).await.is_ok();
        (ours, self.theirs.takes(token))
    }
}

fn now() -> u64 {
    Timestamp::now().as_secs()
}

/// Each claim and each header as it can be; times are well off the limits, since the two look at the clock one by one.
#[tokio::test]
async fn the_same_verdict_on_tokens_of_every_kind() {
    let mut both = Both::new().await;
    let (now, google, stranger) = (now(), Mint::google(), Mint::stranger());
    let with = |name: &str, value: Value| {
        let mut claims = claims(now);
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        google.sign(&google.header(), &claims)
    };
    let header = |header: Value| google.sign(&header, &claims(now));
    let id = google.id;
    let cases = [
        (true, google.good(now)),
        (true, with("iss", json!("accounts.google.com"))),
        (false, with("iss", json!("https://accounts.google.com/"))),
        (false, with("iss", json!(["https://accounts.google.com"]))),
        (false, with("iss", Value::Null)),
        (false, with("aud", json!(format!("{AUDIENCE}/")))),
        (false, with("aud", json!([AUDIENCE]))),
        (false, with("aud", Value::Null)),
        (false, with("email", json!("other@example-project.iam.gserviceaccount.com"))),
        (false, with("email", Value::Null)),
        (false, with("email_verified", json!(false))),
        (false, with("email_verified", json!("true"))),
        (false, with("email_verified", json!(1))),
        (false, with("email_verified", Value::Null)),
        (true, with("exp", json!(now - 30))),
        (false, with("exp", json!(now - 90))),
        (true, with("exp", json!(now as f64 + 60.5))),
        (false, with("exp", json!("soon"))),
        (false, with("exp", Value::Null)),
        (true, with("iat", json!(now + 30))),
        (false, with("iat", json!(now + 120))),
        (false, with("iat", Value::Null)),
        (false, with("nbf", json!(now + 120))),
        (true, with("nbf", json!(now + 30))),
        (true, with("else", json!({"more": [1, 2]}))),
        (false, stranger.good(now)),
        (false, header(json!({"alg": "RS256"}))),
        (false, header(json!({"alg": "RS256", "kid": "other"}))),
        (false, header(json!({"alg": "RS256", "kid": id, "crit": ["b64"], "b64": false}))),
        (false, header(json!({"alg": "none", "kid": id}))),
        (false, header(json!({"alg": "HS256", "kid": id}))),
        (false, header(json!({"alg": "RS384", "kid": id}))),
        (false, header(json!({"alg": "rs256", "kid": id}))),
        (false, google.sign_384(&json!({"alg": "RS256", "kid": id}), &claims(now))),
        (false, google.sign_384(&json!({"alg": "RS384", "kid": id}), &claims(now))),
        (false, format!("{}.{}.", encode(&json!({"alg": "none", "kid": id})), encode(&claims(now)))),
        (false, String::new()),
        (false, "..".to_owned()),
    ];
    for (expected, token) in cases {
        assert_eq!(both.take(&token).await, (expected, expected), "{token}");
    }
    // What PyJWT takes and we do not: times as text. Google writes numbers.
    assert_eq!(both.take(&with("exp", json!((now + 60).to_string()))).await, (false, true));
}

/// Splices, cuts and changes tokens by a fixed sequence.
#[tokio::test]
async fn the_same_verdict_on_altered_tokens() {
    let mut both = Both::new().await;
    let good = both.google.good(now());
    let other = Mint::stranger().good(now());
    assert_eq!(both.take(&good).await, (true, true));
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let letters = b"ABCXYZabcxyz0189-_=.+/ !%";
    let mut taken = 0;
    for _ in 0..ALTERED {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..=next(2) {
            let (place, letter) = (next(bytes.len()), letters[next(letters.len())]);
            match next(6) {
                0 => bytes[place] = letter,
                1 => bytes.insert(place, letter),
                2 => drop(bytes.remove(place)),
                3 => bytes.truncate(place.max(1)),
                4 => bytes.push(letter),
                _ => {
                    let (ours, theirs): (Vec<_>, Vec<_>) = (good.split('.').collect(), other.split('.').collect());
                    let part = |n: usize| if place >> n & 1 == 1 { ours[n] } else { theirs[n] };
                    bytes = format!("{}.{}.{}", part(0), part(1), part(2)).into_bytes();
                }
            }
        }
        let token = String::from_utf8(bytes).unwrap();
        let (ours, theirs) = both.take(&token).await;
        assert_eq!(ours, theirs, "{token}");
        assert!(!ours || token == good, "an altered token was taken: {token}");
        taken += usize::from(ours);
    }
    assert!((1..ALTERED / 5).contains(&taken), "{taken} were taken");
}
