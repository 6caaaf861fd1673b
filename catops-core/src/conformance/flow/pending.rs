//! Rows 64 to 66, and a part of 34: what waits, where it is kept, and what is passed off as it.

use std::time::Duration;

use super::approve::{APPROVE, DENY, was_approved};
use super::bench::{Stage, id};
use super::people::{ANN, BOB, DAN, EVE, GUS};
use super::press::{flipped, value, with};
use super::{Checked, ensure};
use crate::audit::Outcome;
use crate::chat::{Ack, Chat as _};
use crate::job::JobId;
use crate::pending::Answer;
use crate::reply::{Decision, Part, Reply};
use crate::secret::Secret;
use crate::testing::slack::Workspace;
use crate::time::Timestamp;

pub(super) async fn in_the_store(stage: &Stage<'_>) -> Checked {
    // No button has room for the one, and none may hold the other.
    let (long, secret) = (stage.name(), stage.name());
    let password = format!("hunter2-{secret}-pending");
    let words = "lorem ".repeat(500);
    let lines = [
        (format!("launch {long} {words}"), long.clone(), "launched with 500 words"),
        (format!("rotate {secret} --password {password}"), format!("{secret}.{}", password.len()), "was rotated"),
    ];
    let mut all = Vec::new();
    for (line, mark, says) in lines {
        let (asked, message) = stage.waits(&line, APPROVE).await?;
        let record = stage.ended(&asked, Outcome::Waiting).await?;
        let is_silent = |text: &str| !text.contains(&password);
        ensure!(is_silent(&message.all()) && is_silent(&format!("{record:?}")), "the secret is in {record:?}");
        all.push((asked, message, mark, says));
    }
    stage.bench.restart().await?;
    for (asked, message, mark, says) in all {
        ensure!(stage.marks(&mark) == 0, "it ran before it was approved");
        let press = stage.presses(EVE, &message, APPROVE).await?;
        let record = stage.ended(&press, Outcome::Ran).await?;
        was_approved(&record, &[EVE.0], &asked)?;
        ensure!(!format!("{record:?}").contains(&password), "the secret is in {record:?}");
        let reply = stage.message(&message.channel, says).await?;
        ensure!(!reply.all().contains(&password), "the secret is in {}", reply.all());
        let again = stage.presses(EVE, &message, APPROVE).await?;
        let again = stage.record_of(&again).await?.ok_or("there is no record of a press")?.outcome;
        ensure!(matches!(again, Outcome::Used | Outcome::Expired), "the second press ended as {again:?}");
        stage.settled().await?;
        ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    }
    ensure!(!stage.bench.output().await?.contains(&password), "the secret was printed");
    Ok(())
}

/// Checks that a secret argument is in nothing that is said or recorded of what waits for approval. Row 34 looks into what
/// is printed, too.
pub(super) async fn keeps(stage: &Stage<'_>, secret: &str) -> Checked {
    let line = format!("rotate {} --password {secret}", stage.name());
    let (_, message) = stage.waits(&line, APPROVE).await?;
    ensure!(!message.all().contains(secret), "a button holds it: {}", message.all());
    let mut jobs = vec![stage.presses(BOB, &message, APPROVE).await?];
    // Who asks for this by mistake reads their own words, and nobody else does.
    jobs.push(stage.types(ANN, &stage.channel(), &format!("history {line}")).await?);
    for (who, text) in [
        (ANN, format!("why {line}")),
        (DAN, format!("break-glass \"the shop is down\" {line}")),
        (BOB, format!("break-glass {line}")),
        (ANN, "history mine".to_owned()),
    ] {
        jobs.push(stage.types(who, &message.channel, &text).await?);
    }
    for job in jobs {
        stage.record_of(&job).await?.ok_or_else(|| format!("there is no record of job {job}"))?;
    }
    let said = stage.bench.workspace().messages(&message.channel);
    ensure!(said.len() > 5, "there are only {} messages", said.len());
    ensure!(!said.iter().any(|message| message.all().contains(secret)), "a message shows it: {said:?}");
    let records = stage.bench.records().await?;
    let shown = records.iter().find(|record| format!("{record:?}").contains(secret));
    ensure!(shown.is_none(), "a record shows it: {shown:?}");
    Ok(())
}

pub(super) async fn break_glass(stage: &Stage<'_>) -> Checked {
    let (channel, mark, reason) = (stage.channel(), stage.name(), "the shop is down");
    let line = format!("launch {mark}");
    for (who, text, outcome) in [
        (BOB, format!("break-glass \"{reason}\" {line}"), Outcome::Denied),
        (DAN, format!("break-glass \"\" {line}"), Outcome::Usage),
        (DAN, format!("break-glass {line}"), Outcome::Usage),
        // It opens nothing that is closed.
        (DAN, format!("break-glass \"{reason}\" guarded {mark}"), Outcome::Denied),
    ] {
        let job = stage.types(who, &channel, &text).await?;
        stage.ended(&job, outcome).await?;
    }
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "it ran");
    let job = stage.types(DAN, &channel, &format!("break-glass \"{reason}\" {line}")).await?;
    let record = stage.ended(&job, Outcome::Ran).await?;
    ensure!(record.reason.as_deref() == Some(reason) && record.actor.id == DAN.0, "the record is {record:?}");
    ensure!(record.command == "launch" && record.approvers.is_empty(), "the record is {record:?}");
    let reply = stage.message(&channel, "launched").await?;
    ensure!(reply.is_public() && reply.all().contains(reason), "the reply does not say why: {}", reply.all());
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}

pub(super) async fn forged(stage: &Stage<'_>) -> Checked {
    let mark = stage.name();
    let (asked, message) = stage.waits(&format!("launch {mark}"), APPROVE).await?;
    let (yes, no) = (value(&message.body, APPROVE)?, value(&message.body, DENY)?);
    ensure!(yes != no && no.contains(":deny:"), "the buttons hold {yes:?} and {no:?}");
    let mut values: Vec<(String, String)> = Vec::new();
    // One altered character in each part: version, seal, ticket, time, answer, what waits.
    for at in (0..yes.len()).step_by(37) {
        let altered = yes.char_indices().map(|(here, c)| if here == at { flipped(c) } else { c }).collect();
        values.push((format!("a button altered at {at}"), altered));
    }
    let waiting = yes.split_once(":approve:").map(|(_, carried)| carried.to_owned()).unwrap_or_default();
    ensure!(waiting.contains(&mark), "what waits is not in the button: {yes:?}");
    values.push(("no, passed off as yes".to_owned(), no.replace(":deny:", ":approve:")));
    values.push(("yes by another asker".to_owned(), yes.replace(ANN.0, GUS.0)));
    values.push(("yes to another line".to_owned(), yes.replace("launch", "guarded")));
    // What other buttons hold is sealed for another purpose.
    let offered = stage.message_of(&format!("offer {mark}"), "what shall become").await?;
    let plain = value(&offered.body, "Say it")?;
    let (sealed, _) = plain.rsplit_once(":say").unwrap_or((&plain, ""));
    values.push(("a plain button passed off".to_owned(), format!("{sealed}:approve:{waiting}")));
    // Another bot's button, sealed just so with that bot's secret.
    let other = Workspace::start_with(Secret::new("of another bot, 32 characters at least".to_owned())).await?;
    let (ticket, expires) = (JobId::of(&[&mark]), Timestamp::now() + Duration::from_secs(600));
    let decision = Decision { ticket, expires, carried: waiting, answers: vec![Answer::Approve, Answer::Deny] };
    let theirs = Reply::to_channel("x").part(Part::Decision(decision));
    let theirs = other.chat()?.ack(Ack::Reply(&theirs), other.now()).into_body();
    values.push(("another bot's button".to_owned(), value(&serde_json::from_slice(&theirs)?, APPROVE)?));

    let mut jobs = Vec::new();
    for (what, forged) in &values {
        let press = stage.bench.workspace().press_in(&with(&message, &yes, forged), APPROVE)?.by(BOB.0).named(BOB.1);
        stage.refused(&press, what).await?;
        jobs.push((id(&press), what));
    }
    for (job, what) in jobs {
        let record = stage.record_of(&job).await?.ok_or_else(|| format!("there is no record of {what}"))?;
        ensure!(record.outcome == Outcome::Forged && record.actor.id == BOB.0, "the record of {what} is {record:?}");
    }
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 0, "one of them ran");
    let output = stage.bench.output().await?;
    ensure!(!values.iter().any(|(_, value)| output.contains(value)), "the value of a button is in the log");
    // The true one still decides; sent once more, it decides nothing.
    let press = stage.bench.workspace().press_in(&message, APPROVE)?.by(BOB.0).named(BOB.1);
    stage.does(press.clone()).await?;
    let job = id(&press);
    was_approved(&stage.ended(&job, Outcome::Ran).await?, &[BOB.0], &asked)?;
    stage.does(press).await?;
    stage.settled().await?;
    stage.ended(&job, Outcome::Ran).await?;
    ensure!(stage.marks(&mark) == 1, "it ran {} times", stage.marks(&mark));
    Ok(())
}
