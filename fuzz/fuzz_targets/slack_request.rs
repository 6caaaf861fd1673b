//! Whatever Slack, or somebody in its place, posts: signed or not, it is taken or refused, never a panic.
//!
//! The input is the body itself, or what stands in one place of a payload of a known kind.
#![no_main]

use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat as _, Inbound, Rejection};

use catops_core::form::Draft;
use catops_core::request::{ReplyTo, Via};
use catops_core::testing::slack::Signer;
use catops_core::{Secret, Timestamp};
use serde_json::Value;

macro_rules! payloads {
    ($($name:literal),* $(,)?) => {
        [$(include_str!(concat!("../../catops-core/tests/fixtures/slack/", $name, ".json"))),*]
    };
}

/// One of each kind that is read.
const PAYLOADS: [&str; 11] = payloads![
    "block-actions",
    "block-suggestion",
    "event-bot",
    "event-direct",
    "event-edited",
    "event-mention",
    "event-mention-in-thread",
    "message-action",
    "shortcut",
    "url-verification",
    "view-submission",
];

const FORM: &str = "application/x-www-form-urlencoded";

const JSON: &str = "application/json";

/// The only line and the only command that were sealed.
const LINE: &str = "ping";

/// Replaces what stands at the `place`th place, and puts seals where the payload says so.
fn alter(json: &mut Value, place: &mut usize, with: &[u8], slack: &Slack, now: Timestamp) {
    if *place == 0 {
        *json = serde_json::from_slice(with).unwrap_or_else(|_| String::from_utf8_lossy(with).into());
    }
    *place = place.wrapping_sub(1);
    match json {
        Value::Array(items) => items.iter_mut().for_each(|item| alter(item, place, with, slack, now)),
        Value::Object(members) => members.values_mut().for_each(|member| alter(member, place, with, slack, now)),
        Value::String(text) if text == "SEALED ping" => *text = slack.sealed_button(LINE, now).expect("it is short"),
        Value::String(text) if text == "SEALED DRAFT ping" => {
            let reply_to = ReplyTo { chat: "slack".to_owned(), ..ReplyTo::default() };
            *text = slack.sealed_draft(&Draft { command: LINE.to_owned(), reply_to, ..Draft::default() });
        }
        _ => {}
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn check(to: &ReplyTo) {
    let url = to.url.as_ref().map_or("", |url| url.expose());
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let to_slack = scheme == "https" && matches!(host, "hooks.slack.com" | "hooks.slack-gov.com");
    let to_us = matches!(scheme, "http" | "https") && host == "127.0.0.1:9";
    assert!(url.is_empty() || to_slack || to_us, "a reply would go to {url}");
    assert!(to.chat == "slack", "a reply would go to the chat {}", to.chat);
}

libfuzzer_sys::fuzz_target!(|input: (u8, u8, &[u8])| {
    let (kind, place, bytes) = input;
    let secret = Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned());
    let slack = Slack::new(secret.clone(), vec!["127.0.0.1:9".to_owned()]);
    let now = Timestamp::from_secs(1_800_000_000);
    let forged = kind & 1 != 0;
    let (content_type, body) = match PAYLOADS.get(usize::from(kind >> 2)) {
        Some(payload) => {
            let mut json = serde_json::from_str(payload).expect("our own are JSON");
            alter(&mut json, &mut usize::from(place), bytes, &slack, now);
            match payload.contains("\"event_callback\"") || payload.contains("\"challenge\"") {
                true => (JSON, json.to_string().into_bytes()),
                false => (FORM, format!("payload={}", encoded(&json.to_string())).into_bytes()),
            }
        }
        None => (if kind & 2 == 0 { FORM } else { JSON }, bytes.to_vec()),
    };
    let mut http = Signer::new(secret).post(content_type, body, now);
    if forged {
        http.headers_mut().remove("x-slack-signature");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let inbound = runtime.block_on(slack.receive(&http, now));
    if forged {
        // Only the certificate probe is answered before the signature is checked.
        match inbound {
            Ok(Inbound::Answer(response)) => assert!(response.body().is_empty()),
            Ok(other) => panic!("an unsigned request was taken: {other:?}"),
            Err(rejection) => assert_ne!(rejection, Rejection::Malformed),
        }
        return;
    }
    match inbound {
        Ok(Inbound::Run(incoming)) => {
            check(&incoming.reply_to);
            let pressed = matches!(incoming.request.via, Via::Button(_) | Via::Expired | Via::Decision(_));
            assert!(!pressed || incoming.request.text == LINE, "a button ran {}", incoming.request.text);
            assert!(!incoming.request.actor.id.is_empty(), "nobody asked");
        }
        Ok(Inbound::Open(opening)) => check(&opening.draft.reply_to),
        Ok(Inbound::Complete(typing)) => assert_eq!(typing.draft.command, LINE),
        Ok(Inbound::Submit(submission)) => {
            check(&submission.draft.reply_to);
            assert_eq!(submission.draft.command, LINE);
        }
        Ok(Inbound::Forged(forged)) => assert!(!forged.actor.id.is_empty(), "nobody forged it"),
        Ok(Inbound::Answer(_)) | Err(_) => {}
    }
});
