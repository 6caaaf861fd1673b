//! The checker knows each of Slack's limits: what keeps it is sound, and what is one over is named.

use catops_core::testing::slack::{check_message, check_view, pings};
use serde_json::{Value, json};

fn plain(text: impl Into<String>) -> Value {
    json!({"type": "plain_text", "text": text.into()})
}

fn x(count: usize) -> String {
    "x".repeat(count)
}

/// Checks that what `make` makes of `most` is sound, and that of one more the breach `at` is named and nothing else.
fn edge(most: usize, at: &str, is_view: bool, make: impl Fn(usize) -> Value) {
    let check = if is_view { check_view } else { check_message };
    assert_eq!(check(&make(most)), Ok(()), "{at}: {most}");
    let breaches = check(&make(most + 1)).expect_err(at);
    assert!(matches!(&breaches[..], [only] if only.starts_with(&format!("{at}: "))), "{at}: {breaches:?}");
}

fn in_message(most: usize, at: &str, block: impl Fn(usize) -> Value) {
    edge(most, at, false, |count| json!({"text": "x", "blocks": [block(count)]}));
}

/// A view that is sound but for what is under test.
fn view(fields: &Value) -> Value {
    let mut view = json!({
        "type": "modal", "title": plain("Run"), "submit": plain("Run"),
        "blocks": [{"type": "section", "text": plain("x")}],
    });
    for (name, value) in fields.as_object().unwrap() {
        view[name] = value.clone();
    }
    view
}

fn in_view(most: usize, at: &str, fields: impl Fn(usize) -> Value) {
    edge(most, at, true, |count| view(&fields(count)));
}

fn in_input(most: usize, at: &str, element: impl Fn(usize) -> Value) {
    in_view(most, at, |count| json!({"blocks": [{"type": "input", "label": plain("x"), "element": element(count)}]}));
}

fn options(count: usize, text: usize) -> Value {
    let option = |n: usize| json!({"text": plain(x(text)), "value": n.to_string()});
    (0..count).map(option).collect()
}

#[test]
fn messages() {
    edge(40_000, "text", false, |count| json!({"text": x(count)}));
    let divider = json!({"type": "divider"});
    edge(50, "blocks", false, |count| json!({"blocks": vec![&divider; count]}));
    edge(100, "attachments", false, |count| json!({"text": "x", "attachments": vec![json!({"text": "x"}); count]}));
    // Four full sections, and what is left to 13,000 characters in a fifth.
    edge(13_000, "blocks", false, |count| {
        let section = |count| json!({"type": "section", "text": plain(x(count))});
        let mut blocks = vec![section(3_000); 4];
        blocks.push(section(count - 12_000));
        json!({"blocks": blocks})
    });
}

#[test]
fn blocks() {
    in_message(255, "blocks[0].block_id", |count| json!({"type": "divider", "block_id": x(count)}));
    in_message(3_000, "blocks[0].text", |count| json!({"type": "section", "text": plain(x(count))}));
    in_message(10, "blocks[0].fields", |count| json!({"type": "section", "fields": vec![plain("x"); count]}));
    in_message(2_000, "blocks[0].fields[0]", |count| json!({"type": "section", "fields": [plain(x(count))]}));
    in_message(150, "blocks[0].text", |count| json!({"type": "header", "text": plain(x(count))}));
    in_message(10, "blocks[0].elements", |count| json!({"type": "context", "elements": vec![plain("x"); count]}));
    in_message(12_000, "blocks[0]", |count| json!({"type": "markdown", "text": x(count)}));
    in_message(100, "blocks[0].rows", |count| json!({"type": "table", "rows": vec![json!([{"text": "x"}]); count]}));
    in_message(
        20,
        "blocks[0].rows[0]",
        |count| json!({"type": "table", "rows": [vec![json!({"type": "raw_text", "text": "x"}); count]]}),
    );
    let image = |url: String, alt: usize, title: usize| json!({"type": "image", "image_url": url, "alt_text": x(alt), "title": plain(x(title))});
    let url = "https://a.example/";
    in_message(2_000, "blocks[0].alt_text", |count| image(url.to_owned(), count, 1));
    in_message(2_000, "blocks[0].title", |count| image(url.to_owned(), 1, count));
    in_message(3_000, "blocks[0].image_url", |count| image(format!("{url}{}", x(count - url.len())), 1, 1));
    in_message(25, "blocks[0].elements", |count| {
        let button = |n| json!({"type": "button", "text": plain("x"), "action_id": format!("{n}")});
        json!({"type": "actions", "elements": (0..count).map(button).collect::<Vec<_>>()})
    });
}

#[test]
fn elements() {
    let at = "blocks[0].elements[0]";
    let actions = |element: Value| json!({"type": "actions", "elements": [element]});
    let button = |name: &str, value: Value| {
        let mut button = json!({"type": "button", "text": plain("x")});
        button[name] = value;
        actions(button)
    };
    in_message(75, &format!("{at}.text"), |count| button("text", plain(x(count))));
    in_message(2_000, &format!("{at}.value"), |count| button("value", x(count).into()));
    in_message(3_000, &format!("{at}.url"), |count| button("url", x(count).into()));
    in_message(255, &format!("{at}.action_id"), |count| button("action_id", x(count).into()));
    for (name, most) in [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)] {
        in_message(most, &format!("{at}.confirm.{name}"), |count| {
            let mut confirm = json!({});
            for name in ["title", "text", "confirm", "deny"] {
                confirm[name] = plain("x");
            }
            confirm[name] = plain(x(count));
            button("confirm", confirm)
        });
    }
    in_message(5, &format!("{at}.options"), |count| actions(json!({"type": "overflow", "options": options(count, 1)})));
    let element = "view.blocks[0].element";
    in_input(
        100,
        &format!("{element}.options"),
        |count| json!({"type": "static_select", "options": options(count, 1)}),
    );
    in_input(
        75,
        &format!("{element}.options[0].text"),
        |count| json!({"type": "static_select", "options": options(1, count)}),
    );
    in_input(
        75,
        &format!("{element}.options[0].value"),
        |count| json!({"type": "static_select", "options": [{"text": plain("x"), "value": x(count)}]}),
    );
    in_input(100, &format!("{element}.option_groups"), |count| {
        let group = json!({"label": plain("x"), "options": options(1, 1)});
        json!({"type": "static_select", "option_groups": vec![group; count]})
    });
    in_input(10, &format!("{element}.options"), |count| json!({"type": "checkboxes", "options": options(count, 1)}));
    in_input(10, &format!("{element}.options"), |count| json!({"type": "radio_buttons", "options": options(count, 1)}));
    in_input(
        150,
        &format!("{element}.placeholder"),
        |count| json!({"type": "external_select", "placeholder": plain(x(count))}),
    );
    in_input(3_000, element, |count| json!({"type": "plain_text_input", "max_length": count}));
    in_input(
        3_000,
        &format!("{element}.initial_value"),
        |count| json!({"type": "plain_text_input", "initial_value": x(count)}),
    );
}

#[test]
fn views() {
    in_view(24, "view.title", |count| json!({"title": plain(x(count))}));
    in_view(24, "view.submit", |count| json!({"submit": plain(x(count))}));
    in_view(24, "view.close", |count| json!({"close": plain(x(count))}));
    in_view(3_000, "view.private_metadata", |count| json!({"private_metadata": x(count)}));
    in_view(255, "view.callback_id", |count| json!({"callback_id": x(count)}));
    in_view(255, "view.external_id", |count| json!({"external_id": x(count)}));
    in_view(100, "view.blocks", |count| json!({"blocks": vec![json!({"type": "divider"}); count]}));
    let input = |label: usize, hint: usize| {
        let element = json!({"type": "plain_text_input"});
        json!({"blocks": [{"type": "input", "label": plain(x(label)), "hint": plain(x(hint)), "element": element}]})
    };
    in_view(2_000, "view.blocks[0].label", |count| input(count, 1));
    in_view(2_000, "view.blocks[0].hint", |count| input(1, count));
    let size = |count: usize| {
        let full = json!({"type": "section", "text": plain(x(3_000))});
        let mut view = view(&json!({"blocks": vec![full; 80]}));
        let left = count - view.to_string().len();
        // What is left goes where nothing else is counted.
        view["other"] = x(left - r#","other":"""#.len()).into();
        view
    };
    edge(250_000, "view", true, size);
}

/// Checks that the breach is named, and nothing else.
fn breach(found: Result<(), Vec<String>>, expected: &str) {
    assert_eq!(found, Err(vec![expected.to_owned()]));
}

#[test]
fn forms() {
    let block = |block: Value| check_message(&json!({"text": "x", "blocks": [block]}));
    breach(check_message(&json!({})), "text: there is neither text nor a block nor an attachment");
    breach(check_message(&json!({"text": " \n"})), "text: there is neither text nor a block nor an attachment");
    breach(check_message(&json!({"text": 7})), "text: it is not a text");
    breach(check_message(&json!("x")), "message: it is not an object");
    breach(check_message(&json!({"text": "x", "blocks": "[]"})), "blocks: it is not a list");
    breach(check_message(&json!({"text": "x", "response_type": "all"})), "response_type: \"all\" is unknown");
    breach(block(json!({})), "blocks[0]: it has no type");
    breach(block(json!({"type": "carousel"})), "blocks[0]: a block of type \"carousel\" has no place here");
    breach(block(json!({"type": "section"})), "blocks[0]: there is neither text nor a field");
    breach(block(json!({"type": "section", "text": plain(" ")})), "blocks[0].text: there are no words in it");
    breach(block(json!({"type": "section", "text": {"text": "x"}})), "blocks[0].text: it is not a text object");
    breach(
        block(json!({"type": "header", "text": {"type": "mrkdwn", "text": "x"}})),
        "blocks[0].text: it has to be `plain_text`",
    );
    breach(block(json!({"type": "actions", "elements": []})), "blocks[0].elements: 0 members, and 1 to 25 are taken");
    breach(
        block(json!({"type": "actions", "elements": [{"type": "plain_text_input"}]})),
        "blocks[0].elements[0]: a plain_text_input has no place here",
    );
    breach(
        block(json!({"type": "image", "alt_text": "x", "image_url": "a.png"})),
        "blocks[0].image_url: it is not an address",
    );
    breach(
        check_message(&json!({"attachments": [{"color": "#12"}]})).map_err(|found| found[..1].to_vec()),
        "attachments[0].color: \"#12\" is no colour",
    );
    let twice = |name: &str| {
        let button = json!({"type": "button", "text": plain("x"), "action_id": "a"});
        let actions = json!({"type": "actions", "block_id": "b", "elements": [button, button]});
        let mut one = actions.clone();
        one["elements"].as_array_mut().unwrap().pop();
        if name == "block_id" { json!([one, one]) } else { json!([actions]) }
    };
    breach(
        check_message(&json!({"text": "x", "blocks": twice("block_id")})),
        "blocks[1].block_id: \"b\" is the id of another block",
    );
    breach(
        check_message(&json!({"text": "x", "blocks": twice("action_id")})),
        "blocks[0].elements[1].action_id: \"a\" is the id of another element",
    );
    let input = json!([{"type": "input", "label": plain("x"), "element": {"type": "plain_text_input"}}]);
    let without = view(&json!({"blocks": input, "submit": null}));
    breach(check_view(&without), "view.submit: a view with an input block needs it");
    breach(check_view(&json!({"type": "dialog"})), "view.type: it is neither `modal` nor `home`");
    let markdown = view(&json!({"blocks": [{"type": "markdown", "text": "x"}]}));
    breach(check_view(&markdown), "view.blocks[0]: a block of type \"markdown\" has no place here");
    let other = json!({"text": plain("b"), "value": "b"});
    let menu = json!({"type": "static_select", "options": options(2, 1), "initial_option": other});
    let picked = view(&json!({"blocks": [{"type": "input", "label": plain("x"), "element": menu}]}));
    breach(check_view(&picked), "view.blocks[0].element: what is picked at first is not among the options");
}

#[test]
fn units_are_counted_as_slack_may_count() {
    let header = |text: String| check_message(&json!({"blocks": [{"type": "header", "text": plain(text)}]}));
    assert_eq!(header("🐱".repeat(75)), Ok(()));
    breach(header("🐱".repeat(76)), "blocks[0].text: 152 characters, and 150 is the most");
}

#[test]
fn pings_are_found_where_they_are_read() {
    let mrkdwn = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let found = |message: &Value| pings(message);
    assert_eq!(found(&json!({"text": "<!here> &lt;!channel&gt; <@U1|ann>"})), ["<!here>", "<@U1|ann>"]);
    assert_eq!(found(&json!({"blocks": [mrkdwn("x <!subteam^S1>")]})), ["<!subteam^S1>"]);
    assert_eq!(found(&json!({"attachments": [{"pretext": "<!everyone>"}]})), ["<!everyone>"]);
    assert_eq!(found(&json!({"attachments": [{"blocks": [mrkdwn("<!channel")]}]})), ["<!channel"]);
    let rich = json!({"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "here"}]});
    assert_eq!(found(&json!({"blocks": [{"type": "rich_text", "elements": [rich]}]})).len(), 1);
    // Plain text is shown as it is, and what a button carries is not shown.
    let button = json!({"type": "button", "text": plain("<!here>"), "value": "1:x:say <@U1>"});
    let quiet =
        json!({"blocks": [{"type": "actions", "elements": [button]}, mrkdwn("<!date^1^{date}|x> <#C1> <https://a>")]});
    assert_eq!(found(&quiet), <[&str; 0]>::default());
}
