//! One run at a time: the lock that a command holds while it runs.

use serde::{Deserialize, Serialize};

use super::turn::{Call, Notes, Turn};
use super::{Dispatched, words};
use crate::audit::Outcome;
use crate::command::{Command, Run};
use crate::error::{Error, ErrorKind};
use crate::job::JobId;
use crate::policy::Given;
use crate::reply::{Audience, Reply};
use crate::request::Actor;
use crate::store::{Claimed, Put, When};
use crate::time::Timestamp;

/// How many locks one run takes at most: each costs a trip to the store before and two after the run.
const MAX_LOCKS: usize = 16;

/// The longest value that stands in a lock's name as it is, in bytes, so that its key fits into a store's.
const MAX_VALUE: usize = 128;

/// How often a lock is tried for that changes hands meanwhile.
const TRIES: usize = 4;

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lock {
    key: String,
    /// What people are told it is called.
    pub(super) name: String,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    job: JobId,
    /// Who asked for the run.
    #[serde(rename = "actor")]
    pub(super) who: Actor,
    /// The path of what runs. Not its arguments: what was whispered is told to nobody else.
    pub(super) command: String,
    /// Since when.
    pub(super) since: Timestamp,
    /// Whether its time was up, and its thread goes on: then the end of its job frees nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) goes_on: bool,
}

impl Turn<'_> {
    /// Runs the command while it holds `lock`, or says who holds it and since when.
    ///
    /// It is free again before the reply is posted, since whoever sees the reply may ask for the next run at once, and
    /// since a lock is about what runs, which is over by then. The record is written a moment later; if the process dies
    /// in between, its claim says so.
    pub(super) async fn perform_locked(&self, lock: &'static str, call: Call, notes: Notes) -> Dispatched {
        let locks = self.locks(lock, &call.command);
        if locks.len() > MAX_LOCKS {
            return self.refuse(call, Outcome::Usage, words::too_many_locks(lock, MAX_LOCKS), notes).await;
        }
        for (taken, lock) in locks.iter().enumerate() {
            let holder = match self.take(lock, &call.name).await {
                Ok(None) => continue,
                Ok(Some(holder)) => Ok(holder),
                Err(error) => Err(error),
            };
            self.release(&locks[..taken], false).await;
            return match holder {
                Ok((held, until)) => {
                    let reply = self.locked(&call, lock, &held, until);
                    self.refuse(call, Outcome::Locked, reply, notes).await
                }
                Err(error) => self.unclaimed(&error).await,
            };
        }
        let blocks = matches!(call.command.run(), Run::Blocking(_));
        let (outbox, ending) = self.run(call, notes).await;
        self.release(&locks, blocks && ending.outcome == Outcome::TimedOut).await;
        self.end(&outbox, ending).await
    }

    /// Returns the locks that a run of `command` takes, always in the same order, so that of two that want the same ones
    /// one gets them all.
    ///
    /// What differs only in case, in `_` for `-` or in spaces around it is one lock: two names may be one thing, and then to
    /// wait for nothing does less harm than to run beside another. What is long or secret is in the name as a keyed hash.
    pub(super) fn locks(&self, lock: &'static str, command: &Command) -> Vec<Lock> {
        let whole = || Lock { key: format!("lock/{lock}"), name: lock.to_owned() };
        let is_it = |name: &str| name == lock || name.replace('_', "-") == lock.replace('_', "-");
        let Some(param) = command.params().iter().find(|param| is_it(param.name())) else { return vec![whole()] };
        let app = &self.dispatcher.app;
        // It was read before; this reading puts the choices and the mentions in the way they are compared.
        let line = app.commands().line(&self.job.request.text).ok();
        let argument = line.into_iter().flat_map(|line| line.arguments).find(|argument| argument.name == param.name());
        let Some(Given::Words(values)) = argument.map(|argument| argument.given) else { return vec![whole()] };
        let mut locks: Vec<Lock> = Vec::with_capacity(values.len());
        for value in values {
            let value = value.trim().to_lowercase().replace('_', "-");
            let is_shown = !param.is_secret() && value.len() <= MAX_VALUE && !value.contains(char::is_control);
            let lock = match is_shown {
                true => Lock { key: format!("lock/{lock}/{value}"), name: format!("{lock}/{value}") },
                false => {
                    let hash = app.key().tag("lock", &value);
                    Lock { key: format!("lock/{lock}/{hash}"), name: format!("{lock}/…") }
                }
            };
            if let Err(at) = locks.binary_search(&lock) {
                locks.insert(at, lock);
            }
        }
        if locks.is_empty() { vec![whole()] } else { locks }
    }

    /// Takes a lock, or returns who holds it, and until when if nothing else ends it.
    async fn take(&self, lock: &Lock, command: &str) -> Result<Option<(Held, Option<Timestamp>)>, Error> {
        let (job, store) = (self.job, &*self.dispatcher.store);
        let wrong = |doing: &str| Error::new(ErrorKind::Invalid, format!("{doing} the lock `{}`", lock.name));
        let since = self.clock.now();
        let (who, command) = (job.request.actor.clone(), command.to_owned());
        let mine = Held { job: job.id.clone(), who, command, since, goes_on: false };
        let mine = serde_json::to_string(&mine).map_err(|error| wrong("writing").because(error))?;
        let mut version: Option<String> = None;
        for _ in 0..TRIES {
            let (now, when) = (self.clock.now(), version.as_deref().map_or(When::Absent, When::Unchanged));
            if store.put(&lock.key, &mine, Some(self.until()), when, now).await? == Put::Stored {
                return Ok(None);
            }
            let Some(entry) = store.get(&lock.key, now).await? else {
                version = None;
                continue;
            };
            let held: Held = serde_json::from_str(&entry.value).map_err(|error| wrong("reading").because(error))?;
            // The same job again: the delivery before this one died.
            let is_free = held.job == job.id || (!held.goes_on && !self.is_running(&held.job, now).await?);
            if !is_free {
                return Ok(Some((held, entry.expires)));
            }
            version = Some(entry.version);
        }
        let said = format!("the lock `{}` changed hands {TRIES} times", lock.name);
        Err(Error::new(ErrorKind::Unavailable, said))
    }

    async fn is_running(&self, job: &JobId, now: Timestamp) -> Result<bool, Error> {
        Ok(matches!(self.dispatcher.store.claimed(job, now).await?, Some(Claimed::Running(_))))
    }

    /// Frees what this job still holds. What is not freed here is so when the claim ends, or the time of the run is up.
    ///
    /// If the run `goes_on`, in a thread that nobody can stop, its locks stay, until the time is up.
    async fn release(&self, locks: &[Lock], goes_on: bool) {
        for lock in locks {
            if let Err(error) = self.let_go(lock, goes_on).await {
                tracing::error!(lock = lock.name, error = error.chain(), "a lock was not released");
            }
        }
    }

    async fn let_go(&self, lock: &Lock, goes_on: bool) -> Result<(), Error> {
        let (store, now) = (&*self.dispatcher.store, self.clock.now());
        let Some(entry) = store.get(&lock.key, now).await? else { return Ok(()) };
        let read = serde_json::from_str(&entry.value).ok();
        let Some(held) = read.filter(|held: &Held| held.job == self.job.id) else { return Ok(()) };
        let when = When::Unchanged(&entry.version);
        if goes_on {
            let value = serde_json::to_string(&Held { goes_on, ..held });
            let value = value.map_err(|error| Error::new(ErrorKind::Invalid, "writing it").because(error))?;
            return store.put(&lock.key, &value, entry.expires, when, now).await.map(|_| ());
        }
        store.delete(&lock.key, when, now).await.map(|_| ())
    }

    /// Says who holds a lock: to whoever would have seen the command's own reply.
    fn locked(&self, call: &Call, lock: &Lock, held: &Held, until: Option<Timestamp>) -> Reply {
        let asker = (!self.is_scheduled).then_some(&self.job.request.actor);
        let reply = words::locked(&call.name, &lock.name, held, until, asker);
        if call.command.is_ephemeral() { Reply { audience: Audience::Asker, ..reply } } else { reply }
    }
}
