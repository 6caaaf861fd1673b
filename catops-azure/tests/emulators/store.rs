//! The store keeps the rules that every adapter's store keeps, and those that Table storage brings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use catops_azure::store::{MAX_SWEEP, TableStore};
use catops_core::audit::{Outcome, Record};
use catops_core::client::Patience;
use catops_core::conformance::store::Bench;
use catops_core::store::{Claimed, MAX_KEY, MAX_LIST, MAX_VALUE, Put, Store, When};
use catops_core::{ErrorKind, JobId, Timestamp};
use tokio::sync::OnceCell;

use crate::azurite::{name, table_host};
use crate::lossy::Lossy;
use crate::table::Table;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A table; each handle on it has connections of its own, as another process has.
struct Tables {
    table: OnceCell<Table>,
}

impl Tables {
    const fn new() -> Self {
        Self { table: OnceCell::const_new() }
    }

    async fn handle(&self) -> Arc<dyn Store> {
        Arc::new(self.table.get_or_init(Table::new).await.store())
    }
}

#[async_trait]
impl Bench for Tables {
    async fn store(&self) -> Arc<dyn Store> {
        self.handle().await
    }

    async fn other(&self) -> Arc<dyn Store> {
        self.handle().await
    }
}

catops_core::store_conformance!(Tables::new());

pub(crate) fn record(job: &str, ended: Timestamp) -> Record {
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

async fn value(store: &TableStore, key: &str) -> Option<String> {
    store.get(key, NOW).await.unwrap().map(|entry| entry.value)
}

/// What the documentation of the table says.
#[tokio::test]
async fn rows_are_as_documented() {
    let table = Table::new().await;
    let store = table.store();
    let expires = Timestamp::from_millis(1_800_000_000_001);
    store.put("state/x/k", "v", Some(expires), When::Always, NOW).await.unwrap();
    store.put("state/x/l", "", None, When::Always, NOW).await.unwrap();
    store.append(&record("j", NOW)).await.unwrap();
    let rows = table.rows().await;
    let [audit, with_end, without] = &rows[..] else { panic!("{rows:?}") };

    assert_eq!(audit["PartitionKey"], "catops");
    let row_key = audit["RowKey"].as_str().unwrap();
    assert!(row_key.starts_with("audit-98199999999999-"), "{row_key}");
    assert!(audit["v0"].as_str().unwrap().contains("restart") && audit.get("expires").is_none(), "{audit}");

    assert_eq!(
        (&with_end["PartitionKey"], &with_end["RowKey"]),
        (&"catops".into(), &"entry-73746174652f782f6b".into())
    );
    assert_eq!((&with_end["key"], &with_end["v0"]), (&"state/x/k".into(), &"v".into()));
    let version = with_end["version"].as_str().unwrap();
    assert!(version.len() == 24 && version.bytes().all(|byte| byte.is_ascii_hexdigit()), "{version}");
    assert_eq!((&with_end["expires"], &with_end["expires@odata.type"]), (&"1800000000001".into(), &"Edm.Int64".into()));
    assert_eq!((&without["key"], &without["v0"], without.get("expires")), (&"state/x/l".into(), &"".into(), None));
}

#[tokio::test]
async fn a_table_is_created_once() {
    let table = Table::new().await;
    table.store().put("k", "v", None, When::Always, NOW).await.unwrap();
    table.store().create().await.unwrap();
    assert_eq!(value(&table.store(), "k").await.as_deref(), Some("v"), "what was there stays");
}

/// The most pieces, letters of each length where they are cut, and what JSON has to escape.
#[tokio::test]
async fn large_values_come_back() {
    let table = Table::new().await;
    let store = table.store();
    for letter in ["v", "ü", "貓", "🐈", "\"", "\u{1}"] {
        // Azurite, unlike the service, counts what JSON makes of a value: six bytes for a control character.
        let size = if letter == "\u{1}" { MAX_VALUE / 2 } else { MAX_VALUE };
        let large = format!("a{}", letter.repeat((size - 1) / letter.len()));
        store.put(letter, &large, None, When::Always, NOW).await.unwrap();
        assert!(value(&store, letter).await.is_some_and(|value| value == large), "{letter:?}");
        store.put(letter, "short", None, When::Always, NOW).await.unwrap();
        assert_eq!(value(&store, letter).await.as_deref(), Some("short"), "nothing of the long value stays");
    }
}

#[tokio::test]
async fn long_keys_are_their_own_and_in_order() {
    let table = Table::new().await;
    let store = table.store();
    let mut keys: Vec<String> = ["a", "b", "c"].map(|end| format!("{}{end}", "k".repeat(MAX_KEY - 1))).to_vec();
    keys.extend([100, 101, 80, 81].map(|length| "k".repeat(length)));
    keys.push("ü".repeat(MAX_KEY / 2));
    for key in &keys {
        assert_eq!(store.put(key, key, None, When::Absent, NOW).await.unwrap(), Put::Stored);
        assert_eq!(store.put(key, "other", None, When::Absent, NOW).await.unwrap(), Put::Conflict);
    }
    let listed = async |prefix: &str| {
        let mut expected: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        expected.sort();
        let found = store.list(prefix, NOW).await.unwrap();
        assert!(found.iter().all(|(key, entry)| *key == entry.value));
        assert_eq!(found.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), expected);
    };
    listed("").await;
    listed("k").await;
    listed(&"k".repeat(101)).await;
    listed(&"k".repeat(MAX_KEY - 1)).await;
}

#[tokio::test]
async fn a_put_whose_answer_is_lost_is_one_put() {
    let table = Table::new().await;
    let lossy = Lossy::new(table_host());
    let store = table.store_at(&lossy.host());
    for times in 1..=2 {
        let key = format!("k{times}");
        let before = lossy.passed("POST");
        lossy.lose(times, "POST");
        assert_eq!(store.put(&key, "1", None, When::Absent, NOW).await.unwrap(), Put::Stored);
        assert_eq!(lossy.passed("POST") - before, times + 1, "it was sent again");
        let version = store.get(&key, NOW).await.unwrap().unwrap().version;
        let before = lossy.passed("PUT");
        lossy.lose(times, "PUT");
        assert_eq!(store.put(&key, "2", None, When::Unchanged(&version), NOW).await.unwrap(), Put::Stored);
        assert_eq!(lossy.passed("PUT") - before, times + 1, "it was sent again");
        assert_eq!(value(&store, &key).await.as_deref(), Some("2"));
        // What another wrote stays a conflict, also the second time it is asked.
        assert_eq!(store.put(&key, "3", None, When::Unchanged(&version), NOW).await.unwrap(), Put::Conflict);
        lossy.lose(times, "POST");
        assert_eq!(store.put(&key, "3", None, When::Absent, NOW).await.unwrap(), Put::Conflict);
        assert_eq!(value(&store, &key).await.as_deref(), Some("2"));
    }
}

/// An expired entry is replaced, not inserted: that too is known again.
#[tokio::test]
async fn a_put_over_an_expired_entry_whose_answer_is_lost_is_one_put() {
    let table = Table::new().await;
    let lossy = Lossy::new(table_host());
    let store = table.store_at(&lossy.host());
    store.put("k", "old", Some(NOW), When::Always, NOW).await.unwrap();
    let before = lossy.passed("PUT");
    lossy.lose(2, "PUT");
    assert_eq!(store.put("k", "new", None, When::Absent, NOW).await.unwrap(), Put::Stored);
    assert_eq!(lossy.passed("PUT") - before, 3);
    assert_eq!(value(&store, "k").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn of_two_whose_answers_are_lost_one_claims() {
    let table = Table::new().await;
    let proxies = [Lossy::new(table_host()), Lossy::new(table_host())];
    let stores = [table.store_at(&proxies[0].host()), table.store_at(&proxies[1].host())];
    let until = NOW + Duration::from_secs(60);
    for round in 0..10 {
        let id = JobId::of(&["two", &round.to_string()]);
        for lossy in &proxies {
            lossy.lose(1, "POST");
        }
        let (one, two) = tokio::join!(stores[0].claim(&id, until, NOW), stores[1].claim(&id, until, NOW));
        let claimed = [one.unwrap(), two.unwrap()];
        assert!(claimed.contains(&Claimed::New) && claimed.contains(&Claimed::Running(until)), "{claimed:?}");
    }
}

/// Of 16 at the same moment that find an expired entry, one replaces it.
#[tokio::test]
async fn one_of_many_replaces_an_expired_entry() {
    let table = Table::new().await;
    let store = Arc::new(table.store());
    for round in 0..5 {
        let key = format!("k{round}");
        store.put(&key, "old", Some(NOW), When::Always, NOW).await.unwrap();
        let mut tasks = Vec::new();
        for taker in 0..16 {
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
async fn a_job_whose_end_is_sent_twice_ends_once() {
    let table = Table::new().await;
    let lossy = Lossy::new(table_host());
    let store = table.store_at(&lossy.host());
    let record = record("j", NOW);
    store.claim(&record.job, NOW + Duration::from_secs(60), NOW).await.unwrap();
    lossy.lose(2, "BATCH");
    store.finish(&record, NOW).await.unwrap();
    assert_eq!(lossy.passed("BATCH"), 3);
    assert_eq!(store.claim(&record.job, NOW, NOW).await.unwrap(), Claimed::Finished);
    lossy.lose(1, "PUT");
    store.append(&record).await.unwrap();
    assert_eq!(store.records(10).await.unwrap(), [record.clone(), record], "one of each call");
}

#[tokio::test]
async fn a_delete_whose_answer_is_lost_is_one_delete() {
    let table = Table::new().await;
    let lossy = Lossy::new(table_host());
    let store = table.store_at(&lossy.host());
    for lost in ["PUT", "DELETE"] {
        store.put("k", "1", None, When::Always, NOW).await.unwrap();
        let version = store.get("k", NOW).await.unwrap().unwrap().version;
        let before = lossy.passed(lost);
        lossy.lose(2, lost);
        assert_eq!(store.delete("k", When::Unchanged(&version), NOW).await.unwrap(), Put::Stored, "{lost}");
        assert_eq!(lossy.passed(lost) - before, 3, "{lost}");
        assert_eq!(table.rows().await.len(), 0, "nothing stays behind");
        let again = store.delete("k", When::Unchanged(&version), NOW).await.unwrap();
        assert_eq!(again, Put::Conflict, "another delete is another");
    }
}

#[tokio::test]
async fn of_two_deletes_one_wins() {
    let table = Table::new().await;
    let stores = [table.store(), table.store()];
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

/// More than a page has, which is 1,000 rows, and more than a list has.
#[tokio::test]
async fn a_list_has_an_end_and_may_have_no_prefix() {
    let table = Table::new().await;
    let store = Arc::new(table.store());
    let mut tasks = Vec::new();
    for tens in 0..=MAX_LIST / 10 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            for ones in 0..10 {
                // The first pages are of what has expired.
                let (key, ends) = (format!("{tens:04}{ones}"), Some(NOW));
                store.put(&format!("a{key}"), "v", ends, When::Always, NOW).await.unwrap();
                store.put(&format!("b{key}"), "v", None, When::Always, NOW).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    store.append(&record("not an entry", NOW)).await.unwrap();
    let found = store.list("", NOW).await.unwrap();
    assert_eq!((found.len(), found[0].0.as_str(), found[MAX_LIST - 1].0.as_str()), (MAX_LIST, "b00000", "b00999"));
}

/// More than an answer may have, which is 8 MiB.
#[tokio::test]
async fn large_entries_are_listed_a_few_at_a_time() {
    let table = Table::new().await;
    let store = table.store();
    let large = "v".repeat(MAX_VALUE);
    let keys: Vec<String> = (0..40).map(|at| format!("large/{at:02}")).collect();
    for key in &keys {
        store.put(key, &large, None, When::Always, NOW).await.unwrap();
    }
    let found = store.list("large/", NOW).await.unwrap();
    assert!(found.iter().all(|(_, entry)| entry.value == large));
    assert_eq!(found.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), keys);
}

#[tokio::test]
async fn records_are_read_page_by_page() {
    let table = Table::new().await;
    let store = Arc::new(table.store());
    let mut tasks = Vec::new();
    for hundreds in 0..11_u64 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            for at in hundreds * 100..hundreds * 100 + 100 {
                store.append(&record(&at.to_string(), NOW + Duration::from_secs(at))).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let jobs: Vec<JobId> = (50..1100).rev().map(|at: u64| JobId::of(&[&at.to_string()])).collect();
    let found = store.records(1050).await.unwrap();
    assert_eq!(found.into_iter().map(|record| record.job).collect::<Vec<_>>(), jobs);
    assert_eq!(store.records(9999).await.unwrap().len(), 1100);
    assert_eq!(store.records(0).await.unwrap(), []);
}

#[tokio::test]
async fn a_sweep_removes_what_has_expired_and_nothing_else() {
    let table = Table::new().await;
    let store = table.store();
    store.append(&record("j", NOW)).await.unwrap();
    for (key, millis) in [("gone", -1), ("at the moment", 0), ("later", 1)] {
        let at = Timestamp::from_millis(NOW.as_millis().checked_add_signed(millis).unwrap());
        store.put(key, "v", Some(at), When::Always, NOW).await.unwrap();
    }
    store.put("for ever", "v", None, When::Always, NOW).await.unwrap();
    assert_eq!(store.sweep(NOW).await.unwrap(), 2);
    let keys: Vec<_> = table.rows().await.iter().filter_map(|row| row["key"].as_str().map(str::to_owned)).collect();
    assert_eq!(keys, ["for ever", "later"]);
    assert_eq!(store.sweep(NOW).await.unwrap(), 0);
    assert_eq!(store.records(9).await.unwrap().len(), 1, "the audit stays");
}

/// Another writer comes between the query and the look at the row, or between the look and the removal.
#[tokio::test]
async fn a_sweep_leaves_what_is_written_anew() {
    for (count, action) in [(1, "GET"), (0, "DELETE")] {
        let table = Table::new().await;
        table.store().put("k", "old", Some(NOW), When::Always, NOW).await.unwrap();
        let lossy = Lossy::new(table_host());
        let writer = table.store();
        lossy.after(count, action, move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(writer.put("k", "new", None, When::Absent, NOW)).unwrap();
        });
        assert_eq!(table.store_at(&lossy.host()).sweep(NOW).await.unwrap(), 0, "{action}");
        assert_eq!(value(&table.store(), "k").await.as_deref(), Some("new"), "{action}");
    }
}

#[tokio::test]
async fn a_sweep_has_an_end_and_the_next_goes_on() {
    let table = Table::new().await;
    let store = Arc::new(table.store());
    let mut tasks = Vec::new();
    for tens in 0..=MAX_SWEEP / 10 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            for ones in 0..10 {
                store.put(&format!("{tens}/{ones}"), "v", Some(NOW), When::Always, NOW).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.sweep(NOW).await.unwrap(), MAX_SWEEP);
    assert_eq!(table.rows().await.len(), 10);
    assert_eq!(store.sweep(NOW).await.unwrap(), 10);
}

/// Keys that cannot be there are not: no store says more.
#[tokio::test]
async fn keys_over_the_limit_are_absent() {
    let table = Table::new().await;
    let store = table.store();
    for key in [String::new(), "k".repeat(2000)] {
        assert_eq!(store.get(&key, NOW).await.unwrap(), None);
        assert_eq!(store.delete(&key, When::Always, NOW).await.unwrap(), Put::Stored);
        assert_eq!(store.delete(&key, When::Unchanged("v"), NOW).await.unwrap(), Put::Conflict);
    }
    assert_eq!(store.delete("none", When::Absent, NOW).await.unwrap(), Put::Stored);
    store.put("k", "v", None, When::Always, NOW).await.unwrap();
    assert_eq!(store.delete("k", When::Absent, NOW).await.unwrap(), Put::Conflict);
}

/// Checks that each call fails with this kind and a text that has all of `words`.
async fn fails(store: &TableStore, kind: ErrorKind, words: &[&str]) {
    let record = record("j", NOW);
    let failures = [
        store.get("k", NOW).await.map(drop),
        store.put("k", "secret", None, When::Always, NOW).await.map(drop),
        store.put("k", "secret", None, When::Absent, NOW).await.map(drop),
        store.put("k", "secret", None, When::Unchanged("v"), NOW).await.map(drop),
        store.delete("k", When::Always, NOW).await.map(drop),
        store.delete("k", When::Unchanged("v"), NOW).await.map(drop),
        store.list("k", NOW).await.map(drop),
        store.append(&record).await,
        store.records(1).await.map(drop),
        store.claim(&record.job, NOW, NOW).await.map(drop),
        store.finish(&record, NOW).await,
        store.sweep(NOW).await.map(drop),
    ];
    for (at, failure) in failures.into_iter().enumerate() {
        let error = failure.expect_err(&format!("call {at} must fail"));
        assert_eq!(error.kind(), kind, "{at}: {}", error.chain());
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{at}: {}", error.chain());
        assert!(!error.chain().contains("secret"), "{}", error.chain());
    }
}

#[tokio::test]
async fn a_missing_table_is_named() {
    let table = Table { name: name() };
    fails(&table.store(), ErrorKind::Config, &[table_host(), "has no table", &table.name, "CATOPS_STORE"]).await;
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let total = Duration::from_millis(200);
    let store = Table { name: name() }.store_at(&nobody).with_patience(Patience { total, ..Patience::default() });
    let started = Instant::now();
    fails(&store, ErrorKind::Unavailable, &["connecting to", &nobody]).await;
    assert!(started.elapsed() < total * 12 + Duration::from_secs(2), "{:?}", started.elapsed());
}
