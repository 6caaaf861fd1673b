//! Tokens: which are taken, and when keys are asked for.

use std::sync::Arc;

use catops_core::Timestamp;
use catops_gcp::oidc::{Expected, Keys, Refusal, Verifier};
use serde_json::{Value, json};

use crate::mint::{ACCOUNT, AUDIENCE, Mint, Published, claims, encode};

const NOW: u64 = 1_800_000_000;

fn verifier(published: &Published) -> Verifier {
    let expected = Expected { audience: AUDIENCE.to_owned(), account: ACCOUNT.to_owned() };
    Verifier::new(Arc::new(Keys::at(published.url())), expected)
}

async fn verdict(verifier: &Verifier, token: &str, now: u64) -> &'static str {
    let header = format!("Bearer {token}");
    match verifier.verify(Some(header.as_bytes()), Timestamp::from_secs(now)).await {
        Ok(()) => "good",
        Err(Refusal::Token(reason)) => reason,
        Err(Refusal::Keys(_)) => "no keys",
    }
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut claims = claims(NOW);
    for (name, value) in changes {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
            value => claims[*name] = value.clone(),
        }
    }
    claims
}

#[tokio::test]
async fn what_a_token_says() {
    let google = Mint::google();
    let published = Published::new(&[&google]).await;
    let verifier = verifier(&published);
    let cases: &[(&str, &[(&str, Value)])] = &[
        ("good", &[]),
        ("good", &[("iss", json!("accounts.google.com"))]),
        ("issuer", &[("iss", json!("https://accounts.google.com/"))]),
        ("issuer", &[("iss", json!("https://accounts.google.com.evil.example"))]),
        ("claims", &[("iss", Value::Null)]),
        ("audience", &[("aud", json!(format!("{AUDIENCE}/")))]),
        ("audience", &[("aud", json!("https://other.example"))]),
        ("claims", &[("aud", json!([AUDIENCE, "https://other.example"]))]),
        ("claims", &[("aud", Value::Null)]),
        ("account", &[("email", json!("pusher@other-project.iam.gserviceaccount.com"))]),
        ("claims", &[("email", Value::Null)]),
        ("unverified", &[("email_verified", json!(false))]),
        ("claims", &[("email_verified", json!("true"))]),
        ("claims", &[("email_verified", Value::Null)]),
        ("good", &[("exp", json!(NOW - 59))]),
        ("expired", &[("exp", json!(NOW - 60))]),
        ("good", &[("exp", json!(NOW as f64 - 59.5))]),
        ("claims", &[("exp", Value::Null)]),
        ("claims", &[("exp", json!("soon"))]),
        ("good", &[("iat", json!(NOW + 60))]),
        ("early", &[("iat", json!(NOW + 61))]),
        ("claims", &[("iat", Value::Null)]),
        ("early", &[("nbf", json!(NOW + 61))]),
        ("good", &[("nbf", json!(NOW + 60)), ("something", json!({"new": true}))]),
    ];
    for (expected, changes) in cases {
        let token = google.sign(&google.header(), &with(changes));
        assert_eq!(verdict(&verifier, &token, NOW).await, *expected, "{changes:?}");
    }
    assert_eq!(published.asked(), 1);
}

#[tokio::test]
async fn how_a_token_is_signed() {
    let (google, stranger) = (Mint::google(), Mint::stranger());
    let published = Published::new(&[&google]).await;
    let verifier = verifier(&published);
    let header = |alg: &str| json!({"alg": alg, "kid": google.id, "typ": "JWT"});
    let good = google.good(NOW);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    // The public key as if it were a shared secret: the classic confusion.
    let as_secret = format!("{}.{}", encode(&header("HS256")), encode(&claims(NOW)));
    let mac = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &google.modulus()), as_secret.as_bytes());
    let as_secret =
        format!("{as_secret}.{}", base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, mac));
    let critical = json!({"alg": "RS256", "kid": google.id, "crit": ["b64"], "b64": false});
    for (expected, token) in [
        ("good", good.clone()),
        ("signature", stranger.good(NOW)),
        ("signature", format!("{signed}.")),
        ("signature", format!("{signed}.{}", &signature[..signature.len() - 2])),
        ("form", format!("{signed}.{signature}=")),
        ("signature", google.sign_384(&header("RS256"), &claims(NOW))),
        ("algorithm", google.sign_384(&header("RS384"), &claims(NOW))),
        ("algorithm", google.sign(&header("PS256"), &claims(NOW))),
        ("algorithm", google.sign(&header("none"), &claims(NOW))),
        ("algorithm", format!("{}.{}.", encode(&header("none")), encode(&claims(NOW)))),
        ("algorithm", as_secret),
        ("extension", google.sign(&critical, &claims(NOW))),
        ("header", google.sign(&json!({"alg": "RS256"}), &claims(NOW))),
        ("key", google.sign(&json!({"alg": "RS256", "kid": "google-9"}), &claims(NOW))),
        ("key", google.sign(&json!({"alg": "RS256", "kid": ""}), &claims(NOW))),
        ("claims", format!("{good}.{signature}")),
        ("form", signature.to_owned()),
        ("form", String::new()),
        ("length", good.repeat(12)),
    ] {
        assert_eq!(verdict(&verifier, &token, NOW).await, expected, "{token}");
    }
    for header in [&b"Basic dXNlcjpwYXNz"[..], b"Bearer", b"", b"\xff"] {
        let refused = verifier.verify(Some(header), Timestamp::from_secs(NOW)).await;
        assert!(matches!(refused, Err(Refusal::Token("scheme"))), "{header:?}: {refused:?}");
    }
    let refused = verifier.verify(None, Timestamp::from_secs(NOW)).await;
    assert!(matches!(refused, Err(Refusal::Token("missing"))), "{refused:?}");
    assert_eq!(published.asked(), 1);
}

/// Each byte of a good token, changed in its lowest bit.
#[tokio::test]
async fn no_altered_token_is_taken() {
    let google = Mint::google();
    let published = Published::new(&[&google]).await;
    let (verifier, good) = (verifier(&published), google.good(NOW));
    for place in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] ^= 1;
        let token = String::from_utf8(bytes).unwrap();
        assert_ne!(verdict(&verifier, &token, NOW).await, "good", "the byte at {place} does not count");
    }
    assert_eq!(verdict(&verifier, &good, NOW).await, "good");
}

#[tokio::test]
async fn keys_are_asked_for_when_they_are_needed() {
    let (google, rotated) = (Mint::google(), Mint::rotated());
    let published = Published::new(&[&google]).await;
    let verifier = verifier(&published);
    // A stranger's token makes nobody fetch: what it says is looked at first.
    let strange = google.sign(&google.header(), &with(&[("aud", json!("https://other.example"))]));
    assert_eq!(verdict(&verifier, &strange, NOW).await, "audience");
    assert_eq!(published.asked(), 0);
    assert_eq!(verdict(&verifier, &google.good(NOW), NOW).await, "good");
    assert_eq!(verdict(&verifier, &google.good(NOW), NOW + 1800).await, "good");
    assert_eq!(published.asked(), 1);
    // Google signs with a new key: one fetch finds it, and another id has to wait for its minute.
    published.set(200, "max-age=3600", &[&google, &rotated]);
    assert_eq!(verdict(&verifier, &rotated.good(NOW), NOW + 1800).await, "good");
    assert_eq!(published.asked(), 2);
    let unknown = |n: usize| google.sign(&json!({"alg": "RS256", "kid": format!("none-{n}")}), &claims(NOW));
    for n in 0..20 {
        assert_eq!(verdict(&verifier, &unknown(n), NOW + 1801).await, "key");
    }
    assert_eq!(published.asked(), 2);
    for n in 0..20 {
        assert_eq!(verdict(&verifier, &unknown(n), NOW + 1861).await, "key");
    }
    assert_eq!(published.asked(), 3);
    // The old key is withdrawn; who has it is turned away once the time of the answer is over.
    published.set(200, "max-age=3600", &[&rotated]);
    assert_eq!(verdict(&verifier, &google.good(NOW + 1900), NOW + 1900).await, "good");
    assert_eq!(verdict(&verifier, &google.good(NOW + 6000), NOW + 6000).await, "key");
}

#[tokio::test]
async fn without_keys_nobody_is_told_apart() {
    let google = Mint::google();
    let published = Published::new(&[&google]).await;
    let verifier = verifier(&published);
    published.set(500, "", &[]);
    assert_eq!(verdict(&verifier, &google.good(NOW), NOW).await, "no keys");
    assert_eq!(verdict(&verifier, &google.good(NOW), NOW + 1).await, "no keys");
    assert_eq!(published.asked(), 1, "it is asked again at once");
    published.set(200, "max-age=600", &[&google]);
    assert_eq!(verdict(&verifier, &google.good(NOW), NOW + 3).await, "good");
    // Good keys stay good while Google is away, until their time is over.
    published.set(500, "", &[]);
    assert_eq!(verdict(&verifier, &google.good(NOW), NOW + 602).await, "good");
    let unknown = google.sign(&json!({"alg": "RS256", "kid": "new"}), &claims(NOW));
    assert_eq!(verdict(&verifier, &unknown, NOW + 602).await, "key");
    assert_eq!(verdict(&verifier, &google.good(NOW), NOW + 604).await, "no keys");
}
