//! Calls to a service on loopback: what is sent, and when it is sent again.

use std::sync::Arc;
use std::time::Duration;

use catops_core::client::Patience;
use catops_core::{Error, ErrorKind};
use catops_gcp::credentials::Credentials;
use catops_gcp::service::{self, Call, Service};

use crate::credentials::{file, metadata, user};
use crate::sink::{Answer, Sink};

const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    total: Duration::from_secs(10),
    pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(5),
};

const SHORT: Patience = Patience { attempt: Duration::from_millis(200), total: Duration::from_millis(600), ..PATIENCE };

fn call() -> Call<'static> {
    Call { method: http::Method::POST, path: "/v1/secret:ask".into(), body: "{\"secret\":1}".into() }
}

async fn send(sink: &Sink, patience: &Patience) -> Result<service::Answer, Error> {
    Service::new(Arc::new(Credentials::none()), sink.endpoint()).send(&call(), patience).await
}

#[tokio::test]
async fn a_call_carries_the_token() {
    let sink = Sink::new(vec![Answer::new(200, "purr")]);
    let answer = send(&sink, &PATIENCE).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"purr"[..]));
    let seen = &sink.seen()[0];
    assert!(seen.head.starts_with("POST /v1/secret:ask HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("authorization"), Some("Bearer owner"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("x-goog-user-project"), None);
    assert_eq!(seen.text(), "{\"secret\":1}");
}

#[tokio::test]
async fn a_users_call_counts_on_a_project() {
    let tokens = Sink::new(vec![Answer::new(200, r#"{"access_token":"one","expires_in":3600}"#)]);
    let sink = Sink::new(vec![Answer::new(200, "")]);
    let credentials = file(&user(&tokens.endpoint())).unwrap();
    Service::new(Arc::new(credentials), sink.endpoint()).send(&call(), &PATIENCE).await.unwrap();
    assert_eq!(sink.seen()[0].header("x-goog-user-project"), Some("cats"));
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_replaced_once() {
    let token = |name: &str| Answer::new(200, &format!(r#"{{"access_token":"{name}","expires_in":3600}}"#));
    let tokens = Sink::new(vec![token("one"), token("two")]);
    let sink = Sink::new(vec![Answer::new(401, ""), Answer::new(200, ""), Answer::new(401, "")]);
    let service = Service::new(Arc::new(metadata(&tokens.host())), sink.endpoint());
    assert_eq!(service.send(&call(), &PATIENCE).await.unwrap().status.as_u16(), 200);
    let bearers =
        || sink.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(bearers(), ["Bearer one", "Bearer two"]);
    assert_eq!(service.send(&call(), &PATIENCE).await.unwrap().status.as_u16(), 401);
    assert_eq!((sink.seen().len(), tokens.seen().len()), (4, 3));
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for mut answers in [
        vec![Answer::new(500, ""), Answer::new(503, "")],
        vec![Answer::new(429, "")],
        vec![Answer::new(409, r#"{"error":{"status":"ABORTED"}}"#)],
        vec![Answer::Close, Answer::Close],
    ] {
        let failures = answers.len();
        answers.push(Answer::new(200, "ok"));
        let sink = Sink::new(answers);
        assert_eq!(send(&sink, &PATIENCE).await.unwrap().body, "ok");
        assert_eq!(sink.seen().len(), failures + 1);
    }
}

#[tokio::test]
async fn another_answer_is_returned_at_once() {
    for (status, body, fault) in [
        (204, "", None),
        (302, "", None),
        (403, r#"{"error":{"status":"PERMISSION_DENIED"}}"#, Some("PERMISSION_DENIED")),
        (409, r#"{"error":{"status":"ALREADY_EXISTS"}}"#, Some("ALREADY_EXISTS")),
        (501, "", None),
    ] {
        let sink = Sink::new(vec![Answer::new(status, body)]);
        let answer = send(&sink, &PATIENCE).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.fault().as_deref()), (status, fault));
        assert_eq!(sink.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn patience_ends_with_the_last_failure() {
    for (answer, kind, said) in [
        (Answer::new(503, r#"{"error":{"status":"UNAVAILABLE"}}"#), ErrorKind::Unavailable, "answered 503 UNAVAILABLE"),
        (Answer::new(500, "secret"), ErrorKind::Unavailable, "answered 500"),
        (Answer::Write(String::new()), ErrorKind::Timeout, "did not answer within"),
    ] {
        let sink = Sink::new(vec![answer]);
        let error = send(&sink, &SHORT).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", error.chain());
        assert!(error.to_string().starts_with(&format!("{} {said}", sink.host())), "{}", error.chain());
        assert!(!error.chain().contains("secret"), "{}", error.chain());
        assert!(sink.seen().len() >= 2, "it is tried more than once");
    }
}

/// What may have been acted on is a time-out, and what else went wrong is not hidden.
#[tokio::test]
async fn an_attempt_without_an_answer_leaves_open_what_happened() {
    let silence = || Answer::Write(String::new());
    let long = Patience { attempt: Duration::from_secs(60), total: Duration::from_secs(1), ..PATIENCE };
    for (answers, patience) in [
        (vec![Answer::new(503, ""), silence()], long),
        (vec![silence(), Answer::new(503, "")], Patience { attempt: Duration::from_millis(200), ..long }),
    ] {
        let sink = Sink::new(answers);
        let error = send(&sink, &patience).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().starts_with(&format!("{} did not answer within", sink.host())), "{}", error.chain());
        assert!(error.chain().ends_with(&format!(": {} answered 503", sink.host())), "{}", error.chain());
    }
}

/// Without a token nothing is sent, so a time-out of the token leaves nothing open.
#[tokio::test]
async fn a_token_that_is_late_is_unavailable() {
    let (tokens, sink) = (Sink::new(vec![Answer::Write(String::new())]), Sink::new(vec![Answer::new(200, "")]));
    let service = Service::new(Arc::new(metadata(&tokens.host())), sink.endpoint());
    let error = service.send(&call(), &SHORT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().starts_with("there was no access token"), "{}", error.chain());
    assert_eq!(sink.seen().len(), 0);
}

#[test]
fn debug_shows_no_secret() {
    let service = Service::new(Arc::new(Credentials::none()), "http://host:1/");
    let answer = service::Answer { status: http::StatusCode::OK, body: "secret".into() };
    let shown = format!("{service:?} {:?} {answer:?}", call());
    assert!(shown.contains("host:1") && shown.contains("POST"), "{shown}");
    assert!(!shown.contains("secret") && !shown.contains("owner"), "{shown}");
}
