//! Mentions and messages: which of them are lines, whose, and where the reply goes.

use catops_core::JobId;
use catops_core::chat::{Hearing, Incoming};
use catops_core::http::HttpRequest;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::slack::{JSON, NOW, answer, receive, refused, run, signed};
use catops_core::Timestamp;
use catops_core::chat::Rejection;
use catops_core::request::Via;

/// Somebody mentions the bot, with these members of the event besides.
fn mention(event: Value) -> Value {
    let mut all = json!({
        "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1", "event_time": NOW,
        "authorizations": [{"team_id": "T1", "user_id": "UBOT", "is_bot": true}],
        "event": {"type": "app_mention", "user": "U1", "text": "<@UBOT> ping", "ts": "17.1", "channel": "C1"},
    });
    merge(&mut all["event"], event);
    all
}

/// Somebody writes to the bot alone.
fn direct(event: Value) -> Value {
    let mut members = json!({"type": "message", "channel_type": "im", "channel": "D1", "text": "ping"});
    merge(&mut members, event);
    mention(members)
}

fn with(mut json: Value, members: Value) -> Value {
    merge(&mut json, members);
    json
}

fn merge(into: &mut Value, members: Value) {
    let Value::Object(members) = members else { panic!("{members} has no members") };
    into.as_object_mut().unwrap().extend(members);
}

fn post(json: &Value) -> HttpRequest {
    signed(JSON, json.to_string())
}

async fn taken(json: &Value) -> Incoming {
    run(&post(json)).await
}

async fn dropped(json: &Value) {
    let response = answer(&post(json)).await;
    assert_eq!((response.status().as_u16(), response.body().len()), (200, 0), "{json}");
}

#[tokio::test]
async fn a_mention_is_a_line() {
    let incoming = taken(&mention(json!({"team": "T1", "text": "<@UBOT> restart <@U2> a&amp;b"}))).await;
    let (request, to) = (&incoming.request, &incoming.reply_to);
    assert_eq!((request.prefix.as_str(), request.text.as_str()), ("", "restart <@U2> a&amp;b"));
    assert_eq!((&*request.actor.id, &*request.actor.name, &*request.actor.team), ("U1", "", "T1"));
    assert_eq!((&*request.channel.id, &*request.channel.name, &request.via), ("C1", "", &Via::Line));
    assert_eq!((&*to.chat, &to.url, &*to.channel, &*to.user, &*to.thread), ("slack", &None, "C1", "U1", ""));
    assert_eq!(to.expires, Timestamp::from_secs(NOW));
    assert_eq!((incoming.hearing, incoming.trigger), (Hearing::Resent, None));
}

#[tokio::test]
async fn what_is_a_line_and_what_it_says() {
    for (json, prefix, line) in [
        (mention(json!({"text": "\n <@UBOT>  `ping` "})), "", "ping"),
        (mention(json!({"text": "<@UBOT>: ```\nping\n```"})), "", "ping"),
        (mention(json!({"text": "<@UBOT|meow> ping"})), "@meow", "ping"),
        (mention(json!({"text": "<@UBOT>"})), "", ""),
        (mention(json!({"text": "<@UBOT> ping", "subtype": "file_share", "files": [{}]})), "", "ping"),
        (direct(json!({})), "", "ping"),
        (direct(json!({"text": "<@UBOT> ping"})), "", "ping"),
        (direct(json!({"text": "<@U2> ping"})), "", "<@U2> ping"),
        (direct(json!({"text": "ping <@UBOT>"})), "", "ping <@UBOT>"),
        (direct(json!({"text": null})), "", ""),
        (direct(json!({"subtype": "file_share"})), "", "ping"),
        (direct(json!({"subtype": null, "bot_id": null, "hidden": false, "edited": null})), "", "ping"),
        (direct(json!({"app_id": "A2"})), "", "ping"),
        // Who the bot is was told in another way before, and may not be told at all.
        (with(mention(json!({})), json!({"authorizations": null, "authed_users": ["UBOT"]})), "", "ping"),
        (with(mention(json!({})), json!({"authorizations": []})), "", "ping"),
        (with(mention(json!({})), json!({"authorizations": [{"user_id": "U7", "is_bot": false}]})), "", "ping"),
        (with(direct(json!({"text": "<@U2> ping"})), json!({"authorizations": []})), "", "<@U2> ping"),
    ] {
        let request = taken(&json).await.request;
        assert_eq!((&*request.prefix, &*request.text), (prefix, line), "{json}");
    }
}

#[tokio::test]
async fn what_nobody_said_to_the_bot_is_dropped() {
    for event in [
        json!({"bot_id": "B1"}),
        json!({"bot_profile": {"id": "B1"}}),
        json!({"subtype": "bot_message"}),
        json!({"user": "UBOT"}),
        json!({"user": "USLACKBOT"}),
        json!({"user": null}),
        json!({"user": ""}),
        json!({"app_id": "A1"}),
        json!({"hidden": true}),
        json!({"edited": {"user": "U1", "ts": "17.2"}}),
        json!({"subtype": "message_changed", "message": {"text": "ping", "user": "U1", "ts": "17.1"}}),
        json!({"subtype": "message_deleted", "previous_message": {"text": "ping", "user": "U1"}}),
        json!({"subtype": "message_replied"}),
        json!({"subtype": "channel_join"}),
        json!({"subtype": "channel_topic"}),
        json!({"subtype": "me_message"}),
        json!({"subtype": "thread_broadcast"}),
        json!({"subtype": "something_new"}),
    ] {
        dropped(&mention(event.clone())).await;
        dropped(&direct(event)).await;
    }
    for event in [
        json!({"text": "hello <@UBOT> ping"}),
        json!({"text": "<@U2> <@UBOT> ping"}),
        json!({"text": ""}),
        json!({"text": null}),
        json!({"type": "message", "channel_type": "channel"}),
        json!({"type": "message", "channel_type": "group"}),
        json!({"type": "message", "channel_type": "mpim"}),
        json!({"type": "message"}),
        json!({"type": "app_home_opened", "tab": "home"}),
        json!({"type": "reaction_added", "item": {}}),
        json!({"type": "Something <new>"}),
    ] {
        dropped(&mention(event)).await;
    }
    for body in [json!({"type": "app_rate_limited", "minute_rate_limited": 1}), json!({"type": "something_new"})] {
        dropped(&body).await;
    }
}

#[tokio::test]
async fn what_is_no_event_is_refused() {
    for body in [
        json!({"type": "event_callback"}),
        json!({"type": "event_callback", "event": "app_mention"}),
        json!({"type": "event_callback", "event": {}}),
        json!({"type": "event_callback", "event": {"type": 7}}),
        mention(json!({"channel": null})),
        mention(json!({"channel": {"id": "C1"}})),
        mention(json!({"ts": 17.1})),
        direct(json!({"ts": ""})),
    ] {
        refused(post(&body), Rejection::Malformed).await;
    }
}

#[tokio::test]
async fn all_events_about_one_message_are_one_job() {
    let id = async |json: Value| taken(&json).await.id;
    let first = id(mention(json!({}))).await;
    assert_eq!(first, JobId::of(&["slack", "message", "C1", "17.1"]));
    assert_eq!(id(with(mention(json!({})), json!({"event_id": "Ev2", "event_time": NOW + 60}))).await, first);
    assert_eq!(id(direct(json!({"channel": "C1"}))).await, first, "another event about the same message");
    assert_ne!(id(mention(json!({"ts": "17.10"}))).await, first);
    assert_ne!(id(mention(json!({"channel": "C17", "ts": ".1"}))).await, first);
}

#[tokio::test]
async fn a_retry_is_taken_and_the_last_one_cannot_be_refused() {
    for (number, reason, hearing) in [
        ("1", "http_timeout", Hearing::Resent),
        ("2", "http_error", Hearing::Resent),
        ("3", "http_timeout", Hearing::Unseen),
        ("9", "something new", Hearing::Unseen),
        ("x", "", Hearing::Resent),
        ("-1", "", Hearing::Resent),
    ] {
        let mut http = post(&mention(json!({})));
        http.headers_mut().insert("x-slack-retry-num", number.parse().unwrap());
        http.headers_mut().insert("x-slack-retry-reason", reason.parse().unwrap());
        let incoming = run(&http).await;
        assert_eq!((incoming.hearing, incoming.id), (hearing, taken(&mention(json!({}))).await.id), "{number}");
    }
}

#[tokio::test]
async fn a_thread_is_answered_in_the_thread() {
    for (event, thread) in [
        (json!({"thread_ts": "16.5"}), "16.5"),
        (json!({"thread_ts": "17.1"}), ""),
        (json!({"thread_ts": null}), ""),
        (json!({}), ""),
    ] {
        assert_eq!(taken(&mention(event.clone())).await.reply_to.thread, thread, "{event}");
        assert_eq!(taken(&direct(event.clone())).await.reply_to.thread, thread, "{event}");
    }
}

#[tokio::test]
async fn the_team_is_the_authors() {
    let shared = json!({"is_ext_shared_channel": true, "context_team_id": "T1"});
    for (event, envelope, team) in [
        (json!({}), json!({}), "T1"),
        (json!({"team": "T2"}), json!({}), "T2"),
        (json!({"user_team": "T3", "team": "T2", "source_team": "T2"}), json!({}), "T3"),
        (json!({"user_team": "E3", "team": "T3"}), json!({"enterprise_id": "E1"}), "T3"),
        (json!({"user_team": "E3"}), json!({"enterprise_id": "E1"}), "E3"),
        (json!({}), json!({"context_team_id": "T4", "enterprise_id": "E1"}), "T4"),
        (json!({}), json!({"team_id": null, "enterprise_id": "E1"}), "E1"),
        (json!({"team": "T5"}), shared.clone(), "T5"),
        // A stranger must not be taken for one of ours.
        (json!({}), shared, ""),
    ] {
        let json = with(mention(event), envelope);
        assert_eq!(taken(&json).await.request.actor.team, team, "{json}");
    }
}

/// Any JSON, some of it with the names that an event has.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "type",
            "event",
            "user",
            "text",
            "ts",
            "channel",
            "channel_type",
            "thread_ts",
            "authorizations",
            "actions",
            "value",
            "view",
            "state",
            "values",
            "id",
            "team",
            "callback_id",
            "private_metadata",
            "message",
            "trigger_id",
            "response_url",
            "response_urls",
            "block_id",
            "subtype",
            "user_id",
            "is_bot",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let word = prop::sample::select(vec![
        "event_callback",
        "app_mention",
        "message",
        "im",
        "<@UBOT> ping",
        "<@",
        "block_actions",
        "block_suggestion",
        "view_submission",
        "shortcut",
        "message_action",
        "form",
        "1:",
        "U1",
        "https://hooks.slack.com/x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 12, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..12);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_event_panics(event in any_json(), whole in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let json = if whole { event } else { with(mention(json!({})), json!({"event": event})) };
        let _ = runtime.block_on(receive(&post(&json)));
    }

    #[test]
    fn any_words_arrive_by_a_message(text in "[^`<]*") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let incoming = runtime.block_on(taken(&direct(json!({"text": &text}))));
        prop_assert_eq!(incoming.request.text, text.trim());
    }
}
