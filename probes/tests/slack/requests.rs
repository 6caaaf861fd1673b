//! What Slack sends, written by the pages of docs.slack.dev that each function names.

use serde_json::{Value, json};

use crate::sdk::{FORM, JSON};

/// A body, with its type.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

/// Who does it, where, and where the reply may go.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) user: String,
    pub(crate) channel: String,
    pub(crate) response_url: Option<String>,
    pub(crate) trigger: String,
}

impl Scene {
    fn user(&self) -> Value {
        json!({"id": self.user, "username": "ann", "name": "ann", "team_id": "T0001"})
    }

    fn channel(&self) -> Value {
        json!({"id": self.channel, "name": "ops"})
    }

    /// "Slash commands", "Preparing your app to receive commands".
    pub(crate) fn command(&self, text: &str) -> Body {
        let mut fields = vec![
            ("token", "gIkuvaNzQIHg97ATvDxqgjtO"),
            ("team_id", "T0001"),
            ("team_domain", "example"),
            ("channel_id", &self.channel),
            ("channel_name", "ops"),
            ("user_id", &self.user),
            ("user_name", "ann"),
            ("command", "/meow"),
            ("text", text),
            ("api_app_id", "A00000001"),
            ("is_enterprise_install", "false"),
            ("trigger_id", &self.trigger),
        ];
        if let Some(url) = &self.response_url {
            fields.push(("response_url", url));
        }
        form(&fields)
    }

    /// "Events API", "Receiving events", and "app_mention event".
    pub(crate) fn mention(&self, bot: &str, text: &str, ts: &str, thread: Option<&str>) -> Body {
        let text = format!("<@{bot}> {text}");
        self.event(json!({"type": "app_mention", "text": text, "ts": ts, "event_ts": ts, "thread_ts": thread}))
    }

    /// "message.im event".
    pub(crate) fn direct(&self, text: &str, ts: &str) -> Body {
        self.event(json!({"type": "message", "channel_type": "im", "text": text, "ts": ts, "event_ts": ts}))
    }

    fn event(&self, mut event: Value) -> Body {
        event["user"] = self.user.as_str().into();
        event["channel"] = self.channel.as_str().into();
        event["team"] = "T0001".into();
        event.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let authorization = json!({
            "enterprise_id": null, "team_id": "T0001", "user_id": "U0000BOT1", "is_bot": true,
            "is_enterprise_install": false,
        });
        let envelope = json!({
            "token": "gIkuvaNzQIHg97ATvDxqgjtO", "team_id": "T0001", "api_app_id": "A00000001", "event": event,
            "type": "event_callback", "event_id": format!("Ev{}", self.trigger), "event_time": 1_795_305_600,
            "authorizations": [authorization], "is_ext_shared_channel": false, "event_context": "4-x",
        });
        Body { kind: JSON, text: envelope.to_string() }
    }

    /// "block_actions payload", of a button in a message.
    pub(crate) fn press(&self, message: &Value, block: &str, button: &Value) -> Body {
        let ts = &message["ts"];
        self.interaction(json!({
            "type": "block_actions", "channel": self.channel(), "message": message, "response_url": self.response_url,
            "container": {"type": "message", "message_ts": ts, "channel_id": self.channel, "is_ephemeral": false},
            "state": {"values": {}},
            "actions": [{
                "action_id": button["action_id"], "block_id": block, "type": "button", "value": button["value"],
                "text": button["text"], "action_ts": "1795305600.000100",
            }],
        }))
    }

    /// "block_suggestion payload", of a menu in a view.
    pub(crate) fn suggestion(&self, view: &Value, block: &str, action: &str, typed: &str) -> Body {
        self.interaction(json!({
            "type": "block_suggestion", "action_id": action, "block_id": block, "value": typed,
            "container": {"type": "view", "view_id": view["id"]}, "view": view,
        }))
    }

    /// "View interactions payload", `view_submission`.
    pub(crate) fn submission(&self, view: &Value) -> Body {
        self.interaction(json!({"type": "view_submission", "view": view, "response_urls": []}))
    }

    /// "View interactions payload", `view_closed`.
    pub(crate) fn closing(&self, view: &Value) -> Body {
        self.interaction(json!({"type": "view_closed", "view": view, "is_cleared": false}))
    }

    /// "Shortcuts interaction payload", of a global one.
    pub(crate) fn shortcut(&self, callback_id: &str) -> Body {
        self.interaction(json!({"type": "shortcut", "callback_id": callback_id, "action_ts": "1795305600.000200"}))
    }

    /// "Shortcuts interaction payload", of one on a message.
    pub(crate) fn message_shortcut(&self, callback_id: &str, text: &str) -> Body {
        self.interaction(json!({
            "type": "message_action", "callback_id": callback_id, "action_ts": "1795305600.000200",
            "message_ts": "1795305600.000300", "channel": self.channel(), "response_url": self.response_url,
            "message": {"type": "message", "user": self.user, "ts": "1795305600.000300", "text": text},
        }))
    }

    fn interaction(&self, mut payload: Value) -> Body {
        let all = json!({
            "token": "gIkuvaNzQIHg97ATvDxqgjtO", "api_app_id": "A00000001", "user": self.user(), "enterprise": null,
            "team": {"id": "T0001", "domain": "example"}, "is_enterprise_install": false,
        });
        for (name, value) in all.as_object().unwrap() {
            payload[name] = value.clone();
        }
        if payload["type"] != "block_suggestion" && payload["type"] != "view_closed" {
            payload["trigger_id"] = self.trigger.as_str().into();
        }
        if payload["response_url"].is_null() {
            payload.as_object_mut().unwrap().remove("response_url");
        }
        form(&[("payload", &payload.to_string())])
    }
}

/// "url_verification event".
pub(crate) fn handshake(challenge: &str) -> Body {
    let text = json!({"token": "gIkuvaNzQIHg97ATvDxqgjtO", "challenge": challenge, "type": "url_verification"});
    Body { kind: JSON, text: text.to_string() }
}

/// A view as Slack sends it along with what happens in it: "Reference: View payloads".
pub(crate) fn view(private_metadata: &str, blocks: Value, values: Value) -> Value {
    json!({
        "id": "V00000001", "team_id": "T0001", "type": "modal", "blocks": blocks, "private_metadata": private_metadata,
        "callback_id": "run", "state": {"values": values}, "hash": "1795305600.x", "clear_on_close": false,
        "title": {"type": "plain_text", "text": "Run", "emoji": true}, "close": null, "previous_view_id": null,
        "submit": {"type": "plain_text", "text": "Run", "emoji": true}, "notify_on_close": false,
        "root_view_id": "V00000001", "app_id": "A00000001", "external_id": "", "app_installed_team_id": "T0001",
        "bot_id": "B00000001",
    })
}

fn form(fields: &[(&str, &str)]) -> Body {
    let encode = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => char::from(byte).to_string(),
            b' ' => "+".to_owned(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Body { kind: FORM, text: pairs.join("&") }
}
