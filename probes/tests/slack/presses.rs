//! Buttons: made by the bot, kept by emulate, pressed by somebody who has no more than what was posted.

use serde_json::Value;

use crate::emulate::BOT_USER;
use crate::requests::Body;
use crate::web_api::Stage;

/// Finds a button in a message, with the id of its block; one without has the one that Slack gives it.
fn button<'a>(message: &'a Value, label: &str) -> (String, &'a Value) {
    let blocks = message["blocks"].as_array().unwrap().iter().enumerate();
    let mut all = blocks.flat_map(|(at, block)| {
        let id = block["block_id"].as_str().map_or_else(|| format!("b{at}"), str::to_owned);
        let elements = block["elements"].as_array().into_iter().flatten();
        elements.map(move |element| (id.clone(), element))
    });
    all.find(|(_, element)| element["text"]["text"] == label).unwrap_or_else(|| panic!("no {label} in {message}"))
}

/// Posts a reply with buttons, and returns it as it stands in the channel.
async fn shown(stage: &mut Stage) -> Value {
    let show = stage.scene().command("show");
    stage.send(&show).await;
    stage.message("Everything").await
}

fn press(stage: &mut Stage, message: &Value) -> Body {
    let (block, button) = button(message, "Say hello");
    stage.scene().press(message, &block, button)
}

#[tokio::test]
async fn a_press_runs_the_command_and_the_message_says_who_pressed() {
    let mut stage = Stage::start().await;
    let message = shown(&mut stage).await;
    let press = press(&mut stage, &message);
    assert_eq!(stage.send(&press).await, "");
    let reply = stage.message("you said: there").await;
    stage.check(&reply);
    assert!(reply.to_string().contains("ann ran `say hello there`"), "{reply}");
    let (channel, ts) = (stage.emulate.channel.clone(), message["ts"].clone());
    let changed = stage
        .until("the note", |sdk, emulate| {
            let all = emulate.history(sdk, &channel);
            all.into_iter().find(|one| one["ts"] == ts && one["edited"]["user"] == BOT_USER)
        })
        .await;
    stage.check(&changed);
    assert!(changed.to_string().contains("ann pressed"), "{changed}");
}

#[tokio::test]
async fn a_second_press_runs_nothing_and_is_told_who_was_first() {
    let mut stage = Stage::start().await;
    let message = shown(&mut stage).await;
    for _ in 0..2 {
        let press = press(&mut stage, &message);
        stage.send(&press).await;
    }
    stage.for_ann("pressed this at").await;
    stage.message("you said: there").await;
    let channel = stage.emulate.channel.clone();
    let said = |message: &&Value| message["text"].as_str().unwrap().contains("you said");
    let history = stage.emulate.history(&mut stage.sdk, &channel);
    assert_eq!(history.iter().filter(said).count(), 1, "{history:?}");
}

#[tokio::test]
async fn a_button_that_was_altered_is_refused() {
    let mut stage = Stage::start().await;
    let message = shown(&mut stage).await;
    let (block, found) = button(&message, "Say hello");
    let mut forged = found.clone();
    forged["value"] = found["value"].as_str().unwrap().replace("say hello", "say howdy").into();
    assert_ne!(forged, *found);
    let body = stage.scene().press(&message, &block, &forged);
    let request = stage.sdk.signed(stage.bot.secret(), body.kind, &body.text);
    assert_eq!(stage.bot.send(request).await.status(), 400);
    let channel = stage.emulate.channel.clone();
    assert_eq!(stage.emulate.history(&mut stage.sdk, &channel).len(), 1);
}
