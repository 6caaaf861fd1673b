//! Events: mentions and messages, in the envelope that Slack sends them in. docs.slack.dev, "Events API".

use serde_json::{Value, json};

use super::super::{APP, BOT, BOT_USER, TEAM};
use super::{Body, Call, LEGACY_TOKEN};

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    kind: &'static str,
    text: String,
    /// The name of the message in its channel.
    ts: String,
    id: String,
    thread_ts: Option<String>,
    /// Another bot or an edit, not a person's own new message.
    odd: Option<Odd>,
}

#[derive(Clone, Copy, Debug)]
enum Odd {
    Bot,
    App,
    Own,
    Changed,
    Deleted,
}

impl Event {
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl Call {
    fn event(kind: &'static str, text: String, odd: Option<Odd>) -> Self {
        let (ts, id) = ("1700000000.000100".to_owned(), "Ev0001".to_owned());
        Self::new(Body::Event(Box::new(Event { kind, text, ts, id, thread_ts: None, odd })))
    }

    /// A message that begins with a mention of the bot (`app_mention`).
    pub fn mention(text: &str) -> Self {
        Self::event("app_mention", format!("<@{BOT_USER}> {text}").trim_end().to_owned(), None)
    }

    /// A message in a channel, as bots that listen to all messages get it; with
    /// [`direct`](Self::direct) one to the bot alone.
    pub fn message(text: &str) -> Self {
        Self::event("message", text.to_owned(), None)
    }

    /// A message in the conversation between a person and the bot (`message.im`).
    pub fn direct(text: &str) -> Self {
        Self::message(text).in_channel("D0001")
    }

    /// A message that another bot posted, by the old way with a subtype.
    pub fn bot_message(text: &str) -> Self {
        Self::event("message", text.to_owned(), Some(Odd::Bot))
    }

    /// A message that another app's bot posted, as apps post them now: without a subtype.
    pub fn app_message(text: &str) -> Self {
        Self::event("message", text.to_owned(), Some(Odd::App))
    }

    /// A message that this bot posted itself, which Slack sends back to it.
    pub fn own_message(text: &str) -> Self {
        Self::event("message", text.to_owned(), Some(Odd::Own))
    }

    /// The news that somebody changed a message to `text` (`message_changed`).
    pub fn changed_message(text: &str) -> Self {
        Self::event("message", text.to_owned(), Some(Odd::Changed))
    }

    /// The news that somebody took a message away (`message_deleted`).
    pub fn deleted_message(text: &str) -> Self {
        Self::event("message", text.to_owned(), Some(Odd::Deleted))
    }

    /// Puts the message of an event into the thread of the message `ts`.
    #[must_use]
    pub fn in_thread(mut self, ts: &str) -> Self {
        if let Body::Event(event) = &mut self.body {
            event.thread_ts = Some(ts.to_owned());
        }
        self
    }

    /// Sets the name of an event's message in its channel, which two events for one message share.
    #[must_use]
    pub fn with_ts(mut self, ts: &str) -> Self {
        if let Body::Event(event) = &mut self.body {
            ts.clone_into(&mut event.ts);
        }
        self
    }

    /// Sets the id of an event, which stays the same when it is sent again.
    #[must_use]
    pub fn with_event_id(mut self, id: &str) -> Self {
        if let Body::Event(event) = &mut self.body {
            id.clone_into(&mut event.id);
        }
        self
    }

    /// Returns the name of an event's message in its channel.
    pub fn ts(&self) -> &str {
        match &self.body {
            Body::Event(event) => &event.ts,
            _ => "",
        }
    }

    /// Returns whether it is an event.
    pub(in super::super) const fn is_event(&self) -> bool {
        matches!(self.body, Body::Event(_))
    }

    pub(super) fn envelope(&self, event: &Event) -> Value {
        let scene = &self.scene;
        let is_shared = scene.team != TEAM;
        let authorization = json!({
            "enterprise_id": scene.enterprise, "team_id": if scene.is_org_wide { None } else { Some(TEAM) },
            "user_id": BOT_USER, "is_bot": true, "is_enterprise_install": scene.is_org_wide,
        });
        let mut envelope = json!({
            "token": LEGACY_TOKEN, "team_id": TEAM, "context_team_id": TEAM, "context_enterprise_id": scene.enterprise,
            "api_app_id": APP, "type": "event_callback", "event_id": event.id, "event_time": seconds(&event.ts),
            "event_context": "4-kit", "authorizations": [authorization], "is_ext_shared_channel": is_shared,
            "event": self.inner(event),
        });
        if let Some(enterprise) = &scene.enterprise {
            envelope["enterprise_id"] = enterprise.as_str().into();
        }
        envelope
    }

    fn inner(&self, event: &Event) -> Value {
        let scene = &self.scene;
        let mut message = json!({
            "type": event.kind, "user": scene.user, "text": event.text, "ts": event.ts, "team": scene.team,
            "client_msg_id": "8b2c1f60-0000-4000-8000-000000000001", "blocks": rich(&event.text),
        });
        if scene.team != TEAM {
            message["user_team"] = scene.team.as_str().into();
            message["source_team"] = scene.team.as_str().into();
        }
        if let Some(thread) = &event.thread_ts {
            message["thread_ts"] = thread.as_str().into();
            message["parent_user_id"] = scene.user.as_str().into();
        }
        match event.odd {
            None => {}
            Some(Odd::Bot) => {
                let old = json!({"subtype": "bot_message", "bot_id": "B0099", "username": "other"});
                merge(&mut message, old);
                remove(&mut message, &["user", "client_msg_id"]);
            }
            Some(Odd::App) => by_bot(&mut message, "U0099", "B0099", "A0099"),
            Some(Odd::Own) => by_bot(&mut message, BOT_USER, BOT, APP),
            Some(Odd::Changed | Odd::Deleted) => message = self.outer(event, message),
        }
        if event.kind == "message" {
            message["channel_type"] = match scene.channel.as_bytes().first() {
                Some(b'D') => "im",
                Some(b'G') => "group",
                _ => "channel",
            }
            .into();
        }
        message["channel"] = scene.channel.as_str().into();
        message["event_ts"] = message["ts"].clone();
        message
    }

    /// Wraps a message in the news that it was changed or taken away.
    fn outer(&self, event: &Event, mut message: Value) -> Value {
        let ts = format!("{}.000900", seconds(&event.ts) + 5);
        let mut before = message.clone();
        before["text"] = "before".into();
        if matches!(event.odd, Some(Odd::Deleted)) {
            return json!({
                "type": "message", "subtype": "message_deleted", "hidden": true, "deleted_ts": event.ts, "ts": ts,
                "previous_message": message,
            });
        }
        message["edited"] = json!({"user": self.scene.user, "ts": ts});
        json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "ts": ts, "message": message,
            "previous_message": before,
        })
    }
}

/// Returns the seconds of a name such as `1700000000.000100`.
fn seconds(ts: &str) -> u64 {
    ts.split('.').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0)
}

/// Returns the text as the blocks that Slack's own clients write.
pub(super) fn rich(text: &str) -> Value {
    let mut elements = Vec::new();
    let mut rest = text;
    if let Some((user, words)) = text.strip_prefix("<@").and_then(|rest| rest.split_once('>')) {
        elements.push(json!({"type": "user", "user_id": user}));
        rest = words;
    }
    if !rest.is_empty() {
        elements.push(json!({"type": "text", "text": rest}));
    }
    let section = json!({"type": "rich_text_section", "elements": elements});
    json!([{"type": "rich_text", "block_id": "kit", "elements": [section]}])
}

/// Lets a bot have written a message.
fn by_bot(message: &mut Value, user: &str, bot: &str, app: &str) {
    let profile = json!({
        "id": bot, "app_id": app, "name": "bot", "team_id": TEAM, "deleted": false, "updated": 1_600_000_000,
        "icons": {"image_36": "https://a.example/36.png"},
    });
    merge(message, json!({"user": user, "bot_id": bot, "app_id": app, "bot_profile": profile}));
    remove(message, &["client_msg_id"]);
}

fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(map), Value::Object(more)) = (value, more) {
        map.extend(more);
    }
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Value::Object(map) = value {
        map.retain(|name, _| !names.contains(&name.as_str()));
    }
}
