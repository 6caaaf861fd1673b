//! Whatever a form holds, what is shown keeps Slack's limits; whatever is filled in, it becomes a line that can be run, or is
//! refused.
#![no_main]

use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat as _, Submitted};
use catops_core::command::What;
use catops_core::form::{Draft, Field, Form, Input, compose};
use catops_core::{ChannelRef, Choice, Commands, Secret, UserRef, command};
use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use serde_json::Value;

#[derive(Clone, Copy, Debug, Choice)]
enum Zone {
    EuWest,
    UsEast,
}

/// Take everything.
#[command]
fn all(
    who: UserRef,
    zone: Zone,
    #[arg(long)] channel: Vec<ChannelRef>,
    #[arg(long, short = 'n', default_value = 3)] count: i32,
    #[arg(long)] word: Vec<String>,
    force: bool,
    #[arg(rest)] reason: Option<String>,
) -> String {
    format!("{who:?} {zone:?} {channel:?} {count} {word:?} {force} {reason:?}")
}

fn find(path: &str) -> Option<catops_core::Command> {
    (path == "all").then(__catops_all)
}

static COMMANDS: Commands = Commands::new("all", |_| "", find);

/// A text that may be long.
fn text(from: &mut Unstructured<'_>) -> Result<String> {
    let text: &str = from.arbitrary()?;
    Ok(text.repeat(if from.ratio(1, 8)? { from.int_in_range(0..=400)? } else { 1 }))
}

fn texts(from: &mut Unstructured<'_>) -> Result<Vec<String>> {
    (0..from.int_in_range(0..=4)?).map(|_| text(from)).collect()
}

fn input(from: &mut Unstructured<'_>) -> Result<Input> {
    let many = from.arbitrary()?;
    Ok(match from.int_in_range(0..=6)? {
        0 => Input::Text { long: many },
        1 => Input::Words,
        2 => {
            let (word, help) = (text(from)?, text(from)?);
            let count = from.int_in_range(0..=120)?;
            Input::Choice { words: (0..count).map(|n| (format!("{word}{n}"), help.clone())).collect(), many }
        }
        3 => Input::Complete { many },
        4 => Input::Flag,
        5 => Input::User { many },
        _ => Input::Channel { many },
    })
}

fn form(from: &mut Unstructured<'_>) -> Result<Form> {
    let (count, many) = (from.int_in_range(0..=12)?, from.int_in_range(1..=12)?);
    let mut fields = Vec::new();
    for at in 0..count {
        let (name, label, hint, input) = (text(from)?, text(from)?, text(from)?, input(from)?);
        let (required, initial) = (from.arbitrary()?, texts(from)?);
        for again in 0..many {
            let (label, hint, input, initial) = (label.clone(), hint.clone(), input.clone(), initial.clone());
            fields.push(Field { name: format!("{name}{at}.{again}"), label, hint, input, required, initial });
        }
    }
    let (command, prefix, about) = (text(from)?, text(from)?, text(from)?);
    let draft = Draft { command, prefix, about, ..Draft::default() };
    Ok(Form { title: text(from)?, about: text(from)?, submit: "Run", fields, asks_channel: from.arbitrary()?, draft })
}

/// What somebody sends off: the names of the fields, and anything in them.
fn values(from: &mut Unstructured<'_>) -> Result<Vec<(String, Vec<String>)>> {
    let names = ["who", "zone", "channel", "count", "word", "force", "reason", "other"];
    (0..from.int_in_range(0..=9)?).map(|_| Ok(((*from.choose(&names)?).to_owned(), texts(from)?))).collect()
}

#[derive(Debug)]
struct Case(Form, Vec<(String, Vec<String>)>);

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(from: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(form(from)?, values(from)?))
    }
}

/// Panics where Slack would refuse a text; the numbers are those of docs.slack.dev, "Block Kit".
fn fits(value: &Value, most: usize) {
    let length = value.as_str().expect("it is text").encode_utf16().count();
    assert!((1..=most).contains(&length), "{length} of {most}: {value}");
}

fn within_limits(view: &Value) {
    assert!(view.to_string().len() <= 250_000);
    for name in ["title", "submit", "close"] {
        view.get(name).inspect(|text| fits(&text["text"], 24));
    }
    view.get("private_metadata").inspect(|text| fits(text, 3_000));
    let blocks = view["blocks"].as_array().expect("blocks");
    assert!((1..=100).contains(&blocks.len()));
    for block in blocks {
        if block["type"] == "section" {
            fits(&block["text"]["text"], 3_000);
            continue;
        }
        fits(&block["block_id"], 255);
        fits(&block["label"]["text"], 2_000);
        block.get("hint").inspect(|hint| fits(&hint["text"], 2_000));
        let element = &block["element"];
        element.get("initial_value").inspect(|text| fits(text, 3_000));
        let options = ["options", "initial_options"].into_iter().filter_map(|name| element.get(name)?.as_array());
        let initial = element.get("initial_option").map(std::slice::from_ref);
        for options in options.map(Vec::as_slice).chain(initial) {
            assert!((1..=100).contains(&options.len()));
            for option in options {
                fits(&option["text"]["text"], 75);
                fits(&option["value"], 75);
                option.get("description").inspect(|help| fits(&help["text"], 75));
            }
        }
    }
}

libfuzzer_sys::fuzz_target!(|case: Case| {
    let Case(form, values) = case;
    let slack = Slack::new(Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned()), Vec::new());
    let answer = slack.submitted(Submitted::Next(&form)).into_body();
    let answer: Value = serde_json::from_slice(&answer).expect("it is JSON");
    within_limits(&answer["view"]);
    let command = find("all").expect("it is there");
    if let Ok(line) = compose(&command, &values) {
        let asked = COMMANDS.read("/meow", &line, &|_| true);
        assert!(matches!(asked.what, What::Run(..)), "`{line}` cannot be run: {:?}", asked.what);
    }
});
