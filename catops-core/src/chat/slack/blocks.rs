//! The few shapes of Block Kit that we send.

use serde::Serialize;

/// A message for a `response_url`, an answer to a command, or a call of the Web API.
#[derive(Debug, Default, Serialize)]
pub(super) struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replace_original: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel: Option<&'a str>,
    /// Who alone sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<&'a str>,
    /// The message that it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ts: Option<&'a str>,
    /// The message whose thread it goes into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thread_ts: Option<&'a str>,
    /// What stands for the blocks in a notification and for a screen reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) blocks: Option<Vec<Block>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attachments: Option<Vec<Attachment>>,
}

/// What stands below the blocks: ours, with a colour beside it, or one that a plugin wrote itself.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Attachment {
    Colored { color: String, fallback: String, blocks: Vec<Block> },
    Native(serde_json::Value),
}

/// A block: one of ours, or one that a plugin wrote itself.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Block {
    Ours(Ours),
    Native(serde_json::Value),
}

/// A block of ours.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Ours {
    Section {
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Text>,
    },
    Image {
        image_url: String,
        alt_text: String,
    },
    Actions {
        elements: Vec<Element>,
    },
    Context {
        elements: Vec<Text>,
    },
}

/// A text, already escaped.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Text {
    Mrkdwn {
        text: String,
        /// Keeps Slack from reading names of people and channels into plain words: those could ping.
        verbatim: bool,
    },
    PlainText {
        text: String,
    },
}

impl Text {
    pub(super) const fn mrkdwn(text: String) -> Self {
        Self::Mrkdwn { text, verbatim: true }
    }
}

/// An element of an actions block.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Element {
    Button {
        text: Text,
        action_id: String,
        value: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<&'static str>,
    },
}

impl Element {
    /// Makes a button that looks like any other.
    pub(super) const fn button(label: String, action_id: String, value: String) -> Self {
        Self::Button { text: Text::PlainText { text: label }, action_id, value, style: None }
    }
}

impl Block {
    pub(super) const fn section(text: String) -> Self {
        Self::Ours(Ours::Section { text: Some(Text::mrkdwn(text)), fields: Vec::new() })
    }

    pub(super) const fn fields(fields: Vec<Text>) -> Self {
        Self::Ours(Ours::Section { text: None, fields })
    }

    pub(super) fn context(text: String) -> Self {
        Self::Ours(Ours::Context { elements: vec![Text::mrkdwn(text)] })
    }

    pub(super) const fn image(image_url: String, alt_text: String) -> Self {
        Self::Ours(Ours::Image { image_url, alt_text })
    }

    pub(super) const fn actions(elements: Vec<Element>) -> Self {
        Self::Ours(Ours::Actions { elements })
    }
}
