//! Long output as a file: asked for, uploaded, shared, and downloaded again.

use serde_json::json;

use crate::web_api::Stage;

#[tokio::test]
async fn what_a_message_cannot_hold_is_shared_as_a_file() {
    let mut stage = Stage::start().await;
    let flood = stage.scene().command("flood");
    stage.send(&flood).await;
    let channel = stage.emulate.channel.clone();
    let files = stage
        .until("the file", |sdk, emulate| {
            let answer = emulate.read(sdk, "files.list", json!({"channel": channel}));
            answer["files"].as_array().filter(|files| !files.is_empty()).cloned()
        })
        .await;
    let [file] = &files[..] else { panic!("{files:?}") };
    let text = stage.emulate.download(&mut stage.sdk, file);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (4000, "line 1 of a very long output, with a cat: 🐈"));
    assert_eq!(file["size"], text.len());
    let message = stage.message("All of it").await;
    stage.check(&message);
    let shared = stage.emulate.history(&mut stage.sdk, &channel);
    assert!(shared.iter().any(|message| message["files"][0]["id"] == file["id"]), "{shared:?}");
}
