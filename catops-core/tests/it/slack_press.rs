//! The message that held a button, once somebody pressed it.

use std::time::Duration;

use catops_core::chat::slack::Slack;
use catops_core::client::Patience;
use catops_core::request::{Press, ReplyTo};
use catops_core::responder::{Posted, Responder};
use catops_core::{Audience, Error, ErrorKind, JobId, Reply, Secret, Timestamp};
use serde_json::{Value, json};

use crate::sink::{Answer, Sink};
use crate::slack_limits;

const NOW: Timestamp = Timestamp::from_secs(1_795_305_600);

/// The real patience, a hundred times shorter where nothing else is said.
const BRIEF: Patience = Patience {
    attempt: Duration::from_millis(1500),
    total: Duration::from_millis(4500),
    pause: Duration::from_millis(3),
    longest_pause: Duration::from_millis(80),
};

/// What a press tells of its message: that message as Slack shows it, with what Slack adds.
fn press() -> Press {
    let message = json!({
        "type": "message", "subtype": "bot_message", "bot_id": "B1", "ts": "1700000000.000100", "text": "Up.",
        "blocks": [
            {"type": "section", "block_id": "x1", "text": {"type": "mrkdwn", "text": "Up.", "verbatim": true}},
            {"type": "actions", "block_id": "x2", "elements": [{
                "type": "button", "action_id": "run:1", "value": "1:x",
                "text": {"type": "plain_text", "text": "Restart", "emoji": true},
            }]},
        ],
    });
    Press { ticket: JobId::of(&["1"]), label: "Restart".to_owned(), message: Some(message) }
}

fn changed() -> Value {
    json!([
        {"type": "section", "block_id": "x1", "text": {"type": "mrkdwn", "text": "Up.", "verbatim": true}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "ann pressed *Restart*", "verbatim": true}]},
    ])
}

fn reply_to(sink: &Sink, path: &str) -> ReplyTo {
    let url = Some(Secret::new(sink.url(path)));
    let expires = NOW + Duration::from_secs(60);
    ReplyTo { chat: "slack".to_owned(), url, channel: "C1".to_owned(), expires, ..ReplyTo::default() }
}

fn slack(sink: &Sink) -> Slack {
    Slack::new(Secret::new("x".to_owned()), vec![sink.host()]).with_patience(BRIEF)
}

fn with_token(sink: &Sink) -> Slack {
    slack(sink).with_token(Secret::new("xoxb-1".to_owned()), Some(&sink.url("/api"))).unwrap()
}

async fn pressed(slack: &Slack, to: &ReplyTo, press: &Press) -> Result<(), Error> {
    slack.pressed(to, press, "ann pressed **Restart**", NOW).await
}

fn seen(sink: &Sink) -> Vec<(String, Value)> {
    let read = |post: &crate::sink::Seen| {
        (post.head.split(' ').nth(1).unwrap().to_owned(), serde_json::from_slice(&post.body).unwrap())
    };
    sink.seen().iter().map(read).collect()
}

#[tokio::test]
async fn the_message_says_who_pressed() {
    let sink = Sink::new([]);
    pressed(&with_token(&sink), &reply_to(&sink, "/actions/x"), &press()).await.unwrap();
    slack_limits::check(&sink.seen()[0].body);
    let expected = json!({"response_type": "in_channel", "replace_original": true, "text": "Up.", "blocks": changed()});
    assert_eq!(seen(&sink), [("/actions/x".to_owned(), expected)]);
}

#[tokio::test]
async fn without_an_address_the_token_changes_it() {
    let taken = || Answer::status(200, "", r#"{"ok": true, "channel": "C1", "ts": "1700000000.000100"}"#);
    let sink = Sink::new([taken(), Answer::status(404, "", "used_url"), taken()]);
    let expected = json!({"channel": "C1", "ts": "1700000000.000100", "text": "Up.", "blocks": changed()});
    let update = ("/api/chat.update".to_owned(), expected);
    let to = reply_to(&sink, "/actions/x");
    pressed(&with_token(&sink), &ReplyTo { url: None, ..to.clone() }, &press()).await.unwrap();
    pressed(&with_token(&sink), &to, &press()).await.unwrap();
    let posts = seen(&sink);
    assert_eq!((posts.len(), &posts[0], &posts[2]), (3, &update, &update));
}

#[tokio::test]
async fn what_cannot_be_changed_is_told_or_left_alone() {
    let sink = Sink::new([]);
    let to = reply_to(&sink, "/actions/x");
    // What only one person sees comes without its message.
    pressed(&slack(&sink), &to, &Press { message: None, ..press() }).await.unwrap();
    let kind = async |to: &ReplyTo| pressed(&slack(&sink), to, &press()).await.unwrap_err().kind();
    assert_eq!(kind(&ReplyTo { url: None, ..to.clone() }).await, ErrorKind::Config);
    assert_eq!(kind(&ReplyTo { expires: NOW, ..to.clone() }).await, ErrorKind::Gone);
    let elsewhere = Some(Secret::new("https://hooks.slack.example/actions/x".to_owned()));
    assert_eq!(kind(&ReplyTo { url: elsewhere, ..to.clone() }).await, ErrorKind::Refused);
    assert_eq!(sink.seen().len(), 0);
}

#[tokio::test]
async fn no_reply_takes_the_place_of_the_message_with_the_button() {
    let sink = Sink::new([]);
    let earlier = Posted { audience: Audience::Channel, uses: 1, message: None };
    for path in ["/actions/x", "/commands/x"] {
        for earlier in [None, Some(&earlier)] {
            let to = reply_to(&sink, path);
            slack(&sink).respond(&to, &Reply::to_channel("50 %"), earlier, NOW).await.unwrap();
        }
    }
    let replaces: Vec<Value> = seen(&sink).into_iter().map(|(_, body)| body["replace_original"].clone()).collect();
    assert_eq!(replaces, [json!(false), json!(false), Value::Null, json!(true)]);
}
