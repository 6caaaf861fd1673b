//! Forms as Slack gets them, against the files in `tests/golden/slack`; and how `views.open` ends.

use std::path::Path;
use std::time::{Duration, Instant};

use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat, Submitted};
use catops_core::form::{Draft, Field, Form, Input};
use catops_core::request::{Channel, ReplyTo};
use catops_core::{Error, ErrorKind, Secret};
use serde_json::{Value, json};
use slack_morphism::prelude::SlackView;

use crate::sink::{Answer, Sink};

const LIMIT: Duration = Duration::from_millis(1500);

fn slack(sink: &Sink) -> Slack {
    let slack = Slack::new(Secret::new("x".to_owned()), vec![sink.host()]);
    slack.with_token(Secret::new("xoxb-hunter2".to_owned()), Some(&sink.url("/api"))).unwrap()
}

fn taken() -> Answer {
    Answer::status(200, "", &json!({"ok": true, "view": {"id": "V1"}}).to_string())
}

async fn open(sink: &Sink, form: &Form) -> Result<(), Error> {
    slack(sink).open_form(form, &Secret::new("13.7.secret".to_owned()), LIMIT).await
}

/// Opens a form with Slack played by a server on loopback, and returns the view that arrived.
async fn view(form: &Form) -> Value {
    let sink = Sink::new([taken()]);
    open(&sink, form).await.unwrap();
    let [call] = &sink.seen()[..] else { panic!("one call") };
    assert!(call.head.starts_with("POST /api/views.open HTTP/1.1\r\n"), "{}", call.head);
    assert!(call.head.to_ascii_lowercase().contains("authorization: bearer xoxb-hunter2\r\n"), "{}", call.head);
    let mut body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(body["trigger_id"], "13.7.secret");
    let view = body["view"].take();
    check_limits(&view);
    // As another's program reads it.
    let read: SlackView = serde_json::from_value(view.clone()).unwrap();
    assert!(matches!(read, SlackView::Modal(_)));
    view
}

/// Panics where Slack would refuse the view. The numbers are those of docs.slack.dev, as in `limits.rs`.
pub(crate) fn check_limits(view: &Value) {
    fn fits(value: &Value, most: usize) {
        let length = value.as_str().unwrap().encode_utf16().count();
        assert!((1..=most).contains(&length), "{length} of {most}: {value}");
    }
    fn option(option: &Value) {
        fits(&option["text"]["text"], 75);
        fits(&option["value"], 75);
        if let Some(help) = option.get("description") {
            fits(&help["text"], 75);
        }
    }
    assert!(view.to_string().len() <= 250_000);
    assert_eq!(view["type"], "modal");
    for name in ["title", "submit", "close"] {
        if let Some(text) = view.get(name) {
            fits(&text["text"], 24);
        }
    }
    if let Some(text) = view.get("private_metadata") {
        fits(text, 3000);
    }
    let blocks = view["blocks"].as_array().unwrap();
    assert!((1..=100).contains(&blocks.len()));
    for block in blocks {
        if block["type"] == "section" {
            fits(&block["text"]["text"], 3000);
            continue;
        }
        assert_eq!(block["type"], "input");
        fits(&block["block_id"], 255);
        fits(&block["label"]["text"], 2000);
        if let Some(hint) = block.get("hint") {
            fits(&hint["text"], 2000);
        }
        let element = &block["element"];
        assert_eq!(element["action_id"], "value");
        if let Some(text) = element.get("initial_value") {
            fits(text, 3000);
        }
        if let Some(text) = element.get("placeholder") {
            fits(&text["text"], 150);
        }
        if let Some(initial) = element.get("initial_option") {
            option(initial);
        }
        for name in ["options", "initial_options"] {
            let Some(options) = element.get(name).map(|options| options.as_array().unwrap()) else { continue };
            assert!((1..=100).contains(&options.len()));
            options.iter().for_each(option);
        }
        let listed = element["type"].as_str().unwrap().contains("static_select") || element["type"] == "checkboxes";
        assert_eq!(element.get("options").is_some(), listed, "{element}");
    }
}

fn field(name: &str, input: Input) -> Field {
    Field {
        name: name.to_owned(),
        label: name.to_uppercase(),
        hint: String::new(),
        input,
        required: true,
        initial: vec![],
    }
}

fn form(fields: Vec<Field>) -> Form {
    let reply_to =
        ReplyTo { chat: "slack".to_owned(), channel: "C1".to_owned(), user: "U1".to_owned(), ..ReplyTo::default() };
    let channel = Channel { id: "C1".to_owned(), name: "ops".to_owned() };
    let draft =
        Draft { command: "restart".to_owned(), prefix: "/meow".to_owned(), channel, reply_to, about: String::new() };
    Form {
        title: "restart".to_owned(),
        about: "Restart a **service**.".to_owned(),
        submit: "Run",
        fields,
        asks_channel: false,
        draft,
    }
}

/// Compares a view with its file. With `CATOPS_UPDATE_GOLDEN` set it writes the file anew instead, to be read before it is
/// checked in.
async fn check(name: &str, form: Form) {
    let view = view(&form).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/slack").join(name).with_extension("json");
    let sent = format!("{}\n", serde_json::to_string_pretty(&view).unwrap());
    if std::env::var_os("CATOPS_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &sent).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(sent == golden, "{name}.json is not what was sent:\n{sent}");
}

fn words(words: &[(&str, &str)]) -> Vec<(String, String)> {
    words.iter().map(|(word, help)| ((*word).to_owned(), (*help).to_owned())).collect()
}

#[tokio::test]
async fn every_input_has_its_element() {
    let zones = || words(&[("eu-west", "Ireland."), ("us-east", "")]);
    let given = |mut field: Field, words: &[&str]| {
        field.initial = words.iter().map(|word| (*word).to_owned()).collect();
        Field { required: false, hint: "More about it".to_owned(), ..field }
    };
    let empty = |many| {
        vec![
            field("words", if many { Input::Words } else { Input::Text { long: false } }),
            field("choice", Input::Choice { words: zones(), many }),
            field("complete", Input::Complete { many }),
            field("user", Input::User { many }),
            field("channel", Input::Channel { many }),
            field("flag", Input::Flag),
        ]
    };
    let filled = |many| {
        let initial: [&[&str]; 6] = match many {
            false => [&["<api> & more"], &["us-east"], &["web"], &["U7"], &["C7"], &["true"]],
            true => [&["a", "\"b c\""], &["us-east", "eu-west"], &["web", "api"], &["U7", "U8"], &["C7"], &[]],
        };
        empty(many).into_iter().zip(initial).map(|(field, words)| given(field, words)).collect()
    };
    check("form_one", form(empty(false))).await;
    check("form_many", form(empty(true))).await;
    check("form_one_given", form(filled(false))).await;
    check("form_many_given", form(filled(true))).await;
    check("form_long_text", form(vec![field("reason", Input::Text { long: true })])).await;
}

#[tokio::test]
async fn a_form_may_ask_for_the_channel_alone() {
    let mut asks = form(Vec::new());
    asks.asks_channel = true;
    asks.draft.channel = Channel::default();
    check("form_channel", asks).await;
    check("form_empty", Form { about: String::new(), ..form(Vec::new()) }).await;
    check("form_which", Form::which(form(Vec::new()).draft)).await;
}

#[tokio::test]
async fn what_slack_does_not_take_is_cut_or_drawn_otherwise() {
    let long = "ü & <🐱> ".repeat(800);
    let words = |count: usize| (0..count).map(|n| (format!("word-{n}"), long.clone())).collect::<Vec<_>>();
    let mut fields = vec![
        field("many", Input::Choice { words: words(101), many: true }),
        field("all", Input::Choice { words: words(100), many: false }),
        field("none", Input::Choice { words: words(0), many: false }),
        field("long", Input::Choice { words: vec![("x".repeat(76), String::new())], many: false }),
        Field { initial: vec!["x".repeat(76)], ..field("typed", Input::Complete { many: false }) },
        Field { initial: vec![long.clone()], ..field("text", Input::Text { long: true }) },
        Field { hint: long.clone(), ..field("flag", Input::Flag) },
    ];
    for field in &mut fields {
        field.label = long.clone();
    }
    let mut wide = Form { about: long.clone(), title: long.clone(), ..form(fields) };
    wide.draft.about = long.clone();
    let view = view(&wide).await;
    let kinds: Vec<&str> =
        view["blocks"].as_array().unwrap().iter().filter_map(|block| block["element"]["type"].as_str()).collect();
    let text = "plain_text_input";
    assert_eq!(kinds, ["multi_external_select", "static_select", "external_select", text, text, text, "checkboxes"]);
    assert!(!view["private_metadata"].as_str().unwrap().contains("🐱"), "what it is about was left out");
}

#[tokio::test]
async fn what_cannot_be_shown_is_not_sent() {
    let sink = Sink::new([]);
    let many = (0..101).map(|n| field(&format!("f{n}"), Input::Flag)).collect();
    let mut heavy = form(Vec::new());
    heavy.draft.prefix = "x".repeat(3000);
    let mut secret = form(Vec::new());
    secret.draft.reply_to.url = Some(Secret::new(format!("https://hooks.slack.com/hunter2/{}", "x".repeat(3000))));
    for form in [form(many), heavy, secret, form(vec![field("", Input::Flag)])] {
        let error = open(&sink, &form).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(
            error.to_string().starts_with("Slack cannot show this form: ") && !error.chain().contains("hunter2"),
            "{error}"
        );
        // As an answer it has to be something all the same.
        let next = slack(&sink).submitted(Submitted::Next(&form)).into_body();
        let next: Value = serde_json::from_slice(&next).unwrap();
        check_limits(&next["view"]);
        assert!(next["view"].to_string().contains("too large"), "{next}");
    }
    assert!(sink.seen().is_empty());
    let bare = Slack::new(Secret::new("x".to_owned()), Vec::new());
    assert!(!bare.opens_forms() && slack(&sink).opens_forms());
    let error = bare.open_form(&form(Vec::new()), &Secret::new("1".to_owned()), LIMIT).await.unwrap_err();
    assert_eq!(error.to_string(), "without CATOPS_SLACK_BOT_TOKEN the bot cannot open a form");
}

#[tokio::test]
async fn a_refusal_names_the_code_after_one_attempt() {
    let check = async |answer: Answer, kind: ErrorKind, said: &str| {
        let sink = Sink::new([answer]);
        let began = Instant::now();
        let error = open(&sink, &form(Vec::new())).await.unwrap_err();
        let text = error.to_string().replace(&sink.host(), "HOST");
        assert_eq!((error.kind(), text.contains(said)), (kind, true), "{text}");
        assert!(!format!("{error:?} {}", error.chain()).contains("secret"), "{error:?}");
        assert!(began.elapsed() < LIMIT + Duration::from_millis(500) && sink.seen().len() == 1, "{said}");
    };
    let refused = |code: &str| Answer::status(200, "", &json!({"ok": false, "error": code}).to_string());
    check(refused("expired_trigger_id"), ErrorKind::Gone, "later than 3 s after the key press").await;
    check(refused("exchanged_trigger_id"), ErrorKind::Gone, "was used before").await;
    check(refused("not_in_channel"), ErrorKind::Refused, "the bot is not in the channel").await;
    check(refused("<a secret>"), ErrorKind::Refused, "Slack refused the form: no reason given").await;
    check(refused("invalid_auth"), ErrorKind::Config, "CATOPS_SLACK_BOT_TOKEN (invalid_auth)").await;
    check(refused("ratelimited"), ErrorKind::Unavailable, "Slack takes no more").await;
    check(Answer::status(429, "retry-after: 1\r\n", "{}"), ErrorKind::Unavailable, "HOST answered 429").await;
    check(Answer::status(500, "", "oh"), ErrorKind::Unavailable, "HOST answered 500").await;
    check(Answer::Close, ErrorKind::Timeout, "HOST").await;
    check(Answer::Late(Duration::from_secs(3), Vec::new()), ErrorKind::Timeout, "HOST").await;
}

#[tokio::test]
async fn answers_have_slacks_form() {
    let slack = slack(&Sink::new([]));
    let body = |response: catops_core::http::HttpResponse| {
        assert_eq!(response.status().as_u16(), 200);
        String::from_utf8(response.into_body().to_vec()).unwrap()
    };
    assert_eq!(body(slack.submitted(Submitted::Taken)), "");
    let wrong = [("count".to_owned(), "this cannot be `x`".to_owned())];
    assert_eq!(
        body(slack.submitted(Submitted::Wrong(&wrong))),
        r#"{"response_action":"errors","errors":{"count":"this cannot be `x`"}}"#
    );
    let next: Value = serde_json::from_str(&body(slack.submitted(Submitted::Next(&form(Vec::new()))))).unwrap();
    assert_eq!(
        (next["response_action"].as_str(), next["view"]["callback_id"].as_str()),
        (Some("update"), Some("form"))
    );
    let options = ["api", "a <b>", "", &"x".repeat(76)].map(str::to_owned);
    assert_eq!(
        body(slack.completions(&options)),
        r#"{"options":[{"text":{"type":"plain_text","text":"api"},"value":"api"},{"text":{"type":"plain_text","text":"a &lt;b&gt;"},"value":"a <b>"}]}"#
    );
    assert_eq!(body(slack.completions(&[])), r#"{"options":[]}"#);
}
