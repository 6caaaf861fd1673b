//! Rows 59 and 73: who may run what.

use super::bench::Stage;
use super::people::{self, ANN, BOB, DAN, GUILD, GUS, LOBBY, Person};
use super::{Checked, Failure, ensure};
use crate::audit::{Outcome, Record};
use crate::testing::slack::{API, Answer};

pub(super) async fn roles(stage: &Stage<'_>) -> Checked {
    let (channel, mark) = (stage.channel(), stage.name());
    let asks = async |who: Person, channel: &str, line: &str, outcome: Outcome| -> Result<Record, Failure> {
        let job = stage.types(who, channel, &format!("{line} {mark}")).await?;
        stage.ended(&job, outcome).await
    };
    // A role allows, and who has not got it is told what it takes.
    let record = asks(ANN, &channel, "shift api", Outcome::Ran).await?;
    ensure!(record.rule.as_deref().is_some_and(|rule| rule.contains("movers")), "the record is {record:?}");
    asks(GUS, &channel, "shift api", Outcome::Denied).await?;
    let told = stage.message(&channel, "probe.move").await?;
    ensure!(told.only_for.as_deref() == Some(GUS.0), "it was told to {:?}", told.only_for);
    ensure!(told.all().contains("movers"), "it does not say whom to ask: {}", told.all());
    asks(GUS, &channel, "guarded", Outcome::Denied).await?;
    // A rule denies what the role allows: with this argument, and in that place. What merely looks like another is none.
    for service in ["billing", "Billing", "\"billing \""] {
        asks(ANN, &channel, &format!("shift {service}"), Outcome::Denied).await?;
    }
    stage.message(&channel, "billing stays where it is").await?;
    asks(ANN, LOBBY, "shift api", Outcome::Denied).await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    // Who is excepted from the one is not from the other.
    asks(DAN, &channel, "shift billing", Outcome::Ran).await?;
    asks(DAN, LOBBY, "shift billing", Outcome::Denied).await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 2, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn group(stage: &Stage<'_>) -> Checked {
    let (workspace, channel, mark) = (stage.bench.workspace(), stage.channel(), stage.name());
    let asks = async |who: Person, outcome: Outcome| -> Result<Record, Failure> {
        let job = stage.types(who, &channel, &format!("join {mark}")).await?;
        stage.ended(&job, outcome).await
    };
    let record = asks(GUS, Outcome::Ran).await?;
    ensure!(record.rule.as_deref().is_some_and(|rule| rule.contains("guild")), "the record is {record:?}");
    asks(BOB, Outcome::Denied).await?;
    // Another process asks anew: for who is in it now, and in vain.
    workspace.group(GUILD, &[BOB.0]);
    stage.bench.restart().await?;
    let swapped = async {
        asks(GUS, Outcome::Denied).await?;
        asks(BOB, Outcome::Ran).await
    };
    let swapped = swapped.await;
    people::found(workspace);
    swapped?;
    workspace.script(&format!("{API}usergroups.users.list"), [Answer::Refused("missing_scope"); 9]);
    stage.bench.restart().await?;
    let failed = async {
        asks(GUS, Outcome::Denied).await?;
        let told = stage.message(&channel, "could not be found out").await?;
        ensure!(told.only_for.as_deref() == Some(GUS.0), "it was told to {:?}", told.only_for);
        let other = stage.types(GUS, &channel, &format!("say {mark} all else works")).await?;
        stage.ended(&other, Outcome::Ran).await
    };
    let failed = failed.await;
    workspace.script(&format!("{API}usergroups.users.list"), []);
    stage.bench.restart().await?;
    failed?;
    asks(GUS, Outcome::Ran).await?;
    ensure!(stage.marks(&mark) == 4, "they ran {} times", stage.marks(&mark));
    Ok(())
}
