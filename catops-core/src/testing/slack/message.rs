//! Messages of the bot's, as people see them now.

use serde_json::Value;

/// A message that the bot posted.
#[derive(Clone, Debug)]
pub struct Message {
    /// The path that it was first posted to: that of a request's reply address, or of a method.
    pub path: String,
    /// The channel it stands in.
    pub channel: String,
    /// Its name in the channel.
    pub ts: String,
    /// The message whose thread it is in.
    pub thread_ts: Option<String>,
    /// The one person who sees it; without one everybody in the channel does.
    pub only_for: Option<String>,
    /// What it says now: `text`, `blocks`, `attachments`.
    pub body: Value,
    /// What it said before, the oldest first.
    pub earlier: Vec<Value>,
    /// Whether it was taken away.
    pub is_deleted: bool,
}

impl Message {
    /// Returns the plain text, which stands in for the blocks in notifications.
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap_or_default()
    }

    /// Returns everything it says, as JSON text.
    pub fn all(&self) -> String {
        self.body.to_string()
    }

    /// Returns whether everybody in the channel sees it.
    pub const fn is_public(&self) -> bool {
        self.only_for.is_none()
    }

    /// Returns the words on its buttons.
    pub fn buttons(&self) -> Vec<String> {
        elements(&self.body).map(|(_, element)| words(element)).filter(|words| !words.is_empty()).collect()
    }

    /// Returns the message as Slack sends it along with a press.
    pub(super) fn to_json(&self) -> Value {
        let mut body = serde_json::json!({});
        for name in ["text", "blocks", "attachments"] {
            if !self.body[name].is_null() {
                body[name] = self.body[name].clone();
            }
        }
        // Slack names what the bot did not name.
        for (at, block) in body.get_mut("blocks").and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
            if block["block_id"].is_null() {
                block["block_id"] = format!("b{at}").into();
            }
        }
        for (name, value) in [("type", "message"), ("user", super::BOT_USER), ("bot_id", super::BOT), ("ts", &self.ts)]
        {
            body[name] = value.into();
        }
        if let Some(thread) = &self.thread_ts {
            body["thread_ts"] = thread.as_str().into();
        }
        body
    }
}

/// Returns each thing of a message or a view that can be pressed or picked from, with the id of its block.
///
/// A block without an id has the one that Slack gives it: here `b` and its place, counted from 0.
pub(super) fn elements(body: &Value) -> impl Iterator<Item = (String, &Value)> {
    let attached = body["attachments"].as_array().into_iter().flatten().filter_map(|one| one["blocks"].as_array());
    let blocks = body["blocks"].as_array().into_iter().chain(attached).flatten();
    blocks.enumerate().flat_map(|(at, block)| {
        let id = block["block_id"].as_str().map_or_else(|| format!("b{at}"), str::to_owned);
        let many = block["elements"].as_array().into_iter().flatten();
        let one = [&block["accessory"], &block["element"]].into_iter();
        many.chain(one).filter(|element| element.is_object()).map(move |element| (id.clone(), element))
    })
}

/// Returns the words on a button.
pub(super) fn words(element: &Value) -> String {
    match element["type"].as_str() {
        Some("button") => element["text"]["text"].as_str().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}
