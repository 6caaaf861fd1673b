//! What Slack sends, signed by Slack's own SDK, arrives at the real bot, and at Slack's own Bolt beside it.

use catops_core::{Secret, Timestamp};
use serde_json::{Value, json};

use crate::bot::Bot;
use crate::requests::{Body, Scene, handshake, view};
use crate::sdk::{Sdk, request};
use crate::web_api::Stage;

/// One of each kind, with Bolt's name for it; what the bot did not make itself is not run, and taken all the same.
fn kinds(mut scene: impl FnMut() -> Scene) -> Vec<(&'static str, Body)> {
    let message =
        json!({"type": "message", "user": "U0000BOT1", "ts": "1795305600.000100", "text": "Next?", "blocks": []});
    let text = json!({"type": "plain_text", "text": "Status", "emoji": true});
    let button = json!({"action_id": "a", "value": "status api", "text": text});
    let block = json!({
        "type": "input", "block_id": "service", "label": {"type": "plain_text", "text": "service"},
        "element": {"type": "external_select", "action_id": "service", "min_query_length": 0},
    });
    let values = json!({"service": {"service": {"type": "external_select", "selected_option": null}}});
    let view = view("of another", json!([block]), values);
    vec![
        ("command", scene().command("say hello there")),
        ("app_mention", scene().mention("U0000BOT1", "say hello", "1795305600.000400", None)),
        ("message", scene().direct("say hello", "1795305600.000500")),
        ("block_actions", scene().press(&message, "b", &button)),
        ("block_suggestion", scene().suggestion(&view, "service", "service", "a")),
        ("view_submission", scene().submission(&view)),
        ("view_closed", scene().closing(&view)),
        ("shortcut", scene().shortcut("run")),
        ("message_action", scene().message_shortcut("run_on_message", "it is down")),
    ]
}

/// Sends a body, signed with `secret` as of `at`, and returns the bot's status and what Bolt says.
async fn send(bot: &Bot, sdk: &mut Sdk, secret: &Secret, at: u64, body: &Body, sent: &str) -> (u16, Value) {
    let at = at.to_string();
    let signature = sdk.sign(secret, &at, body.text.as_bytes());
    let theirs = sdk.ask(
        "bolt",
        json!({
            "secret": bot.secret().expose(), "content_type": body.kind, "timestamp": at, "signature": signature,
            "body": sent,
        }),
    );
    (bot.send(request(body.kind, &at, &signature, sent.as_bytes())).await.status().as_u16(), theirs)
}

#[tokio::test]
async fn each_kind_is_taken() {
    let mut stage = Stage::start().await;
    let kinds = kinds(|| {
        let trigger = stage.emulate.trigger(&mut stage.sdk);
        Scene { trigger, ..stage.scene() }
    });
    let (bot, sdk, secret) = (&stage.bot, &mut stage.sdk, stage.bot.secret());
    for (kind, body) in kinds {
        let (ours, theirs) = send(bot, sdk, secret, Timestamp::now().as_secs(), &body, &body.text).await;
        assert_eq!((ours, &theirs["status"]), (200, &json!(200)), "{kind}: Bolt says {theirs}; {}", bot.output());
        assert_eq!(theirs["heard"][0]["kind"], kind, "the shape is not Slack's: {theirs}");
    }
    let body = handshake("3eZbrw1a");
    let (ours, theirs) = send(bot, sdk, secret, Timestamp::now().as_secs(), &body, &body.text).await;
    assert_eq!((ours, &theirs["status"]), (200, &json!(200)));
    let answer = bot.send(sdk.signed(secret, body.kind, &body.text)).await;
    let ours: Value = serde_json::from_slice(answer.body()).unwrap();
    let theirs: Value = serde_json::from_str(theirs["body"].as_str().unwrap()).unwrap();
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn each_kind_is_refused_when_its_signature_is_bad() {
    let (bot, mut sdk) = (Bot::start(&[]).await, Sdk::start());
    let (secret, now) = (bot.secret(), Timestamp::now().as_secs());
    let stranger = Secret::new("of another app".to_owned());
    let scene = || Scene {
        user: "U0001".to_owned(),
        channel: "C0001".to_owned(),
        response_url: Some("https://hooks.slack.com/commands/T0001/1/x".to_owned()),
        trigger: "13345224609.738474920.8088930838d88f008e0".to_owned(),
    };
    for (kind, body) in kinds(scene).into_iter().chain([("handshake", handshake("x"))]) {
        let changed = body.text.replacen('g', "h", 1);
        for (what, secret, at, sent) in [
            ("of another app", &stranger, now, &body.text),
            ("old", secret, now - 600, &body.text),
            ("of the future", secret, now + 600, &body.text),
            ("changed", secret, now, &changed),
        ] {
            let (ours, theirs) = send(&bot, &mut sdk, secret, at, &body, sent).await;
            assert_eq!((ours, &theirs["status"]), (401, &json!(401)), "{kind}, {what}");
            assert_eq!(theirs["heard"], json!([]));
        }
    }
}
