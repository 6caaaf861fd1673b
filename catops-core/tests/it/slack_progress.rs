//! Progress that edits one message, and the reply that takes its place.

use std::time::{Duration, Instant};

use catops_core::app::App;
use catops_core::dispatcher::Dispatched;
use catops_core::job::{Job, JobId, JobKey};
use catops_core::request::{ReplyTo, Request};
use catops_core::responder::{PROGRESS_TIME, Posted, Responder};
use catops_core::store::MemoryStore;
use catops_core::{Commands, Context, Dispatcher, ErrorKind, Reply, Secret, command};
use serde_json::{Value, json};

use crate::sink::{Answer, Sink};
use crate::slack_api::{NOW, channel, refused, slack, taken};

const POST: &str = "/api/chat.postMessage";
const UPDATE: &str = "/api/chat.update";
const URL: &str = "/commands/T1/2/x";

/// A slash command in a channel.
fn command_at(sink: &Sink, path: &str) -> ReplyTo {
    let url = Some(Secret::new(sink.url(path)));
    ReplyTo { url, expires: NOW + Duration::from_secs(1800), ..channel() }
}

fn working() -> Reply {
    Reply::to_channel("working")
}

fn calls(sink: &Sink) -> Vec<(String, Value)> {
    let read = |post: &crate::sink::Seen| {
        let path = post.head.split(' ').nth(1).unwrap().to_owned();
        (path, serde_json::from_slice(&post.body).unwrap())
    };
    sink.seen().iter().map(read).collect()
}

fn paths(sink: &Sink) -> Vec<String> {
    calls(sink).into_iter().map(|(path, _)| path).collect()
}

#[tokio::test]
async fn the_bot_changes_a_message_of_its_own() {
    let sink = Sink::new([taken(), taken(), taken(), taken()]);
    let (slack, to) = (slack(&sink), command_at(&sink, URL));
    let mut posted = slack.progress(&to, &working(), None, NOW).await.unwrap();
    for _ in 0..2 {
        posted = slack.progress(&to, &working(), Some(&posted), NOW).await.unwrap();
        assert_eq!((posted.uses, posted.message.as_deref()), (0, Some("C1/1700000000.000100")));
    }
    slack.respond(&to, &Reply::to_channel("done"), Some(&posted), NOW).await.unwrap();
    assert_eq!(paths(&sink), [POST, UPDATE, UPDATE, UPDATE]);
    assert!(calls(&sink)[1..].iter().all(|(_, body)| body["ts"] == "1700000000.000100"));
}

#[tokio::test]
async fn where_the_bot_may_not_post_the_address_is_used_and_the_bot_asked_once() {
    for code in ["not_in_channel", "channel_not_found", "missing_scope", "invalid_auth", "is_archived", "odd_one"] {
        let sink = Sink::new([refused(code)]);
        let (slack, to) = (slack(&sink), command_at(&sink, URL));
        let mut posted = slack.progress(&to, &working(), None, NOW).await.unwrap();
        assert_eq!(posted, Posted { audience: posted.audience, uses: 1, message: None }, "{code}");
        posted = slack.progress(&to, &working(), Some(&posted), NOW).await.unwrap();
        slack.respond(&to, &Reply::to_channel("done"), Some(&posted), NOW).await.unwrap();
        assert_eq!(paths(&sink), [POST, URL, URL, URL], "{code}");
        let replaces: Vec<_> = calls(&sink).into_iter().map(|(_, body)| body["replace_original"] == true).collect();
        assert_eq!(replaces, [false, false, true, true], "{code}");
    }
}

#[tokio::test]
async fn progress_for_the_asker_goes_to_the_address() {
    let sink = Sink::new([]);
    slack(&sink).progress(&command_at(&sink, URL), &Reply::to_asker("working"), None, NOW).await.unwrap();
    // Among two it is a message that can be changed.
    let sink_of_two = Sink::new([taken()]);
    let to = ReplyTo { channel: "D1".to_owned(), ..command_at(&sink_of_two, URL) };
    slack(&sink_of_two).progress(&to, &Reply::to_asker("working"), None, NOW).await.unwrap();
    assert_eq!((paths(&sink), paths(&sink_of_two)), (vec![URL.to_owned()], vec![POST.to_owned()]));
}

#[tokio::test]
async fn when_slack_wants_silence_progress_is_silent_and_the_reply_is_not() {
    let busy = Answer::status(429, "retry-after: 60\r\n", r#"{"ok":false,"error":"ratelimited"}"#);
    let sink = Sink::new([taken(), busy, taken()]);
    let (slack, to, started) = (slack(&sink), command_at(&sink, URL), Instant::now());
    let posted = slack.progress(&to, &working(), None, NOW).await.unwrap();
    for _ in 0..20 {
        let error = slack.progress(&to, &working(), Some(&posted), NOW).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    // Nor does another command begin.
    assert_eq!(slack.progress(&to, &working(), None, NOW).await.unwrap_err().kind(), ErrorKind::Unavailable);
    slack.respond(&to, &Reply::to_channel("done"), Some(&posted), NOW).await.unwrap();
    assert_eq!(paths(&sink), [POST, UPDATE, UPDATE]);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn silence_ends_when_slack_said() {
    let busy = Answer::status(200, "retry-after: 1\r\n", r#"{"ok":false,"error":"rate_limited"}"#);
    let sink = Sink::new([busy, taken()]);
    let slack = slack(&sink);
    assert!(slack.progress(&channel(), &working(), None, NOW).await.is_err());
    let asked = Instant::now();
    while slack.progress(&channel(), &working(), None, NOW).await.is_err() {
        assert!(asked.elapsed() < Duration::from_secs(10), "it is silent for ever");
        tokio::task::yield_now().await;
    }
    assert!(asked.elapsed() > Duration::from_millis(900), "{:?}", asked.elapsed());
    assert_eq!(paths(&sink), [POST, POST]);
}

#[tokio::test]
async fn progress_posts_no_second_message() {
    for code in ["message_not_found", "edit_window_closed", "cant_update_message"] {
        let sink = Sink::new([taken(), refused(code), refused(code), taken()]);
        let (slack, to) = (slack(&sink), channel());
        let posted = slack.progress(&to, &working(), None, NOW).await.unwrap();
        let error = slack.progress(&to, &working(), Some(&posted), NOW).await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        // The reply is worth one.
        slack.respond(&to, &Reply::to_channel("done"), Some(&posted), NOW).await.unwrap();
        assert_eq!(paths(&sink), [POST, UPDATE, UPDATE, POST], "{code}");
    }
}

#[tokio::test]
async fn a_reply_that_the_bot_cannot_give_goes_to_the_address() {
    let sink = Sink::new([taken(), refused("invalid_auth")]);
    let (slack, to) = (slack(&sink), command_at(&sink, URL));
    let posted = slack.progress(&to, &working(), None, NOW).await.unwrap();
    slack.respond(&to, &Reply::to_channel("done"), Some(&posted), NOW).await.unwrap();
    // What is for the asker alone is another message, which the address carries also where the bot is no member.
    slack.respond(&to, &Reply::to_asker("psst"), Some(&posted), NOW).await.unwrap();
    assert_eq!(paths(&sink), [POST, UPDATE, URL, URL]);
    assert!(calls(&sink)[2..].iter().all(|(_, body)| body.get("replace_original").is_none()));
}

#[tokio::test]
async fn the_message_that_holds_the_button_is_not_written_over() {
    let path = "/actions/T1/2/x";
    let sink = Sink::new([refused("not_in_channel")]);
    let (slack, to) = (slack(&sink), command_at(&sink, path));
    let posted = slack.progress(&to, &working(), None, NOW).await.unwrap();
    assert_eq!(slack.progress(&to, &working(), Some(&posted), NOW).await.unwrap(), posted);
    slack.respond(&to, &Reply::to_channel("done"), Some(&posted), NOW).await.unwrap();
    assert_eq!(paths(&sink), [POST, path, path]);
    assert!(calls(&sink)[1..].iter().all(|(_, body)| body["replace_original"] == false));
}

#[tokio::test]
async fn a_silent_server_holds_progress_up_for_a_moment() {
    let sink = Sink::new([Answer::Write(Vec::new())]);
    let started = Instant::now();
    let error = slack(&sink).progress(&command_at(&sink, URL), &working(), None, NOW).await.unwrap_err();
    assert_eq!((error.kind(), sink.seen().len()), (ErrorKind::Timeout, 1));
    assert!(started.elapsed() < PROGRESS_TIME, "{:?}", started.elapsed());
}

/// Take some steps.
#[command]
async fn steps(ctx: &Context) -> Reply {
    for step in 1..=100 {
        ctx.progress(step, 100, "walking").await;
    }
    Reply::to_channel("there")
}

static COMMANDS: Commands = Commands::new("steps", |_| "", |path| (path == "steps").then(__catops_steps));

#[tokio::test]
async fn a_hundred_steps_and_the_result_are_one_message() {
    let sink = Sink::new([taken(), taken()]);
    let app = App::new(&COMMANDS, Vec::new(), JobKey::derive([&Secret::new("x".repeat(32))]));
    let dispatcher = Dispatcher::new(app.into(), std::sync::Arc::new(MemoryStore::default()));
    let request = Request { text: "steps".to_owned(), ..Request::default() };
    let reply_to = command_at(&sink, URL);
    let job =
        Job { id: JobId::random(), asked: NOW, expires: NOW + Duration::from_secs(60), hops: 0, reply_to, request };
    let dispatched = dispatcher.run(&job, std::sync::Arc::new(slack(&sink)), NOW, Duration::from_secs(60)).await;
    let Dispatched::Ended(record) = dispatched else { panic!("{dispatched:?}") };
    assert_eq!(record.undelivered, None);
    let calls = calls(&sink);
    let [(post, first), (update, last)] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!((post.as_str(), update.as_str()), (POST, UPDATE));
    assert_eq!((&first["text"], &last["text"]), (&json!("▱▱▱▱▱▱▱▱▱▱ 1/100 walking"), &json!("there")));
}
