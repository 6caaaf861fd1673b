//! Posting through Slack's Web API.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use catops_core::chat::slack::Slack;
use catops_core::client::Patience;
use catops_core::reply::Color;
use catops_core::request::ReplyTo;
use catops_core::responder::{Posted, Responder};
use catops_core::{Audience, Error, ErrorKind, Reply, Secret, Timestamp};
use serde_json::{Value, json};
use slack_morphism::prelude::{SlackApiChatPostEphemeralRequest, SlackApiChatPostMessageRequest};

use crate::sink::{Answer, Sink};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_305_600);

const TOKEN: &str = "xoxb-1-2-hunter2";

/// The real patience, a hundred times shorter where nothing else is said.
const BRIEF: Patience = Patience {
    attempt: Duration::from_millis(1500),
    total: Duration::from_millis(4500),
    pause: Duration::from_millis(3),
    longest_pause: Duration::from_millis(80),
};

pub(crate) fn slack(sink: &Sink) -> Slack {
    let slack = Slack::new(Secret::new("x".to_owned()), vec![sink.host()]).with_patience(BRIEF);
    slack.with_token(Secret::new(TOKEN.to_owned()), Some(&sink.url("/api"))).unwrap()
}

/// A place to reply to that has no address of its own.
pub(crate) fn channel() -> ReplyTo {
    ReplyTo { chat: "slack".to_owned(), channel: "C1".to_owned(), user: "U1".to_owned(), ..ReplyTo::default() }
}

pub(crate) fn answer(body: &Value) -> Answer {
    Answer::status(200, "", &body.to_string())
}

pub(crate) fn taken() -> Answer {
    answer(&json!({"ok": true, "channel": "C1", "ts": "1700000000.000100", "message": {"text": "hello"}}))
}

pub(crate) fn refused(code: &str) -> Answer {
    answer(&json!({"ok": false, "error": code}))
}

/// Returns the path and the body of each request, having checked that each has the token.
fn seen(sink: &Sink) -> Vec<(String, Value)> {
    let read = |post: &crate::sink::Seen| {
        let path = post.head.split(' ').nth(1).unwrap().to_owned();
        let bearer = format!("authorization: bearer {TOKEN}\r\n");
        assert_eq!(post.head.to_ascii_lowercase().contains(&bearer), path.starts_with("/api/"), "{}", post.head);
        (path, serde_json::from_slice(&post.body).unwrap())
    };
    sink.seen().iter().map(read).collect()
}

async fn respond(sink: &Sink, to: &ReplyTo, reply: &Reply, earlier: Option<&Posted>) -> Result<Posted, Error> {
    let result = slack(sink).respond(to, reply, earlier, NOW).await;
    if let Err(error) = &result {
        let said = format!("{} {error:?}", error.chain());
        assert!(!said.contains("hunter2") && !said.contains("/commands"), "{said}");
    }
    result
}

#[tokio::test]
async fn a_reply_for_all_and_one_for_the_asker() {
    let sink = Sink::new([taken(), answer(&json!({"ok": true, "message_ts": "1700000000.000200"}))]);
    let posted = respond(&sink, &channel(), &Reply::to_channel("**hello**"), None).await.unwrap();
    assert_eq!(posted.message.as_deref(), Some("C1/1700000000.000100"));
    let posted = respond(&sink, &channel(), &Reply::to_asker("psst"), None).await.unwrap();
    assert_eq!(posted, Posted { audience: Audience::Asker, uses: 0, message: None });
    let posts = seen(&sink);
    let [(to_all, public), (to_one, private)] = posts.as_slice() else { panic!("{posts:?}") };
    assert_eq!((to_all.as_str(), to_one.as_str()), ("/api/chat.postMessage", "/api/chat.postEphemeral"));
    let section = |text: &str| json!([{"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}]);
    assert_eq!(public, &json!({"channel": "C1", "text": "*hello*", "blocks": section("*hello*")}));
    assert_eq!(private, &json!({"channel": "C1", "user": "U1", "text": "psst", "blocks": section("psst")}));
    // As another's program reads it.
    let read: SlackApiChatPostMessageRequest = serde_json::from_value(public.clone()).unwrap();
    assert_eq!((read.channel.0.as_str(), read.content.text.as_deref()), ("C1", Some("*hello*")));
    let read: SlackApiChatPostEphemeralRequest = serde_json::from_value(private.clone()).unwrap();
    assert_eq!((read.user.0.as_str(), read.content.text.as_deref()), ("U1", Some("psst")));
}

#[tokio::test]
async fn one_message_is_changed() {
    let sink = Sink::new([taken(), taken(), refused("message_not_found"), taken()]);
    let reply = Reply::to_channel("hello");
    let mut posted = respond(&sink, &channel(), &reply, None).await.unwrap();
    for _ in 0..2 {
        posted = respond(&sink, &channel(), &reply, Some(&posted)).await.unwrap();
    }
    // What only the asker sees is a message of its own.
    respond(&sink, &channel(), &Reply::to_asker("psst"), Some(&posted)).await.unwrap_err();
    let posts = seen(&sink);
    let paths: Vec<&str> = posts.iter().map(|(path, _)| path.trim_start_matches("/api/chat.")).collect();
    assert_eq!(paths, ["postMessage", "update", "update", "postMessage", "postEphemeral"]);
    assert_eq!((&posts[1].1["channel"], &posts[1].1["ts"]), (&json!("C1"), &json!("1700000000.000100")));
}

#[tokio::test]
async fn what_is_not_given_again_goes_from_a_changed_message() {
    let sink = Sink::new([taken(), taken(), taken()]);
    let posted = respond(&sink, &channel(), &Reply::to_channel("working"), None).await.unwrap();
    let colored = Reply::to_channel("done").color(Color::Good);
    respond(&sink, &channel(), &colored, Some(&posted)).await.unwrap();
    respond(&sink, &channel(), &Reply::to_channel("done"), Some(&posted)).await.unwrap();
    let posts = seen(&sink);
    let (colored, plain) = (&posts[1].1, &posts[2].1);
    assert_eq!((&colored["text"], &colored["blocks"]), (&json!(""), &json!([])));
    assert_eq!(colored["attachments"][0]["blocks"][0]["text"]["text"], "done");
    assert_eq!((&plain["text"], &plain["attachments"]), (&json!("done"), &json!([])));
}

#[tokio::test]
async fn a_thread_holds_its_replies() {
    let sink = Sink::new([taken(), taken(), taken()]);
    let to = ReplyTo { thread: "1690000000.000100".to_owned(), ..channel() };
    let posted = respond(&sink, &to, &Reply::to_channel("hello"), None).await.unwrap();
    respond(&sink, &to, &Reply::to_asker("psst"), None).await.unwrap();
    respond(&sink, &to, &Reply::to_channel("hello again"), Some(&posted)).await.unwrap();
    let threads: Vec<_> = seen(&sink).into_iter().map(|(_, body)| body["thread_ts"].clone()).collect();
    assert_eq!(threads, [json!("1690000000.000100"), json!("1690000000.000100"), Value::Null]);
}

#[tokio::test]
async fn among_two_everything_is_a_plain_message() {
    let direct = || answer(&json!({"ok": true, "channel": "D1", "ts": "1700000000.000100"}));
    let sink = Sink::new([direct(), direct(), direct(), direct()]);
    let to = ReplyTo { channel: "D1".to_owned(), ..channel() };
    let posted = respond(&sink, &to, &Reply::to_asker("working"), None).await.unwrap();
    // Whom it is for makes no difference there.
    respond(&sink, &to, &Reply::to_channel("done"), Some(&posted)).await.unwrap();
    // A person's id stands for the conversation, which the answer names.
    let to = ReplyTo { channel: String::new(), ..channel() };
    let posted = respond(&sink, &to, &Reply::to_asker("working"), None).await.unwrap();
    respond(&sink, &to, &Reply::to_asker("done"), Some(&posted)).await.unwrap();
    let posts = seen(&sink);
    let calls: Vec<_> = posts.iter().map(|(path, body)| (path.as_str(), body["channel"].as_str().unwrap())).collect();
    let (post, update) = ("/api/chat.postMessage", "/api/chat.update");
    assert_eq!(calls, [(post, "D1"), (update, "D1"), (post, "U1"), (update, "D1")]);
    assert!(posts.iter().all(|(_, body)| body.get("user").is_none()), "{posts:?}");
}

#[tokio::test]
async fn fifty_replies_at_once_arrive_or_are_accounted_for() {
    let busy = || Answer::status(429, "retry-after: 1\r\n", r#"{"ok":false,"error":"ratelimited"}"#);
    let many = async |sink: &Sink, patience: Patience| {
        let slack = Arc::new(slack(sink).with_patience(patience));
        let posts = (0..50).map(|n| {
            let slack = slack.clone();
            let post = async move { slack.respond(&channel(), &Reply::to_channel(n.to_string()), None, NOW).await };
            tokio::spawn(post)
        });
        let mut results = Vec::new();
        for post in posts.collect::<Vec<_>>() {
            results.push(post.await.unwrap());
        }
        results
    };
    // Two in three calls are put off until the next second.
    let sink = Sink::new((0..100).map(|_| busy()).chain((0..50).map(|_| taken())));
    let results = many(&sink, Patience { total: Duration::from_secs(30), ..BRIEF }).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let accepted: HashSet<_> =
        seen(&sink).into_iter().map(|(_, body)| body["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!((accepted.len(), sink.seen().len()), (50, 150));
    let sink = Sink::new((0..50).map(|_| busy()));
    for result in many(&sink, Patience { total: Duration::from_millis(900), ..BRIEF }).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().ends_with("answered 429 and asked to wait 1 s, longer than we can"), "{error}");
    }
}

#[tokio::test]
async fn an_address_that_is_gone_is_not_the_end() {
    let sink = Sink::new([Answer::status(404, "", "used_url"), taken()]);
    let url = Some(Secret::new(sink.url("/commands/x")));
    let to = ReplyTo { url, expires: NOW + Duration::from_secs(60), ..channel() };
    let reply = Reply::to_channel("hello");
    respond(&sink, &to, &reply, None).await.unwrap();
    let used = Posted { audience: Audience::Channel, uses: 5, message: None };
    for (to, earlier) in [(ReplyTo { expires: NOW, ..to.clone() }, None), (to.clone(), Some(&used))] {
        let error = respond(&sink, &to, &reply, earlier).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "the sink says no more than ok: {error}");
    }
    let paths: Vec<String> = seen(&sink).into_iter().map(|(path, _)| path).collect();
    let api = "/api/chat.postMessage";
    assert_eq!(paths, ["/commands/x", api, api, api]);
}

#[tokio::test]
async fn an_address_that_works_or_may_yet_is_not_left() {
    let sink = Sink::new([Answer::ok(), Answer::status(403, "", "no")]);
    let url = Some(Secret::new(sink.url("/commands/x")));
    let to = ReplyTo { url, expires: NOW + Duration::from_secs(60), ..channel() };
    let reply = Reply::to_channel("hello");
    respond(&sink, &to, &reply, None).await.unwrap();
    assert_eq!(respond(&sink, &to, &reply, None).await.unwrap_err().kind(), ErrorKind::Refused);
    // One that a forged job made up is no reason to post elsewhere.
    let forged = ReplyTo { url: Some(Secret::new("https://evil.example/commands/x".to_owned())), ..to };
    assert_eq!(respond(&sink, &forged, &reply, None).await.unwrap_err().kind(), ErrorKind::Refused);
    assert!(seen(&sink).iter().all(|(path, _)| path == "/commands/x") && sink.seen().len() == 2);
}

#[tokio::test]
async fn nobody_else_reads_what_is_for_the_asker() {
    let sink = Sink::new([]);
    let to = ReplyTo { user: String::new(), ..channel() };
    let error = respond(&sink, &to, &Reply::to_asker("psst"), None).await.unwrap_err();
    assert_eq!(error.to_string(), "the reply is for the asker alone, who is not known");
    let error = respond(&sink, &ReplyTo::default(), &Reply::to_channel("hello"), None).await.unwrap_err();
    assert_eq!(error.to_string(), "it is not known which channel the reply belongs to");
    assert!(sink.seen().is_empty());
}

async fn ends(answers: impl IntoIterator<Item = Answer>, posts: usize, kind: ErrorKind, said: &str) {
    let sink = Sink::new(answers);
    let error = respond(&sink, &channel(), &Reply::to_channel("hello"), None).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().replace(&sink.host(), "HOST").as_str()), (kind, said));
    assert_eq!(sink.seen().len(), posts, "{said}");
}

#[tokio::test]
async fn a_refusal_names_the_cure() {
    let check = async |code: &str, kind, said: &str| ends([refused(code)], 1, kind, said).await;
    check(
        "restricted_action",
        ErrorKind::Refused,
        "the workspace does not let the bot post in the channel `C1` (restricted_action); ask an administrator",
    )
    .await;
    let channel = "Slack has no channel `C1` that the bot can see; check the id (CATOPS_SCHEDULE_CHANNEL, for a \
                   schedule; CATOPS_AUDIT_CHANNEL), and invite the bot if the channel is private";
    check("channel_not_found", ErrorKind::Refused, channel).await;
    let outside = "the bot is not in the channel `C1`; invite it there, or give it the scope `chat:write.public`";
    check("not_in_channel", ErrorKind::Refused, outside).await;
    let auth = "Slack does not take CATOPS_SLACK_BOT_TOKEN (invalid_auth); copy it again: your app, \"OAuth & \
                Permissions\", \"Bot User OAuth Token\"";
    check("invalid_auth", ErrorKind::Config, auth).await;
    let scope = "CATOPS_SLACK_BOT_TOKEN lacks the scope `chat:write`; add it to your app under \"OAuth & Permissions\", \
                 and install the app anew";
    check("missing_scope", ErrorKind::Config, scope).await;
    check("is_archived", ErrorKind::Refused, "the channel `C1` is archived; choose another").await;
    check("msg_blocks_too_long", ErrorKind::Refused, "Slack refused the reply: msg_blocks_too_long").await;
    check("<a secret>", ErrorKind::Refused, "Slack refused the reply: no reason given").await;
    check("internal_error", ErrorKind::Unavailable, "Slack could not take the reply: internal_error").await;
    let none = "there is no `chat.postMessage` at CATOPS_SLACK_API_URL, which is `https://slack.com/api/` unless set";
    ends([Answer::status(404, "", "")], 1, ErrorKind::Config, none).await;
    let odd = "HOST did not answer with the expected JSON: line 1, column 1";
    ends([Answer::status(200, "", "ok")], 1, ErrorKind::Invalid, odd).await;
}

#[tokio::test]
async fn too_much_is_waited_for() {
    let busy = |status, wait: &str, code: &str| {
        Answer::status(status, &format!("retry-after: {wait}\r\n"), &json!({"ok": false, "error": code}).to_string())
    };
    let sink = Sink::new([busy(429, "1", "ratelimited"), busy(200, "1", "rate_limited"), taken()]);
    respond(&sink, &channel(), &Reply::to_channel("hello"), None).await.unwrap();
    let times: Vec<_> = sink.seen().iter().map(|post| post.at).collect();
    assert_eq!(times.len(), 3);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(1)), "{times:?}");
    let said = "Slack takes no more messages for now, longer than we can wait";
    ends([busy(200, "120", "ratelimited")], 1, ErrorKind::Unavailable, said).await;
    let said = "HOST answered 429 and asked to wait 120 s, longer than we can";
    ends([busy(429, "120", "ratelimited")], 1, ErrorKind::Unavailable, said).await;
}
