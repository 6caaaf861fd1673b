//! What Slack would send for what was done on the page, field for field.
//!
//! The shapes are those of docs.slack.dev, "Handling user interaction" and "Events API".

use catops_core::{JobId, Timestamp};
use serde_json::{Map, Value, json};

use super::messages::Message;
use super::workspace::{APP, BOT, CHANNEL, CHANNEL_NAME, DOMAIN, MESSAGE_SHORTCUT, Person, SHORTCUT, TEAM};

/// Writes the event of a message in a thread that mentions the bot.
pub(super) fn mention(who: &Person, text: &str, ts: &str, thread: &str, now: Timestamp) -> Value {
    let bot = json!({
        "enterprise_id": null, "team_id": TEAM, "user_id": BOT, "is_bot": true, "is_enterprise_install": false,
    });
    json!({
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": APP,
        "event_id": format!("Ev{}", JobId::random()),
        "event_time": now.as_secs(),
        "authorizations": [bot],
        "is_ext_shared_channel": false,
        "event": {
            "type": "app_mention",
            "user": who.id,
            "team": TEAM,
            "text": text,
            "ts": ts,
            "event_ts": ts,
            "thread_ts": thread,
            "channel": CHANNEL,
        },
    })
}

/// Writes what every interaction has.
fn interaction(who: &Person, kind: &str, trigger: &str) -> Map<String, Value> {
    let shared = json!({
        "type": kind,
        "api_app_id": APP,
        "team": {"id": TEAM, "domain": DOMAIN},
        "enterprise": null,
        "is_enterprise_install": false,
        "user": {"id": who.id, "username": who.name, "name": who.name, "team_id": TEAM},
        "trigger_id": trigger,
    });
    fields(shared)
}

fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn with(mut fields: Map<String, Value>, more: Value) -> Value {
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    Value::Object(fields)
}

/// Writes a message as it is quoted in what is done to it.
fn quoted(message: &Message, ts: &str) -> Value {
    let mut quoted = message.fields.clone();
    quoted.insert("type".to_owned(), "message".into());
    quoted.insert("ts".to_owned(), ts.into());
    quoted.insert("team".to_owned(), TEAM.into());
    quoted.insert("user".to_owned(), message.from.map_or(BOT, |person| person.id).into());
    if message.from.is_none() {
        quoted.insert("bot_id".to_owned(), "B-catops".into());
        quoted.insert("app_id".to_owned(), APP.into());
    }
    if let Some(thread) = &message.thread {
        quoted.insert("thread_ts".to_owned(), thread.as_str().into());
    }
    quoted.into()
}

/// Writes the press of a button in a message, which comes with its name. Of a message that only one person sees, Slack quotes nothing.
pub(super) fn press(
    who: &Person,
    (ts, message): (&str, &Message),
    block: &str,
    button: &Value,
    trigger: &str,
    response_url: &str,
    now: Timestamp,
) -> Value {
    let mut action = fields(button.clone());
    action.retain(|name, _| ["type", "action_id", "text", "value", "style"].contains(&name.as_str()));
    let action_ts = format!("{}.{:03}000", now.as_secs(), now.as_millis() % 1000);
    let action = with(action, json!({"block_id": block, "action_ts": action_ts}));
    let mut container =
        json!({"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": message.only.is_some()});
    if let Some(thread) = &message.thread {
        container["thread_ts"] = thread.as_str().into();
    }
    let mut payload = with(
        interaction(who, "block_actions", trigger),
        json!({
            "container": container,
            "channel": {"id": CHANNEL, "name": CHANNEL_NAME},
            "state": {"values": {}},
            "response_url": response_url,
            "actions": [action],
        }),
    );
    if message.only.is_none() {
        payload["message"] = quoted(message, ts);
    }
    payload
}

/// Writes the use of the global shortcut, which comes from nowhere.
pub(super) fn shortcut(who: &Person, trigger: &str, ts: &str) -> Value {
    with(interaction(who, "shortcut", trigger), json!({"callback_id": SHORTCUT, "action_ts": ts}))
}

/// Writes the use of the shortcut on a message.
pub(super) fn message_shortcut(who: &Person, message: &Message, ts: &str, trigger: &str, response_url: &str) -> Value {
    let more = json!({
        "callback_id": MESSAGE_SHORTCUT,
        "action_ts": ts,
        "channel": {"id": CHANNEL, "name": CHANNEL_NAME},
        "message_ts": ts,
        "message": quoted(message, ts),
        "response_url": response_url,
    });
    with(interaction(who, "message_action", trigger), more)
}

/// Writes the question of a menu in a form, while somebody types.
pub(super) fn suggestion(who: &Person, view: &Value, block: &str, action: &str, typed: &str) -> Value {
    let mut fields = interaction(who, "block_suggestion", "");
    fields.remove("trigger_id");
    let container = json!({"type": "view", "view_id": view["id"]});
    with(fields, json!({"container": container, "view": view, "block_id": block, "action_id": action, "value": typed}))
}

/// Writes a form that was sent off; its `state` holds what was filled in.
pub(super) fn submission(who: &Person, view: &Value, state: Value, response_urls: Value, trigger: &str) -> Value {
    let mut view = view.clone();
    view["state"] = json!({"values": state});
    with(interaction(who, "view_submission", trigger), json!({"view": view, "response_urls": response_urls}))
}

/// Writes a form that was closed without sending it off.
pub(super) fn closing(who: &Person, view: &Value) -> Value {
    let mut fields = interaction(who, "view_closed", "");
    fields.remove("trigger_id");
    with(fields, json!({"view": view, "is_cleared": false}))
}

#[cfg(test)]
mod tests {
    use super::super::workspace::PEOPLE;
    use super::*;

    const WHO: &Person = &PEOPLE[1];
    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

    fn message(only_one: bool) -> Message {
        let button =
            json!({"type": "button", "action_id": "run:1", "value": "v", "text": {"text": "Go"}, "confirm": {}});
        let blocks = json!([{"type": "actions", "block_id": "b", "elements": [button]}]);
        let fields = fields(json!({"text": "words", "blocks": blocks}));
        Message { fields, thread: Some("1.0".to_owned()), only: only_one.then_some(WHO), ..Message::default() }
    }

    fn pressed(message: &Message) -> Value {
        let button = message.element("b", "run:1").unwrap();
        press(WHO, ("2.0", message), "b", button, "t1", "http://127.0.0.1:3000/console/reply/x", NOW)
    }

    #[test]
    fn a_press_quotes_the_message_that_held_the_button() {
        let payload = pressed(&message(false));
        let container = json!({
            "type": "message", "message_ts": "2.0", "channel_id": CHANNEL, "is_ephemeral": false, "thread_ts": "1.0",
        });
        assert_eq!((&payload["type"], &payload["container"]), (&json!("block_actions"), &container));
        let action = json!({
            "type": "button", "action_id": "run:1", "block_id": "b", "value": "v", "text": {"text": "Go"},
            "action_ts": "1700000000.123000",
        });
        assert_eq!(payload["actions"], json!([action]));
        assert_eq!(payload["message"]["blocks"], message(false).fields["blocks"]);
        assert_eq!((&payload["message"]["ts"], &payload["message"]["thread_ts"]), (&json!("2.0"), &json!("1.0")));
        assert_eq!((&payload["message"]["user"], &payload["user"]["id"]), (&json!(BOT), &json!(WHO.id)));
        assert_eq!((&payload["trigger_id"], &payload["channel"]["id"]), (&json!("t1"), &json!(CHANNEL)));
        assert_eq!(payload["response_url"], "http://127.0.0.1:3000/console/reply/x");
    }

    #[test]
    fn what_only_one_person_sees_is_not_quoted() {
        let payload = pressed(&message(true));
        assert_eq!((payload.get("message"), &payload["container"]["is_ephemeral"]), (None, &json!(true)));
    }

    #[test]
    fn a_mention_is_an_event_in_its_thread() {
        let event = mention(WHO, "<@U-catops> ping", "2.0", "1.0", NOW);
        assert_eq!((&event["type"], &event["event_time"]), (&json!("event_callback"), &json!(1_700_000_000)));
        assert_eq!(event["authorizations"][0]["user_id"], BOT);
        let inner = &event["event"];
        assert_eq!((&inner["type"], &inner["text"]), (&json!("app_mention"), &json!("<@U-catops> ping")));
        assert_eq!(
            (&inner["ts"], &inner["thread_ts"], &inner["channel"]),
            (&json!("2.0"), &json!("1.0"), &json!(CHANNEL))
        );
    }

    #[test]
    fn shortcuts_come_from_nowhere_or_from_a_message() {
        let global = shortcut(WHO, "t1", "3.0");
        assert_eq!((&global["type"], &global["callback_id"]), (&json!("shortcut"), &json!(SHORTCUT)));
        assert!(global.get("channel").is_none() && global.get("response_url").is_none());
        let on = message_shortcut(WHO, &Message { from: Some(WHO), ..message(false) }, "2.0", "t1", "u");
        assert_eq!(
            (&on["type"], &on["message_ts"], &on["message"]["user"]),
            (&json!("message_action"), &json!("2.0"), &json!(WHO.id))
        );
    }

    #[test]
    fn forms() {
        let view = json!({"id": "V1", "private_metadata": "m", "state": {"values": {}}});
        let asked = suggestion(WHO, &view, "b", "a", "ap");
        assert_eq!((&asked["container"]["view_id"], &asked["value"]), (&json!("V1"), &json!("ap")));
        let sent = submission(WHO, &view, json!({"b": {"a": {"value": "x"}}}), json!([]), "t1");
        assert_eq!(sent["view"]["state"]["values"]["b"]["a"]["value"], "x");
        assert_eq!((&sent["view"]["private_metadata"], &sent["trigger_id"]), (&json!("m"), &json!("t1")));
        assert_eq!(
            (&closing(WHO, &view)["type"], &closing(WHO, &view)["view"]["id"]),
            (&json!("view_closed"), &json!("V1"))
        );
    }
}
