//! Signed calls, and what happens when they are not answered.

use std::time::{Duration, Instant};

use catops_aws::service::{self, Call, Service};
use catops_core::client::Patience;
use catops_core::{Error, ErrorKind};

use crate::sink::{Answer, Sink, account, nobody};

const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    total: Duration::from_secs(20),
    pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(5),
};

/// Gives up after a while, and on an attempt sooner.
const SHORT: Patience =
    Patience { attempt: Duration::from_millis(400), total: Duration::from_millis(1500), ..PATIENCE };

fn call() -> Call<'static> {
    let headers = &[("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "Cats_1.Pet")];
    Call { method: http::Method::POST, path: "/secret?a=secret".into(), headers, body: "the secret body".into() }
}

async fn send(sink: &Sink, patience: &Patience) -> Result<service::Answer, Error> {
    Service::new(sink.account(), "dynamodb").send(&call(), patience).await
}

fn check(error: &Error, kind: ErrorKind, text: &str) {
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    assert!(!format!("{error:?} {}", error.chain()).contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_call_is_sent_as_given_and_signed() {
    let sink = Sink::new(vec![Answer::new(200, "purr")]);
    let answer = send(&sink, &PATIENCE).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..], &answer.headers["x-kind"]),
        (200, &b"purr"[..], &"cat".parse().unwrap())
    );
    let seen = &sink.seen()[0];
    assert!(seen.head.starts_with("POST /secret?a=secret HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.body, b"the secret body");
    assert_eq!(seen.header("host"), Some(sink.host().as_str()));
    assert_eq!(seen.header("x-amz-target"), Some("Cats_1.Pet"));
    assert_eq!(seen.header("x-amz-security-token"), Some("the-session-token"));
    assert_eq!(seen.header("x-amz-date").map(str::len), Some("20150830T123600Z".len()));
    let authorization = seen.header("authorization").unwrap();
    assert!(authorization.contains("/eu-west-1/dynamodb/aws4_request"), "{authorization}");
    assert!(
        authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,"),
        "{authorization}"
    );
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let busy = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#;
    let passing = [
        (PATIENCE, vec![Answer::new(500, ""), Answer::new(503, "")]),
        (PATIENCE, vec![Answer::new(429, "")]),
        (PATIENCE, vec![Answer::new(400, busy)]),
        (PATIENCE, vec![Answer::Close, Answer::Close]),
        (Patience { attempt: Duration::from_secs(1), ..PATIENCE }, vec![Answer::half()]),
    ];
    for (patience, mut answers) in passing {
        let failures = answers.len();
        answers.push(Answer::new(200, "ok"));
        let sink = Sink::new(answers);
        assert_eq!(send(&sink, &patience).await.unwrap().body, "ok");
        let seen = sink.seen();
        assert_eq!(seen.len(), failures + 1);
        assert!(seen.iter().all(|seen| seen.body == b"the secret body" && seen.header("authorization").is_some()));
    }
}

#[tokio::test]
async fn another_answer_is_returned_at_once() {
    for (status, body, fault) in [
        (200, "{}", None),
        (202, "", None),
        (302, "", None),
        (400, r#"{"__type":"a#ConditionalCheckFailedException"}"#, Some("ConditionalCheckFailedException")),
        (403, r#"{"__type":"AccessDeniedException"}"#, Some("AccessDeniedException")),
        (404, "", None),
    ] {
        let sink = Sink::new(vec![Answer::new(status, body)]);
        let answer = send(&sink, &PATIENCE).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.fault().as_deref()), (status, fault));
        assert_eq!(sink.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn patience_ends_with_the_last_failure() {
    let busy = r#"{"__type":"ThrottlingException","message":"secret"}"#;
    let late = "did not answer within 400ms";
    for (answer, kind, said) in [
        (Answer::new(503, "secret"), ErrorKind::Unavailable, "answered 503"),
        (Answer::new(400, busy), ErrorKind::Unavailable, "answered 400 ThrottlingException"),
        (Answer::Write(String::new()), ErrorKind::Timeout, late),
        (Answer::half(), ErrorKind::Timeout, late),
    ] {
        let sink = Sink::new(vec![answer]);
        let started = Instant::now();
        let error = send(&sink, &Patience { longest_pause: Duration::from_millis(300), ..SHORT }).await.unwrap_err();
        check(&error, kind, &format!("{} {said}", sink.host()));
        assert!(started.elapsed() < SHORT.total + Duration::from_secs(5), "{:?}", started.elapsed());
        assert!(sink.seen().len() >= 2, "it is tried more than once");
    }
}

/// Whoever hands a job over must not say that nothing runs, if one of the attempts may have started it.
#[tokio::test]
async fn a_call_that_was_not_answered_may_have_been_acted_on() {
    let sink = Sink::new(vec![Answer::new(503, ""), Answer::Close, Answer::new(503, "")]);
    let patience = Patience { attempt: Duration::from_secs(5), total: Duration::from_secs(1), ..PATIENCE };
    let error = send(&sink, &patience).await.unwrap_err();
    check(&error, ErrorKind::Timeout, &format!("asking {}", sink.host()));
    assert!(sink.seen().len() > 3);
}

#[tokio::test]
async fn nobody_there_is_tried_until_patience_ends() {
    let host = nobody();
    let error = Service::new(account(&host), "ssm").send(&call(), &SHORT).await.unwrap_err();
    check(&error, ErrorKind::Unavailable, &format!("connecting to {host}"));
}

#[tokio::test]
async fn a_call_that_is_wrong_is_not_sent() {
    let sink = Sink::new(vec![Answer::new(200, "")]);
    let wrong = Call { path: "/secret secret".into(), ..call() };
    let error = Service::new(sink.account(), "lambda").send(&wrong, &PATIENCE).await.unwrap_err();
    check(&error, ErrorKind::Invalid, &format!("signing a call to {}", sink.host()));
    let wrong = Call { headers: &[("x-key", "sec\nret: secret")], ..call() };
    let error = Service::new(sink.account(), "lambda").send(&wrong, &PATIENCE).await.unwrap_err();
    let text = format!("the value of header x-key of a request to {} is not valid", sink.host());
    check(&error, ErrorKind::Invalid, &text);
    assert_eq!(sink.seen().len(), 0);
}

#[test]
fn debug_shows_no_secret() {
    let service = Service::new(account("127.0.0.1:1"), "lambda");
    let answer = service::Answer { status: http::StatusCode::OK, headers: Default::default(), body: "secret".into() };
    let shown = format!("{service:?} {:?} {answer:?}", call());
    assert!(shown.contains("127.0.0.1:1") && shown.contains("POST"), "{shown}");
    assert!(!shown.contains("secret") && !shown.contains("AKID") && !shown.contains("token"), "{shown}");
}
