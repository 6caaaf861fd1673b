//! The checker: what Slack publishes as its limits, apart from what the renderer believes they are.
//!
//! Every number is written here again, with the page it was read on, so that one wrong table cannot hide another. Slack
//! does not say what it counts as a character; the checker counts UTF-16 units, which are never fewer.

mod blocks;
mod elements;
mod objects;
mod pings;

use std::collections::HashSet;
use std::fmt::Display;

use serde_json::Value;

pub use self::pings::pings;
use super::post::Said;

/// Blocks in a message, and in a view. docs.slack.dev, "Blocks".
const BLOCKS: [usize; 2] = [50, 100];

/// The text of a message: what is beyond is cut off. docs.slack.dev, "Truncating really long messages".
const TEXT: usize = 40_000;

/// The text of all blocks of a message. Not published: near 13,200 characters Slack answers `msg_blocks_too_long`
/// (slackapi/bolt-js, issue 2509: from 13,172 on in one case).
const ALL_TEXT: usize = 13_000;

/// Attachments of a message. docs.slack.dev, "chat.postMessage", `too_many_attachments`.
const ATTACHMENTS: usize = 100;

/// The title of a view, and the words on its buttons. docs.slack.dev, "Modal views".
const TITLE: usize = 24;

/// What a view may keep for the bot. docs.slack.dev, "Modal views".
const METADATA: usize = 3_000;

/// The names that a bot gives: of blocks, actions, views. docs.slack.dev, "Blocks", "Block elements", "Modal views".
const NAME: usize = 255;

/// A whole view, in bytes. docs.slack.dev, "views.open", `view_too_large`.
const VIEW: usize = 250_000;

/// Returns every breach of Slack's limits in a message: what is posted to a `response_url`, to `chat.postMessage` and its
/// like, or answered to a slash command.
///
/// ```
/// use catops_core::testing::slack::check_message;
/// use serde_json::json;
/// let breaches = check_message(&json!({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": ""}}]}));
/// assert_eq!(breaches.unwrap_err(), ["blocks[0].text: there are no words in it"]);
/// ```
pub fn check_message(message: &Value) -> Result<(), Vec<String>> {
    of_message(message).map_err(|breaches| breaches.0.into_iter().map(|(_, said)| said).collect())
}

/// Returns every breach of Slack's limits in a view: what `views.open` is given, or a submission is answered.
pub fn check_view(view: &Value) -> Result<(), Vec<String>> {
    of_view(view).map_err(|breaches| breaches.0.into_iter().map(|(_, said)| said).collect())
}

/// What was found, each with the code by which Slack refuses it.
#[derive(Debug)]
pub(super) struct Breaches(Vec<(&'static str, String)>);

impl Breaches {
    /// Returns Slack's answer.
    pub(super) fn said(self) -> Said {
        let code = self.0.first().map_or("invalid_arguments", |(code, _)| code);
        let why: Vec<_> = self.0.into_iter().map(|(_, said)| said).collect();
        Said::refused(code, &why)
    }
}

/// Walks through a message or a view and takes down what is wrong.
struct Checker {
    found: Vec<(&'static str, String)>,
    /// What Slack says to a breach without a code of its own.
    code: &'static str,
    is_view: bool,
    /// The ids of blocks so far.
    ids: HashSet<String>,
    /// How many units of text the blocks have so far, and how many of these are in markdown blocks.
    text: usize,
    markdown: usize,
    /// How many elements want the cursor.
    focused: usize,
}

impl Checker {
    fn new(is_view: bool) -> Self {
        let code = if is_view { "invalid_arguments" } else { "invalid_blocks" };
        let ids = HashSet::new();
        Self { found: Vec::new(), code, is_view, ids, text: 0, markdown: 0, focused: 0 }
    }

    fn breach(&mut self, at: impl Display, what: impl Display) {
        self.found.push((self.code, format!("{at}: {what}")));
    }

    fn breach_as(&mut self, code: &'static str, at: impl Display, what: impl Display) {
        self.found.push((code, format!("{at}: {what}")));
    }

    /// Takes down a string that is too long, and one that is none. `null` is a field that was left out.
    fn string(&mut self, at: impl Display, value: &Value, most: usize) {
        match value {
            Value::Null => {}
            Value::String(text) => self.length(at, text, most),
            _ => self.breach(at, "it is not a text"),
        }
    }

    fn length(&mut self, at: impl Display, text: &str, most: usize) {
        let units = units(text);
        if units > most {
            self.breach(at, format!("{units} characters, and {most} is the most"));
        }
    }

    /// Returns the members of a list, and takes down that there are too few or too many.
    fn list<'a>(&mut self, at: impl Display, value: &'a Value, least: usize, most: usize) -> &'a [Value] {
        let Some(list) = value.as_array() else {
            if least > 0 || !value.is_null() {
                self.breach(at, "it is not a list");
            }
            return &[];
        };
        if list.len() < least || list.len() > most {
            self.breach(at, format!("{} members, and {least} to {most} are taken", list.len()));
        }
        list
    }

    fn done(self) -> Result<(), Breaches> {
        if self.found.is_empty() { Ok(()) } else { Err(Breaches(self.found)) }
    }
}

/// Counts as Slack may count at the most.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Checks a message.
pub(super) fn of_message(message: &Value) -> Result<(), Breaches> {
    let mut checker = Checker::new(false);
    if !message.is_object() {
        checker.breach_as("invalid_arguments", "message", "it is not an object");
        return checker.done();
    }
    match &message["text"] {
        Value::String(text) if units(text) > TEXT => {
            let said = format!("{} characters, and {TEXT} is the most", units(text));
            checker.breach_as("msg_too_long", "text", said);
        }
        Value::String(_) | Value::Null => {}
        _ => checker.breach_as("invalid_arguments", "text", "it is not a text"),
    }
    let blocks = checker.list("blocks", &message["blocks"], 0, BLOCKS[0]);
    checker.blocks("blocks", blocks);
    let given = message["attachments"].as_array().map_or(&[][..], Vec::as_slice);
    if given.len() > ATTACHMENTS {
        let said = format!("{} of them, and {ATTACHMENTS} is the most", given.len());
        checker.breach_as("too_many_attachments", "attachments", said);
    }
    for (at, attachment) in given.iter().enumerate() {
        checker.attachment(&format!("attachments[{at}]"), attachment);
    }
    if checker.text > ALL_TEXT {
        let said = format!("{} characters in all of them, and {ALL_TEXT} is the most", checker.text);
        checker.breach_as("msg_blocks_too_long", "blocks", said);
    }
    // What takes the original away needs no words. docs.slack.dev, "chat.postMessage", `no_text`.
    let silent = message["text"].is_null() || message["text"].as_str().is_some_and(|text| text.trim().is_empty());
    if silent && blocks.is_empty() && given.is_empty() && message["delete_original"] != true {
        checker.breach_as("no_text", "text", "there is neither text nor a block nor an attachment");
    }
    if let Some(kind) = message["response_type"].as_str().filter(|kind| !matches!(*kind, "in_channel" | "ephemeral")) {
        checker.breach_as("invalid_arguments", "response_type", format!("{kind:?} is unknown"));
    }
    checker.done()
}

/// Checks a view.
pub(super) fn of_view(view: &Value) -> Result<(), Breaches> {
    let mut checker = Checker::new(true);
    let is_modal = match view["type"].as_str() {
        Some("modal") => true,
        Some("home") => false,
        _ => {
            checker.breach("view.type", "it is neither `modal` nor `home`");
            return checker.done();
        }
    };
    for name in ["title", "submit", "close"] {
        if is_modal && name == "title" || !view[name].is_null() {
            checker.plain(&format!("view.{name}"), &view[name], TITLE);
        }
    }
    checker.string("view.private_metadata", &view["private_metadata"], METADATA);
    checker.string("view.callback_id", &view["callback_id"], NAME);
    checker.string("view.external_id", &view["external_id"], NAME);
    let blocks = checker.list("view.blocks", &view["blocks"], 1, BLOCKS[1]);
    checker.blocks("view.blocks", blocks);
    let asks = blocks.iter().any(|block| block["type"] == "input");
    // docs.slack.dev, "Modal views", `submit`.
    if is_modal && asks && view["submit"].is_null() {
        checker.breach("view.submit", "a view with an input block needs it");
    }
    if checker.focused > 1 {
        let said = format!("{} elements have `focus_on_load`, and one may", checker.focused);
        checker.breach("view.blocks", said);
    }
    let size = view.to_string().len();
    if size > VIEW {
        checker.breach_as("view_too_large", "view", format!("{size} bytes, and {VIEW} is the most"));
    }
    checker.done()
}

/// Checks what a menu is offered: options or groups of options, and an empty list is fine.
pub(super) fn of_offer(offer: &Value) -> Result<(), Vec<String>> {
    let mut checker = Checker::new(true);
    checker.offer(offer);
    checker.done().map_err(|breaches| breaches.0.into_iter().map(|(_, said)| said).collect())
}
