//! Files for what is too long to be a message.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use catops_core::chat::slack::Slack;
use catops_core::client::Patience;
use catops_core::reply::Part;
use catops_core::request::ReplyTo;
use catops_core::responder::{Posted, Responder};
use catops_core::{Audience, Reply, Secret};
use serde_json::{Value, json};

use crate::sink::{Answer, Seen, Sink};
use crate::slack_api::{NOW, answer, channel, refused, taken};

const GET: &str = "/api/files.getUploadURLExternal";
const BYTES: &str = "/upload/v1/hunter2";
const POST: &str = "/api/chat.postMessage";
const UPDATE: &str = "/api/chat.update";
const COMPLETE: &str = "/api/files.completeUploadExternal";
const URL: &str = "/commands/T1/2/x";

fn log() -> String {
    (1..=400).map(|n| format!("{n:>6} the quick brown cat jumped over the lazy dog\n")).collect()
}

fn long() -> Reply {
    Reply::to_channel("The log:").code(log())
}

/// Says where the bytes go: to the second sink, whose host the first cannot know before it is there.
fn ticket(bytes: &Sink, id: &str) -> Answer {
    answer(&json!({"ok": true, "upload_url": bytes.url(BYTES), "file_id": id}))
}

fn completed() -> Answer {
    answer(&json!({"ok": true, "files": [{"id": "F1", "title": "output.txt"}]}))
}

fn path(seen: &Seen) -> &str {
    seen.head.split(' ').nth(1).unwrap()
}

fn paths(sink: &Sink) -> Vec<String> {
    sink.seen().iter().map(|seen| path(seen).to_owned()).collect()
}

fn json_of(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

/// Returns what the message of a call says.
fn words(seen: &Seen) -> String {
    json_of(seen)["blocks"].to_string()
}

fn bot(api: &Sink, bytes: &Sink) -> Slack {
    let slack = Slack::new(Secret::new("x".to_owned()), vec![api.host(), bytes.host()]);
    let slack = slack.with_patience(Patience { total: Duration::from_secs(10), ..Patience::default() });
    slack.with_token(Secret::new("xoxb-hunter2".to_owned()), Some(&api.url("/api"))).unwrap()
}

async fn send(api: &Sink, bytes: &Sink, to: &ReplyTo, reply: &Reply) -> Posted {
    bot(api, bytes).respond(to, reply, None, NOW).await.unwrap()
}

#[tokio::test]
async fn a_long_reply_is_a_message_and_a_file() {
    let bytes = Sink::new([]);
    let api = Sink::new([ticket(&bytes, "F1"), taken(), completed()]);
    let to = ReplyTo { thread: "1690000000.000100".to_owned(), ..channel() };
    let posted = send(&api, &bytes, &to, &long()).await;
    assert_eq!(posted.message.as_deref(), Some("C1/1700000000.000100"));
    assert_eq!(
        (paths(&api), paths(&bytes)),
        ([GET, POST, COMPLETE].map(str::to_owned).to_vec(), vec![BYTES.to_owned()])
    );
    let seen = api.seen();
    assert!(seen[0].head.to_ascii_lowercase().contains("content-type: application/x-www-form-urlencoded\r\n"));
    assert_eq!(String::from_utf8_lossy(&seen[0].body), format!("filename=output.txt&length={}", log().len()));
    assert_eq!(bytes.seen()[0].body, log().into_bytes());
    assert!(!bytes.seen()[0].head.to_ascii_lowercase().contains("authorization"), "the token left the API");
    let said = words(&seen[1]);
    assert!(said.contains("more lines: all of it is in output.txt_") && !said.contains("cut"), "{said}");
    assert_eq!(json_of(&seen[1])["thread_ts"], "1690000000.000100");
    let shared = json!({
        "files": [{"id": "F1", "title": "output.txt"}], "channel_id": "C1", "thread_ts": "1690000000.000100",
    });
    assert_eq!(json_of(&seen[2]), shared);
}

#[tokio::test]
async fn a_document_is_a_file_also_when_it_is_short() {
    let bytes = Sink::new([]);
    let direct = answer(&json!({"ok": true, "channel": "D1ABC", "ts": "1700000000.000100"}));
    let api = Sink::new([ticket(&bytes, "F1"), ticket(&bytes, "F2"), direct, completed()]);
    let file = |name: &str| Part::File { name: name.to_owned(), text: "a,b\n1,2\n".to_owned() };
    let reply = Reply::to_asker("Here:").part(file("über sicht.csv")).part(file("b.csv"));
    // Among two, and by the person's id: the file goes where the message went.
    send(&api, &bytes, &ReplyTo { channel: String::new(), ..channel() }, &reply).await;
    assert_eq!(paths(&api), [GET, GET, POST, COMPLETE]);
    let seen = api.seen();
    assert_eq!(String::from_utf8_lossy(&seen[0].body), "filename=%C3%BCber_sicht.csv&length=8");
    let said = words(&seen[2]);
    assert!(said.contains("*über_sicht.csv* follows as a file.") && !said.contains("1,2"), "{said}");
    assert_eq!(
        (json_of(&seen[2])["channel"].clone(), json_of(&seen[3])["channel_id"].clone()),
        (json!("U1"), json!("D1ABC"))
    );
    let files = json!([{"id": "F1", "title": "über_sicht.csv"}, {"id": "F2", "title": "b.csv"}]);
    assert_eq!(json_of(&seen[3])["files"], files);
}

#[tokio::test]
async fn what_is_short_or_for_one_alone_is_no_file() {
    let bytes = Sink::new([]);
    let api = Sink::new([taken(), taken()]);
    send(&api, &bytes, &channel(), &Reply::to_channel("hello").code("short")).await;
    send(&api, &bytes, &channel(), &Reply { audience: Audience::Asker, ..long() }).await;
    assert_eq!(paths(&api), [POST, "/api/chat.postEphemeral"]);
    assert!(words(&api.seen()[1]).contains("were cut"));
}

/// Returns the message as it is without files.
async fn plain() -> String {
    let sink = Sink::new([]);
    let to = ReplyTo { url: Some(Secret::new(sink.url(URL))), expires: NOW + Duration::from_secs(60), ..channel() };
    let slack = Slack::new(Secret::new("x".to_owned()), vec![sink.host()]);
    slack.respond(&to, &long(), None, NOW).await.unwrap();
    words(&sink.seen()[0])
}

#[tokio::test]
async fn without_a_file_the_message_is_cut_as_ever() {
    let elsewhere = answer(&json!({"ok": true, "upload_url": "https://evil.example/x", "file_id": "F1"}));
    for first in [refused("missing_scope"), refused("file_uploads_disabled"), elsewhere, Answer::status(404, "", "")] {
        let bytes = Sink::new([]);
        let api = Sink::new([first.clone(), taken()]);
        send(&api, &bytes, &channel(), &long()).await;
        assert_eq!((paths(&api), bytes.seen().len()), ([GET, POST].map(str::to_owned).to_vec(), 0), "{first:?}");
        assert_eq!(words(&api.seen()[1]), plain().await, "{first:?}");
    }
    // The bytes are refused.
    let bytes = Sink::new([Answer::status(403, "", "no")]);
    let api = Sink::new([ticket(&bytes, "F1"), taken()]);
    send(&api, &bytes, &channel(), &long()).await;
    assert_eq!((paths(&api), words(&api.seen()[1])), ([GET, POST].map(str::to_owned).to_vec(), plain().await));
}

/// Keeps the warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Text<'a>(&'a mut String);
        impl tracing::field::Visit for Text<'_> {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        let mut text = String::new();
        event.record(&mut Text(&mut text));
        self.0.lock().unwrap().push(text);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn one_warning_names_the_scope_that_is_missing() {
    let warnings = Warnings::default();
    let _kept = tracing::subscriber::set_default(warnings.clone());
    let (bytes, api) = (Sink::new([]), Sink::new([refused("missing_scope"), taken()]));
    send(&api, &bytes, &channel(), &long()).await;
    let said = warnings.0.lock().unwrap().clone();
    assert!(said.len() == 1 && said[0].contains("CATOPS_SLACK_BOT_TOKEN lacks the scope `files:write`"), "{said:?}");
    assert!(!said[0].contains("hunter2"), "{said:?}");
}

#[tokio::test]
async fn a_message_whose_file_does_not_come_says_so() {
    let bytes = Sink::new([]);
    let api = Sink::new([ticket(&bytes, "F1"), taken(), refused("not_in_channel"), taken()]);
    send(&api, &bytes, &channel(), &long()).await;
    assert_eq!(paths(&api), [GET, POST, COMPLETE, UPDATE]);
    assert_eq!(words(&api.seen()[3]), plain().await);
    // The same by the address.
    let bytes = Sink::new([]);
    let api = Sink::new([ticket(&bytes, "F1"), Answer::ok(), refused("not_in_channel")]);
    let to = ReplyTo { url: Some(Secret::new(api.url(URL))), expires: NOW + Duration::from_secs(60), ..channel() };
    let posted = send(&api, &bytes, &to, &long()).await;
    assert_eq!((paths(&api), posted.uses), ([GET, URL, COMPLETE, URL].map(str::to_owned).to_vec(), 2));
    let last = &api.seen()[3];
    assert_eq!((words(last), json_of(last)["replace_original"].clone()), (plain().await, json!(true)));
}

#[tokio::test]
async fn a_message_that_cannot_be_changed_comes_after_its_file() {
    let actions = "/actions/T1/2/x";
    for (answer, cut) in [(completed(), false), (refused("not_in_channel"), true)] {
        let bytes = Sink::new([]);
        let api = Sink::new([ticket(&bytes, "F1"), answer]);
        let url = Some(Secret::new(api.url(actions)));
        let to = ReplyTo { url, expires: NOW + Duration::from_secs(60), ..channel() };
        send(&api, &bytes, &to, &long()).await;
        assert_eq!(paths(&api), [GET, COMPLETE, actions]);
        assert_eq!(words(&api.seen()[2]).contains("were cut"), cut);
    }
}

#[tokio::test]
async fn a_busy_slack_is_waited_for() {
    let busy = || Answer::status(429, "retry-after: 1\r\n", r#"{"ok":false,"error":"ratelimited"}"#);
    let bytes = Sink::new([busy()]);
    let api = Sink::new([busy(), ticket(&bytes, "F1"), taken(), busy(), completed()]);
    send(&api, &bytes, &channel(), &long()).await;
    assert_eq!(paths(&api), [GET, GET, POST, COMPLETE, COMPLETE]);
    assert_eq!(paths(&bytes), [BYTES, BYTES]);
    for pair in
        [(&api.seen()[0], &api.seen()[1]), (&bytes.seen()[0], &bytes.seen()[1]), (&api.seen()[3], &api.seen()[4])]
    {
        assert!(pair.1.at - pair.0.at >= Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_silent_server_takes_no_more_than_half_of_the_time() {
    let bytes = Sink::new([Answer::Write(Vec::new())]);
    let api = Sink::new([ticket(&bytes, "F1"), taken()]);
    let started = Instant::now();
    let patience = Patience { total: Duration::from_secs(2), ..Patience::default() };
    bot(&api, &bytes).with_patience(patience).respond(&channel(), &long(), None, NOW).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert_eq!((paths(&api), words(&api.seen()[1])), ([GET, POST].map(str::to_owned).to_vec(), plain().await));
}

#[tokio::test]
async fn a_file_is_put_there_once_whatever_is_lost() {
    // The answer to the last step is lost; the step is taken again for the same file, which Slack puts there once.
    let bytes = Sink::new([]);
    let api = Sink::new([ticket(&bytes, "F1"), taken(), Answer::Close, completed()]);
    send(&api, &bytes, &channel(), &long()).await;
    assert_eq!((paths(&api), bytes.seen().len()), ([GET, POST, COMPLETE, COMPLETE].map(str::to_owned).to_vec(), 1));
    let seen = api.seen();
    assert_eq!(seen[2].body, seen[3].body);
}

#[tokio::test]
async fn the_result_takes_the_place_of_the_progress() {
    let bytes = Sink::new([]);
    let api = Sink::new([ticket(&bytes, "F1"), taken(), completed()]);
    let earlier = Posted { audience: Audience::Channel, uses: 0, message: Some("C1/1690000000.000100".to_owned()) };
    bot(&api, &bytes).respond(&channel(), &long(), Some(&earlier), NOW).await.unwrap();
    assert_eq!(paths(&api), [GET, UPDATE, COMPLETE]);
}
