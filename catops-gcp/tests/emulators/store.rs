//! The store keeps the rules that every adapter's store keeps, and those that Firestore brings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use catops_core::audit::{Outcome, Record};
use catops_core::client::{Client, Patience};
use catops_core::conformance::store::Bench;
use catops_core::store::{Claimed, MAX_LIST, MAX_VALUE, Put, Store, When};
use catops_core::{ErrorKind, JobId, Timestamp};
use catops_gcp::credentials::Credentials;
use catops_gcp::store::FirestoreStore;
use serde_json::{Value, json};

use crate::emulator::{Emulator, name};
use crate::lossy::Lossy;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

const DOCUMENTS: &str = "projects/cats/databases/(default)/documents";

/// Collections of one test's own; each handle on them has connections of its own, as another process has.
struct Firestore {
    prefix: String,
}

impl Firestore {
    fn new() -> Self {
        Self { prefix: name() }
    }

    fn store(&self) -> FirestoreStore {
        self.store_at(Emulator::Firestore.host())
    }

    /// Returns a store that reaches the emulator through `host`.
    fn store_at(&self, host: &str) -> FirestoreStore {
        let endpoint = format!("http://{host}");
        FirestoreStore::new(Arc::new(Credentials::none()), "cats", &self.prefix, Some(endpoint))
    }

    /// Returns the documents of a collection, past the store.
    async fn documents(&self, collection: &str) -> Vec<Value> {
        let url =
            format!("{}/v1/{DOCUMENTS}/{}-{collection}?pageSize=100", Emulator::Firestore.endpoint(), self.prefix);
        let response = Client::shared().get(url).header("authorization", "Bearer owner").send().await.unwrap();
        let answer: Value = response.json().await.unwrap();
        answer["documents"].as_array().cloned().unwrap_or_default()
    }
}

#[async_trait]
impl Bench for Firestore {
    async fn store(&self) -> Arc<dyn Store> {
        Arc::new(Self::store(self))
    }

    async fn other(&self) -> Arc<dyn Store> {
        Arc::new(Self::store(self))
    }
}

mod conformance {
    catops_core::store_conformance!(super::Firestore::new());
}

fn record(job: &str, ended: Timestamp) -> Record {
    Record {
        job: JobId::of(&[job]),
        asked: NOW,
        ended,
        actor: Default::default(),
        channel: Default::default(),
        chat: "slack".to_owned(),
        command: "restart".to_owned(),
        arguments: "api".to_owned(),
        outcome: Outcome::Ran,
        undelivered: None,
        ..Record::new(JobId::of(&["x"]), Outcome::Ran, Timestamp::from_secs(0))
    }
}

async fn value(store: &FirestoreStore, key: &str) -> Option<String> {
    store.get(key, NOW).await.unwrap().map(|entry| entry.value)
}

/// What the documentation of the module says, and deployments rely on.
#[tokio::test]
async fn documents_are_as_documented() {
    let firestore = Firestore::new();
    let store = firestore.store();
    let expires = Timestamp::from_millis(1_800_000_000_001);
    store.put("state/x.y/k", "v", Some(expires), When::Always, NOW).await.unwrap();
    store.put("state/z", "", None, When::Always, NOW).await.unwrap();
    store.append(&record("j", NOW)).await.unwrap();
    let entries = firestore.documents("entries").await;
    let [with_end, without] = &entries[..] else { panic!("{entries:?}") };

    let id = |document: &Value| document["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let nonce = with_end["fields"]["nonce"]["stringValue"].as_str().unwrap();
    assert!(nonce.len() == 24 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit()), "{nonce}");
    let expected = json!({
        "value": {"stringValue": "v"}, "nonce": {"stringValue": nonce},
        "ttl": {"timestampValue": "2027-01-15T08:00:00.001Z"},
    });
    assert_eq!((id(with_end).as_str(), &with_end["fields"]), ("k-state..x.-y..k", &expected));
    let expected = json!({"value": {"stringValue": ""}, "nonce": without["fields"]["nonce"]});
    assert_eq!((id(without).as_str(), &without["fields"]), ("k-state..z", &expected));

    let audit = firestore.documents("audit").await;
    let [audit] = &audit[..] else { panic!("{audit:?}") };
    let left = u64::MAX - NOW.as_millis();
    assert!(id(audit).starts_with(&format!("{left}-")), "{}", id(audit));
    let record: Record = serde_json::from_str(audit["fields"]["value"]["stringValue"].as_str().unwrap()).unwrap();
    assert_eq!(record, self::record("j", NOW));
}

#[tokio::test]
async fn a_put_whose_answer_is_lost_is_one_put() {
    let firestore = Firestore::new();
    let lossy = Lossy::new(Emulator::Firestore.host());
    let store = firestore.store_at(&lossy.host());
    for times in 1..=2 {
        let key = format!("k{times}");
        let before = lossy.passed("commit");
        lossy.lose(times, "commit");
        assert_eq!(store.put(&key, "1", None, When::Absent, NOW).await.unwrap(), Put::Stored);
        assert_eq!(lossy.passed("commit") - before, times + 1, "it was sent again");
        let version = store.get(&key, NOW).await.unwrap().unwrap().version;
        lossy.lose(times, "commit");
        assert_eq!(store.put(&key, "2", None, When::Unchanged(&version), NOW).await.unwrap(), Put::Stored);
        assert_eq!(value(&store, &key).await.as_deref(), Some("2"));
        // What another wrote stays a conflict, also the second time it is asked.
        lossy.lose(times, "commit");
        assert_eq!(store.put(&key, "3", None, When::Unchanged(&version), NOW).await.unwrap(), Put::Conflict);
        lossy.lose(times, "commit");
        assert_eq!(store.put(&key, "3", None, When::Absent, NOW).await.unwrap(), Put::Conflict);
        assert_eq!(value(&store, &key).await.as_deref(), Some("2"));
    }
}

#[tokio::test]
async fn an_expired_entry_whose_new_answer_is_lost_is_made_once() {
    let firestore = Firestore::new();
    let lossy = Lossy::new(Emulator::Firestore.host());
    let store = firestore.store_at(&lossy.host());
    store.put("k", "old", Some(NOW), When::Always, NOW).await.unwrap();
    let before = lossy.passed("commit");
    lossy.lose_after(1, 2, "commit"); // the first is told that there is a document
    assert_eq!(store.put("k", "new", None, When::Absent, NOW).await.unwrap(), Put::Stored);
    assert_eq!(lossy.passed("commit") - before, 4);
    assert_eq!(value(&store, "k").await.as_deref(), Some("new"));
    assert_eq!(store.put("k", "newer", None, When::Absent, NOW).await.unwrap(), Put::Conflict);
}

/// Of many that find an entry expired, one makes it anew.
#[tokio::test]
async fn of_many_who_find_an_expired_entry_one_wins() {
    let firestore = Firestore::new();
    let store = Arc::new(firestore.store());
    for round in 0..5 {
        let key = format!("k{round}");
        store.put(&key, "old", Some(NOW), When::Always, NOW).await.unwrap();
        let mut tasks = Vec::new();
        for taker in 0..8 {
            let (store, key) = (Arc::clone(&store), key.clone());
            tasks.push(tokio::spawn(async move {
                store.put(&key, &taker.to_string(), None, When::Absent, NOW).await.unwrap() == Put::Stored
            }));
        }
        let mut winners = 0;
        for task in tasks {
            winners += u32::from(task.await.unwrap());
        }
        assert_eq!(winners, 1, "round {round}");
    }
}

#[tokio::test]
async fn of_two_whose_answers_are_lost_one_claims() {
    let firestore = Firestore::new();
    let proxies = [Lossy::new(Emulator::Firestore.host()), Lossy::new(Emulator::Firestore.host())];
    let stores = [firestore.store_at(&proxies[0].host()), firestore.store_at(&proxies[1].host())];
    let until = NOW + Duration::from_secs(60);
    for round in 0..10 {
        let id = JobId::of(&["two", &round.to_string()]);
        for lossy in &proxies {
            lossy.lose(1, "commit");
        }
        let (one, two) = tokio::join!(stores[0].claim(&id, until, NOW), stores[1].claim(&id, until, NOW));
        let claimed = [one.unwrap(), two.unwrap()];
        assert!(claimed.contains(&Claimed::New) && claimed.contains(&Claimed::Running(until)), "{claimed:?}");
    }
}

#[tokio::test]
async fn a_job_whose_end_is_sent_twice_ends_once() {
    let firestore = Firestore::new();
    let lossy = Lossy::new(Emulator::Firestore.host());
    let store = firestore.store_at(&lossy.host());
    let record = record("j", NOW);
    store.claim(&record.job, NOW + Duration::from_secs(60), NOW).await.unwrap();
    let before = lossy.passed("commit");
    lossy.lose(2, "commit");
    store.finish(&record, NOW).await.unwrap();
    assert_eq!(lossy.passed("commit") - before, 3);
    assert_eq!(store.claim(&record.job, NOW, NOW).await.unwrap(), Claimed::Finished);
    lossy.lose(1, "commit");
    store.append(&record).await.unwrap();
    assert_eq!(store.records(10).await.unwrap(), [record.clone(), record], "one of each call");
}

#[tokio::test]
async fn a_delete_whose_answer_is_lost_is_one_delete() {
    let firestore = Firestore::new();
    let lossy = Lossy::new(Emulator::Firestore.host());
    let store = firestore.store_at(&lossy.host());
    for times in 1..=3 {
        store.put("k", "1", None, When::Always, NOW).await.unwrap();
        let version = store.get("k", NOW).await.unwrap().unwrap().version;
        lossy.lose(times, "commit");
        assert_eq!(store.delete("k", When::Unchanged(&version), NOW).await.unwrap(), Put::Stored);
        assert!(firestore.documents("entries").await.is_empty(), "nothing is left of it");
        assert_eq!(
            store.delete("k", When::Unchanged(&version), NOW).await.unwrap(),
            Put::Conflict,
            "another delete is another"
        );
    }
}

#[tokio::test]
async fn of_two_deletes_one_wins() {
    let firestore = Firestore::new();
    let stores = [firestore.store(), firestore.store()];
    for round in 0..10 {
        let key = format!("k{round}");
        stores[0].put(&key, "1", None, When::Always, NOW).await.unwrap();
        let version = stores[0].get(&key, NOW).await.unwrap().unwrap().version;
        let when = When::Unchanged(&version);
        let (one, two) = tokio::join!(stores[0].delete(&key, when, NOW), stores[1].delete(&key, when, NOW));
        let wins = [one.unwrap(), two.unwrap()].iter().filter(|put| **put == Put::Stored).count();
        assert_eq!((wins, value(&stores[0], &key).await), (1, None), "round {round}");
    }
}

/// More than an answer has, which is 8 MiB.
#[tokio::test]
async fn long_lists_are_read_page_by_page() {
    let firestore = Firestore::new();
    let store = firestore.store();
    let large = "v".repeat(MAX_VALUE);
    for at in 0..40 {
        store.put(&format!("large/{at:02}"), &large, None, When::Always, NOW).await.unwrap();
        let record = Record { arguments: large.clone(), ..record(&at.to_string(), NOW + Duration::from_secs(at)) };
        store.append(&record).await.unwrap();
    }
    let found = store.list("large/", NOW).await.unwrap();
    assert_eq!(
        found.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        (0..40).map(|at| format!("large/{at:02}")).collect::<Vec<_>>()
    );
    assert!(found.iter().all(|(_, entry)| entry.value == large));
    let records = store.records(39).await.unwrap();
    let jobs: Vec<JobId> = (1..40).rev().map(|at: u64| JobId::of(&[&at.to_string()])).collect();
    assert_eq!(records.iter().map(|record| record.job.clone()).collect::<Vec<_>>(), jobs);
    assert_eq!(store.records(0).await.unwrap(), []);
}

#[tokio::test]
async fn a_list_has_an_end_and_may_have_no_prefix() {
    let firestore = Firestore::new();
    let store = Arc::new(firestore.store());
    let mut tasks = Vec::new();
    for tens in 0..=MAX_LIST / 10 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            for ones in 0..10 {
                store.put(&format!("{tens:04}{ones}"), "v", None, When::Always, NOW).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    store.append(&record("not an entry", NOW)).await.unwrap();
    let found = store.list("", NOW).await.unwrap();
    assert_eq!((found.len(), found[0].0.as_str(), found[MAX_LIST - 1].0.as_str()), (MAX_LIST, "00000", "00999"));
}

/// Keys with what Firestore gives a meaning to, in the order of their bytes. (It is the emulator that compares.)
#[tokio::test]
async fn odd_keys_are_listed_in_order() {
    let firestore = Firestore::new();
    let store = firestore.store();
    let keys =
        ["!", ".", "..", "./", "/", "//", "0", "__a__", "a", "a.b", "a/b", "ab", "ü", "\u{ff5e}", "🐈", "\u{10ffff}x"];
    assert!(keys.is_sorted());
    for key in keys.iter().rev() {
        assert_eq!(store.put(key, key, None, When::Absent, NOW).await.unwrap(), Put::Stored);
    }
    for prefix in keys.into_iter().chain(["", "\u{10ffff}"]) {
        let found = store.list(prefix, NOW).await.unwrap();
        let found: Vec<&str> = found.iter().map(|(key, entry)| if *key == entry.value { key } else { "?" }).collect();
        assert_eq!(found, keys.into_iter().filter(|key| key.starts_with(prefix)).collect::<Vec<_>>(), "{prefix:?}");
    }
}

/// Keys that cannot be there are not: no store says more.
#[tokio::test]
async fn keys_over_the_limit_are_absent() {
    let firestore = Firestore::new();
    let store = firestore.store();
    for key in [String::new(), "k".repeat(2000)] {
        assert_eq!(store.get(&key, NOW).await.unwrap(), None);
        assert_eq!(store.delete(&key, When::Always, NOW).await.unwrap(), Put::Stored);
        assert_eq!(store.delete(&key, When::Unchanged("v"), NOW).await.unwrap(), Put::Conflict);
    }
    let widest = "/".repeat(512);
    assert_eq!(store.put(&widest, "v", None, When::Absent, NOW).await.unwrap(), Put::Stored);
    assert_eq!(value(&store, &widest).await.as_deref(), Some("v"));
}

#[tokio::test]
async fn removing_what_must_be_absent() {
    let firestore = Firestore::new();
    let store = firestore.store();
    assert_eq!(store.delete("none", When::Absent, NOW).await.unwrap(), Put::Stored);
    store.put("k", "v", None, When::Always, NOW).await.unwrap();
    assert_eq!(store.delete("k", When::Absent, NOW).await.unwrap(), Put::Conflict);
    store.put("k", "v", Some(NOW), When::Always, NOW).await.unwrap();
    assert_eq!(store.delete("k", When::Absent, NOW).await.unwrap(), Put::Stored);
    assert!(firestore.documents("entries").await.is_empty());
}

#[tokio::test]
async fn warming_writes_nothing() {
    let firestore = Firestore::new();
    firestore.store().warm().await.unwrap();
    assert!(firestore.documents("entries").await.is_empty());
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let total = Duration::from_millis(300);
    let store = Firestore::new().store_at(&nobody).with_patience(Patience { total, ..Patience::default() });
    let version = "2026-11-23T02:11:39.152239Z";
    let record = record("j", NOW);
    let started = Instant::now();
    let failures = [
        store.get("k", NOW).await.map(drop),
        store.put("k", "secret", None, When::Absent, NOW).await.map(drop),
        store.put("k", "secret", None, When::Unchanged(version), NOW).await.map(drop),
        store.delete("k", When::Always, NOW).await.map(drop),
        store.delete("k", When::Unchanged(version), NOW).await.map(drop),
        store.list("k", NOW).await.map(drop),
        store.append(&record).await,
        store.records(1).await.map(drop),
        store.claim(&record.job, NOW, NOW).await.map(drop),
        store.finish(&record, NOW).await,
    ];
    for failure in failures {
        let error = failure.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.chain());
        assert!(error.to_string().contains(&nobody) && !error.chain().contains("secret"), "{}", error.chain());
    }
    assert!(started.elapsed() < total * 10 + Duration::from_secs(2), "{:?}", started.elapsed());
}
