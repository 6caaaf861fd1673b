//! Rows 62 and 63: what shows its plan before it is applied.

use super::bench::Stage;
use super::people::{ANN, BOB, EVE};
use super::press::now;
use super::{Checked, ensure};
use crate::audit::Outcome;

const APPLY: &str = "Apply";
const CANCEL: &str = "Cancel";
const APPROVE: &str = "Approve";

/// Makes the world that the plan of `mark` is about.
fn world(stage: &Stage<'_>, mark: &str, is: &str) -> Checked {
    Ok(std::fs::write(stage.bench.probes().join(format!("{mark}.world")), is)?)
}

pub(super) async fn applied(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    world(stage, &mark, "three cats")?;
    let (asked, message) = stage.waits(&format!("resize {mark}"), APPLY).await?;
    let planned = stage.ended(&asked, Outcome::Planned).await?;
    ensure!(planned.plan.is_some(), "the record has no plan: {planned:?}");
    ensure!(message.all().contains("three cats") && message.is_public(), "the message is {message:?}");
    ensure!(message.buttons() == [APPLY, CANCEL], "the buttons are {:?}", message.buttons());
    for label in [APPLY, CANCEL] {
        let press = stage.presses(BOB, &message, label).await?;
        stage.ended(&press, Outcome::Denied).await?;
    }
    let told = stage.message(&message.channel, "who asked for it").await?;
    ensure!(told.only_for.as_deref() == Some(BOB.0), "it was told to {:?}", told.only_for);
    ensure!(now(stage.bench.workspace(), &message)?.buttons() == [APPLY, CANCEL], "the buttons are gone");
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "it ran");
    let press = stage.presses(ANN, &message, APPLY).await?;
    let record = stage.ended(&press, Outcome::Ran).await?;
    ensure!(record.plan == planned.plan && record.origin.as_ref() == Some(&asked), "the record is {record:?}");
    stage.message(&message.channel, "resized").await?;
    let press = stage.presses(ANN, &message, APPLY).await?;
    stage.ended(&press, Outcome::Used).await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    // Cancelled, it is over.
    let (_, message) = stage.waits(&format!("resize {mark}"), CANCEL).await?;
    let press = stage.presses(ANN, &message, CANCEL).await?;
    stage.ended(&press, Outcome::Rejected).await?;
    let press = stage.presses(ANN, &message, APPLY).await?;
    stage.ended(&press, Outcome::Used).await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn changed(stage: &Stage<'_>) -> Checked {
    // By its asker alone, and with the approval of another.
    for (command, label, who) in [("resize", APPLY, ANN), ("rebuild", APPROVE, BOB)] {
        let mark = stage.name();
        world(stage, &mark, "three cats")?;
        let (asked, first) = stage.waits(&format!("{command} {mark}"), label).await?;
        let planned = stage.record_of(&asked).await?.and_then(|record| record.plan);
        ensure!(planned.is_some() && first.all().contains("three cats"), "there is no plan: {}", first.all());
        world(stage, &mark, "four cats")?;
        let press = stage.presses(who, &first, label).await?;
        let record = stage.ended(&press, Outcome::Changed).await?;
        ensure!(record.plan.is_some() && record.plan != planned, "the plan is still {planned:?}");
        let second = stage.offer(&first.channel, label, Some(&first)).await?;
        ensure!(second.all().contains("four cats"), "the new plan is not shown: {}", second.all());
        stage.settled().await?;
        ensure!(stage.marks(&mark) == 0, "it ran");
        // What was confirmed before is of no use any more.
        let press = stage.presses(if who.0 == BOB.0 { EVE } else { ANN }, &first, label).await?;
        stage.ended(&press, Outcome::Used).await?;
        let press = stage.presses(who, &second, label).await?;
        let ran = stage.ended(&press, Outcome::Ran).await?;
        ensure!(ran.plan == record.plan && ran.origin.as_ref() == Some(&asked), "the record is {ran:?}");
        ensure!(ran.actor.id == ANN.0, "it ran for {:?}", ran.actor);
        stage.settled().await?;
        ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    }
    Ok(())
}
