//! What stands in a block of a modal: a text, a menu, a box to tick.

use std::collections::HashSet;

use serde::Serialize;

use super::super::fit::{clip, units};
use super::super::limits::{INPUT_TEXT, OPTION_TEXT, OPTIONS};
use super::super::mrkdwn::escape;
use crate::form::{Field, Input};

/// What Slack calls the element of each input.
pub(in super::super) const ACTION: &str = "value";

/// Text without any form, already escaped.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Plain {
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
}

impl Plain {
    /// Takes as much of a text as there is room for.
    pub(super) fn new(text: &str, max: usize) -> Self {
        Self { kind: "plain_text", text: clip(escape(text.trim()), max) }
    }

    /// Takes `text`, or `other` if it is empty: Slack takes no empty text.
    pub(super) fn or(text: &str, other: &str, max: usize) -> Self {
        let plain = Self::new(text, max);
        if plain.is_empty() { Self::new(other, max) } else { plain }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// An option of a menu. docs.slack.dev, "Option object".
#[derive(Clone, Debug, Serialize)]
pub(super) struct Choice {
    text: Plain,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Plain>,
}

impl Choice {
    /// Makes one of a word and its help, if Slack takes the word.
    fn new(word: &str, help: &str) -> Option<Self> {
        let text = Plain::new(word, OPTION_TEXT);
        let description = Some(Plain::new(help, OPTION_TEXT)).filter(|help| !help.is_empty());
        (units(word) <= OPTION_TEXT && !text.is_empty()).then(|| Self { text, value: word.to_owned(), description })
    }
}

/// Makes as many options as Slack takes, of those words that it takes, each once.
pub(super) fn choices<'a>(words: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Choice> {
    let mut seen = HashSet::new();
    words
        .filter(|(word, _)| seen.insert(*word))
        .filter_map(|(word, help)| Choice::new(word, help))
        .take(OPTIONS)
        .collect()
}

/// Which conversations a menu lists.
#[derive(Debug, Serialize)]
struct Filter {
    include: [&'static str; 2],
}

/// Any element; each kind has the fields it knows. docs.slack.dev, "Block elements".
#[derive(Debug, Default, Serialize)]
pub(super) struct Element {
    #[serde(rename = "type")]
    kind: &'static str,
    action_id: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    multiline: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholder: Option<Plain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_query_length: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_option: Option<Choice>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_options: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_user: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_users: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_conversation: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_conversations: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Filter>,
    #[serde(skip_serializing_if = "is_false")]
    default_to_current_conversation: bool,
    #[serde(skip_serializing_if = "is_false")]
    response_url_enabled: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Element {
    fn new(kind: &'static str) -> Self {
        Self { kind, action_id: ACTION, ..Self::default() }
    }

    /// Asks where the reply goes, and for an address that it can be sent to.
    pub(super) fn place() -> Self {
        let default_to_current_conversation = true;
        Self { default_to_current_conversation, response_url_enabled: true, ..Self::new("conversations_select") }
    }
}

/// Draws what a field takes; also returns the hint that goes beneath it.
pub(super) fn element(field: &Field) -> (Element, &str) {
    let hint = field.hint.as_str();
    let initial = || field.initial.iter().filter(|word| !word.trim().is_empty());
    let drawn = match &field.input {
        Input::Text { long } => text(field, *long),
        Input::Words => text(field, true),
        Input::Flag => return flag(field),
        Input::User { many: false } => {
            Element { initial_user: initial().next().cloned(), ..Element::new("users_select") }
        }
        Input::User { many: true } => {
            Element { initial_users: initial().cloned().collect(), ..Element::new("multi_users_select") }
        }
        Input::Channel { many } => {
            let filter = Some(Filter { include: ["public", "private"] });
            match many {
                false => {
                    let initial_conversation = initial().next().cloned();
                    Element { initial_conversation, filter, ..Element::new("conversations_select") }
                }
                true => {
                    let initial_conversations = initial().cloned().collect();
                    Element { initial_conversations, filter, ..Element::new("multi_conversations_select") }
                }
            }
        }
        // What is too long for a menu of Slack's is typed.
        Input::Choice { words, many } if words.iter().any(|(word, _)| !is_option(word)) => text(field, *many),
        Input::Complete { many } if initial().any(|word| !is_option(word)) => text(field, *many),
        Input::Choice { words, many } if (1..=OPTIONS).contains(&words.len()) => {
            let options = choices(words.iter().map(|(word, help)| (word.as_str(), help.as_str())));
            let initial = options.iter().filter(|option| field.initial.contains(&option.value)).cloned().collect();
            Element { options, ..menu(if *many { "multi_static_select" } else { "static_select" }, *many, initial) }
        }
        Input::Choice { many, .. } | Input::Complete { many } => {
            let initial = choices(initial().map(|word| (word.as_str(), "")));
            let kind = if *many { "multi_external_select" } else { "external_select" };
            let placeholder = Some(Plain::new("Type to search", OPTION_TEXT));
            Element { min_query_length: Some(0), placeholder, ..menu(kind, *many, initial) }
        }
    };
    (drawn, hint)
}

fn is_option(word: &str) -> bool {
    Choice::new(word, "").is_some()
}

fn menu(kind: &'static str, many: bool, mut initial: Vec<Choice>) -> Element {
    match many {
        true => Element { initial_options: initial, ..Element::new(kind) },
        false => {
            Element { initial_option: (!initial.is_empty()).then(|| initial.swap_remove(0)), ..Element::new(kind) }
        }
    }
}

/// What stands in it is what will be read, so it is cut without a mark, and not escaped.
fn text(field: &Field, multiline: bool) -> Element {
    let value = field.initial.join("\n");
    let mut room = INPUT_TEXT;
    let fits = |c: &char| {
        let left = room.checked_sub(c.len_utf16());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let value: String = value.chars().take_while(fits).collect();
    let initial_value = Some(value).filter(|value| !value.is_empty());
    Element { multiline, max_length: Some(INPUT_TEXT), initial_value, ..Element::new("plain_text_input") }
}

/// A box to tick; its hint stands beside it, where it is short enough.
fn flag(field: &Field) -> (Element, &str) {
    let hint = field.hint.trim();
    let (words, hint) = if hint.is_empty() || units(&escape(hint)) > OPTION_TEXT { ("Yes", hint) } else { (hint, "") };
    let option = Choice { text: Plain::or(words, "Yes", OPTION_TEXT), value: "true".to_owned(), description: None };
    let is_ticked = field.initial.iter().any(|word| word == "true");
    let initial_options = Vec::from_iter(is_ticked.then(|| option.clone()));
    (Element { options: vec![option], initial_options, ..Element::new("checkboxes") }, hint)
}
