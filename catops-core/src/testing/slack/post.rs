//! What the bot posted, and what the workspace was told to answer.

use std::time::Duration;

use serde_json::Value;

use crate::time::Timestamp;

/// One post that arrived: at a reply address, at the Web API, or at any other path.
#[derive(Clone, Debug)]
pub struct Post {
    /// The path it came to.
    pub path: String,
    /// Its body; a form is an object too, and what is neither is null.
    pub body: Value,
    /// When, by the workspace's clock.
    pub at: Timestamp,
    /// The status it was answered with.
    pub status: u16,
    /// Whether it was taken: the Web API refuses with status 200 too.
    pub taken: bool,
    /// Why it was refused: Slack's code, and what was wrong.
    pub refusal: Option<String>,
}

impl Post {
    /// Returns the plain text of the message.
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap_or_default()
    }

    /// Returns everything the message says, as JSON text.
    pub fn all(&self) -> String {
        self.body.to_string()
    }

    /// Returns whether everybody in the channel sees it.
    pub fn is_public(&self) -> bool {
        self.body["response_type"] == "in_channel"
    }

    /// Returns the channel that the Web API was to post to.
    pub fn channel(&self) -> &str {
        self.body["channel"].as_str().unwrap_or_default()
    }

    /// Returns whether it changes the message before it.
    pub fn replaces(&self) -> bool {
        self.body["replace_original"] == true
    }
}

/// What a post is answered, whatever it holds.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// This status; 200 takes the post as always.
    Status(u16),
    /// 429 with `Retry-After` in seconds.
    Busy(u16),
    /// As always, after a silence.
    Late(Duration),
    /// 200 and this error code, as Slack refuses.
    Refused(&'static str),
}

/// How the workspace answers one post.
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) is_json: bool,
    pub(super) retry_after: Option<u64>,
    pub(super) refusal: Option<String>,
}

impl Said {
    /// The post was taken; what the Web API says then.
    pub(super) fn ok(mut fields: Value) -> Self {
        fields["ok"] = true.into();
        Self { status: 200, body: fields.to_string(), is_json: true, retry_after: None, refusal: None }
    }

    /// The post was taken; what a reply address and the upload address say then.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { status: 200, body: text.into(), is_json: false, retry_after: None, refusal: None }
    }

    /// This status and this text.
    pub(super) fn status(status: u16, text: &str) -> Self {
        Self { status, refusal: Some(text.to_owned()), ..Self::text(text) }
    }

    /// Slack's own way to refuse: status 200 and a code.
    pub(super) fn refused(code: &str, why: &[String]) -> Self {
        let mut body = serde_json::json!({"ok": false, "error": code});
        if !why.is_empty() {
            let why: Vec<_> = why.iter().map(|why| format!("[ERROR] {why}")).collect();
            body["response_metadata"] = serde_json::json!({"messages": why});
        }
        let refusal = Some(format!("{code} {}", why.join("; ")).trim_end().to_owned());
        Self { status: 200, body: body.to_string(), is_json: true, retry_after: None, refusal }
    }

    /// It was too much, for so many seconds. docs.slack.dev, "Rate limits".
    pub(super) fn busy(seconds: u64) -> Self {
        Self { status: 429, retry_after: Some(seconds), ..Self::refused("ratelimited", &[]) }
    }
}
