//! Row 38: a command that runs by itself.

use super::bench::{SCHEDULE_CHANNEL, Stage};
use super::{Checked, ensure};
use crate::audit::Outcome;
use crate::job::JobId;
use crate::testing::slack::{API, Post};
use crate::time::Timestamp;

/// The probe that declares a schedule, and the mark it leaves.
const COMMAND: &str = "clock chime";
const MARK: &str = "clock-chime";

pub(super) async fn ticks(stage: &Stage<'_>) -> Checked {
    let (slack, api) = (stage.bench.workspace(), format!("{API}chat.postMessage"));
    let posts = || slack.posts(&api).into_iter().filter(|post| post.channel() == SCHEDULE_CHANNEL).collect::<Vec<_>>();
    let (ran, told) = (stage.marks(MARK), posts().len());
    let now = Timestamp::now();
    // Schedulers are exact to the minute.
    let minute = Timestamp::from_secs(now.as_secs() / 60 * 60);
    let before = Timestamp::from_secs(minute.as_secs() - 60);
    let id = |command: &str, tick: Timestamp| JobId::of(&["schedule", command, &tick.as_millis().to_string()]);

    // What declares no schedule, or does not exist, is nothing that a tick can run.
    stage.bench.tick("nothing", minute).await?;
    stage.bench.tick("no-such-command", minute).await?;
    for (count, tick) in [(1, before), (2, minute)] {
        stage.bench.tick(COMMAND, tick).await?;
        stage.bench.tick(COMMAND, tick).await?;
        let record = stage.record_of(&id(COMMAND, tick)).await?.ok_or("there is no record of the tick")?;
        ensure!(record.outcome == Outcome::Ran && record.command == COMMAND, "the record is {record:?}");
        ensure!(record.actor.id == "schedule" && record.channel.id == SCHEDULE_CHANNEL, "the record is {record:?}");
        ensure!(record.undelivered.is_none(), "the record is {record:?}");
        stage.settled().await?;
        ensure!(stage.marks(MARK) == ran + count, "after tick {count} it had run {} times", stage.marks(MARK) - ran);
        slack.wait(&api, told + count, stage.bench.patience()).await;
        let posts = posts();
        ensure!(posts.len() == told + count, "after tick {count} there were {} replies", posts.len() - told);
        let last = posts.last().map(Post::text).unwrap_or_default();
        ensure!(last.contains("schedule chimes in C0038"), "the reply is {last:?}");
    }
    let late = Timestamp::from_secs(now.as_secs() - 3600);
    stage.bench.tick(COMMAND, late).await?;
    let record = stage.record_of(&id(COMMAND, late)).await?.ok_or("there is no record of the late tick")?;
    ensure!(record.outcome == Outcome::Expired, "a tick of an hour ago ended as {:?}", record.outcome);
    ensure!(stage.marks(MARK) == ran + 2, "a tick of an hour ago ran");
    stage.settled().await?;
    let records = stage.bench.records().await?;
    let strange =
        records.iter().find(|record| [id("nothing", minute), id("no-such-command", minute)].contains(&record.job));
    ensure!(strange.is_none(), "a tick ran what has no schedule: {strange:?}");
    Ok(())
}
