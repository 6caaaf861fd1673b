//! Interactions: presses, menus, submissions, shortcuts. docs.slack.dev, "Handling user interaction".

use serde_json::{Map, Value, json};

use super::super::message::Message;
use super::super::view::View;
use super::super::{APP, TEAM};
use super::event::rich;
use super::{Body, Call, LEGACY_TOKEN};

impl Call {
    fn interaction_of(fields: Value, in_channel: bool) -> Self {
        Self::new(Body::Interaction { fields, in_channel })
    }

    /// A global shortcut, which comes from no channel and has no reply address.
    pub fn shortcut(callback_id: &str) -> Self {
        let fields = json!({"type": "shortcut", "callback_id": callback_id, "action_ts": "1700000000.000100"});
        Self::interaction_of(fields, false)
    }

    /// A shortcut on a message that a person wrote.
    pub fn message_shortcut(callback_id: &str, text: &str) -> Self {
        let ts = "1700000000.000100";
        let message = json!({
            "type": "message", "user": "U0009", "text": text, "ts": ts, "team": TEAM, "blocks": rich(text),
            "client_msg_id": "8b2c1f60-0000-4000-8000-000000000002",
        });
        let fields = json!({
            "type": "message_action", "callback_id": callback_id, "action_ts": "1700000005.000200", "message_ts": ts,
            "message": message,
        });
        Self::interaction_of(fields, true)
    }

    /// A press on a button, or a pick from a menu, of a message.
    pub(in super::super) fn press_in_message(message: &Message, action: Value) -> Self {
        let mut container = json!({
            "type": "message", "message_ts": message.ts, "channel_id": message.channel,
            "is_ephemeral": !message.is_public(),
        });
        if let Some(thread) = &message.thread_ts {
            container["thread_ts"] = thread.as_str().into();
        }
        let mut fields = json!({
            "type": "block_actions", "actions": [action], "container": container, "state": {"values": {}},
        });
        // Slack does not send along what only one person sees.
        if message.is_public() {
            fields["message"] = message.to_json();
        }
        Self::interaction_of(fields, true).in_channel(&message.channel)
    }

    /// A press on a button, or a pick from a menu, of a view.
    pub(in super::super) fn press_in_view(view: &View, action: Value, values: Map<String, Value>) -> Self {
        let shown = view.to_json(values);
        let fields = json!({
            "type": "block_actions", "actions": [action], "container": {"type": "view", "view_id": view.id},
            "state": shown["state"], "view": shown,
        });
        Self::interaction_of(fields, false).by(&view.user)
    }

    /// The question what a menu of a view offers for what was typed so far.
    pub(in super::super) fn suggestion(view: &View, block: &str, action: &str, typed: &str) -> Self {
        let fields = json!({
            "type": "block_suggestion", "block_id": block, "action_id": action, "value": typed,
            "container": {"type": "view", "view_id": view.id}, "view": view.to_json(Map::new()),
        });
        Self::interaction_of(fields, false).by(&view.user)
    }

    /// A view that is sent off.
    pub(in super::super) fn submission(view: &View, values: Map<String, Value>) -> Self {
        let fields = json!({"type": "view_submission", "view": view.to_json(values), "response_urls": []});
        Self::interaction_of(fields, false).by(&view.user)
    }

    /// A view that is closed; `all` if the whole stack is.
    pub(in super::super) fn closing(view: &View, all: bool) -> Self {
        let fields = json!({"type": "view_closed", "view": view.to_json(Map::new()), "is_cleared": all});
        Self::interaction_of(fields, false).by(&view.user)
    }

    /// Adds to the fields of an interaction what all of them have.
    pub(super) fn payload(&self, fields: &Value, in_channel: bool) -> Value {
        let scene = &self.scene;
        let mut payload = fields.clone();
        let mut team = json!({"id": TEAM, "domain": "example"});
        if let Some(enterprise) = &scene.enterprise {
            team["enterprise_id"] = enterprise.as_str().into();
            team["enterprise_name"] = "Example Org".into();
            payload["enterprise"] = json!({"id": enterprise, "name": "Example Org"});
        } else {
            payload["enterprise"] = Value::Null;
        }
        // Where the bot is installed for the whole organisation, what comes from no workspace names none.
        payload["team"] = if scene.is_org_wide && !in_channel { Value::Null } else { team };
        payload["user"] = json!({"id": scene.user, "username": scene.name, "name": scene.name, "team_id": scene.team});
        for (name, value) in [("api_app_id", APP), ("token", LEGACY_TOKEN)] {
            payload[name] = value.into();
        }
        payload["is_enterprise_install"] = scene.is_org_wide.into();
        if !self.trigger_id.is_empty() {
            payload["trigger_id"] = self.trigger_id.as_str().into();
        }
        if in_channel {
            payload["channel"] = json!({"id": scene.channel, "name": scene.channel_name});
        }
        if let Some(url) = &self.response_url {
            payload["response_url"] = url.as_str().into();
        }
        payload
    }
}
