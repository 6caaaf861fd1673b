//! Rows 56 to 58: what the bot posts over time, and what is too long for a message.

use std::time::Duration;

use super::bench::Stage;
use super::{Checked, ensure};
use crate::testing::slack::API;

/// Slack lets `chat.update` be called about once a second; two posts may be closer by what the way to the workspace takes.
const PACE: Duration = Duration::from_millis(800);

pub(super) async fn progress(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, gate) = (stage.bench.workspace(), stage.channel(), stage.name());
    stage.does(workspace.command(&format!("climb {gate}")).in_channel(&channel)).await?;
    let message = stage.message(&channel, "the top").await?;
    ensure!(
        workspace.messages(&channel).len() == 1,
        "there is more than one message: {:?}",
        workspace.messages(&channel)
    );
    ensure!(message.earlier.len() >= 3, "it was changed {} times in 3 s", message.earlier.len());
    let calls = workspace.posts(&format!("{API}chat.update"));
    let mine: Vec<_> = calls.iter().filter(|post| post.channel() == channel && post.text().contains('/')).collect();
    for pair in mine.windows(2) {
        let pause = pair[1].at.since(pair[0].at);
        ensure!(pause >= PACE, "two changes came within {pause:?}");
    }
    Ok(())
}

pub(super) async fn no_channel(stage: &Stage<'_>) -> Checked {
    // Where the bot is not in the channel, the reply address has to do, and takes five posts.
    let (workspace, channel, gate) = (stage.bench.workspace(), stage.channel(), stage.name());
    workspace.refuse_channel(&channel, "not_in_channel");
    let call = workspace.command(&format!("climb {gate}")).in_channel(&channel);
    let path = call.path().to_owned();
    stage.does(call).await?;
    stage.message(&channel, "the top").await?;
    let posts = workspace.posts(&path);
    ensure!((2..=4).contains(&posts.len()), "there were {} posts to the reply address", posts.len());
    ensure!(
        workspace.messages(&channel).len() == 1,
        "there is more than one message: {:?}",
        workspace.messages(&channel)
    );
    Ok(())
}

pub(super) async fn files(stage: &Stage<'_>) -> Checked {
    let (workspace, channel) = (stage.bench.workspace(), stage.channel());
    stage.does(workspace.command("flood").in_channel(&channel)).await?;
    let found = |workspace: &crate::testing::slack::Workspace| {
        workspace.files().into_iter().find(|file| file.channel.as_deref() == Some(&*channel))
    };
    let file = workspace.until(stage.bench.patience(), found).await.ok_or("no file was shared")?;
    let text = std::str::from_utf8(&file.content)?;
    ensure!(text.contains("line 1 ") && text.contains("line 4000 "), "the file holds {} bytes", text.len());
    stage.message(&channel, "line 1 ").await?;

    // Where files are not allowed, the message is cut, and says so.
    let channel = stage.channel();
    workspace
        .script(&format!("{API}files.getUploadURLExternal"), [crate::testing::slack::Answer::Refused("missing_scope")]);
    stage.does(workspace.command("flood").in_channel(&channel)).await?;
    stage.message(&channel, "cut").await?;
    Ok(())
}
