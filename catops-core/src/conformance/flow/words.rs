//! Rows 70 and 71: the bot's own words.

use super::bench::Stage;
use super::people::{ANN, BOB, FAY, GUS, LOBBY};
use super::{Checked, ensure};
use crate::audit::Outcome;

pub(super) async fn why(stage: &Stage<'_>) -> Checked {
    let channel = stage.channel();
    for (who, line, says) in [
        (ANN, "shift api x", "movers"),
        (ANN, "shift billing x", "billing stays where it is"),
        (GUS, "shift api x", "probe.move"),
        (GUS, "guarded x", "ops.guarded"),
        (GUS, "launch x", "leads"),
    ] {
        let (job, told) = stage.whispers(who, &channel, &format!("why {line}")).await?;
        ensure!(told.contains(says), "`why {line}` was answered {told}");
        let record = stage.record_of(&job).await?.ok_or("there is no record of the question")?;
        ensure!(record.command == "why", "the record is {record:?}");
    }
    history(stage).await
}

/// What was run is listed to those who may see it.
async fn history(stage: &Stage<'_>) -> Checked {
    let (here, there) = (stage.channel(), stage.channel());
    let (anns, guss) = (stage.name(), stage.name());
    for (who, channel, mark) in [(ANN, &here, &anns), (GUS, &there, &guss)] {
        let job = stage.types(who, channel, &format!("say {mark} for history")).await?;
        stage.ended(&job, Outcome::Ran).await?;
    }
    for (who, text, sees_anns, sees_guss) in [
        (ANN, "history", true, false),
        (ANN, "history mine", true, false),
        (ANN, "history here", true, false),
        (ANN, "history say", true, false),
        (ANN, "history spend", false, false),
        (BOB, "history", true, false),
        (BOB, "history mine", false, false),
        (GUS, "history mine", false, true),
        (FAY, "history", true, true),
        (FAY, "history say", true, true),
        (FAY, "history here", true, false),
    ] {
        let (_, told) = stage.whispers(who, &here, text).await?;
        let seen = (told.contains(&anns), told.contains(&guss));
        ensure!(seen == (sees_anns, sees_guss), "`{text}` by {} shows {told}", who.1);
    }
    Ok(())
}

pub(super) async fn rerun(stage: &Stage<'_>) -> Checked {
    let (channel, mark) = (stage.channel(), stage.name());
    let first = stage.types(ANN, &channel, &format!("shift api {mark}")).await?;
    stage.ended(&first, Outcome::Ran).await?;
    let again = stage.types(ANN, &channel, &format!("rerun {first}")).await?;
    let record = stage.ended(&again, Outcome::Ran).await?;
    ensure!(record.command == "shift" && record.origin.as_ref() == Some(&first), "the record is {record:?}");
    ensure!(stage.marks(&mark) == 2, "it ran {} times", stage.marks(&mark));
    // Under the rights of who asks now, and by the rules of here and now.
    let other = stage.types(GUS, &channel, &format!("rerun {first}")).await?;
    stage.ended(&other, Outcome::Denied).await?;
    let lobby = stage.types(ANN, LOBBY, &format!("rerun {first}")).await?;
    stage.ended(&lobby, Outcome::Denied).await?;
    // What was approved then is approved anew.
    let (asked, message) = stage.waits(&format!("launch {mark}"), "Approve").await?;
    let press = stage.presses(BOB, &message, "Approve").await?;
    stage.ended(&press, Outcome::Ran).await?;
    for job in [&asked, &press] {
        let again = stage.types(ANN, &message.channel, &format!("rerun {job}")).await?;
        stage.ended(&again, Outcome::Waiting).await?;
    }
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 3, "it ran {} times", stage.marks(&mark));
    // A secret is not kept to be used again.
    let login = stage.types(ANN, &channel, "login ann --password hunter2-of-row-71").await?;
    stage.ended(&login, Outcome::Ran).await?;
    let again = stage.types(ANN, &channel, &format!("rerun {login}")).await?;
    let record = stage.record_of(&again).await?.ok_or("there is no record of the second try")?;
    ensure!(record.outcome != Outcome::Ran, "it ran again: {record:?}");
    Ok(())
}
