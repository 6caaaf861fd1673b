//! Access tokens from a metadata server and from token endpoints on loopback.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use catops_core::{Error, ErrorKind, Timestamp};
use catops_gcp::credentials::{Credentials, REFRESH_EARLY};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::sink::{Answer, Sink};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Made for these tests; it opens nothing.
const KEY: &str = include_str!("../fixtures/test-only-key.pem");

fn token(name: &str, seconds: u64) -> Answer {
    Answer::new(200, &json!({"access_token": name, "expires_in": seconds, "token_type": "Bearer"}).to_string())
}

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

/// Returns credentials from a metadata server at `host`.
pub(crate) fn metadata(host: &str) -> Credentials {
    Credentials::read(|name| (name == "GCE_METADATA_HOST").then(|| host.to_owned())).unwrap()
}

/// Returns credentials from a file that holds `json`.
pub(crate) fn file(json: &Value) -> Result<Credentials, Error> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let at = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("credentials-{}-{at}", std::process::id()));
    std::fs::write(&path, json.to_string()).unwrap();
    let read =
        Credentials::read(|name| (name == "GOOGLE_APPLICATION_CREDENTIALS").then(|| path.to_str().unwrap().to_owned()));
    std::fs::remove_file(&path).unwrap();
    read
}

fn service_account(token_uri: &str) -> Value {
    json!({
        "type": "service_account", "project_id": "cats", "private_key_id": "key-1", "private_key": KEY,
        "client_email": "bot@cats.iam.gserviceaccount.com", "token_uri": token_uri,
    })
}

pub(crate) fn user(token_uri: &str) -> Value {
    json!({
        "type": "authorized_user", "client_id": "an id", "client_secret": "a&secret", "refresh_token": "1//secret",
        "quota_project_id": "cats", "token_uri": token_uri,
    })
}

async fn gives(credentials: &Credentials, now: Timestamp, expected: &str) {
    assert_eq!(credentials.token_at(now).await.unwrap().expose(), expected);
}

#[tokio::test]
async fn a_token_is_kept_and_replaced_early() {
    let sink = Sink::new(vec![token("one", 3600), token("two", 3600), token("three", 100), token("four", 3600)]);
    let credentials = metadata(&sink.host());
    let early = REFRESH_EARLY.as_secs();
    gives(&credentials, NOW, "one").await;
    gives(&credentials, after(3599 - early), "one").await;
    assert_eq!(sink.seen().len(), 1);
    gives(&credentials, after(3600 - early), "two").await;
    gives(&credentials, after(7200), "three").await;
    gives(&credentials, after(7249), "three").await;
    gives(&credentials, after(7250), "four").await; // half of a short life
    assert_eq!(sink.seen().len(), 4);
    let seen = &sink.seen()[0];
    let line = "GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\r\n";
    assert!(seen.head.starts_with(line), "{}", seen.head);
    assert_eq!(seen.header("metadata-flavor"), Some("Google"));
}

#[tokio::test]
async fn an_old_token_is_used_while_it_is_good() {
    let sink = Sink::new(vec![token("one", 3600), Answer::new(404, ""), Answer::new(404, ""), token("two", 3600)]);
    let credentials = metadata(&sink.host());
    gives(&credentials, NOW, "one").await;
    gives(&credentials, after(3500), "one").await;
    gives(&credentials, after(3509), "one").await;
    assert_eq!(sink.seen().len(), 2, "it is not asked for each time");
    gives(&credentials, after(3510), "one").await;
    gives(&credentials, after(3600), "two").await;
    assert_eq!(sink.seen().len(), 4);
}

/// A metadata server that says nothing keeps nobody waiting while the old token is good.
#[tokio::test]
async fn silence_is_not_waited_for() {
    let sink = Sink::new(vec![token("one", 3600), Answer::Write(String::new())]);
    let credentials = metadata(&sink.host());
    gives(&credentials, NOW, "one").await;
    let begun = std::time::Instant::now();
    gives(&credentials, after(3500), "one").await;
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn many_callers_are_one_flight() {
    let sink = Sink::new(vec![token("one", 3600), token("two", 3600)]);
    let credentials = std::sync::Arc::new(metadata(&sink.host()));
    let ask = |now| {
        let credentials = credentials.clone();
        tokio::spawn(async move { credentials.token_at(now).await.unwrap().expose().clone() })
    };
    let tasks: Vec<_> = (0..50).map(|_| ask(NOW)).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "one");
    }
    assert_eq!(sink.seen().len(), 1);
    let tasks: Vec<_> = (0..50).map(|_| ask(after(3500))).collect();
    for task in tasks {
        assert!(["one", "two"].contains(&task.await.unwrap().as_str()));
    }
    assert_eq!(sink.seen().len(), 2);
}

#[tokio::test]
async fn who_waited_for_a_flight_that_failed_has_its_error() {
    let sink = Sink::new(vec![Answer::new(404, ""), token("one", 3600)]);
    let credentials = std::sync::Arc::new(metadata(&sink.host()));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let credentials = credentials.clone();
            tokio::spawn(async move { credentials.token_at(NOW).await.unwrap_err().chain() })
        })
        .collect();
    for task in tasks {
        let said = format!("the metadata server {} has no service account: give the service one", sink.host());
        assert_eq!(task.await.unwrap(), said);
    }
    assert_eq!(sink.seen().len(), 1);
    gives(&credentials, NOW, "one").await; // who comes later asks again
}

#[tokio::test]
async fn a_metadata_server_that_is_not_ready_is_asked_again() {
    let sink = Sink::new(vec![Answer::Close, Answer::new(503, ""), Answer::new(429, ""), token("one", 3600)]);
    gives(&metadata(&sink.host()), NOW, "one").await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let error = metadata(&nobody).token_at(NOW).await.unwrap_err();
    let said = format!(
        "the metadata server {nobody} gave no access token; outside of Google Cloud, name a credentials file in \
         GOOGLE_APPLICATION_CREDENTIALS"
    );
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Unavailable, said));
}

#[tokio::test]
async fn a_key_signs_for_a_token() {
    let sink = Sink::new(vec![token("one", 3600)]);
    let uri = format!("{}/token", sink.endpoint());
    gives(&file(&service_account(&uri)).unwrap(), NOW, "one").await;
    let seen = &sink.seen()[0];
    assert!(seen.head.starts_with("POST /token HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    let body = seen.text();
    let assertion = body.strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=");
    let (signed, signature) = assertion.unwrap().rsplit_once('.').unwrap();
    let parts = signed.split('.').map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap());
    let expected = json!([
        {"alg": "RS256", "kid": "key-1", "typ": "JWT"},
        {"iss": "bot@cats.iam.gserviceaccount.com", "scope": "https://www.googleapis.com/auth/cloud-platform",
         "aud": uri, "iat": 1_800_000_000, "exp": 1_800_003_600},
    ]);
    assert_eq!(Value::Array(parts.collect()), expected);

    let pem: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref());
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
}

#[tokio::test]
async fn a_users_consent_gives_a_token() {
    let sink = Sink::new(vec![token("one", 3600)]);
    gives(&file(&user(&sink.endpoint())).unwrap(), NOW, "one").await;
    let expected = "grant_type=refresh_token&client_id=an%20id&client_secret=a%26secret&refresh_token=1%2F%2Fsecret";
    assert_eq!(sink.seen()[0].text(), expected);
}

#[tokio::test]
async fn a_refusal_is_named_and_not_quoted() {
    for (body, code) in [
        (r#"{"error":"invalid_grant","error_description":"a secret"}"#, " invalid_grant"),
        (r#"{"error":"A secret"}"#, ""),
        ("secret", ""),
    ] {
        let sink = Sink::new(vec![Answer::new(400, body)]);
        let error = file(&service_account(&sink.endpoint())).unwrap().token_at(NOW).await.unwrap_err();
        let said = format!(
            "{} answered 400{code} to the credentials in GOOGLE_APPLICATION_CREDENTIALS: make new ones",
            sink.host()
        );
        assert_eq!((error.kind(), error.chain()), (ErrorKind::Refused, said));
        assert_eq!(sink.seen().len(), 1);
    }
    let sink = Sink::new(vec![Answer::new(200, r#"{"access_token":5,"secret":"secret"}"#)]);
    let error = file(&user(&sink.endpoint())).unwrap().token_at(NOW).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(!error.chain().contains("secret"), "{}", error.chain());
}

#[test]
fn a_wrong_file_is_named() {
    let with = |name: &str, value: Value| {
        let mut json = service_account("https://oauth2.googleapis.com/token");
        json[name] = value;
        json
    };
    assert!(file(&with("token_uri", Value::Null)).is_ok());
    for (json, said) in [
        (json!("a secret"), "names a file that is not the JSON of a credentials file: it has no `type`"),
        (
            json!({"type": "external_account"}),
            "names a file whose `type` is neither service_account nor authorized_user",
        ),
        (with("client_email", json!("")), "names a file of type service_account without `client_email`"),
        (with("private_key", json!("a secret")), "names a file whose `private_key` is no RSA key in PKCS #8"),
        (with("token_uri", json!("http://example.com/")), "names a file whose `token_uri` is no https address"),
    ] {
        let error = file(&json).unwrap_err();
        let said = format!("GOOGLE_APPLICATION_CREDENTIALS {said}");
        assert_eq!((error.kind(), error.chain()), (ErrorKind::Config, said));
    }
    let error = Credentials::read(|name| (name == "GOOGLE_APPLICATION_CREDENTIALS").then(|| "/none/there".to_owned()));
    assert_eq!(error.unwrap_err().to_string(), "GOOGLE_APPLICATION_CREDENTIALS names a file that cannot be read");
    for host in ["http://host", "a host", "secret@host"] {
        let error = Credentials::read(|name| (name == "GCE_METADATA_HOST").then(|| host.to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "GCE_METADATA_HOST is not of the form host or host:port");
    }
}

#[tokio::test]
async fn emulators_have_a_token_that_is_no_secret() {
    gives(&Credentials::none(), NOW, "owner").await;
}

#[test]
fn debug_shows_no_secret() {
    let all = [metadata("host"), file(&service_account("https://host/")).unwrap(), Credentials::none()];
    let shown = format!("{all:?}");
    assert!(shown.contains("metadata server") && shown.contains("service account key"), "{shown}");
    assert!(!shown.contains("BEGIN") && !shown.contains("bot@"), "{shown}");
}
