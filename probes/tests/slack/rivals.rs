//! The test kit beside emulate, both of which play the Web API: the same calls, by Slack's SDK, and the same answers.

use catops_core::testing::slack::{API, BOT_TOKEN, CHANNEL, USER, Workspace};
use serde_json::{Value, json};

use crate::emulate::{Emulate, TOKEN};
use crate::sdk::Sdk;

/// One of the two.
struct Side {
    base: String,
    token: &'static str,
    channel: String,
    user: String,
    trigger: String,
}

impl Side {
    /// Makes a call, in whose arguments what stands in `{}` is filled in; returns `ok`, or Slack's code.
    fn answer(&self, sdk: &mut Sdk, method: &str, arguments: &Value, seen: &[Value]) -> (String, Value) {
        let mut text = arguments.to_string();
        for (name, value) in [("{channel}", &self.channel), ("{user}", &self.user), ("{trigger}", &self.trigger)] {
            text = text.replace(name, value);
        }
        for (at, earlier) in seen.iter().enumerate() {
            for name in ["/ts", "/view/id", "/view/hash", "/file_id"] {
                let value = earlier.pointer(name).and_then(Value::as_str).unwrap_or_default();
                text = text.replace(&format!("{{{at}{name}}}"), value);
            }
        }
        let answer = sdk.call(&self.base, self.token, method, serde_json::from_str(&text).unwrap());
        let code = if answer["ok"] == true { "ok".into() } else { answer["error"].as_str().unwrap().to_owned() };
        (code, answer)
    }
}

fn modal() -> Value {
    json!({
        "type": "modal", "title": {"type": "plain_text", "text": "Run"},
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_answer_the_same() {
    let mut sdk = Sdk::start();
    let emulate = Emulate::start(&mut sdk);
    let slack = Workspace::start().await.unwrap();
    let command = slack.command("");
    drop(slack.sign(&command));
    let kit = Side {
        base: slack.url(API),
        token: BOT_TOKEN,
        channel: CHANNEL.to_owned(),
        user: USER.to_owned(),
        trigger: command.trigger_id().to_owned(),
    };
    let other = Side {
        base: emulate.api(),
        token: TOKEN,
        channel: emulate.channel.clone(),
        user: emulate.user.clone(),
        trigger: emulate.trigger(&mut sdk),
    };
    let view = modal();
    let calls = [
        ("views.open", json!({"trigger_id": "{trigger}", "view": view}), "ok"),
        ("views.open", json!({"trigger_id": "{trigger}", "view": view}), "exchanged_trigger_id"),
        ("views.open", json!({"trigger_id": "1.2.x", "view": view}), "invalid_trigger_id"),
        ("views.update", json!({"view_id": "{0/view/id}", "hash": "{0/view/hash}", "view": view}), "ok"),
        ("views.update", json!({"view_id": "{0/view/id}", "hash": "{0/view/hash}", "view": view}), "hash_conflict"),
        ("views.update", json!({"view_id": "V9", "view": view}), "not_found"),
        ("chat.postMessage", json!({"channel": "{channel}", "text": "x"}), "ok"),
        ("chat.postMessage", json!({"channel": "{channel}", "text": "x", "thread_ts": "{6/ts}"}), "ok"),
        ("chat.postMessage", json!({"channel": "{channel}", "text": ""}), "no_text"),
        ("chat.postMessage", json!({"text": "x"}), "channel_not_found"),
        ("chat.postMessage", json!({"channel": "{channel}", "text": "x", "blocks": [1]}), "invalid_blocks"),
        ("chat.postEphemeral", json!({"channel": "{channel}", "user": "{user}", "text": "x"}), "ok"),
        ("chat.update", json!({"channel": "{channel}", "ts": "{6/ts}", "text": "y"}), "ok"),
        ("chat.update", json!({"channel": "{channel}", "ts": "1.2", "text": "y"}), "message_not_found"),
        ("chat.delete", json!({"channel": "{channel}", "ts": "{6/ts}"}), "ok"),
        ("chat.delete", json!({"channel": "{channel}", "ts": "{6/ts}"}), "message_not_found"),
        ("files.getUploadURLExternal", json!({"filename": "a.txt", "length": 3}), "ok"),
        ("files.getUploadURLExternal", json!({"length": 3}), "invalid_arguments"),
        ("files.completeUploadExternal", json!({"files": [{"id": "F9"}]}), "file_not_found"),
        ("files.completeUploadExternal", json!({"files": [{"id": "{16/file_id}"}]}), "file_not_found"),
    ];
    let (mut of_kit, mut of_emulate) = (Vec::new(), Vec::new());
    for (at, (method, arguments, expected)) in calls.iter().enumerate() {
        let (ours, answer) = kit.answer(&mut sdk, method, arguments, &of_kit);
        of_kit.push(answer);
        let (theirs, answer) = other.answer(&mut sdk, method, arguments, &of_emulate);
        of_emulate.push(answer);
        assert_eq!((ours.as_str(), theirs.as_str()), (*expected, *expected), "{at}: {method} {arguments}");
    }
    // Both tell the same of what they took: the kit may say more, and not less than the bot reads.
    for (at, names) in
        [(0, &["view"][..]), (6, &["channel", "ts"]), (12, &["channel", "ts"]), (16, &["upload_url", "file_id"])]
    {
        for name in names {
            assert!(!of_kit[at][name].is_null() && !of_emulate[at][name].is_null(), "{at}: {name}");
        }
    }
}
