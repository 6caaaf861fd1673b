//! Blocks and attachments. docs.slack.dev, "Blocks", "Legacy attachments".

use std::collections::HashSet;

use serde_json::Value;

use super::objects::ANY_TEXT;
use super::{Checker, NAME};

/// The text of a section. docs.slack.dev, "Section block".
const SECTION: usize = 3_000;

/// Fields of a section, and the text of one. docs.slack.dev, "Section block".
const FIELDS: [usize; 2] = [10, 2_000];

/// The text of a header. docs.slack.dev, "Header block".
const HEADER: usize = 150;

/// Elements of an actions block. docs.slack.dev, "Actions block".
const ACTIONS: usize = 25;

/// Elements of a context block. docs.slack.dev, "Context block".
const CONTEXT: usize = 10;

/// The title of an image. docs.slack.dev, "Image block".
const IMAGE_TITLE: usize = 2_000;

/// What stands over a field, and below it. docs.slack.dev, "Input block".
const LABEL: usize = 2_000;

/// All markdown blocks of a message. docs.slack.dev, "Markdown block".
const MARKDOWN: usize = 12_000;

/// Rows of a table, and cells of a row. docs.slack.dev, "Table block".
const TABLE: [usize; 2] = [100, 20];

const MENUS: [&str; 10] = [
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
];

const CHOICES: [&str; 5] = ["checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker"];

const TYPED: [&str; 6] =
    ["plain_text_input", "email_text_input", "url_text_input", "number_input", "file_input", "rich_text_input"];

impl Checker {
    pub(super) fn blocks(&mut self, at: &str, blocks: &[Value]) {
        for (n, block) in blocks.iter().enumerate() {
            let at = format!("{at}[{n}]");
            self.string(format!("{at}.block_id"), &block["block_id"], NAME);
            if let Some(id) = block["block_id"].as_str()
                && !self.ids.insert(id.to_owned())
            {
                self.breach(format!("{at}.block_id"), format!("{id:?} is the id of another block"));
            }
            self.block(&at, block);
        }
    }

    fn block(&mut self, at: &str, block: &Value) {
        match block["type"].as_str() {
            Some("section") => self.section(at, block),
            Some("header") => self.plain(&format!("{at}.text"), &block["text"], HEADER),
            Some("divider") => {}
            Some("image") => {
                self.image(at, block);
                self.perhaps(&format!("{at}.title"), &block["title"], IMAGE_TITLE);
            }
            Some("context") => {
                let at = format!("{at}.elements");
                for (n, element) in self.list(&at, &block["elements"], 1, CONTEXT).iter().enumerate() {
                    match element["type"].as_str() {
                        Some("image") => self.image(&format!("{at}[{n}]"), element),
                        _ => self.words(&format!("{at}[{n}]"), element, ANY_TEXT),
                    }
                }
            }
            Some("actions") => self.actions(at, block),
            Some("input") => self.input_block(at, block),
            Some("rich_text") => {
                self.list(format!("{at}.elements"), &block["elements"], 1, usize::MAX);
                self.text += texts(&block["elements"]);
            }
            // These stand in messages alone.
            Some("markdown") if !self.is_view => {
                let text = block["text"].as_str().unwrap_or_default();
                let units = super::units(text);
                (self.text, self.markdown) = (self.text + units, self.markdown + units);
                if text.trim().is_empty() {
                    self.breach(format!("{at}.text"), "there are no words in it");
                }
                if self.markdown > MARKDOWN {
                    let said = format!("{} characters in markdown blocks, and {MARKDOWN} is the most", self.markdown);
                    self.breach(at, said);
                }
            }
            Some("table") if !self.is_view => {
                for (n, row) in self.list(format!("{at}.rows"), &block["rows"], 1, TABLE[0]).iter().enumerate() {
                    self.list(format!("{at}.rows[{n}]"), row, 1, TABLE[1]);
                }
                self.text += texts(&block["rows"]);
            }
            Some("video" | "file" | "context_actions") => {}
            Some(kind) => self.breach(at, format!("a block of type {kind:?} has no place here")),
            None => self.breach(at, "it has no type"),
        }
    }

    fn section(&mut self, at: &str, block: &Value) {
        if block["text"].is_null() && block["fields"].is_null() {
            self.breach(at, "there is neither text nor a field");
        }
        if !block["text"].is_null() {
            self.words(&format!("{at}.text"), &block["text"], SECTION);
        }
        if !block["fields"].is_null() {
            let at = format!("{at}.fields");
            for (n, field) in self.list(&at, &block["fields"], 1, FIELDS[0]).iter().enumerate() {
                self.words(&format!("{at}[{n}]"), field, FIELDS[1]);
            }
        }
        if !block["accessory"].is_null() {
            let allowed = [&MENUS[..], &CHOICES, &["button", "overflow", "image", "workflow_button"]].concat();
            self.element(&format!("{at}.accessory"), &block["accessory"], &allowed);
        }
    }

    fn actions(&mut self, at: &str, block: &Value) {
        let allowed = [&MENUS[..], &CHOICES, &["button", "overflow", "workflow_button", "rich_text_input"]].concat();
        let at = format!("{at}.elements");
        let mut ids = HashSet::new();
        for (n, element) in self.list(&at, &block["elements"], 1, ACTIONS).iter().enumerate() {
            self.element(&format!("{at}[{n}]"), element, &allowed);
            // docs.slack.dev, "Block elements": among all others of its block.
            if let Some(id) = element["action_id"].as_str()
                && !ids.insert(id)
            {
                self.breach(format!("{at}[{n}].action_id"), format!("{id:?} is the id of another element"));
            }
        }
    }

    fn input_block(&mut self, at: &str, block: &Value) {
        self.plain(&format!("{at}.label"), &block["label"], LABEL);
        self.perhaps(&format!("{at}.hint"), &block["hint"], LABEL);
        let allowed = [&MENUS[..], &CHOICES, &TYPED].concat();
        self.element(&format!("{at}.element"), &block["element"], &allowed);
    }

    pub(super) fn attachment(&mut self, at: &str, attachment: &Value) {
        if !attachment.is_object() {
            return self.breach_as("invalid_attachments", at, "it is not an object");
        }
        if let Some(color) = attachment["color"].as_str() {
            let hex = color.strip_prefix('#').unwrap_or(color);
            let is_hex = matches!(hex.len(), 3 | 6) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_hex && !["good", "warning", "danger"].contains(&color) {
                self.breach_as("invalid_attachments", format!("{at}.color"), format!("{color:?} is no colour"));
            }
        }
        let blocks = self.list(format!("{at}.blocks"), &attachment["blocks"], 0, super::BLOCKS[0]);
        self.blocks(&format!("{at}.blocks"), blocks);
        let said = ["text", "pretext", "title", "fallback"].iter().any(|name| attachment[name].is_string());
        let shown = ["image_url", "thumb_url", "fields", "actions"].iter().any(|name| !attachment[name].is_null());
        if blocks.is_empty() && !said && !shown {
            self.breach_as("no_text", at, "there is nothing in it");
        }
    }
}

/// Counts the text anywhere below a value.
fn texts(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(texts).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| value.as_str().filter(|_| name == "text").map_or_else(|| texts(value), super::units))
            .sum(),
        _ => 0,
    }
}
