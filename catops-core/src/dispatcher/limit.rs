//! How often something may be run.

use std::time::Duration;

use super::turn::Turn;
use super::words;
use crate::command::Command;
use crate::error::{Error, ErrorKind};
use crate::job::JobId;
use crate::policy::{Limit, Per};
use crate::reply::Reply;
use crate::store::{Put, When};
use crate::time::Timestamp;

/// How often a run is counted anew that others were counted beside.
const TRIES: usize = 8;

/// When the runs were that a limit counts, the latest last.
type Times = Vec<Timestamp>;

impl Turn<'_> {
    /// Counts this run, unless a limit of the policy is reached: then says so.
    ///
    /// Where no limit is about the command, the store is not asked. A job that is delivered again, since its process died,
    /// was counted before.
    pub(super) async fn over_a_limit(&self, command: &Command) -> Result<Option<Reply>, Error> {
        let rules = self.dispatcher.app.policy().rules();
        if rules.limits.is_empty() || self.is_again {
            return Ok(None);
        }
        Box::pin(self.count(command)).await
    }

    /// Looks at all limits before it counts for one, so that what one refuses uses up no other. Only if others are counted
    /// in between may an earlier one have counted a run that a later one refuses.
    async fn count(&self, command: &Command) -> Result<Option<Reply>, Error> {
        let path = command.path();
        let limits = self.dispatcher.app.policy().rules().limits_on(&path, command.requires());
        let limits: Vec<(&'static Limit, String)> = limits.map(|limit| (limit, self.key(limit, &path))).collect();
        let mut looked = Vec::with_capacity(limits.len());
        for (limit, key) in &limits {
            let (times, version) = self.times(limit, key).await?;
            if let Some(again) = full(limit, &times, self.clock.now()) {
                return Ok(Some(words::limited(&path, limit, again)));
            }
            looked.push((times, version));
        }
        for ((limit, key), (mut times, mut version)) in limits.iter().zip(looked) {
            let mut tries = 0;
            while !self.counted(limit, key, times, version.as_deref()).await? {
                tries += 1;
                if tries == TRIES {
                    return Ok(Some(words::too_many_at_once(&path)));
                }
                (times, version) = self.times(limit, key).await?;
                if let Some(again) = full(limit, &times, self.clock.now()) {
                    return Ok(Some(words::limited(&path, limit, again)));
                }
            }
        }
        Ok(None)
    }

    /// Returns what the counts of a limit are kept under.
    fn key(&self, limit: &Limit, path: &str) -> String {
        let limits = self.dispatcher.app.policy().rules().limits;
        let place = || limits.iter().position(|other| std::ptr::eq(other, limit)).unwrap_or_default();
        // What has no name is called after its place, in a way that is no name.
        let unnamed = if limit.name.is_empty() { format!("\n{}", place()) } else { String::new() };
        let (actor, chat) = (&self.job.request.actor, self.job.reply_to.chat.as_str());
        let [one, two, three] = match limit.per {
            Per::User => [chat, actor.team.as_str(), actor.id.as_str()],
            Per::Command => [path, "", ""],
            Per::Bot => [""; 3],
        };
        format!("limit/{}", JobId::of(&[limit.name, &unnamed, one, two, three]))
    }

    /// Returns the runs that still count, and the version of their entry.
    async fn times(&self, limit: &Limit, key: &str) -> Result<(Times, Option<String>), Error> {
        let now = self.clock.now();
        let Some(entry) = self.dispatcher.store.get(key, now).await? else { return Ok((Vec::new(), None)) };
        let mut times: Times = serde_json::from_str(&entry.value).map_err(|error| wrong("reading").because(error))?;
        times.retain(|time| now < *time + within(limit));
        Ok((times, Some(entry.version)))
    }

    /// Adds a run, unless the entry has changed.
    async fn counted(&self, limit: &Limit, key: &str, mut times: Times, version: Option<&str>) -> Result<bool, Error> {
        let now = self.clock.now();
        // The clock of another process may be ahead of this one's.
        times.insert(times.partition_point(|time| *time <= now), now);
        let value = serde_json::to_string(&times).map_err(|error| wrong("writing").because(error))?;
        let when = version.map_or(When::Absent, When::Unchanged);
        let put = self.dispatcher.store.put(key, &value, Some(now + within(limit)), when, now).await?;
        Ok(put == Put::Stored)
    }
}

/// Returns when there may be another run, if no more are allowed now.
fn full(limit: &Limit, times: &[Timestamp], now: Timestamp) -> Option<Timestamp> {
    let over = times.len().checked_sub(usize::from(limit.count))?;
    Some(*times.get(over).unwrap_or(&now) + within(limit))
}

const fn within(limit: &Limit) -> Duration {
    Duration::from_secs(limit.within as u64)
}

fn wrong(doing: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("{doing} how often a command was run"))
}
