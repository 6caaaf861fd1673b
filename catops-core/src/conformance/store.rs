//! The rules of [`Store`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Gap;
use crate::audit::{Approver, Chain, Link, Outcome, Record, Seen, newest, verify};
use crate::error::ErrorKind;
use crate::job::{JobId, JobKey};
use crate::request::{Actor, Channel};
use crate::secret::Secret;
use crate::store::{Claimed, MAX_KEY, MAX_VALUE, Put, Store, When};
use crate::time::Timestamp;

/// How to build a store.
#[async_trait]
pub trait Bench: Sync {
    /// Returns the store under test, empty.
    async fn store(&self) -> Arc<dyn Store>;

    /// Returns another handle on what [`Bench::store`] gave, as another process would open it.
    async fn other(&self) -> Arc<dyn Store>;

    /// Returns the rules this bench cannot support.
    fn gaps(&self) -> &[Gap] {
        &[]
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

async fn put(store: &dyn Store, key: &str, value: &str, when: When<'_>) -> Put {
    store.put(key, value, None, when, NOW).await.expect("a write works")
}

async fn value(store: &dyn Store, key: &str, now: Timestamp) -> Option<String> {
    store.get(key, now).await.expect("a read works").map(|entry| entry.value)
}

/// *Reads what was written*, by this handle and another.
pub async fn reads_what_was_written(bench: &dyn Bench) {
    let store = bench.store().await;
    let odd = "state/x/ü 🐈 '\"%_\\/#?";
    assert_eq!(value(&*store, odd, NOW).await, None);
    assert_eq!(put(&*store, odd, "one", When::Always).await, Put::Stored);
    assert_eq!(value(&*store, odd, NOW).await.as_deref(), Some("one"));
    assert_eq!(put(&*store, odd, "", When::Always).await, Put::Stored);
    let other = bench.other().await;
    assert_eq!(value(&*other, odd, NOW).await.as_deref(), Some(""));
}

/// *Expired is gone*, at the very millisecond.
pub async fn expired_is_gone(bench: &dyn Bench) {
    let store = bench.store().await;
    let at = NOW + Duration::from_secs(10);
    store.put("state/x/k", "v", Some(at), When::Always, NOW).await.expect("a write works");
    let before = Timestamp::from_millis(at.as_millis() - 1);
    assert_eq!(value(&*store, "state/x/k", before).await.as_deref(), Some("v"));
    assert_eq!(value(&*store, "state/x/k", at).await, None);
    assert!(store.list("state/x/", at).await.expect("a list works").is_empty());
}

/// *An expired entry counts as absent*.
pub async fn an_expired_entry_counts_as_absent(bench: &dyn Bench) {
    let store = bench.store().await;
    let at = NOW + Duration::from_secs(10);
    store.put("state/x/k", "old", Some(at), When::Always, NOW).await.expect("a write works");
    let version = store.get("state/x/k", NOW).await.expect("a read works").expect("it is there").version;
    let changed = store.put("state/x/k", "new", None, When::Unchanged(&version), at).await.expect("a write works");
    assert_eq!(changed, Put::Conflict, "what has expired cannot be changed");
    let created = store.put("state/x/k", "new", None, When::Absent, at).await.expect("a write works");
    assert_eq!(created, Put::Stored);
    assert_eq!(value(&*store, "state/x/k", at).await.as_deref(), Some("new"));
}

/// *Compare and set*: one writer after the other.
pub async fn compare_and_set(bench: &dyn Bench) {
    let store = bench.store().await;
    assert_eq!(put(&*store, "k", "1", When::Absent).await, Put::Stored);
    assert_eq!(put(&*store, "k", "2", When::Absent).await, Put::Conflict);
    let first = store.get("k", NOW).await.expect("a read works").expect("it is there");
    assert_eq!(first.value, "1", "a conflict changes nothing");
    assert_eq!(put(&*store, "k", "2", When::Unchanged(&first.version)).await, Put::Stored);
    assert_eq!(put(&*store, "k", "3", When::Unchanged(&first.version)).await, Put::Conflict);
    assert_eq!(put(&*store, "none", "x", When::Unchanged(&first.version)).await, Put::Conflict);
    let gone = store.delete("k", When::Unchanged(&first.version), NOW).await.expect("a delete works");
    assert_eq!(gone, Put::Conflict, "a delete compares too");
    assert_eq!(value(&*store, "k", NOW).await.as_deref(), Some("2"));
    assert_eq!(store.delete("k", When::Always, NOW).await.expect("a delete works"), Put::Stored);
    assert_eq!(store.delete("k", When::Always, NOW).await.expect("removing what is absent is fine"), Put::Stored);
}

/// A version is not reused when a key is removed and written again.
pub async fn a_version_never_comes_back(bench: &dyn Bench) {
    let store = bench.store().await;
    put(&*store, "k", "1", When::Absent).await;
    let version = store.get("k", NOW).await.expect("a read works").expect("it is there").version;
    store.delete("k", When::Always, NOW).await.expect("a delete works");
    put(&*store, "k", "1", When::Absent).await;
    assert_eq!(put(&*store, "k", "2", When::Unchanged(&version)).await, Put::Conflict);
}

/// *Compare and set*: of 16 at the same moment, through two handles, one wins, in each of 10 rounds.
pub async fn one_of_many_wins(bench: &dyn Bench) {
    let stores = [bench.store().await, bench.other().await];
    for round in 0..10 {
        let key = format!("race/{round}");
        let mut tasks = Vec::new();
        for taker in 0..16 {
            let (store, key) = (stores[taker % 2].clone(), key.clone());
            tasks.push(tokio::spawn(async move {
                put(&*store, &key, &taker.to_string(), When::Absent).await == Put::Stored
            }));
        }
        let mut winners = 0;
        for task in tasks {
            winners += u32::from(task.await.expect("no panic"));
        }
        assert_eq!(winners, 1, "round {round}");
    }
}

/// `list` gives the keys with the prefix, in order, and no others.
pub async fn lists_by_prefix_in_order(bench: &dyn Bench) {
    let store = bench.store().await;
    for key in ["state/a/2", "state/a/10", "state/a/1", "state/ab/1", "state/a", "state/a%/x", "state/b/1"] {
        put(&*store, key, key, When::Always).await;
    }
    let found = store.list("state/a/", NOW).await.expect("a list works");
    let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["state/a/1", "state/a/10", "state/a/2"]);
    assert!(found.iter().all(|(key, entry)| *key == entry.value && !entry.version.is_empty()));
}

/// Keys and values have limits: what is at the limit works, what is above it is an error.
pub async fn limits(bench: &dyn Bench) {
    let store = bench.store().await;
    let (key, large) = ("k".repeat(MAX_KEY), "v".repeat(MAX_VALUE));
    assert_eq!(put(&*store, &key, &large, When::Absent).await, Put::Stored);
    assert_eq!(value(&*store, &key, NOW).await.map(|value| value.len()), Some(MAX_VALUE));
    for (key, value) in [("k".repeat(MAX_KEY + 1), "v".to_owned()), ("k".to_owned(), "v".repeat(MAX_VALUE + 1))] {
        let error = store.put(&key, &value, None, When::Always, NOW).await.expect_err("over the limit");
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }
}

/// `claim` lets one delivery run, tells the others why not, and notices a death.
pub async fn claims(bench: &dyn Bench) {
    let (store, other) = (bench.store().await, bench.other().await);
    let id = JobId::of(&["claims"]);
    let until = NOW + Duration::from_secs(60);
    let look = async |now| store.claimed(&id, now).await.expect("a look at a claim works");
    assert_eq!(look(NOW).await, None);
    let claim = |store: Arc<dyn Store>, now| {
        let id = id.clone();
        async move { store.claim(&id, until, now).await.expect("a claim works") }
    };
    assert_eq!(claim(store.clone(), NOW).await, Claimed::New);
    assert_eq!(claim(other.clone(), NOW).await, Claimed::Running(until));
    assert_eq!(look(NOW).await, Some(Claimed::Running(until)));
    let Claimed::Died(dead) = claim(other.clone(), until).await else { panic!("its time is up") };
    assert_eq!(look(until).await, Some(Claimed::Died(dead.clone())), "to look takes nothing over");
    assert_eq!((&dead.id, dead.started), (&id, NOW));

    let later = until + Duration::from_secs(60);
    assert!(other.take_over(&dead, later, until).await.expect("a take-over works"));
    assert!(!store.take_over(&dead, later, until).await.expect("a take-over works"), "only one takes over");
    assert_eq!(claim(store.clone(), until).await, Claimed::Running(later));

    store.finish(&record(&id), until).await.expect("finishing works");
    assert_eq!(claim(other, later + Duration::from_secs(3600)).await, Claimed::Finished);
    assert_eq!(look(until).await, Some(Claimed::Finished));
}

/// A claim whose process is known to be dead can be expired at once.
pub async fn a_dead_claim_can_be_expired(bench: &dyn Bench) {
    let store = bench.store().await;
    let (id, until) = (JobId::of(&["dead"]), NOW + Duration::from_secs(900));
    store.expire_claim(&id, NOW).await.expect("there is nothing to expire yet");
    assert_eq!(store.claim(&id, until, NOW).await.expect("a claim works"), Claimed::New);
    store.expire_claim(&id, NOW).await.expect("expiring works");
    let claimed = store.claim(&id, until, NOW).await.expect("a claim works");
    assert!(matches!(claimed, Claimed::Died(_)), "{claimed:?}");
    store.finish(&record(&id), NOW).await.expect("finishing works");
    store.expire_claim(&id, NOW).await.expect("expiring works");
    assert_eq!(store.claim(&id, until, NOW).await.expect("a claim works"), Claimed::Finished, "what ended stays ended");
}

/// Records come back as they were written, the latest first, with all that they can hold and with no more than they held:
/// their seals are over every byte of it.
pub async fn records_come_back(bench: &dyn Bench) {
    let store = bench.store().await;
    let written = ["one", "two", "three"].map(|name| record(&JobId::of(&[name])));
    let written = written.into_iter().chain([full("four", 1), full("five", 16), record(&JobId::of(&["six"]))]);
    let mut written: Vec<Record> = written.collect();
    for record in &written {
        store.append(record).await.expect("a record is written");
    }
    let ended = Record { ended: NOW + Duration::from_millis(1), ..full("seven", 2) };
    store.finish(&ended, NOW).await.expect("finishing works");
    written.push(ended);
    written.reverse();
    let other = bench.other().await;
    let found = other.records(100).await.expect("records are read");
    assert_eq!(found, written);
    let text = |records: &[Record]| serde_json::to_string(records).expect("a record is written");
    assert_eq!(text(&found), text(&written));
    assert_eq!(other.records(2).await.expect("records are read"), written[..2]);
    assert!(other.records(0).await.expect("records are read").is_empty());
}

/// Records that are linked come back so that nothing seems to be missing or changed; and what is changed shows.
pub async fn linked_records_verify(bench: &dyn Bench) {
    let store = bench.store().await;
    let key = JobKey::derive([&Secret::new("of this rule".to_owned())]);
    for process in 0..3_u64 {
        let chain = Chain::default();
        for n in 0..3 {
            let ended = NOW + Duration::from_millis(process * 10 + n);
            let mut record = Record { ended, ..full(&format!("{process} {n}"), 1) };
            chain.link(&mut record, &key, &*store, Duration::from_secs(10)).await;
            store.finish(&record, ended).await.expect("finishing works");
        }
    }
    let mut found = newest(&*bench.other().await, 100).await.expect("records are read");
    let verified = verify(&found, &key);
    assert_eq!((verified.sealed, &verified.faults[..]), (9, &[][..]));
    // The first of each later process names the latest of those before it.
    let names = found.iter().map(|record| record.link.as_ref().map_or(0, |link| link.after.len()));
    assert_eq!(names.collect::<Vec<_>>(), [1, 1, 2, 1, 1, 1, 1, 1, 0]);
    found[4].arguments.push('x');
    assert_eq!(verify(&found, &key).faults.len(), 1);
}

/// A record with all that one can hold.
fn full(name: &str, others: usize) -> Record {
    let id = JobId::of(&[name]);
    let who = |id: String| Actor { id, name: "böb \"b\"".to_owned(), team: "T1".to_owned() };
    let seen = |n: usize| Seen { seal: format!("{n:064x}"), at: NOW };
    let (chain, after) = (JobId::of(&["chain"]), (0..others).map(seen).collect());
    Record {
        undelivered: Some("no connection\n\tat all".to_owned()),
        took: Some(u64::MAX),
        rule: Some("role `oncall`".to_owned()),
        plan: Some("9f".repeat(32)),
        approvers: (0..others).map(|n| Approver { who: who(format!("U{n}")), at: NOW }).collect(),
        reason: Some("it's 🔥, \u{0}\u{7f} 'x'".to_owned()),
        origin: Some(JobId::of(&["origin"])),
        text: Some("restart  api &amp; <@U1|ann> “now” 🐈".to_owned()),
        link: Some(Link { chain, seq: u64::MAX, after, seal: "0".repeat(64) }),
        ..record(&id)
    }
}

fn record(id: &JobId) -> Record {
    Record {
        job: id.clone(),
        asked: NOW,
        ended: NOW,
        actor: Actor { id: "U1".to_owned(), name: "ann".to_owned(), team: "T1".to_owned() },
        channel: Channel { id: "C1".to_owned(), name: "ops".to_owned() },
        chat: "slack".to_owned(),
        command: "restart".to_owned(),
        arguments: "api “now” 🐈".to_owned(),
        outcome: Outcome::Ran,
        undelivered: None,
        ..Record::new(JobId::of(&["x"]), Outcome::Ran, Timestamp::from_secs(0))
    }
}

/// Declares a `#[test]` for each rule of a store.
#[macro_export]
macro_rules! store_conformance {
    ($bench:expr) => {
        $crate::conformance_tests!(
            store,
            $bench,
            [
                reads_what_was_written,
                expired_is_gone,
                an_expired_entry_counts_as_absent,
                compare_and_set,
                a_version_never_comes_back,
                one_of_many_wins,
                lists_by_prefix_in_order,
                limits,
                claims,
                a_dead_claim_can_be_expired,
                records_come_back,
                linked_records_verify,
            ]
        );
    };
}
