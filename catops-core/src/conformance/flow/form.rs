//! Rows 52 to 55: forms, and words that are proposed while somebody types.

use std::time::Duration;

use super::bench::Stage;
use super::{Checked, ensure};
use crate::audit::Outcome;
use crate::testing::slack::{API, Answer, Taken};

pub(super) async fn filled(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    // An argument is missing: the form has what was given.
    let taken = stage.does(workspace.command(&format!("fill --mark {mark}")).in_channel(&channel)).await?;
    ensure!(matches!(taken, Taken::Nothing), "something was shown besides the form: {taken:?}");
    let view = workspace.view().ok_or("no form was opened")?;
    ensure!(view.all().contains(&mark), "what was given is not in the form: {}", view.all());
    // A field that is wrong says so, and the form stays.
    stage.does(workspace.typing("zone", "eu")?).await?;
    let taken =
        stage.does(workspace.submit(&[("count", "many"), ("zone", "eu-west"), ("words", "a  \"b\" —c")])?).await?;
    let Taken::Errors(errors) = taken else { return Err(format!("it was answered {taken:?}").into()) };
    ensure!(errors.len() == 1 && errors[0].0 == "count", "the errors are {errors:?}");
    ensure!(stage.marks(&mark) == 0, "it ran");
    let right = workspace.submit(&[("count", "9"), ("zone", "eu-west"), ("words", "a  \"b\" —c")])?;
    let taken = stage.does(right.clone()).await?;
    ensure!(matches!(taken, Taken::Closed), "it was answered {taken:?}");
    let reply = stage.message(&channel, "filled").await?;
    ensure!(reply.all().contains("EuWest 9 [a  \\\"b\\\" —c]"), "the words are {}", reply.all());
    ensure!(reply.is_public() && reply.all().contains("ann"), "the reply does not say who asked: {}", reply.all());
    let record = stage.recorded(&mark).await?;
    ensure!(record.command == "fill" && record.outcome == Outcome::Ran, "the record is {record:?}");
    // Sent off once more, it does not run once more.
    let _ = stage.told(&right).await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn asked_which(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    stage.does(workspace.command("").in_channel(&channel)).await?;
    // The menu knows the commands that the asker may run.
    let taken = stage.does(workspace.typing("command", "guar")?).await?;
    ensure!(matches!(&taken, Taken::Options(words) if words.is_empty()), "it was offered {taken:?}");
    let taken = stage.does(workspace.typing("command", "fil")?).await?;
    ensure!(matches!(&taken, Taken::Options(words) if words == &["fill"]), "it was offered {taken:?}");
    let taken = stage.does(workspace.submit(&[("command", "fill")])?).await?;
    ensure!(matches!(taken, Taken::View(_)), "it was answered {taken:?}");
    // The completer of the plugin is asked while somebody types.
    let taken = stage.does(workspace.typing("zone", "us")?).await?;
    ensure!(matches!(&taken, Taken::Options(words) if words == &["us-east", "us-west"]), "it was offered {taken:?}");
    stage.does(workspace.submit(&[("zone", "us-east"), ("mark", &mark), ("words", "chosen")])?).await?;
    stage.message(&channel, "UsEast 1 [chosen]").await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn not_opened(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, api) = (stage.bench.workspace(), stage.channel(), format!("{API}views.open"));
    let slow = Answer::Late(Duration::from_secs(4));
    for answer in [Answer::Refused("expired_trigger_id"), Answer::Status(500), slow] {
        workspace.script(&api, [answer]);
        let taken = stage.does(workspace.command("").in_channel(&channel)).await?;
        let Taken::Message(help) = taken else { return Err(format!("{answer:?}: it was answered {taken:?}").into()) };
        let all = help.all();
        ensure!(all.contains("hush") && !all.contains("guarded"), "{answer:?}: help is {all}");
        ensure!(!help.is_public(), "{answer:?}: help is shown to all");
        workspace.script(&api, [answer]);
        stage.ask("typed").await.and_then(|(_, reply, record)| {
            ensure!(record.outcome == Outcome::Usage, "{answer:?}: it ended as {:?}", record.outcome);
            ensure!(reply.all().contains("needs"), "{answer:?}: it was answered {}", reply.all());
            Ok(())
        })?;
    }
    Ok(())
}

pub(super) async fn shortcuts(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    // From nowhere: the form asks where the reply goes.
    stage.does(workspace.shortcut("fill")).await?;
    stage.does(workspace.typing("zone", "")?).await?;
    let typed = [("zone", "eu-west"), ("mark", &*mark), ("words", "from nowhere"), ("catops:channel", &*channel)];
    stage.does(workspace.submit(&typed)?).await?;
    let reply = stage.message(&channel, "from nowhere").await?;
    ensure!(reply.is_public(), "the reply is {reply:?}");
    let record = stage.recorded(&mark).await?;
    ensure!(record.channel.id == channel && record.outcome == Outcome::Ran, "the record is {record:?}");

    // On a message: its words are in the form, and the reply is in its thread.
    let mark = stage.name();
    let message = workspace.message_shortcut("fill", "the words of a message").in_channel(&channel);
    stage.does(message).await?;
    stage.does(workspace.typing("zone", "")?).await?;
    stage.does(workspace.submit(&[("zone", "eu-west"), ("mark", &mark)])?).await?;
    let reply = stage.message(&channel, "the words of a message").await?;
    ensure!(reply.thread_ts.is_some(), "the reply is in no thread: {reply:?}");
    Ok(())
}
