//! What we say back: one model, rendered by each chat within its limits.

use serde::{Deserialize, Serialize};

use crate::job::JobId;
use crate::pending::{Answer, Pending};
use crate::request::{Decided, Press, Request, Via};
use crate::time::Timestamp;

/// Who sees a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody where the command was typed. The product's promise is that all see what is done.
    #[default]
    Channel,
    /// Only the person who typed it.
    Asker,
}

/// A reply, made of parts in the order they are shown.
///
/// Build it with the methods that add a part. What a chat cannot show in full is cut at a line, with a note.
///
/// ```
/// use catops_core::Reply;
/// let reply = Reply::to_channel("**api** is up").field("instances", "3").code("api-1 ok\napi-2 ok");
/// assert_eq!(reply.text(), "**api** is up\ninstances: 3\napi-1 ok\napi-2 ok");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Who sees it.
    pub audience: Audience,
    /// What it says, from top to bottom.
    pub parts: Vec<Part>,
    /// The steps that often follow, offered below everything else. They are no part of what it says, so
    /// [`Reply::text`] leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Button>,
    /// The colour beside it, where the chat can show one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
}

/// A colour beside a message, for those who tell good news from bad at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    /// Green.
    Good,
    /// Yellow.
    Warning,
    /// Red.
    Danger,
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// One part of a [`Reply`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Text with light Markdown: `**bold**`, `_italic_`, `` `code` ``, `[label](https://…)`, and line breaks.
    Text(String),
    /// A line of small print with light Markdown.
    Note(String),
    /// Names with short values, side by side where there is room.
    Fields(Vec<Field>),
    /// Rows under headings.
    Table {
        /// The headings.
        head: Vec<String>,
        /// The rows; a short one is filled with empty cells.
        rows: Vec<Vec<String>>,
    },
    /// Text shown as it is, with fixed width.
    Code(String),
    /// A picture at a public address.
    Image {
        /// Its address.
        url: String,
        /// What it shows, for those who cannot see it.
        alt: String,
    },
    /// A row of buttons, each of which runs a command.
    Buttons(Vec<Button>),
    /// Buttons that decide on what waits.
    Decision(Decision),
    /// A document, for what is too long to be a message.
    File {
        /// Its name, with an ending that tells the type.
        name: String,
        /// Its content.
        text: String,
    },
    /// A native payload of one chat, as it is; other chats leave it out.
    Native {
        /// The name of the chat, such as `slack`.
        chat: String,
        /// For Slack: an object with `blocks` or `attachments`.
        payload: serde_json::Value,
    },
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What it is.
    pub name: String,
    /// What it is worth, with light Markdown.
    pub value: String,
}

/// A button that runs a command under the rights of whoever presses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// The words on it.
    pub label: String,
    /// The command line it runs, such as `status api`, in plain text. A mention in it, such as `<@U1>`, stays a mention;
    /// words with spaces are put in quotes.
    pub command: String,
}

/// Buttons that decide on a command that waits. All of them together can be pressed once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Names what waits.
    pub ticket: JobId,
    /// Until when it can be decided.
    pub expires: Timestamp,
    /// What the chat's buttons carry, under its seal: a [`Pending`] as JSON, or nothing where that is in the store.
    pub carried: String,
    /// What can be decided, a button each.
    pub answers: Vec<Answer>,
}

impl Decision {
    /// Returns the request that a press of its button makes, there where it was asked; who presses is for the caller to say.
    ///
    /// For what has no buttons of its own, as a terminal and a test: a chat makes it from what its button carried.
    pub fn press(&self, answer: Answer) -> Request {
        let press = Press { ticket: self.ticket.clone(), label: answer.label().to_owned(), message: None };
        let decided = Decided { press, answer, carried: self.carried.clone() };
        let request = Request { via: Via::Decision(Box::new(decided)), ..Request::default() };
        match serde_json::from_str(&self.carried) {
            Ok(Pending { channel, prefix, line, .. }) => Request { channel, prefix, text: line, ..request },
            // It is in the store.
            Err(_) => request,
        }
    }
}

impl Reply {
    /// Makes a reply that everybody in the channel sees.
    pub fn to_channel(text: impl Into<String>) -> Self {
        Self { audience: Audience::Channel, ..Self::default() }.and(text)
    }

    /// Makes a reply that only the asker sees.
    pub fn to_asker(text: impl Into<String>) -> Self {
        Self { audience: Audience::Asker, ..Self::default() }.and(text)
    }

    /// Adds a part.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Adds a paragraph of light Markdown.
    #[must_use]
    pub fn and(self, text: impl Into<String>) -> Self {
        self.part(Part::Text(text.into()))
    }

    /// Adds a line of small print.
    #[must_use]
    pub fn note(self, text: impl Into<String>) -> Self {
        self.part(Part::Note(text.into()))
    }

    /// Puts a colour beside it.
    #[must_use]
    pub const fn color(mut self, color: Color) -> Self {
        self.color = Some(color);
        self
    }

    /// Adds a name and its value; neighbours are shown side by side.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let field = Field { name: name.into(), value: value.into() };
        match self.parts.last_mut() {
            Some(Part::Fields(fields)) => fields.push(field),
            _ => self.parts.push(Part::Fields(vec![field])),
        }
        self
    }

    /// Adds text shown as it is, with fixed width.
    #[must_use]
    pub fn code(self, text: impl Into<String>) -> Self {
        self.part(Part::Code(text.into()))
    }

    /// Adds a table.
    #[must_use]
    pub fn table<H, R, C>(self, head: H, rows: R) -> Self
    where
        H: IntoIterator,
        H::Item: Into<String>,
        R: IntoIterator<Item = C>,
        C: IntoIterator,
        C::Item: Into<String>,
    {
        let head = head.into_iter().map(Into::into).collect();
        let rows = rows.into_iter().map(|row| row.into_iter().map(Into::into).collect()).collect();
        self.part(Part::Table { head, rows })
    }

    /// Adds a picture at a public `https` address; `alt` says what it shows.
    #[must_use]
    pub fn image(self, url: impl Into<String>, alt: impl Into<String>) -> Self {
        self.part(Part::Image { url: url.into(), alt: alt.into() })
    }

    /// Adds a button that runs `command`; neighbours share a row.
    #[must_use]
    pub fn button(mut self, label: impl Into<String>, command: impl Into<String>) -> Self {
        let button = Button { label: label.into(), command: command.into() };
        match self.parts.last_mut() {
            Some(Part::Buttons(buttons)) => buttons.push(button),
            _ => self.parts.push(Part::Buttons(vec![button])),
        }
        self
    }

    /// Returns all its words as plain text: what a test compares and a terminal prints. Markdown is left as typed.
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) | Part::Note(text) | Part::Code(text) | Part::File { text, .. } => {
                    out.push(text.clone())
                }
                Part::Fields(fields) => {
                    out.extend(fields.iter().map(|field| format!("{}: {}", field.name, field.value)));
                }
                Part::Table { head, rows } => out.push(table(head, rows)),
                Part::Decision(decision) => {
                    out.extend(decision.answers.iter().map(|answer| format!("[{}]", answer.label())));
                }
                Part::Image { url, alt } => out.push(format!("{alt}: {url}")),
                Part::Buttons(buttons) => {
                    out.extend(buttons.iter().map(|button| format!("[{}] {}", button.label, button.command)));
                }
                Part::Native { .. } => {}
            }
        }
        out.join("\n")
    }
}

/// Draws a table in columns of fixed width, counted in characters.
pub fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).chain([head.len()]).max().unwrap_or(0);
    let cell = |row: &[String], column: usize| row.get(column).map_or("", String::as_str).replace(['\n', '\r'], " ");
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let of = |row: &[String]| cell(row, column).chars().count();
            rows.iter().map(|row| of(row)).chain([of(head)]).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &[String]| {
        let mut out = String::new();
        for (column, width) in widths.iter().enumerate() {
            let text = cell(row, column);
            out.push_str(&text);
            out.extend(std::iter::repeat_n(' ', width - text.chars().count() + 2));
        }
        out.trim_end().to_owned()
    };
    let mut lines = Vec::with_capacity(rows.len() + 2);
    if !head.is_empty() {
        lines.push(line(head));
        lines.push(widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  "));
    }
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_part() {
        let reply = Reply::to_channel("x").field("a", "1").field("b", "2").button("Go", "go").button("No", "no");
        assert_eq!(reply.parts.len(), 3);
    }

    #[test]
    fn a_table_fills_short_rows() {
        let reply = Reply::default().table(["lock", "holder"], [vec!["api", "ann"], vec!["übergabe"]]);
        assert_eq!(reply.text(), "lock      holder\n────────  ──────\napi       ann\nübergabe");
    }
}
