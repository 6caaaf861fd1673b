//! Buttons, forms and shortcuts: whose they are, and what they ask for.

use std::time::Duration;

use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat as _, Hearing, Inbound, Incoming, Opening, Rejection, Submission, Typing};
use catops_core::form::Draft;
use catops_core::http::HttpRequest;
use catops_core::job::{Job, JobKey, MAX_SEALED};
use catops_core::request::{Channel, Press, ReplyTo, Via};
use catops_core::store::KEEP_CLAIM;
use catops_core::{JobId, Secret, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::slack::{FORM, NOW, SECRET, answer, encode, receive, refused, run, signed, slack};
use crate::slack_events::any_json;

const URL: &str = "https://hooks.slack.com/actions/T1/2/x";

fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

fn post(json: &Value) -> HttpRequest {
    signed(FORM, format!("payload={}", encode(&json.to_string())))
}

async fn dropped(json: &Value) {
    let response = answer(&post(json)).await;
    assert_eq!((response.status().as_u16(), response.body().len()), (200, 0), "{json}");
}

/// An interaction of Ann's, with these members besides.
fn of(kind: &str, members: Value) -> Value {
    let mut all = json!({
        "type": kind, "user": {"id": "U1", "username": "ann", "name": "ann", "team_id": "T1"}, "team": {"id": "T1"},
        "trigger_id": "13.7",
    });
    let Value::Object(members) = members else { panic!("{members} has no members") };
    all.as_object_mut().unwrap().extend(members);
    all
}

fn button(line: &str) -> String {
    slack().sealed_button(line, now()).unwrap()
}

/// Ann presses a button of this value in a message.
fn press(value: &str) -> Value {
    of(
        "block_actions",
        json!({
            "container": {"type": "message", "message_ts": "17.1", "channel_id": "C1", "is_ephemeral": false},
            "channel": {"id": "C1", "name": "ops"},
            "message": {"type": "message", "user": "UBOT", "text": "up", "blocks": [{"type": "divider"}], "ts": "17.1"},
            "response_url": URL,
            "actions": [{"type": "button", "action_id": "run:1", "text": {"type": "plain_text", "text": "Go"}, "value": value}],
        }),
    )
}

fn pressed(incoming: &Incoming) -> &Press {
    match &incoming.request.via {
        Via::Button(press) => press,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_button_runs_its_line_for_whoever_presses_it() {
    let incoming = run(&post(&press(&button("restart \"a &amp; b\"")))).await;
    let (request, to) = (&incoming.request, &incoming.reply_to);
    assert_eq!((&*request.prefix, &*request.text), ("", "restart \"a &amp; b\""));
    assert_eq!((&*request.actor.id, &*request.actor.name, &*request.actor.team), ("U1", "ann", "T1"));
    assert_eq!((&*request.channel.id, &*request.channel.name), ("C1", "ops"));
    assert_eq!((&*to.chat, &*to.channel, &*to.user, &*to.thread), ("slack", "C1", "U1", ""));
    assert_eq!((to.url.as_ref().unwrap().expose().as_str(), to.expires), (URL, now() + Duration::from_secs(30 * 60)));
    assert_eq!(incoming.id, JobId::of(&["slack", "T1", "13.7"]));
    assert_eq!((incoming.hearing, incoming.trigger.as_ref().unwrap().expose().as_str()), (Hearing::Unseen, "13.7"));
    let press = pressed(&incoming);
    assert_eq!(press.label, "Go");
    let kept = json!({"text": "up", "blocks": [{"type": "divider"}], "ts": "17.1"});
    assert_eq!(press.message, Some(kept));
}

#[tokio::test]
async fn two_presses_of_one_button_share_its_ticket_and_are_two_jobs() {
    let value = button("ping");
    let mut again = press(&value);
    again["trigger_id"] = json!("13.8");
    let (one, two) = (run(&post(&press(&value))).await, run(&post(&again)).await);
    assert_eq!(pressed(&one).ticket, pressed(&two).ticket);
    assert_ne!(one.id, two.id);
    assert_ne!(pressed(&run(&post(&press(&button("ping")))).await).ticket, pressed(&one).ticket);
}

#[tokio::test]
async fn the_first_button_of_ours_counts() {
    let mut json = press("theirs");
    json["actions"][0]["action_id"] = json!("theirs");
    let ours = json!({"type": "button", "value": button("ping")});
    json["actions"].as_array_mut().unwrap().extend([ours, json!({"type": "button", "value": button("pong")})]);
    let incoming = run(&post(&json)).await;
    assert_eq!((&*incoming.request.text, &*pressed(&incoming).label), ("ping", ""));
}

#[tokio::test]
async fn where_a_press_is_answered() {
    for (message, container, thread) in [
        (json!({"ts": "17.1", "thread_ts": "16.1"}), json!({}), "16.1"),
        (json!({"ts": "17.1", "thread_ts": "17.1"}), json!({}), ""),
        (json!({"ts": "17.1"}), json!({"thread_ts": "16.1"}), ""),
        // What only one person sees comes without the message.
        (Value::Null, json!({"thread_ts": "16.1"}), ""),
    ] {
        let mut json = press(&button("ping"));
        json["message"] = message;
        json["container"] = container;
        assert_eq!(run(&post(&json)).await.reply_to.thread, thread, "{json}");
    }
    let mut json = press(&button("ping"));
    let members = json.as_object_mut().unwrap();
    for name in ["message", "channel", "response_url"] {
        members.remove(name);
    }
    members["container"] = json!({"type": "message", "channel_id": "C2", "is_ephemeral": true, "thread_ts": "16.1"});
    let incoming = run(&post(&json)).await;
    let to = &incoming.reply_to;
    assert_eq!((&*incoming.request.channel.id, &*to.channel, &*to.thread, &to.url), ("C2", "C2", "16.1", &None));
    assert_eq!(pressed(&incoming).message, None);
}

#[tokio::test]
async fn the_team_is_the_pressers() {
    for (user, team, enterprise, expected) in [
        (json!({"id": "U1", "team_id": "T2"}), json!({"id": "T1"}), json!(null), "T2"),
        (json!({"id": "U1"}), json!({"id": "T1"}), json!({"id": "E1"}), "T1"),
        // An app that a whole organisation installed.
        (json!({"id": "U1"}), json!(null), json!({"id": "E1"}), "E1"),
    ] {
        let mut json = press(&button("ping"));
        json["user"] = user;
        json["team"] = team;
        json["enterprise"] = enterprise;
        json["is_enterprise_install"] = json!(true);
        let incoming = run(&post(&json)).await;
        assert_eq!(incoming.request.actor.team, expected, "{json}");
        assert_eq!(incoming.id, JobId::of(&["slack", expected, "13.7"]));
    }
}

#[tokio::test]
async fn a_message_that_would_not_fit_into_a_job_is_left_out() {
    // Each of these takes as much room in a job as any can: a quote is written as four characters.
    for (text, kept) in [("\"".repeat(7_000), true), ("\"".repeat(9_000), false), ("x".repeat(33_000), false)] {
        let line = format!("note {}", "\"".repeat(1_800));
        let mut json = press(&button(&line));
        json["message"]["blocks"] = json!([{"type": "section", "text": {"type": "mrkdwn", "text": text}}]);
        let incoming = run(&post(&json)).await;
        assert_eq!(pressed(&incoming).message.is_some(), kept, "{}", text.len());
        let sealed = Job::new(incoming, now()).seal(&JobKey::derive([])).unwrap();
        assert!(sealed.as_str().len() <= MAX_SEALED);
    }
}

#[tokio::test]
async fn an_old_button_is_known_to_be_old() {
    let value = slack().sealed_button("ping", Timestamp::from_secs(NOW - KEEP_CLAIM.as_secs())).unwrap();
    let incoming = run(&post(&press(&value))).await;
    assert_eq!((&incoming.request.via, &*incoming.request.text, incoming.trigger), (&Via::Expired, "ping", None));
    let value = slack().sealed_button("ping", Timestamp::from_secs(NOW + 1 - KEEP_CLAIM.as_secs())).unwrap();
    pressed(&run(&post(&press(&value))).await);
}

/// Checks that a press of a button of this value is known to be forged.
async fn forged(value: &str) {
    match receive(&post(&press(value))).await {
        Ok(Inbound::Forged(forged)) => {
            assert_eq!((&*forged.actor.id, &*forged.channel.id), ("U1", "C1"));
            assert_eq!(forged.id, JobId::of(&["slack", "T1", "13.7"]));
        }
        other => panic!("{value}: {other:?}"),
    }
}

#[tokio::test]
async fn a_button_of_another_bot_is_refused() {
    let other = Slack::new(Secret::new("another".to_owned()), Vec::new());
    let rotated = slack().with_key(JobKey::derive([&Secret::new("another".to_owned())]));
    for slack in [other, rotated] {
        forged(&slack.sealed_button("ping", now()).unwrap()).await;
    }
    // What a form carries is under seal too, but for another purpose.
    forged(&slack().sealed_draft(&draft("ping"))).await;
}

#[tokio::test]
async fn a_button_altered_in_any_byte_is_not_run() {
    let value = button("restart api");
    for at in 0..value.len() {
        let mut bytes = value.clone().into_bytes();
        bytes[at] ^= 1;
        forged(&String::from_utf8(bytes).unwrap()).await;
    }
    forged("").await;
}

#[tokio::test]
async fn what_is_none_of_ours_is_acknowledged() {
    for action in [
        json!([]),
        json!(null),
        json!([{"type": "button", "value": "click_me"}]),
        json!([{"type": "button", "url": "https://example.com"}]),
        json!([{"type": "button", "value": "1:short:ping"}]),
        json!([{"type": "button", "value": "ping", "action_id": "run:"}, {"type": "button", "action_id": "run:x1"}]),
        json!([{"type": "static_select", "selected_option": {"value": "a"}}]),
    ] {
        let mut json = press("");
        json["actions"] = action;
        dropped(&json).await;
    }
    for kind in ["view_closed", "something_new", "block_actions"] {
        dropped(&of(kind, json!({}))).await;
    }
    for kind in
        ["interactive_message", "dialog_submission", "dialog_suggestion", "dialog_cancellation", "workflow_step_edit"]
    {
        dropped(&of(kind, json!({"callback_id": "x"}))).await;
    }
    dropped(&of("view_submission", json!({"view": {"id": "V1", "callback_id": "poll", "private_metadata": "x"}})))
        .await;
    let poll = of("block_suggestion", json!({"view": {"callback_id": "poll"}, "block_id": "b", "value": "x"}));
    assert_eq!(answer(&post(&poll)).await.body(), r#"{"options":[]}"#, "an empty answer shows an error in the menu");
}

#[tokio::test]
async fn what_lacks_something_is_refused() {
    let value = button("ping");
    for (name, with) in [("user", json!({})), ("user", json!("U1")), ("trigger_id", json!(null))] {
        let mut json = press(&value);
        json[name] = with.clone();
        refused(post(&json), Rejection::Malformed).await;
        for kind in ["shortcut", "message_action"] {
            let mut json = of(kind, json!({"callback_id": "run"}));
            json[name] = with.clone();
            refused(post(&json), Rejection::Malformed).await;
        }
    }
    for url in ["https://evil.example/x", "http://hooks.slack.com/x"] {
        let mut json = press(&value);
        json["response_url"] = json!(url);
        refused(post(&json), Rejection::Malformed).await;
        let action = of("message_action", json!({"callback_id": "run", "response_url": url}));
        refused(post(&action), Rejection::Malformed).await;
        let there = json!({"catops:channel": {"value": {"selected_conversation": "C7"}}});
        refused(post(&submission(there, json!([{"response_url": url}]))), Rejection::Malformed).await;
    }
    for metadata in [
        json!(""),
        json!(null),
        json!(slack().sealed_draft(&draft("ping")).replace("ping", "pong")),
        json!(slack().sealed_draft(&Draft::default())),
        json!(button("ping")),
    ] {
        for mut json in [typing(), submission(json!({}), json!([]))] {
            json["view"]["private_metadata"] = metadata.clone();
            refused(post(&json), Rejection::Malformed).await;
        }
    }
    for (kind, path) in [(typing(), "block_id"), (submission(json!({}), json!([])), "user")] {
        let mut json = kind;
        json.as_object_mut().unwrap().remove(path);
        refused(post(&json), Rejection::Malformed).await;
    }
    let mut json = submission(json!({}), json!([]));
    json["view"]["id"] = json!("");
    refused(post(&json), Rejection::Malformed).await;
}

fn draft(command: &str) -> Draft {
    let reply_to = ReplyTo { chat: "slack".to_owned(), user: "U1".to_owned(), ..ReplyTo::default() };
    Draft { command: command.to_owned(), prefix: "/meow".to_owned(), reply_to, ..Draft::default() }
}

fn typing() -> Value {
    let view = json!({"id": "V1", "callback_id": "form", "private_metadata": slack().sealed_draft(&draft("restart"))});
    of("block_suggestion", json!({"view": view, "block_id": "service", "action_id": "value", "value": "ap"}))
}

fn submission(values: Value, urls: Value) -> Value {
    let metadata = slack().sealed_draft(&draft("restart"));
    let view = json!({"id": "V1", "callback_id": "form", "private_metadata": metadata, "state": {"values": values}});
    of("view_submission", json!({"view": view, "response_urls": urls}))
}

async fn submitted(json: &Value) -> Submission {
    match receive(&post(json)).await {
        Ok(Inbound::Submit(submission)) => *submission,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn typing_into_a_menu_asks_for_its_words() {
    let Ok(Inbound::Complete(asked)) = receive(&post(&typing())).await else { panic!("no words are asked for") };
    let Typing { actor, draft: carried, field, typed } = *asked;
    assert_eq!((&*actor.id, &*actor.team, &*field, &*typed), ("U1", "T1", "service", "ap"));
    assert_eq!(carried, draft("restart"));
}

#[tokio::test]
async fn a_form_comes_back_with_what_is_in_it() {
    let values = json!({
        "service": {"value": {"type": "external_select", "selected_option": {"value": "api"}}},
        "now": {"value": {"type": "checkboxes", "selected_options": []}},
        "note": {"other": {"type": "plain_text_input", "value": "not our element"}},
    });
    let got = submitted(&submission(values.clone(), json!([]))).await;
    assert_eq!((&*got.actor.id, &got.draft), ("U1", &draft("restart")));
    assert_eq!(got.id, JobId::of(&["slack", "T1", "view", "V1"]));
    let mut words = got.values.clone();
    words.sort();
    let expected = [("note", vec![]), ("now", vec![]), ("service", vec!["api".to_owned()])];
    assert_eq!(words, expected.map(|(name, words)| (name.to_owned(), words)));
    let mut again = submission(values, json!([]));
    again["trigger_id"] = json!("13.9");
    assert_eq!(submitted(&again).await.id, got.id, "one form is one job");
    again["view"]["id"] = json!("V2");
    assert_ne!(submitted(&again).await.id, got.id);
    assert!(submitted(&submission(json!(null), json!([]))).await.values.is_empty());
}

#[tokio::test]
async fn a_form_can_say_where_the_reply_goes() {
    let values = json!({
        "catops:channel": {"value": {"type": "conversations_select", "selected_conversation": "C7"}},
    });
    let urls = json!([{"block_id": "catops:channel", "action_id": "value", "channel_id": "C7", "response_url": URL}]);
    let got = submitted(&submission(values.clone(), urls)).await;
    assert!(got.values.is_empty(), "{:?}", got.values);
    assert_eq!(got.draft.channel, Channel { id: "C7".to_owned(), name: String::new() });
    let to = &got.draft.reply_to;
    assert_eq!((&*to.chat, &*to.channel, &*to.user), ("slack", "C7", "U1"));
    assert_eq!((to.url.as_ref().unwrap().expose().as_str(), to.expires), (URL, now() + Duration::from_secs(30 * 60)));
    assert_eq!(submitted(&submission(values, json!([]))).await.draft.reply_to.url, None);
    let unanswered = json!({"catops:channel": {"value": {"selected_conversation": null}}});
    assert_eq!(submitted(&submission(unanswered, json!([]))).await.draft, draft("restart"));
}

/// A form of the console's is under the same key, since it is the same bot, but is another chat's.
#[tokio::test]
async fn a_form_of_another_chat_is_refused() {
    let console = Slack::new(Secret::new(SECRET.to_owned()), Vec::new()).named("console", "/console/slack");
    let Err(rejection) = console.receive(&post(&typing()), now()).await else { panic!("it was taken") };
    assert_eq!(rejection, Rejection::Malformed);
    let Ok(Inbound::Run(incoming)) = console.receive(&post(&press(&button("ping"))), now()).await else {
        panic!("a button is not bound to a chat")
    };
    assert_eq!((&*incoming.reply_to.chat, incoming.id), ("console", JobId::of(&["console", "T1", "13.7"])));
}

async fn opened(json: &Value) -> Opening {
    match receive(&post(json)).await {
        Ok(Inbound::Open(opening)) => *opening,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_shortcut_opens_a_form_from_nowhere() {
    for (callback, command) in [("run", ""), ("restart", "restart"), ("run_on_message", "run_on_message")] {
        let got = opened(&of("shortcut", json!({"callback_id": callback, "action_ts": "1.1"}))).await;
        let reply_to =
            ReplyTo { chat: "slack".to_owned(), user: "U1".to_owned(), expires: now(), ..ReplyTo::default() };
        assert_eq!(got.draft, Draft { command: command.to_owned(), reply_to, ..Draft::default() });
        assert_eq!((&*got.actor.id, got.trigger.expose().as_str()), ("U1", "13.7"));
    }
}

#[tokio::test]
async fn a_shortcut_on_a_message_carries_it() {
    let members = |callback: &str, message: Value| {
        let channel = json!({"id": "C1", "name": "ops"});
        let json = json!({"callback_id": callback, "message": message, "channel": channel, "response_url": URL});
        of("message_action", json)
    };
    let message = json!({"type": "message", "text": "é".repeat(1_001), "ts": "17.1", "user": "U2"});
    let draft = opened(&members("run_on_message", message)).await.draft;
    assert_eq!((&*draft.command, &*draft.prefix, draft.about), ("", "", "é".repeat(1_000)));
    assert_eq!((&*draft.channel.id, &*draft.channel.name), ("C1", "ops"));
    let to = draft.reply_to;
    assert_eq!((&*to.chat, &*to.channel, &*to.user, &*to.thread), ("slack", "C1", "U1", "17.1"));
    assert_eq!((to.url.unwrap().expose().as_str(), to.expires), (URL, now() + Duration::from_secs(30 * 60)));
    let draft = opened(&members("ping", json!({"ts": "17.1", "thread_ts": "16.1"}))).await.draft;
    assert_eq!((&*draft.command, &*draft.about, &*draft.reply_to.thread), ("ping", "", "16.1"));
}

proptest! {
    #[test]
    fn no_payload_panics(json in any_json(), kind in 0usize..6) {
        let kinds = ["block_actions", "block_suggestion", "view_submission", "shortcut", "message_action"];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let json = match (kinds.get(kind), json) {
            (Some(kind), Value::Object(members)) => of(kind, Value::Object(members)),
            (_, json) => json,
        };
        let _ = runtime.block_on(receive(&post(&json)));
    }

    #[test]
    fn no_value_of_a_button_runs_but_what_was_sealed(value in "(1:)?([0-9a-f]{64}:)?.{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let result = runtime.block_on(receive(&post(&press(&value))));
        prop_assert!(matches!(result, Ok(Inbound::Forged(_))), "{result:?}");
    }
}
