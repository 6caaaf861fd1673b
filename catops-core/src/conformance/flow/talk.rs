//! Rows 41 to 46: what is said to the bot other than by its own slash command.

use super::bench::Stage;
use super::{Checked, ensure};
use crate::audit::Outcome;
use crate::testing::slack::{Call, TEAM};

pub(super) async fn mentions(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    stage.does(workspace.mention(&format!("say {mark} in the channel")).in_channel(&channel)).await?;
    let reply = stage.message(&channel, "in the channel").await?;
    ensure!(reply.is_public() && reply.thread_ts.is_none(), "the reply is {reply:?}");
    let record = stage.recorded(&mark).await?;
    ensure!(record.actor.id == "U0001" && record.actor.team == TEAM, "the record is {record:?}");
    ensure!(record.channel.id == channel && record.outcome == Outcome::Ran, "the record is {record:?}");

    let mark = stage.name();
    let asked =
        workspace.mention(&format!("say {mark} in a thread")).in_channel(&channel).in_thread("1700000000.000100");
    stage.does(asked).await?;
    let reply = stage.message(&channel, "in a thread").await?;
    ensure!(reply.thread_ts.as_deref() == Some("1700000000.000100"), "the reply is {reply:?}");
    ensure!(stage.recorded(&mark).await?.outcome == Outcome::Ran, "it did not run");

    // What cannot be run is answered too, to the asker alone.
    let channel = stage.channel();
    stage.does(workspace.mention("sya hello").in_channel(&channel)).await?;
    let reply = stage.message(&channel, "`say`").await?;
    ensure!(reply.only_for.as_deref() == Some("U0001"), "the reply is {reply:?}");
    Ok(())
}

pub(super) async fn direct(stage: &Stage<'_>) -> Checked {
    let (workspace, mark) = (stage.bench.workspace(), stage.name());
    let channel = stage.channel().replacen('C', "D", 1);
    stage.does(workspace.direct(&format!("say {mark} between us")).in_channel(&channel)).await?;
    stage.message(&channel, "between us").await?;
    ensure!(stage.recorded(&mark).await?.outcome == Outcome::Ran, "it did not run");
    // A message that only the asker may see is one they alone see here.
    stage.does(workspace.direct("hush psst").in_channel(&channel)).await?;
    stage.message(&channel, "psst").await?;
    stage.does(workspace.direct("help").in_channel(&channel)).await?;
    stage.message(&channel, "hush").await?;
    Ok(())
}

pub(super) async fn not_for_the_bot(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    let line = format!("say {mark} unasked");
    let calls: [(&str, Call); 7] = [
        ("another bot's message", Call::bot_message(&line)),
        ("the bot's own message", Call::own_message(&line)),
        ("an edit", Call::changed_message(&line)),
        ("a deletion", Call::deleted_message(&line)),
        ("a message to others", Call::message(&line)),
        ("a mention in passing", Call::message(&format!("thanks <@U0BOT>, {line}"))),
        ("the news of too many events", Call::rate_limited()),
    ];
    for (what, call) in calls {
        let status = stage.told(&call.in_channel(&channel)).await?.status();
        ensure!(status == 200, "{what} was answered {status}");
        let status = stage.told(&workspace.direct("").in_channel(&channel)).await?.status();
        ensure!(status == 200, "an empty message was answered {status}");
    }
    // Another goes through the same queue behind them.
    stage.ask("say behind them").await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "one of them ran");
    Ok(())
}

pub(super) async fn sent_again(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    let event = workspace.mention(&format!("say {mark} once")).in_channel(&channel);
    for (what, call) in [
        ("it", event.clone()),
        ("its first repeat", event.clone().again(1, "http_timeout")),
        ("its last repeat", event.clone().again(3, "http_error")),
        ("the same message by another event", event.clone().with_event_id("Ev9999")),
    ] {
        let status = stage.told(&call).await?.status();
        ensure!(status == 200, "{what} was answered {status}");
    }
    stage.message(&channel, "once").await?;
    stage.settled().await?;
    stage.recorded(&mark).await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    ensure!(workspace.messages(&channel).len() == 1, "it was answered more than once");

    // The first try of a message need not have arrived: a repeat is not dropped.
    let mark = stage.name();
    let event = workspace.mention(&format!("say {mark} late")).in_channel(&channel);
    stage.does(event.again(2, "connection_failed")).await?;
    stage.message(&channel, "late").await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn queue_down(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    let event = workspace.mention(&format!("say {mark} after all")).in_channel(&channel);
    stage.bench.queue(false).await?;
    let refused = stage.told(&event).await;
    stage.bench.queue(true).await?;
    let refused = refused?.status();
    // Slack sends again what is answered so.
    ensure!(refused.is_server_error(), "it was answered {refused}");
    stage.settled().await?;
    stage.does(event.again(1, "http_error")).await?;
    stage.message(&channel, "after all").await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn other_words(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    // A slash command that is called as a command of the bot is that command.
    stage.does(workspace.command(&format!("{mark} by its own name")).at_command("/say").in_channel(&channel)).await?;
    stage.message(&channel, "by its own name").await?;
    let record = stage.recorded(&mark).await?;
    ensure!(record.command == "say" && record.outcome == Outcome::Ran, "the record is {record:?}");
    // Any other is one more way to address the bot.
    let mark = stage.name();
    stage.does(workspace.command(&format!("say {mark} by a prefix")).at_command("/purr").in_channel(&channel)).await?;
    stage.message(&channel, "by a prefix").await?;
    ensure!(stage.recorded(&mark).await?.command == "say", "it is another command");

    // Who is of another company, or in an organisation of many workspaces, is known by their own.
    let mark = stage.name();
    let guest = workspace.mention(&format!("say {mark} from afar")).in_channel(&channel).by("U0777").from_team("T0777");
    stage.does(guest).await?;
    ensure!(stage.recorded(&mark).await?.actor.team == "T0777", "a guest was taken for one of us");
    let mark = stage.name();
    let grid = workspace.mention(&format!("say {mark} from the grid")).in_channel(&channel);
    stage.does(grid.in_enterprise("E0001").org_wide()).await?;
    ensure!(stage.recorded(&mark).await?.actor.team == TEAM, "the workspace of an organisation was lost");
    Ok(())
}
