//! From a form to a Slack modal that Slack takes, whatever the form holds; and the answers to what is done with it.

mod element;

use bytes::Bytes;
use serde::Serialize;

pub(super) use self::element::ACTION;
use self::element::{Choice, Element, Plain, element};
use super::blocks::Text;
use super::fit::{clip, units};
use super::limits::{BLOCK_ID, HINT, LABEL, SECTION_TEXT, VIEW_BLOCKS, VIEW_BYTES, VIEW_METADATA, VIEW_TITLE};
use super::mrkdwn::{escape, lines};
use super::seals::{Kind, Seals};
use crate::error::{Error, ErrorKind};
use crate::form::{Draft, Field, Form};

/// What Slack calls a form of ours.
pub(super) const CALLBACK: &str = "form";

/// The block that asks for the channel where the reply goes. No parameter has a colon in its name.
pub(super) const CHANNEL: &str = "catops:channel";

/// A modal. docs.slack.dev, "Views".
#[derive(Debug, Serialize)]
struct View<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    callback_id: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    private_metadata: String,
    title: Plain,
    #[serde(skip_serializing_if = "Option::is_none")]
    submit: Option<Plain>,
    close: Plain,
    blocks: Vec<Block<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Section {
        text: Text,
    },
    Input {
        block_id: &'a str,
        label: Plain,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<Plain>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        optional: bool,
        element: Box<Element>,
    },
}

/// Draws a form as JSON. An error says why Slack would not take it.
pub(super) fn view(form: &Form, seals: &Seals) -> Result<Bytes, Error> {
    let mut blocks: Vec<Block<'_>> = about(&form.about).into_iter().collect();
    let odd = |field: &&Field| field.name.is_empty() || units(&field.name) > BLOCK_ID;
    if let Some(field) = form.fields.iter().find(odd) {
        return Err(too_much(&format!("the name of the field `{}` is empty or too long", escape(&field.label))));
    }
    blocks.extend(form.fields.iter().map(input));
    if form.asks_channel {
        blocks.push(Block::Input {
            block_id: CHANNEL,
            label: Plain::new("Where the reply goes", LABEL),
            hint: None,
            optional: false,
            element: Box::new(Element::place()),
        });
    }
    if blocks.len() > VIEW_BLOCKS {
        return Err(too_much(&format!("it has {} fields, and Slack takes {VIEW_BLOCKS}", blocks.len())));
    }
    if blocks.is_empty() {
        blocks.push(Block::Section { text: Text::mrkdwn("There is nothing to fill in.".to_owned()) });
    }
    let view = View {
        kind: "modal",
        callback_id: CALLBACK,
        private_metadata: metadata(&form.draft, seals)?,
        title: Plain::or(&form.title, "Form", VIEW_TITLE),
        submit: Some(Plain::or(form.submit, "Run", VIEW_TITLE)),
        close: Plain::new("Cancel", VIEW_TITLE),
        blocks,
    };
    let json = write(&view);
    match json.len() {
        ..=VIEW_BYTES => Ok(json),
        bytes => Err(too_much(&format!("it takes {bytes} bytes, and Slack takes {VIEW_BYTES}"))),
    }
}

/// A view that stands in for one that cannot be drawn.
fn apology(title: &str) -> Bytes {
    let text = "This form is too large for Slack. Please type the command instead.".to_owned();
    write(&View {
        kind: "modal",
        callback_id: CALLBACK,
        private_metadata: String::new(),
        title: Plain::or(title, "Form", VIEW_TITLE),
        submit: None,
        close: Plain::new("Close", VIEW_TITLE),
        blocks: vec![Block::Section { text: Text::mrkdwn(text) }],
    })
}

/// Makes the call of `views.open`.
pub(super) fn open(form: &Form, trigger: &str, seals: &Seals) -> Result<Bytes, Error> {
    let view = view(form, seals)?;
    let mut body = br#"{"trigger_id":"#.to_vec();
    body.extend_from_slice(&write(&trigger));
    body.extend_from_slice(br#","view":"#);
    body.extend_from_slice(&view);
    body.push(b'}');
    Ok(body.into())
}

/// Makes the answer that puts another form in place of the one that was sent off.
pub(super) fn update(form: &Form, seals: &Seals) -> Bytes {
    let view = view(form, seals).unwrap_or_else(|error| {
        tracing::warn!(chat = super::NAME, error = error.chain(), "a form was not shown");
        apology(&form.title)
    });
    let mut body = br#"{"response_action":"update","view":"#.to_vec();
    body.extend_from_slice(&view);
    body.push(b'}');
    body.into()
}

/// Makes the answer that says what is wrong beside the fields.
pub(super) fn errors(wrong: &[(String, String)]) -> Bytes {
    #[derive(Serialize)]
    struct Answer {
        response_action: &'static str,
        errors: std::collections::BTreeMap<String, String>,
    }
    // Slack shows these as they are.
    let errors = wrong.iter().map(|(field, reason)| (field.clone(), clip(reason.clone(), HINT))).collect();
    write(&Answer { response_action: "errors", errors })
}

/// Makes the answer to a menu that asks while somebody types.
pub(super) fn options(words: &[String]) -> Bytes {
    #[derive(Serialize)]
    struct Answer {
        options: Vec<Choice>,
    }
    write(&Answer { options: element::choices(words.iter().map(|word| (word.as_str(), ""))) })
}

fn input(field: &Field) -> Block<'_> {
    let (element, hint) = element(field);
    Block::Input {
        block_id: &field.name,
        label: Plain::or(&field.label, &field.name, LABEL),
        hint: Some(Plain::new(hint, HINT)).filter(|hint| !hint.is_empty()),
        optional: !field.required,
        element: Box::new(element),
    }
}

fn about(text: &str) -> Option<Block<'static>> {
    let text = clip(lines(text.trim()), SECTION_TEXT);
    (!text.trim().is_empty()).then(|| Block::Section { text: Text::mrkdwn(text) })
}

/// Seals what the form carries along; a message that it is about is left out if there is no room for it.
fn metadata(draft: &Draft, seals: &Seals) -> Result<String, Error> {
    let sealed = |draft: &Draft| -> Result<String, Error> {
        let json = serde_json::to_string(draft)
            .map_err(|error| Error::new(ErrorKind::Invalid, "what a form carries cannot be written").because(error))?;
        Ok(seals.seal(Kind::Form, &json))
    };
    let mut text = sealed(draft)?;
    if units(&text) > VIEW_METADATA && !draft.about.is_empty() {
        text = sealed(&Draft { about: String::new(), ..draft.clone() })?;
    }
    match units(&text) {
        ..=VIEW_METADATA => Ok(text),
        length => Err(too_much(&format!("it carries {length} characters along, and Slack takes {VIEW_METADATA}"))),
    }
}

fn too_much(why: &str) -> Error {
    Error::new(ErrorKind::TooLarge, format!("Slack cannot show this form: {why}"))
}

fn write(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("strings, numbers and flags can always be written").into()
}
