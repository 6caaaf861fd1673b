//! Rows 67 to 69: one at a time, and how often.

use super::bench::Stage;
use super::people::{ANN, BOB, GUS};
use super::{Checked, ensure};
use crate::audit::Outcome;

pub(super) async fn one_at_a_time(stage: &Stage<'_>) -> Checked {
    let (channel, service) = (stage.channel(), stage.name());
    let gates = [stage.name(), stage.name()];
    let lines = gates.each_ref().map(|gate| format!("occupy {service} {gate}"));
    let (ann, bob) = tokio::join!(stage.types(ANN, &channel, &lines[0]), stage.types(BOB, &channel, &lines[1]));
    let jobs = [(ann?, ANN, BOB), (bob?, BOB, ANN)];
    // One of them waits at its gate, the other has ended.
    let locked = stage.until(async || {
        let records = stage.bench.records().await?;
        Ok(jobs.iter().position(|(job, ..)| records.iter().any(|record| record.job == *job)))
    });
    let loser = locked.await?.ok_or("both of them run")?;
    let (job, _, holder) = &jobs[loser];
    stage.ended(job, Outcome::Locked).await?;
    let told = stage.message(&channel, &format!("service/{service}")).await?;
    ensure!(told.all().contains(holder.1), "it does not say who holds it: {}", told.all());
    // Another value is another lock.
    let (other, gate) = (stage.name(), stage.name());
    stage.open(&gate)?;
    let beside = stage.types(GUS, &channel, &format!("occupy {other} {gate}")).await?;
    stage.ended(&beside, Outcome::Ran).await?;
    ensure!(stage.marks(&format!("{}.begun", gates[loser])) == 0, "both of them run");
    stage.open(&gates[1 - loser])?;
    stage.ended(&jobs[1 - loser].0, Outcome::Ran).await?;
    // It is free now.
    stage.open(&gates[loser])?;
    let again = stage.types(GUS, &channel, &lines[loser]).await?;
    stage.ended(&again, Outcome::Ran).await?;
    for gate in gates {
        ensure!(stage.marks(&format!("{gate}.begun")) == 1, "{gate} was run {} times", stage.marks(&gate));
    }
    Ok(())
}

pub(super) async fn of_the_dead(stage: &Stage<'_>) -> Checked {
    let (channel, service, gate) = (stage.channel(), stage.name(), stage.name());
    let line = format!("occupy {service} {gate}");
    let first = stage.types(ANN, &channel, &line).await?;
    stage.marked(&format!("{gate}.begun"), 1).await?;
    stage.bench.kill().await?;
    stage.open(&gate)?;
    let freed = stage.until(async || {
        let job = stage.types(BOB, &channel, &line).await?;
        let record = stage.record_of(&job).await?.ok_or("there is no record of who came next")?;
        match record.outcome {
            Outcome::Ran => Ok(Some(())),
            Outcome::Locked => Ok(None),
            _ => Err(format!("it ended so: {record:?}").into()),
        }
    });
    ensure!(freed.await?.is_some(), "the dead still hold it");
    stage.settled().await?;
    stage.ended(&first, Outcome::Died).await?;
    ensure!(stage.marks(&format!("{gate}.begun")) == 2, "it ran {} times", stage.marks(&format!("{gate}.begun")));
    Ok(())
}

pub(super) async fn not_too_often(stage: &Stage<'_>) -> Checked {
    let (channel, mark) = (stage.channel(), stage.name());
    let line = format!("spend {mark}");
    let mut outcomes = Vec::new();
    let (one, two, three) = tokio::join!(
        stage.types(ANN, &channel, &line),
        stage.types(ANN, &channel, &line),
        stage.types(ANN, &channel, &line)
    );
    for job in [one?, two?, three?] {
        outcomes.push(stage.record_of(&job).await?.ok_or("there is no record of a try")?.outcome);
    }
    let count = |wanted: Outcome| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    ensure!(count(Outcome::Ran) == 2 && count(Outcome::Limited) == 1, "they ended as {outcomes:?}");
    let told = stage.message(&channel, "a purse").await?;
    ensure!(told.only_for.as_deref() == Some(ANN.0), "it was told to {:?}", told.only_for);
    // Others have a purse of their own, and hers fills again.
    let other = stage.types(BOB, &channel, &line).await?;
    stage.ended(&other, Outcome::Ran).await?;
    let again = stage.until(async || {
        let job = stage.types(ANN, &channel, &line).await?;
        let record = stage.record_of(&job).await?.ok_or("there is no record of a try")?;
        Ok((record.outcome == Outcome::Ran).then_some(()))
    });
    ensure!(again.await?.is_some(), "she may never again");
    stage.settled().await?;
    ensure!(stage.marks(&mark) == 4, "it ran {} times", stage.marks(&mark));
    Ok(())
}
