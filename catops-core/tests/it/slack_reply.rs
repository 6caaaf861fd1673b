//! Delivering replies to a `response_url`.

use std::time::{Duration, Instant};

use catops_core::chat::slack::Slack;
use catops_core::client::{ATTEMPT_TIME, Patience, TOTAL_TIME};
use catops_core::request::ReplyTo;
use catops_core::responder::{Posted, Responder};
use catops_core::{Audience, Error, ErrorKind, Reply, Secret, Timestamp};

use crate::sink::{Answer, Sink, nobody};

const NOW: Timestamp = Timestamp::from_secs(1_795_305_600);

/// The real patience, a hundred times shorter where nothing else is said.
const BRIEF: Patience = Patience {
    attempt: Duration::from_millis(1500),
    total: Duration::from_millis(4500),
    pause: Duration::from_millis(3),
    longest_pause: Duration::from_millis(80),
};

fn slack(host: &str) -> Slack {
    Slack::new(Secret::new("x".to_owned()), vec![host.to_owned()]).with_patience(BRIEF)
}

fn reply_to(url: String) -> ReplyTo {
    let expires = NOW + Duration::from_secs(1800);
    ReplyTo { chat: "slack".to_owned(), url: Some(Secret::new(url)), expires, ..ReplyTo::default() }
}

async fn respond(sink: &Sink, earlier: Option<&Posted>) -> Result<Posted, Error> {
    let to = reply_to(sink.url("/secret"));
    let result = slack(&sink.host()).respond(&to, &Reply::to_channel("hello"), earlier, NOW).await;
    if let Err(error) = &result {
        assert!(!error.chain().contains("secret") && !format!("{error:?}").contains("secret"), "{error:?}");
    }
    result
}

/// Checks how an answer ends, and after how many posts.
async fn check(answers: impl IntoIterator<Item = Answer>, posts: usize, expected: Result<(), (ErrorKind, &str)>) {
    let sink = Sink::new(answers);
    let result = respond(&sink, None).await;
    let said =
        result.as_ref().map(|_| ()).map_err(|error| (error.kind(), error.to_string().replace(&sink.host(), "HOST")));
    assert_eq!(said, expected.map_err(|(kind, text)| (kind, text.to_owned())));
    let seen = sink.seen();
    assert_eq!(seen.len(), posts);
    assert!(seen.iter().all(|post| post.body == seen[0].body && post.head.starts_with("POST /secret ")));
}

fn failed(status: u16) -> Answer {
    Answer::status(status, "", "no_service")
}

#[test]
fn a_server_may_think_for_ten_seconds() {
    assert!(ATTEMPT_TIME > Duration::from_secs(10) && TOTAL_TIME >= 2 * ATTEMPT_TIME);
    assert_eq!((Patience::default().attempt, Patience::default().total), (ATTEMPT_TIME, TOTAL_TIME));
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    check([failed(500), failed(500)], 3, Ok(())).await;
    check([failed(503), Answer::Close, failed(429)], 4, Ok(())).await;
    check([Answer::status(429, "retry-after: soon\r\n", "")], 2, Ok(())).await;
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let sink = Sink::new([Answer::status(429, "retry-after: 1\r\n", "")]);
    respond(&sink, None).await.unwrap();
    let seen = sink.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at - seen[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_wait_longer_than_what_is_left_is_not_begun() {
    let started = Instant::now();
    let said = "HOST answered 429 and asked to wait 120 s, longer than we can";
    check([Answer::status(429, "retry-after: 120\r\n", "")], 1, Err((ErrorKind::Unavailable, said))).await;
    let said = "HOST answered 503 and asked to wait 3600 s, longer than we can";
    let dates = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 09:49:37 GMT\r\n";
    check([Answer::status(503, dates, "")], 1, Err((ErrorKind::Unavailable, said))).await;
    assert!(started.elapsed() < BRIEF.total);
}

#[tokio::test]
async fn a_slow_server_sees_one_post() {
    let late = Answer::Late(Duration::from_secs(1), b"HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\nok".to_vec());
    check([late], 1, Ok(())).await;
}

#[tokio::test]
async fn a_silent_server_is_given_up_in_time() {
    let silent = || Answer::Write(Vec::new());
    let started = Instant::now();
    let sink = Sink::new([silent(), silent(), silent(), silent()]);
    assert_eq!(respond(&sink, None).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!((2..=4).contains(&sink.seen().len()), "{} posts", sink.seen().len());
    assert!(started.elapsed() < BRIEF.total + Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_refusal_is_final() {
    check([failed(404)], 1, Err((ErrorKind::Gone, "HOST answered 404"))).await;
    check([failed(410)], 1, Err((ErrorKind::Gone, "HOST answered 410"))).await;
    check([failed(400)], 1, Err((ErrorKind::Refused, "HOST answered 400"))).await;
    check([failed(403)], 1, Err((ErrorKind::Refused, "HOST answered 403"))).await;
    check([Answer::status(302, "location: /\r\n", "")], 1, Err((ErrorKind::Refused, "HOST answered 302"))).await;
    let said = |body: &str| Answer::status(200, "", body);
    let refused = "Slack refused the reply: invalid_blocks";
    check([said(r#"{"ok":false,"error":"invalid_blocks"}"#)], 1, Err((ErrorKind::Refused, refused))).await;
    let refused = "Slack refused the reply: no reason given";
    check([said(r#"{"ok":false,"error":"<a secret>"}"#)], 1, Err((ErrorKind::Refused, refused))).await;
    check([said(r#"{"ok":true}"#)], 1, Ok(())).await;
    check([said("")], 1, Ok(())).await;
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let host = nobody();
    let patience = Patience { total: Duration::from_millis(200), ..BRIEF };
    let slack = slack(&host).with_patience(patience);
    let to = reply_to(format!("http://{host}/secret"));
    let error = slack.respond(&to, &Reply::to_channel("hello"), None, NOW).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Unavailable, format!("connecting to {host}")));
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_not_called() {
    let sink = Sink::new([]);
    let reply = Reply::to_channel("hello");
    let slack = slack(&sink.host());
    let to = reply_to(sink.url("/secret"));
    let used = |uses| Posted { audience: Audience::Channel, uses, message: None };
    let check = async |to: &ReplyTo, earlier: Option<Posted>, now: Timestamp, kind: ErrorKind| {
        let error = slack.respond(to, &reply, earlier.as_ref(), now).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    };
    check(&ReplyTo { url: None, ..to.clone() }, None, NOW, ErrorKind::Config).await;
    check(&to, Some(used(5)), NOW, ErrorKind::Gone).await;
    check(&to, None, to.expires, ErrorKind::Gone).await;
    let elsewhere = reply_to(sink.url("/secret").replace("127.0.0.1", "localhost"));
    check(&elsewhere, None, NOW, ErrorKind::Refused).await;
    assert_eq!(sink.seen().len(), 0);
    assert_eq!(slack.respond(&to, &reply, Some(&used(4)), NOW).await.unwrap().uses, 5);
}

#[tokio::test]
async fn one_message_is_changed_while_the_audience_is_the_same() {
    let sink = Sink::new([]);
    let first = respond(&sink, None).await.unwrap();
    assert_eq!(first, Posted { audience: Audience::Channel, uses: 1, message: None });
    assert_eq!(respond(&sink, Some(&first)).await.unwrap().uses, 2);
    let to_asker = Posted { audience: Audience::Asker, uses: 2, message: None };
    respond(&sink, Some(&to_asker)).await.unwrap();
    let replaces: Vec<_> = sink.seen().iter().map(|post| contains(&post.body, b"\"replace_original\":true")).collect();
    assert_eq!(replaces, [false, true, false]);
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
