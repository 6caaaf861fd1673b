//! What blocks and elements are made of: texts, options, confirmations. docs.slack.dev, "Composition objects".

use std::collections::HashSet;

use serde_json::Value;

use super::Checker;

/// Any text object. docs.slack.dev, "Text object".
pub(super) const ANY_TEXT: usize = 3_000;

/// The words, the value and the description of an option. docs.slack.dev, "Option object"; some pages give 150 for the
/// value.
const OPTION: usize = 75;

/// The address behind an option. docs.slack.dev, "Option object".
const OPTION_URL: usize = 3_000;

/// The title, the text and the buttons of a confirmation. docs.slack.dev, "Confirmation dialog object".
const CONFIRM: [(&str, usize); 4] = [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)];

impl Checker {
    /// Checks a text object of either kind.
    pub(super) fn words(&mut self, at: &str, value: &Value, most: usize) {
        match value["type"].as_str() {
            Some("mrkdwn") if !value["emoji"].is_null() => self.breach(at, "`emoji` is for `plain_text`"),
            Some("plain_text") if !value["verbatim"].is_null() => self.breach(at, "`verbatim` is for `mrkdwn`"),
            Some("mrkdwn" | "plain_text") => {}
            _ => self.breach(at, "it is not a text object"),
        }
        let text = value["text"].as_str().unwrap_or_default();
        if text.trim().is_empty() {
            self.breach(at, "there are no words in it");
        }
        self.text += super::units(text);
        self.length(at, text, most);
    }

    /// Checks a text object that takes no formatting.
    pub(super) fn plain(&mut self, at: &str, value: &Value, most: usize) {
        if value["type"] == "mrkdwn" {
            self.breach(at, "it has to be `plain_text`");
        }
        self.words(at, value, most);
    }

    /// Checks a plain text that may be left out.
    pub(super) fn perhaps(&mut self, at: &str, value: &Value, most: usize) {
        if !value.is_null() {
            self.plain(at, value, most);
        }
    }

    /// Checks a list of options.
    pub(super) fn options(&mut self, at: &str, value: &Value, least: usize, most: usize) {
        let mut values = HashSet::new();
        for (n, option) in self.list(at, value, least, most).iter().enumerate() {
            let at = format!("{at}[{n}]");
            self.words(&format!("{at}.text"), &option["text"], OPTION);
            if !option["description"].is_null() {
                self.words(&format!("{at}.description"), &option["description"], OPTION);
            }
            self.string(format!("{at}.url"), &option["url"], OPTION_URL);
            match option["value"].as_str() {
                Some(value) => {
                    self.length(format!("{at}.value"), value, OPTION);
                    if !values.insert(value) {
                        self.breach(format!("{at}.value"), format!("{value:?} is the value of another option"));
                    }
                }
                None if option["url"].is_string() => {}
                None => self.breach(format!("{at}.value"), "there is none"),
            }
        }
    }

    pub(super) fn confirm(&mut self, at: &str, value: &Value) {
        if !value.is_null() {
            for (name, most) in CONFIRM {
                self.words(&format!("{at}.{name}"), &value[name], most);
            }
        }
    }
}
