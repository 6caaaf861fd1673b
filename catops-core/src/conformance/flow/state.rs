//! Rows 35 to 40: what lasts, and what ends.

use super::bench::Stage;
use super::{Checked, ensure};

pub(super) async fn across_processes(stage: &Stage<'_>) -> Checked {
    let (key, value) = (stage.name(), stage.name());
    stage.ask(&format!("remember {key} {value}")).await?;
    stage.bench.restart().await?;
    let (_, reply, _) = stage.ask(&format!("recall {key}")).await?;
    ensure!(reply.text().contains(&value), "the reply is {}", reply.all());
    Ok(())
}

pub(super) async fn one_lock(stage: &Stage<'_>) -> Checked {
    let lock = stage.name();
    let take = |user| stage.command(&format!("take {lock}")).by(user);
    let (first, second) = (take("U0001"), take("U0002"));
    let (first, second) = (stage.send_as(first).await?, stage.send_as(second).await?);
    let (one, two) = (stage.reply(&first).await?, stage.reply(&second).await?);
    let (winner, loser, holder) =
        if one.text().contains("you have it") { (one, two, "U0001") } else { (two, one, "U0002") };
    ensure!(winner.text().contains("you have it"), "nobody has it: {} and {}", winner.text(), loser.text());
    ensure!(loser.text().contains(holder), "the other was told {}", loser.text());
    Ok(())
}

pub(super) async fn expiry(stage: &Stage<'_>) -> Checked {
    let key = stage.name();
    stage.ask(&format!("remember {key} for-now --seconds 2")).await?;
    let (_, reply, _) = stage.ask(&format!("recall {key}")).await?;
    ensure!(reply.text().contains("for-now"), "it was gone at once: {}", reply.all());
    let gone = stage.until(async || {
        let (_, reply, _) = stage.ask(&format!("recall {key}")).await?;
        Ok(reply.text().contains("nothing").then_some(()))
    });
    ensure!(gone.await?.is_some(), "it is still there");
    Ok(())
}

pub(super) async fn terminated(stage: &Stage<'_>) -> Checked {
    let gate = stage.name();
    let sent = stage.send(&format!("wait {gate} --briefly")).await?;
    stage.marked(&format!("{gate}.begun"), 1).await?;
    let took = stage.bench.terminate().await?;
    // Cloud Run gives 10 s between SIGTERM and SIGKILL, the shortest of the targets.
    ensure!(took.as_secs() < 10, "the process took {took:?} to go");
    let reply = stage.reply(&sent).await?;
    let (ended, told) = (reply.text().contains("waited"), reply.text().contains("no end was recorded"));
    ensure!(ended || told, "the asker was told {}", reply.all());
    stage.settled().await?;
    ensure!(stage.marks(&format!("{gate}.begun")) == 1, "it ran again");
    Ok(())
}
