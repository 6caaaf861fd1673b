//! Who somebody is, as Slack vouches for it: a member of user groups, the owner of an address.
//!
//! `usergroups.users.list` for each group that is asked for (scope `usergroups:read`; 20 calls a minute for the whole app,
//! docs.slack.dev, "Rate limits", tier 2). Where an address is, `users.info` (`users:read` and `users:read.email`; 100 a
//! minute, tier 4), and `auth.test` for whose bot this is. What Slack says is kept for five minutes, a failure for less.

mod account;
mod kept;

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use self::account::{Own, User};
use self::kept::{Fact, Failure, HOLDS, Kept, RESTS};
use super::refusal::refusal;
use super::{Answer, Api, BUSY, settled};
use crate::client::{Client, Parcel};
use crate::error::{Error, ErrorKind};
use crate::request::Actor;
use crate::secret::Secret;
use crate::time::Timestamp;

/// The largest answer that is read, in bytes: a group of 70,000.
const MAX_ANSWER: usize = 1024 * 1024;

/// Under which it is kept whose bot this is; no group is called so.
const OWN: &str = "auth.test";

const INFO: &str = "users.info";
const MEMBERS: &str = "usergroups.users.list";

/// What is known of people, for as long as the process lives.
#[derive(Default)]
pub(super) struct People {
    kept: Kept,
    /// Held while groups are asked for, so that many commands at once do not ask for the same ones.
    asking: tokio::sync::Mutex<()>,
}

/// Whom to ask about, and how long.
struct Question<'a> {
    user: &'a str,
    /// Under which what is known of their account is kept.
    account: &'a str,
    limit: Duration,
    deadline: Instant,
    now: Timestamp,
}

/// Returns whether it can be the id of a user group of Slack's: one of another chat is not asked for.
fn is_group(id: &str) -> bool {
    id.starts_with('S') && is_id(id)
}

/// Returns whether it is an id that can stand in a form as it is; those of the console have a hyphen.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Api {
    /// Returns which of `wanted` somebody belongs to or has, within `limit`; see [`Chat::groups`](crate::chat::Chat::groups).
    pub(in crate::chat::slack) async fn groups(
        &self,
        actor: &Actor,
        wanted: &[&str],
        limit: Duration,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        if !is_id(&actor.id) {
            return Err(Error::new(ErrorKind::Invalid, "the asker has no id of Slack's"));
        }
        let People { kept, asking } = &self.people;
        let account = format!("{}/{}", actor.team, actor.id);
        let deadline = Instant::now() + limit;
        let question = Question { user: &actor.id, account: &account, limit, deadline, now };
        let mut keys: Vec<&str> = wanted.iter().copied().filter(|id| is_group(id)).collect();
        if wanted.iter().any(|id| id.contains('@')) {
            keys.extend([&account, OWN]);
        }
        let mut unknown = kept.unknown(&keys, limit, now);
        if unknown.iter().any(|key| is_group(key)) {
            let asking = timeout_at(deadline, asking.lock()).await;
            let _asking = asking.map_err(|_| late())?;
            // Whoever held it may have asked for the same.
            unknown = kept.unknown(&keys, limit, now);
            if unknown.iter().any(|key| is_group(key)) {
                self.find_out(&unknown, &question).await;
                unknown.clear();
            }
        }
        self.find_out(&unknown, &question).await;
        kept.answer(actor, wanted, &account, now)
    }

    /// Asks for all of these at once, and keeps what comes of it.
    async fn find_out(&self, keys: &[&str], question: &Question<'_>) {
        let mut asked: Vec<_> = keys.iter().map(|key| Box::pin(self.find(key, question))).collect();
        poll_fn(|context| {
            asked.retain_mut(|one| one.as_mut().poll(context).is_pending());
            if asked.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    async fn find(&self, key: &str, question: &Question<'_>) {
        let found = match timeout_at(question.deadline, self.ask(key, question)).await {
            Ok(found) => found,
            Err(_) => Err(late().into()),
        };
        self.people.kept.keep(key, found, question.limit, question.now);
    }

    async fn ask(&self, key: &str, question: &Question<'_>) -> Result<Fact, Failure> {
        let Question { user, account, deadline, .. } = *question;
        let (method, form, of) = match key {
            OWN => (OWN, String::new(), ""),
            key if key == account => (INFO, format!("user={user}"), user),
            group => (MEMBERS, format!("usergroup={group}"), group),
        };
        let told = self.tell(method, form, of, deadline).await?;
        let fact = match method {
            OWN => Own::read(&told).map(Fact::Own),
            INFO => User::read(&told["user"]).map(Fact::Account),
            _ => members(&told).map(Fact::Members),
        };
        fact.ok_or_else(|| odd(method).into())
    }

    /// Calls a method once, with a form: not each of these reads JSON. `of` is what it is about, for errors.
    async fn tell(&self, method: &str, form: String, of: &str, deadline: Instant) -> Result<Value, Failure> {
        let url = Secret::new(format!("{}{method}", self.base));
        let content_type = "application/x-www-form-urlencoded";
        let parcel = Parcel { token: Some(&self.token), url: &url, content_type, body: Bytes::from(form) };
        let limit = deadline.saturating_duration_since(Instant::now());
        let response = parcel.request(Client::shared()).max_body(MAX_ANSWER).timeout(limit).send().await?;
        let rests = response.retry_after().unwrap_or(RESTS).clamp(RESTS, HOLDS);
        let is_busy = response.status() == http::StatusCode::TOO_MANY_REQUESTS;
        let told = match is_busy {
            true => Value::Null,
            // What the parser says could quote the answer.
            false => serde_json::from_slice(&settled(method, response)?.bytes().await?).map_err(|_| odd(method))?,
        };
        if told["ok"] == true {
            return Ok(told);
        }
        let code = if is_busy { BUSY[0] } else { told["error"].as_str().unwrap_or_default() };
        if BUSY.contains(&code) {
            let said = format!("Slack wants fewer calls of `{method}` for now ({code})");
            return Err(Failure { error: Error::new(ErrorKind::Unavailable, said), rests });
        }
        Err(refusal(method, &Answer { error: code.to_owned(), ..Answer::default() }, of).into())
    }
}

/// Reads the members of a group, all of them: part of a list does not say who is not in it. Slack has no second page
/// today.
fn members(told: &Value) -> Option<Vec<String>> {
    let is_all = told["response_metadata"]["next_cursor"].as_str().is_none_or(str::is_empty);
    let users = told["users"].as_array().filter(|_| is_all)?;
    users.iter().map(|user| user.as_str().map(str::to_owned)).collect()
}

fn odd(method: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("Slack did not answer `{method}` as it should"))
}

fn late() -> Error {
    Error::new(ErrorKind::Timeout, "Slack did not tell in time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_an_id_of_slacks() {
        for (id, expected) in [
            ("S0614TZR7", true),
            ("S1", true),
            ("G1", false),
            ("80351110224678912", false),
            ("S1&x=1", false),
            ("", false),
        ] {
            assert_eq!(is_group(id), expected, "{id}");
        }
        assert!(is_id("U012AB3CD") && is_id("U-console") && !is_id("U1&user=U2") && !is_id("U1 ") && !is_id(""));
    }

    #[test]
    fn members_are_read_all_or_none() {
        let read = |json: &str| members(&serde_json::from_str(json).unwrap()).map(|users| users.join(" "));
        let some = |users: &str| Some(users.to_owned());
        assert_eq!(read(r#"{"ok":true,"users":["U060R4BJ4","W123A4BC5"]}"#), some("U060R4BJ4 W123A4BC5"));
        assert_eq!(read(r#"{"ok":true,"users":[],"response_metadata":{"next_cursor":""}}"#), some(""));
        for odd in [
            r#"{"ok":true,"users":["U1"],"response_metadata":{"next_cursor":"dGVhbTpD"}}"#,
            r#"{"ok":true,"users":["U1",2]}"#,
            r#"{"ok":true,"users":"U1"}"#,
            r#"{"ok":true,"users":null}"#,
            r#"{"ok":true}"#,
            "[]",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
