//! Row 72: the audit shows what was done to it.

use super::bench::Stage;
use super::people::{ANN, FAY, GUS};
use super::{Checked, Failure, ensure};
use crate::audit::Outcome;
use crate::time::Timestamp;

const WHOLE: &str = "The audit is whole";
const NOT_WHOLE: &str = "The audit is not whole";

pub(super) async fn verified(stage: &Stage<'_>) -> Checked {
    // A row that takes the store away leaves a gap: what was not stored is missing.
    let time = Timestamp::now().to_string();
    let since = format!("{}T{}Z", &time[..10], &time[11..19]);
    let (channel, mark) = (stage.channel(), stage.name());
    let says = async |what: &str| {
        let job = stage.types(ANN, &channel, &format!("say {mark} {what}")).await?;
        stage.ended(&job, Outcome::Ran).await
    };
    says("zero").await?;
    let one = says("one").await?.job;
    says("two").await?;
    // The first record of another process names the last one of each process before it.
    stage.bench.restart().await?;
    says("three").await?;
    let verify = async |who| -> Result<String, Failure> {
        Ok(stage.whispers(who, &channel, &format!("audit verify since {since}")).await?.1)
    };
    let denied = verify(GUS).await?;
    ensure!(denied.contains("catops.audit"), "who may not was told {denied}");
    let sound = verify(FAY).await?;
    ensure!(sound.contains(WHOLE), "a sound audit is said to be {sound}");

    let stored = stage.bench.stored(&one).await?;
    let altered = stored.text.replace(&format!("{mark} one"), &format!("{mark} nothing"));
    ensure!(altered != stored.text, "there is nothing to alter in {}", stored.text);
    // Whatever comes of it, the other rows find the audit as it was.
    stage.bench.tamper(&stored.key, Some(&altered)).await?;
    let after_altered = verify(FAY).await;
    stage.bench.tamper(&stored.key, None).await?;
    let after_removed = verify(FAY).await;
    stage.bench.tamper(&stored.key, Some(&stored.text)).await?;
    let (altered, removed) = (after_altered?, after_removed?);
    let names = |told: &str| told.contains(NOT_WHOLE) && told.contains(&format!("job `{one}`"));
    ensure!(names(&altered) && altered.contains("not as it was written"), "once altered, it is said to be {altered}");
    ensure!(removed.contains(NOT_WHOLE) && removed.contains("is missing"), "with one less, it is said to be {removed}");
    let restored = verify(FAY).await?;
    ensure!(restored.contains(WHOLE), "once restored, it is said to be {restored}");
    // The log has each record too, by which even the last of a chain is missed.
    let logged = stage.until(async || {
        let (output, said) = (stage.bench.output().await?, format!("{mark} three"));
        Ok(output.lines().any(|line| line.contains(&said) && line.contains("seal")).then_some(()))
    });
    ensure!(logged.await?.is_some(), "the record is not in the log");
    Ok(())
}
