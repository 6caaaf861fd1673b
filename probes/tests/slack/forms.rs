//! Forms, as far as emulate goes: it opens a view by a trigger, once and in time, and shows what is in it. No method of
//! its returns a view, and it sends nothing that people do in one; the test kit has that.

use serde_json::json;

use crate::emulate::TOKEN;
use crate::requests::Scene;
use crate::web_api::Stage;

const VIEWS: &str = "tab=views";

/// A scene with a trigger that emulate knows.
fn scene(stage: &mut Stage) -> Scene {
    let trigger = stage.emulate.trigger(&mut stage.sdk);
    Scene { trigger, ..stage.scene() }
}

#[tokio::test]
async fn the_bare_word_opens_the_form_that_asks_which_command() {
    let mut stage = Stage::start().await;
    let scene = scene(&mut stage);
    assert_eq!(stage.send(&scene.command("")).await, "");
    stage.page(VIEWS, "lists what there is").await;
    // The trigger was used, and by the bot.
    let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [{"type": "divider"}]});
    let again =
        stage.sdk.call(&stage.emulate.api(), TOKEN, "views_open", json!({"trigger_id": scene.trigger, "view": view}));
    assert_eq!(again["error"], "exchanged_trigger_id", "{again}");
}

#[tokio::test]
async fn a_command_that_lacks_an_argument_opens_its_form() {
    let mut stage = Stage::start().await;
    let scene = scene(&mut stage);
    assert_eq!(stage.send(&scene.command("typed --now")).await, "");
    stage.page(VIEWS, "Take arguments of each kind").await;
}

#[tokio::test]
async fn a_shortcut_opens_the_form_that_asks_which_command() {
    let mut stage = Stage::start().await;
    for about in [None, Some("it is down")] {
        let scene = scene(&mut stage);
        let body = match about {
            None => scene.shortcut("run"),
            Some(text) => scene.message_shortcut("run_on_message", text),
        };
        assert_eq!(stage.send(&body).await, "");
    }
    let page = stage.page(VIEWS, "lists what there is").await;
    assert!(page.matches("lists what there is").count() >= 2, "{page}");
}

#[tokio::test]
async fn without_a_trigger_that_is_good_help_comes_as_text() {
    let mut stage = Stage::start().await;
    let help = stage.scene().command("");
    let answer = stage.send(&help).await;
    assert!(answer.contains("Say something where all can see it"), "{answer}");
    stage.bot.says("invalid_trigger_id").await;
}
