//! Forms: what a command takes, asked for field by field.
//!
//! Core makes a [`Form`] from a command's signature, the chat draws it, and what is filled in comes back as a
//! [`Submission`](crate::chat::Submission), which becomes a command line like any other.

pub(crate) mod complete;
mod compose;
mod make;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::compose::compose;
pub use self::make::MENU;
use crate::request::{Channel, ReplyTo};

/// The field of a form that asks which command is meant.
pub const COMMAND: &str = "command";

/// A form to be shown to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What stands above it, such as the command's name.
    pub title: String,
    /// What it is about, in light Markdown.
    pub about: String,
    /// The words on the button that sends it off.
    pub submit: &'static str,
    /// Its fields, from top to bottom. A command that takes nothing has none.
    pub fields: Vec<Field>,
    /// Whether it also asks for the channel where the reply goes, because that is not known.
    pub asks_channel: bool,
    /// What it carries from the moment it is opened to the moment it is sent off.
    pub draft: Draft,
}

/// A field of a [`Form`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The parameter's name.
    pub name: String,
    /// What it asks for, as people read it.
    pub label: String,
    /// More about it; may be empty.
    pub hint: String,
    /// What can be put into it.
    pub input: Input,
    /// Whether it must be filled in.
    pub required: bool,
    /// What is in it when the form opens.
    pub initial: Vec<String>,
}

/// What can be put into a [`Field`]. `many` says that it takes more than one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Text; in several lines if `long`.
    Text {
        /// Whether there is room for several lines.
        long: bool,
    },
    /// Words, one a line or with spaces between them.
    Words,
    /// One of these words, each with its help, or several of them.
    Choice {
        /// The words and their help.
        words: Vec<(String, String)>,
        /// Whether it takes more than one.
        many: bool,
    },
    /// A word that the bot proposes while somebody types.
    Complete {
        /// Whether it takes more than one.
        many: bool,
    },
    /// Yes or no: the word `true`, or none.
    Flag,
    /// A person, by the chat's id.
    User {
        /// Whether it takes more than one.
        many: bool,
    },
    /// A channel, by the chat's id.
    Channel {
        /// Whether it takes more than one.
        many: bool,
    },
}

/// What a form carries along: where it came from, and which command it is for.
///
/// The chat keeps it under seal inside the form; it is no secret from the chat, and nobody else sees it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The path of the command; empty while that is asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// How the bot was addressed, such as `/meow`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Where it was asked for; without an id, the form asks for it.
    #[serde(default)]
    pub channel: Channel,
    /// Where the replies go.
    pub reply_to: ReplyTo,
    /// The text of the message that the command is to work on, as far as it fits; from a shortcut on a message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// Without the message that it is about: that is between those who read it.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Draft");
        shown.field("command", &self.command).field("prefix", &self.prefix).field("channel", &self.channel);
        shown.field("reply_to", &self.reply_to).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
