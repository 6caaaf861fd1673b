//! Rows 39, 60 and 61: what others have to approve.

use std::time::Duration;

use super::bench::Stage;
use super::people::{ANN, BOB, EVE, GUS};
use super::press::now;
use super::{Checked, Failure, ensure};
use crate::audit::{Outcome, Record};
use crate::job::JobId;
use crate::testing::slack::Message;
use crate::time::Timestamp;

pub(super) const APPROVE: &str = "Approve";
pub(super) const DENY: &str = "Deny";

/// Checks for whom it ran, who approved, and where the record goes back to.
pub(super) fn was_approved(record: &Record, by: &[&str], asked: &JobId) -> Checked {
    let approvers: Vec<_> = record.approvers.iter().map(|one| one.who.id.as_str()).collect();
    // What is not complete yet is the last approver's own doing.
    let actor = if record.outcome == Outcome::Ran { Some(&ANN.0) } else { by.last() };
    ensure!(actor.is_some_and(|id| record.actor.id == *id) && approvers == by, "the record is {record:?}");
    ensure!(record.origin.as_ref() == Some(asked), "the record goes back to {:?}, not {asked}", record.origin);
    Ok(())
}

/// Checks that the last thing that was said in the channel to one person alone, and holds `words`, was said to `user`.
async fn told(stage: &Stage<'_>, message: &Message, user: &str, words: &str) -> Checked {
    let told = stage.message(&message.channel, words).await?;
    ensure!(told.only_for.as_deref() == Some(user), "{words:?} was told to {:?}", told.only_for);
    Ok(())
}

pub(super) async fn by_another(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let (asked, message) = stage.waits(&format!("launch {mark}"), APPROVE).await?;
    stage.ended(&asked, Outcome::Waiting).await?;
    ensure!(message.is_public(), "only {:?} sees it", message.only_for);
    ensure!(message.all().contains(&mark) && message.all().contains(ANN.1), "it says {}", message.all());
    // Neither who asked nor who has no such role can approve, and the button stays for the others.
    let own = stage.presses(ANN, &message, APPROVE).await?;
    stage.ended(&own, Outcome::Denied).await?;
    told(stage, &message, ANN.0, "somebody else has to approve").await?;
    let other = stage.presses(GUS, &message, APPROVE).await?;
    stage.ended(&other, Outcome::Denied).await?;
    told(stage, &message, GUS.0, "leads").await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "it ran");
    ensure!(now(stage.bench.workspace(), &message)?.buttons() == [APPROVE, DENY], "the buttons are gone");
    // Two at the same moment.
    let (bob, eve) = tokio::join!(stage.presses(BOB, &message, APPROVE), stage.presses(EVE, &message, APPROVE));
    let mut both = Vec::new();
    for (job, who) in [(bob?, BOB), (eve?, EVE)] {
        both.push((stage.record_of(&job).await?.ok_or("there is no record of a press")?, who));
    }
    both.sort_by_key(|(record, _)| record.outcome != Outcome::Ran);
    let [(ran, winner), (used, loser)] = &both[..] else { return Err("there are not two".into()) };
    ensure!(ran.outcome == Outcome::Ran && used.outcome == Outcome::Used, "the records are {both:?}");
    was_approved(ran, &[winner.0], &asked)?;
    told(stage, &message, loser.0, "already").await?;
    let reply = stage.message(&message.channel, "launched").await?;
    ensure!(reply.is_public(), "only {:?} sees the reply", reply.only_for);
    for name in [ANN.1, winner.1, "approved by"] {
        ensure!(reply.all().contains(name), "the reply does not say {name}: {}", reply.all());
    }
    // Once more, now that it is over.
    let late = stage.presses(*loser, &message, APPROVE).await?;
    stage.ended(&late, Outcome::Used).await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    ensure!(now(stage.bench.workspace(), &message)?.buttons().is_empty(), "the buttons are still there");
    expired(stage).await
}

/// What was approved too late does not run.
async fn expired(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let (asked, message) = stage.waits(&format!("rush {mark}"), APPROVE).await?;
    let end = stage.ended(&asked, Outcome::Waiting).await?.ended + Duration::from_secs(2);
    let over = stage.until(async || Ok((Timestamp::now() > end).then_some(()))).await?;
    ensure!(over.is_some(), "the clock stands still");
    let late = stage.presses(BOB, &message, APPROVE).await?;
    stage.ended(&late, Outcome::Expired).await?;
    told(stage, &message, BOB.0, "could be decided until").await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "it ran");
    // In time it does.
    let (_, message) = stage.waits(&format!("rush {mark}"), APPROVE).await?;
    let press = stage.presses(BOB, &message, APPROVE).await?;
    stage.ended(&press, Outcome::Ran).await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn two_of_many(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let (asked, first) = stage.waits(&format!("sell {mark}"), APPROVE).await?;
    let press = stage.presses(GUS, &first, APPROVE).await?;
    stage.ended(&press, Outcome::Denied).await?;
    let press = stage.presses(BOB, &first, APPROVE).await?;
    was_approved(&stage.ended(&press, Outcome::Approved).await?, &[BOB.0], &asked)?;
    let second = stage.offer(&first.channel, APPROVE, Some(&first)).await?;
    ensure!(second.all().contains(BOB.1), "it does not say who approved: {}", second.all());
    // One person is not two, and the first button is used up.
    let press = stage.presses(BOB, &second, APPROVE).await?;
    stage.ended(&press, Outcome::Denied).await?;
    told(stage, &second, BOB.0, "approved this already").await?;
    let press = stage.presses(EVE, &first, APPROVE).await?;
    stage.ended(&press, Outcome::Used).await?;
    let press = stage.presses(ANN, &second, APPROVE).await?;
    stage.ended(&press, Outcome::Denied).await?;
    ensure!(stage.marks(&mark) == 0, "it ran");
    let press = stage.presses(EVE, &second, APPROVE).await?;
    was_approved(&stage.ended(&press, Outcome::Ran).await?, &[BOB.0, EVE.0], &asked)?;
    stage.message(&first.channel, "sold").await?;
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn turned_down(stage: &Stage<'_>) -> Checked {
    for (who, says) in [(BOB, "turned down"), (ANN, "took back")] {
        let mark = stage.name();
        let (_, message) = stage.waits(&format!("launch {mark}"), DENY).await?;
        let press = stage.presses(GUS, &message, DENY).await?;
        stage.ended(&press, Outcome::Denied).await?;
        let press = stage.presses(who, &message, DENY).await?;
        stage.ended(&press, Outcome::Rejected).await?;
        let said = stage.message(&message.channel, says).await?;
        ensure!(said.is_public() && said.all().contains(who.1), "it was said {}", said.all());
        let press = stage.presses(EVE, &message, APPROVE).await?;
        stage.ended(&press, Outcome::Used).await?;
        stage.settled().await?;
        ensure!(stage.marks(&mark) == 0, "it ran");
    }
    // Yes and no at the same moment: one of them holds.
    let mark = stage.name();
    let (_, message) = stage.waits(&format!("launch {mark}"), APPROVE).await?;
    let (yes, no) = tokio::join!(stage.presses(BOB, &message, APPROVE), stage.presses(EVE, &message, DENY));
    let ended = async |job: JobId| -> Result<Outcome, Failure> {
        Ok(stage.record_of(&job).await?.ok_or("there is no record of a press")?.outcome)
    };
    let (yes, no) = (ended(yes?).await?, ended(no?).await?);
    let runs = match (yes, no) {
        (Outcome::Ran, Outcome::Used) => 1,
        (Outcome::Used, Outcome::Rejected) => 0,
        other => return Err(format!("they ended as {other:?}").into()),
    };
    stage.settled().await?;
    ensure!(stage.marks(&mark) == runs, "it ran {} times", stage.marks(&mark));
    Ok(())
}
