//! The kit's checker of Slack's limits beside the SDK's validators: both take what is at a limit, and refuse what is
//! one beyond.

use catops_core::testing::slack::{check_message, check_view};
use serde_json::{Value, json};

use crate::sdk::Sdk;

/// Makes a block, an element of one, or a view, that has this many of something.
type Make = fn(usize) -> Value;

fn x(length: usize) -> String {
    "x".repeat(length)
}

fn plain(length: usize) -> Value {
    json!({"type": "plain_text", "text": x(length)})
}

fn mrkdwn(length: usize) -> Value {
    json!({"type": "mrkdwn", "text": x(length)})
}

fn list(count: usize, make: impl Fn(usize) -> Value) -> Value {
    (0..count).map(make).collect()
}

fn button(words: usize, more: Value) -> Value {
    let mut button = json!({"type": "button", "text": plain(words), "action_id": "a", "value": "v"});
    button.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": "actions", "elements": [button]})
}

fn option(words: usize, name: usize) -> Value {
    json!({"text": plain(words), "value": name.to_string()})
}

fn menu(kind: &str, of: &str, offer: Value) -> Value {
    let mut menu = json!({"type": kind, "action_id": "a"});
    menu[of] = offer;
    json!({"type": "actions", "elements": [menu]})
}

fn input(label: usize, hint: usize, placeholder: usize) -> Value {
    let element = json!({"type": "plain_text_input", "action_id": "a", "placeholder": plain(placeholder)});
    json!({"type": "input", "label": plain(label), "hint": plain(hint), "element": element})
}

fn confirm(title: usize, text: usize, yes: usize, no: usize) -> Value {
    button(
        1,
        json!({"confirm": {"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain(no)}}),
    )
}

/// What a block may have at most.
const OF_BLOCKS: [(&str, usize, Make); 25] = [
    ("section text", 3000, |n| json!({"type": "section", "text": mrkdwn(n)})),
    ("section fields", 10, |n| json!({"type": "section", "fields": list(n, |_| mrkdwn(1))})),
    ("header text", 150, |n| json!({"type": "header", "text": plain(n)})),
    ("markdown text", 12_000, |n| json!({"type": "markdown", "text": x(n)})),
    ("block_id", 255, |n| json!({"type": "divider", "block_id": x(n)})),
    ("action_id", 255, |n| button(1, json!({"action_id": x(n)}))),
    ("image alt_text", 2000, |n| json!({"type": "image", "image_url": "https://a.example", "alt_text": x(n)})),
    (
        "image title",
        2000,
        |n| json!({"type": "image", "image_url": "https://a.example", "alt_text": "a", "title": plain(n)}),
    ),
    ("image_url", 3000, |n| json!({"type": "image", "image_url": format!("https://{}", x(n - 8)), "alt_text": "a"})),
    ("context elements", 10, |n| json!({"type": "context", "elements": list(n, |_| mrkdwn(1))})),
    ("actions", 25, |n| {
        let button = |at: usize| json!({"type": "button", "text": plain(1), "action_id": at.to_string()});
        json!({"type": "actions", "elements": list(n, button)})
    }),
    ("button text", 75, |n| button(n, json!({}))),
    ("button value", 2000, |n| button(1, json!({"value": x(n)}))),
    ("button url", 3000, |n| button(1, json!({"url": format!("https://{}", x(n - 8))}))),
    ("options", 100, |n| menu("static_select", "options", list(n, |at| option(1, at)))),
    ("options of an overflow menu", 5, |n| menu("overflow", "options", list(n, |at| option(1, at)))),
    ("option groups", 100, |n| {
        let group = |at: usize| json!({"label": plain(1), "options": [option(1, at)]});
        menu("static_select", "option_groups", list(n, group))
    }),
    ("input label", 2000, |n| input(n, 1, 1)),
    ("input hint", 2000, |n| input(1, n, 1)),
    ("placeholder", 150, |n| input(1, 1, n)),
    ("confirm title", 100, |n| confirm(n, 1, 1, 1)),
    ("confirm text", 300, |n| confirm(1, n, 1, 1)),
    ("confirm yes", 30, |n| confirm(1, 1, n, 1)),
    ("confirm no", 30, |n| confirm(1, 1, 1, n)),
    ("alt_text in a context", 2000, |n| {
        let image = json!({"type": "image", "image_url": "https://a.example", "alt_text": x(n)});
        json!({"type": "context", "elements": [image]})
    }),
];

/// What a menu may be offered at most; the SDK looks at it apart from the menu.
const OF_OFFERS: [(&str, usize, &str, Make); 3] = [
    ("option text", 75, "options", |n| json!([option(n, 1)])),
    ("option group label", 75, "option_groups", |n| json!([{"label": plain(n), "options": [option(1, 1)]}])),
    (
        "options of a group",
        100,
        "option_groups",
        |n| json!([{"label": plain(1), "options": list(n, |at| option(1, at))}]),
    ),
];

fn view(key: &str, value: Value) -> Value {
    let mut view = json!({
        "type": "modal", "title": plain(1), "submit": plain(1), "close": plain(1), "blocks": [{"type": "divider"}],
    });
    view[key] = value;
    view
}

/// What a view may have at most.
const OF_VIEWS: [(&str, usize, Make); 6] = [
    ("title", 24, |n| view("title", plain(n))),
    ("submit", 24, |n| view("submit", plain(n))),
    ("close", 24, |n| view("close", plain(n))),
    ("private_metadata", 3000, |n| view("private_metadata", x(n).into())),
    ("callback_id", 255, |n| view("callback_id", x(n).into())),
    ("blocks", 100, |n| view("blocks", list(n, |_| json!({"type": "divider"})))),
];

/// Checks that both take `made(most)`, and that both refuse one more.
fn check(
    sdk: &mut Sdk,
    name: &str,
    most: usize,
    of: &str,
    make: impl Fn(usize) -> Value,
    ours: impl Fn(Value) -> Result<(), Vec<String>>,
) {
    for (count, expected) in [(most, true), (most + 1, false)] {
        let given = make(count);
        let theirs = sdk.try_ask("model", json!({"of": of, "given": given}));
        let ours = ours(given);
        let verdicts = (ours.is_ok(), theirs.is_ok());
        assert_eq!(verdicts, (expected, expected), "{count}: {name}: {:?}, {:?}", ours.err(), theirs.err());
    }
}

/// Checks blocks where they have a place: what is typed into in a view, all else in a message.
fn check_blocks(blocks: Value) -> Result<(), Vec<String>> {
    match blocks[0]["type"].as_str() {
        Some("input") => check_view(&view("blocks", blocks)),
        _ => check_message(&json!({"text": "x", "blocks": blocks})),
    }
}

#[test]
fn both_have_the_same_limits() {
    let mut sdk = Sdk::start();
    for (name, most, make) in OF_BLOCKS {
        check(&mut sdk, name, most, "blocks", |count| json!([make(count)]), check_blocks);
    }
    for (name, most, of, make) in OF_OFFERS {
        check(&mut sdk, name, most, of, make, |offer| check_blocks(json!([menu("static_select", of, offer)])));
    }
    for (name, most, make) in OF_VIEWS {
        check(&mut sdk, name, most, "view", make, |view| check_view(&view));
    }
}

/// Where they differ, the kit is the stricter one: pages of docs.slack.dev give either number for the value of an
/// option.
#[test]
fn where_the_limits_differ() {
    let mut sdk = Sdk::start();
    for (length, expected) in [(75, (true, true)), (76, (false, true)), (150, (false, true)), (151, (false, false))] {
        let options = json!([{"text": plain(1), "value": x(length)}]);
        let theirs = sdk.try_ask("model", json!({"of": "options", "given": options}));
        let ours = check_blocks(json!([menu("static_select", "options", options)]));
        assert_eq!((ours.is_ok(), theirs.is_ok()), expected, "{length}");
    }
}
