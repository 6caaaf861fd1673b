//! What Slack said of people, for as long as it holds.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::account::{Own, User};
use super::{OWN, is_group};
use crate::error::{Error, ErrorKind};
use crate::request::Actor;
use crate::time::Timestamp;

/// How long what Slack said holds: so long somebody keeps a right who was taken out of a group.
pub(super) const HOLDS: Duration = Duration::from_secs(300);

/// How long a failure holds, so that a Slack that is down or busy is left alone; longer if it says so, up to [`HOLDS`].
pub(super) const RESTS: Duration = Duration::from_secs(15);

/// The most accounts that are kept.
const MOST: usize = 10_000;

/// What is known, by the id of a group, by the workspace and id of an account, or under [`OWN`].
///
/// It goes by the time of the request, not by a clock of the process: that of a frozen function stands still.
#[derive(Default)]
pub(super) struct Kept(Mutex<HashMap<String, Entry>>);

struct Entry {
    since: Timestamp,
    holds: Duration,
    /// How long Slack had to tell.
    limit: Duration,
    fact: Result<Fact, (ErrorKind, String)>,
}

/// What Slack said.
pub(super) enum Fact {
    Members(Vec<String>),
    Account(User),
    Own(Own),
}

/// Why nothing is known.
pub(super) struct Failure {
    pub(super) error: Error,
    /// How long it holds.
    pub(super) rests: Duration,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, rests: RESTS }
    }
}

impl Entry {
    /// A clock that was set back makes nothing hold for longer.
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.since) < self.holds && self.since.since(now) < self.holds
    }

    /// Returns whether asking again with that much time is of no use.
    fn settles(&self, limit: Duration, now: Timestamp) -> bool {
        let is_late = matches!(self.fact, Err((ErrorKind::Timeout, _)));
        self.is_fresh(now) && (!is_late || self.limit >= limit)
    }
}

impl Kept {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns those of `keys` that have to be asked for.
    pub(super) fn unknown<'a>(&self, keys: &[&'a str], limit: Duration, now: Timestamp) -> Vec<&'a str> {
        let entries = self.entries();
        let is_unknown = |key: &&str| entries.get(*key).is_none_or(|entry| !entry.settles(limit, now));
        keys.iter().copied().filter(is_unknown).collect()
    }

    /// Keeps what came of asking; a failure only where nothing better is known.
    pub(super) fn keep(&self, key: &str, found: Result<Fact, Failure>, limit: Duration, now: Timestamp) {
        let (holds, fact) = match found {
            Ok(fact) => (HOLDS, Ok(fact)),
            Err(Failure { error, rests }) => (rests, Err((error.kind(), error.chain()))),
        };
        let mut entries = self.entries();
        if fact.is_err() && entries.get(key).is_some_and(|known| known.fact.is_ok() && known.is_fresh(now)) {
            return;
        }
        if entries.len() >= MOST {
            entries.retain(|_, entry| entry.is_fresh(now));
            if entries.len() >= MOST {
                entries.retain(|key, _| key == OWN || is_group(key));
            }
        }
        entries.insert(key.to_owned(), Entry { since: now, holds, limit, fact });
    }

    /// Returns which of `wanted` the actor belongs to or has; what is not known of any is the error of all.
    pub(super) fn answer(
        &self,
        actor: &Actor,
        wanted: &[&str],
        account: &str,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let entries = self.entries();
        let known = |key: &str| match entries.get(key).filter(|entry| entry.is_fresh(now)).map(|entry| &entry.fact) {
            Some(Ok(fact)) => Ok(fact),
            Some(Err((kind, said))) => Err(Error::new(*kind, said.as_str())),
            None => Err(Error::new(ErrorKind::Unavailable, "what Slack said is not kept any more")),
        };
        let mut has = Vec::new();
        for id in wanted {
            let is_theirs = if id.contains('@') {
                match (known(account)?, known(OWN)?) {
                    (Fact::Account(user), Fact::Own(own)) => user.has(id, actor, own)?,
                    _ => false,
                }
            } else if is_group(id) {
                matches!(known(id)?, Fact::Members(members) if members.contains(&actor.id))
            } else {
                // A group of another chat.
                false
            };
            if is_theirs {
                has.push((*id).to_owned());
            }
        }
        Ok(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn members(ids: &[&str]) -> Result<Fact, Failure> {
        Ok(Fact::Members(ids.iter().map(|id| (*id).to_owned()).collect()))
    }

    fn failure(kind: ErrorKind) -> Result<Fact, Failure> {
        Err(Error::new(kind, "down").into())
    }

    fn actor() -> Actor {
        Actor { id: "U1".to_owned(), ..Actor::default() }
    }

    fn answer(kept: &Kept, wanted: &[&str], now: Timestamp) -> Result<Vec<String>, String> {
        kept.answer(&actor(), wanted, "T1/U1", now).map_err(|error| error.to_string())
    }

    #[test]
    fn what_slack_said_holds_five_minutes_and_a_failure_fifteen_seconds() {
        let kept = Kept::default();
        kept.keep("S1", members(&["U1"]), SECOND, NOW);
        kept.keep("S2", failure(ErrorKind::Unavailable), SECOND, NOW);
        let after = |secs| NOW + Duration::from_secs(secs);
        assert_eq!(kept.unknown(&["S1", "S2", "S3"], SECOND, NOW), ["S3"]);
        assert_eq!(kept.unknown(&["S1", "S2"], SECOND, after(14)), [""; 0]);
        assert_eq!(kept.unknown(&["S1", "S2"], SECOND, after(15)), ["S2"]);
        assert_eq!(kept.unknown(&["S1"], SECOND, after(299)), [""; 0]);
        assert_eq!(kept.unknown(&["S1"], SECOND, after(300)), ["S1"]);
        let set_back = Timestamp::from_secs(NOW.as_secs() - 300);
        assert_eq!(kept.unknown(&["S1"], SECOND, set_back), ["S1"], "a clock that was set back prolongs nothing");
        assert_eq!(
            answer(&kept, &["S1", "123"], NOW),
            Ok(vec!["S1".to_owned()]),
            "a group of another chat is not theirs"
        );
        assert_eq!(answer(&kept, &["S1", "S2"], NOW), Err("down".to_owned()), "one failure is the answer for all");
        assert!(answer(&kept, &["S1"], after(300)).is_err());
        assert!(answer(&kept, &["ann@example.com"], NOW).is_err());
    }

    #[test]
    fn a_failure_takes_the_place_of_nothing_that_holds() {
        let kept = Kept::default();
        kept.keep("S1", members(&["U1"]), SECOND, NOW);
        kept.keep("S1", failure(ErrorKind::Timeout), SECOND, NOW + SECOND);
        assert_eq!(answer(&kept, &["S1"], NOW + SECOND), Ok(vec!["S1".to_owned()]));
        kept.keep("S1", failure(ErrorKind::Timeout), SECOND, NOW + HOLDS);
        assert!(answer(&kept, &["S1"], NOW + HOLDS).is_err());
    }

    #[test]
    fn who_has_more_time_asks_again_after_a_time_out() {
        let kept = Kept::default();
        kept.keep("S1", failure(ErrorKind::Timeout), SECOND, NOW);
        assert_eq!(kept.unknown(&["S1"], SECOND, NOW), [""; 0]);
        assert_eq!(kept.unknown(&["S1"], SECOND * 5, NOW), ["S1"]);
        kept.keep("S1", failure(ErrorKind::Unavailable), SECOND, NOW);
        assert_eq!(kept.unknown(&["S1"], SECOND * 5, NOW), [""; 0]);
    }

    #[test]
    fn no_more_than_ten_thousand_accounts_are_kept() {
        let kept = Kept::default();
        kept.keep("S1", members(&["U1"]), SECOND, NOW);
        for n in 0..=MOST {
            kept.keep(
                &format!("T1/U{n}"),
                Ok(Fact::Account(User::read(&serde_json::json!({"id": "U1"})).unwrap())),
                SECOND,
                NOW,
            );
        }
        assert!(kept.entries().len() <= MOST);
        assert_eq!(kept.unknown(&["S1"], SECOND, NOW), [""; 0], "the groups stay");
    }
}
