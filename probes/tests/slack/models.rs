//! The SDK's models read what we send, and write it out again without a loss.

use std::path::Path;

use serde_json::{Value, json};

use crate::sdk::Sdk;

/// Where what we send is kept, byte for byte.
const GOLDEN: &str = "../catops-core/tests/golden/slack";

/// What the SDK has no model for; it sends a manifest on as it is given.
const WITHOUT_A_MODEL: [&str; 1] = ["manifest.json"];

/// What the SDK warns of, though rightly sent: an attachment that a plugin wrote is passed on as it is, and may have no
/// words to be notified of. The message has some all the same.
const WARNED_OF: [&str; 1] = ["color_native.json"];

/// Reads `given` into a model; it must come out as it went in, so that the SDK knows every key, and no validator may
/// refuse.
pub(crate) fn same(sdk: &mut Sdk, name: &str, of: &str, given: &Value) {
    let read = sdk.try_ask("model", json!({"of": of, "given": given}));
    let read = read.unwrap_or_else(|why| panic!("{name}: slack_sdk refuses the {of}: {why}"));
    assert_eq!(read, *given, "{name}: slack_sdk does not know all of the {of}");
    // A menu keeps its options as they are, so they are looked at apart.
    if !of.starts_with("option") {
        for (of, offer) in offers(given) {
            same(sdk, name, of, offer);
        }
    }
}

/// Returns the options and the groups of options anywhere in a value.
fn offers(value: &Value) -> Vec<(&'static str, &Value)> {
    let mut found = Vec::new();
    let inner: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    };
    for of in ["options", "option_groups"] {
        found.extend(value.get(of).map(|offer| (of, offer)));
    }
    found.extend(inner.into_iter().flat_map(offers));
    found
}

/// Looks at a message: at a reply address, or as arguments of a method.
pub(crate) fn message(sdk: &mut Sdk, name: &str, message: &Value) {
    let of = match message {
        _ if message["channel"].is_null() => "respond",
        _ if message["ts"].is_string() => "chat_update",
        _ if message["user"].is_string() => "chat_postEphemeral",
        _ => "chat_postMessage",
    };
    let known = sdk.ask("parameters", json!({"of": of}));
    for key in message.as_object().expect("an object").keys() {
        assert!(known.as_array().unwrap().contains(&json!(key)), "{name}: {of} of Slack's has no `{key}`");
    }
    let warnings = sdk.ask("warnings", json!({"message": message}));
    assert_eq!(warnings != json!([]), WARNED_OF.contains(&name), "{name}: {warnings}");
    for of in ["blocks", "attachments"] {
        if !message[of].is_null() {
            same(sdk, name, of, &message[of]);
        }
    }
}

/// Looks at the answer to a submission: errors beside fields, or another view.
fn submitted(sdk: &mut Sdk, name: &str, answer: &Value) {
    match answer["response_action"].as_str() {
        Some("update" | "push") => same(sdk, name, "view", &answer["view"]),
        Some("errors") => assert!(answer["errors"].as_object().is_some_and(|all| !all.is_empty()), "{name}: {answer}"),
        other => assert_eq!(other, Some("clear"), "{name}: {answer}"),
    }
}

/// Looks at what we send, whatever it is.
fn check(sdk: &mut Sdk, name: &str, sent: &Value) {
    let has = |key: &str| !sent[key].is_null();
    if has("response_action") {
        submitted(sdk, name, sent);
    } else if has("options") {
        same(sdk, name, "options", &sent["options"]);
    } else if has("option_groups") {
        same(sdk, name, "option_groups", &sent["option_groups"]);
    } else if has("view") {
        same(sdk, name, "view", &sent["view"]);
    } else if sent["type"] == "modal" {
        same(sdk, name, "view", sent);
    } else if has("text") || has("blocks") || has("attachments") {
        message(sdk, name, sent);
    } else {
        panic!("{name} is neither message nor view nor an answer: say here what it is");
    }
}

/// Every file, so that a new one is looked at too.
#[test]
fn it_knows_all_that_we_send() {
    let mut sdk = Sdk::start();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    let (mut messages, mut views) = (0, 0);
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        if WITHOUT_A_MODEL.contains(&name) {
            continue;
        }
        let sent: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        check(&mut sdk, name, &sent);
        messages += usize::from(!sent["response_type"].is_null());
        views += usize::from(sent["type"] == "modal");
    }
    assert!(messages >= 20 && views >= 8, "{messages} messages and {views} views were looked at");
}

/// What the comparison is worth: each of these is refused or comes out changed.
#[test]
fn it_notices_what_is_wrong() {
    let mut sdk = Sdk::start();
    let text = |text: &str| json!({"type": "mrkdwn", "text": text});
    let plain = |text: &str| json!({"type": "plain_text", "text": text});
    let button = |value: &str| json!({"type": "button", "text": plain("x"), "action_id": "a", "value": value});
    let modal = |title: &str| json!({"type": "modal", "title": plain(title), "blocks": [{"type": "divider"}]});
    let wrong = [
        ("blocks", json!([{"type": "sektion", "text": text("x")}])),
        ("blocks", json!([{"type": "section", "text": text("x"), "colour": "red"}])),
        ("blocks", json!([{"type": "section", "text": text(&"x".repeat(3001))}])),
        ("blocks", json!([{"type": "section", "fields": vec![text("x"); 11]}])),
        ("blocks", json!([{"type": "actions", "elements": [button(&"x".repeat(2001))]}])),
        ("blocks", json!([{"type": "actions", "elements": vec![button("x"); 26]}])),
        ("view", modal(&"x".repeat(25))),
        ("view", json!({"type": "modal", "title": plain("x"), "blocks": [{"type": "divider"}], "size": 1})),
        ("options", json!([{"text": plain(&"x".repeat(76)), "value": "x"}])),
        ("attachments", json!([{"color": "#36a64f", "blocks": [{"type": "sektion"}]}])),
    ];
    for (of, given) in wrong {
        let read = sdk.try_ask("model", json!({"of": of, "given": given}));
        assert_ne!(read.as_ref().ok(), Some(&given), "{of}: {given}");
    }
    let right = sdk.ask("model", json!({"of": "view", "given": modal("x")}));
    assert_eq!(right, modal("x"));
}
