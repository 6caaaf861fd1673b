//! The store keeps the rules that every adapter's store keeps, and those that DynamoDB brings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use catops_aws::store::DynamoStore;
use catops_core::audit::{Outcome, Record};
use catops_core::client::Patience;
use catops_core::conformance::store::Bench;
use catops_core::store::{Claimed, MAX_LIST, Put, Store, When};
use catops_core::{ErrorKind, JobId, Timestamp};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::dynamo::{Table, name};
use crate::emulator::Emulator;
use crate::lossy::Lossy;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A table; each handle on it has connections of its own, as another process has.
struct Dynamo {
    emulator: Emulator,
    table: OnceCell<Table>,
}

impl Dynamo {
    const fn new(emulator: Emulator) -> Self {
        Self { emulator, table: OnceCell::const_new() }
    }

    async fn handle(&self) -> Arc<dyn Store> {
        Arc::new(self.table.get_or_init(|| Table::new(self.emulator)).await.store())
    }
}

#[async_trait]
impl Bench for Dynamo {
    async fn store(&self) -> Arc<dyn Store> {
        self.handle().await
    }

    async fn other(&self) -> Arc<dyn Store> {
        self.handle().await
    }
}

mod ministack {
    use super::{Dynamo, Emulator};
    catops_core::store_conformance!(Dynamo::new(Emulator::MiniStack));
}

mod moto {
    use super::{Dynamo, Emulator};
    catops_core::store_conformance!(Dynamo::new(Emulator::Moto));
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

async fn value(store: &DynamoStore, key: &str) -> Option<String> {
    store.get(key, NOW).await.unwrap().map(|entry| entry.value)
}

/// What the documentation of the table says, and the templates rely on.
async fn items_are_as_documented(emulator: Emulator) {
    let table = Table::new(emulator).await;
    let store = table.store();
    let expires = Timestamp::from_millis(1_800_000_000_001);
    store.put("state/x/k", "v", Some(expires), When::Always, NOW).await.unwrap();
    store.put("state/x/l", "", None, When::Always, NOW).await.unwrap();
    store.append(&record("j", NOW)).await.unwrap();
    let mut items = table.items().await;
    items.sort_by_key(|item| item["sk"]["S"].as_str().unwrap().to_owned());
    let [audit, with_end, without] = &items[..] else { panic!("{items:?}") };

    let version = with_end["version"]["S"].as_str().unwrap();
    assert!(version.len() == 24 && version.bytes().all(|byte| byte.is_ascii_hexdigit()), "{version}");
    let expected = json!({
        "pk": {"S": "entry"}, "sk": {"S": "state/x/k"}, "value": {"S": "v"}, "version": {"S": version},
        "expires": {"N": "1800000000001"}, "ttl": {"N": "1800000001"},
    });
    assert_eq!(*with_end, expected);
    let version = &without["version"];
    assert_eq!(
        *without,
        json!({"pk": {"S": "entry"}, "sk": {"S": "state/x/l"}, "value": {"S": ""}, "version": version})
    );
    let sk = audit["sk"]["S"].as_str().unwrap();
    assert!(sk.starts_with("01800000000000/"), "{sk}");
    assert_eq!(*audit, json!({"pk": {"S": "audit"}, "sk": {"S": sk}, "value": audit["value"]}));
}

async fn a_put_whose_answer_is_lost_is_one_put(emulator: Emulator) {
    let table = Table::new(emulator).await;
    let lossy = Lossy::new(emulator.host());
    let store = table.store_at(&lossy.host());
    for times in 1..=2 {
        let key = format!("k{times}");
        let before = lossy.passed("PutItem");
        lossy.lose(times, "PutItem");
        assert_eq!(store.put(&key, "1", None, When::Absent, NOW).await.unwrap(), Put::Stored);
        assert_eq!(lossy.passed("PutItem") - before, times + 1, "it was sent again");
        let version = store.get(&key, NOW).await.unwrap().unwrap().version;
        lossy.lose(times, "PutItem");
        assert_eq!(store.put(&key, "2", None, When::Unchanged(&version), NOW).await.unwrap(), Put::Stored);
        assert_eq!(value(&store, &key).await.as_deref(), Some("2"));
        // What another wrote stays a conflict, also the second time it is asked.
        lossy.lose(times, "PutItem");
        assert_eq!(store.put(&key, "3", None, When::Unchanged(&version), NOW).await.unwrap(), Put::Conflict);
        lossy.lose(times, "PutItem");
        assert_eq!(store.put(&key, "3", None, When::Absent, NOW).await.unwrap(), Put::Conflict);
        assert_eq!(value(&store, &key).await.as_deref(), Some("2"));
    }
}

async fn of_two_whose_answers_are_lost_one_claims(emulator: Emulator) {
    let table = Table::new(emulator).await;
    let proxies = [Lossy::new(emulator.host()), Lossy::new(emulator.host())];
    let stores = [table.store_at(&proxies[0].host()), table.store_at(&proxies[1].host())];
    let until = NOW + Duration::from_secs(60);
    for round in 0..10 {
        let id = JobId::of(&["two", &round.to_string()]);
        for lossy in &proxies {
            lossy.lose(1, "PutItem");
        }
        let (one, two) = tokio::join!(stores[0].claim(&id, until, NOW), stores[1].claim(&id, until, NOW));
        let claimed = [one.unwrap(), two.unwrap()];
        assert!(claimed.contains(&Claimed::New) && claimed.contains(&Claimed::Running(until)), "{claimed:?}");
    }
}

async fn a_job_whose_end_is_sent_twice_ends_once(emulator: Emulator) {
    let table = Table::new(emulator).await;
    let lossy = Lossy::new(emulator.host());
    let store = table.store_at(&lossy.host());
    let record = record("j", NOW);
    store.claim(&record.job, NOW + Duration::from_secs(60), NOW).await.unwrap();
    lossy.lose(2, "TransactWriteItems");
    store.finish(&record, NOW).await.unwrap();
    assert_eq!(lossy.passed("TransactWriteItems"), 3);
    assert_eq!(store.claim(&record.job, NOW, NOW).await.unwrap(), Claimed::Finished);
    lossy.lose(1, "PutItem");
    store.append(&record).await.unwrap();
    assert_eq!(store.records(10).await.unwrap(), [record.clone(), record], "one of each call");
}

/// moto does not know tokens again, so this is for MiniStack alone.
async fn a_delete_whose_answer_is_lost_is_one_delete(emulator: Emulator) {
    let table = Table::new(emulator).await;
    let lossy = Lossy::new(emulator.host());
    let store = table.store_at(&lossy.host());
    store.put("k", "1", None, When::Always, NOW).await.unwrap();
    let version = store.get("k", NOW).await.unwrap().unwrap().version;
    lossy.lose(2, "TransactWriteItems");
    assert_eq!(store.delete("k", When::Unchanged(&version), NOW).await.unwrap(), Put::Stored);
    assert_eq!(lossy.passed("TransactWriteItems"), 3);
    assert_eq!(
        store.delete("k", When::Unchanged(&version), NOW).await.unwrap(),
        Put::Conflict,
        "another delete is another"
    );
}

async fn of_two_deletes_one_wins(emulator: Emulator) {
    let table = Table::new(emulator).await;
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

/// More than a page has, which is 1 MB, and more than a list has.
async fn long_lists_are_read_page_by_page(emulator: Emulator) {
    let table = Table::new(emulator).await;
    let store = table.store();
    let large = "v".repeat(200 * 1024);
    for at in 0..8 {
        store.put(&format!("large/{at}"), &large, None, When::Always, NOW).await.unwrap();
        store
            .append(&Record { arguments: large.clone(), ..record(&at.to_string(), NOW + Duration::from_secs(at)) })
            .await
            .unwrap();
    }
    let found = store.list("large/", NOW).await.unwrap();
    assert_eq!(
        found.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        (0..8).map(|at| format!("large/{at}")).collect::<Vec<_>>()
    );
    assert!(found.iter().all(|(_, entry)| entry.value == large));
    let records = store.records(7).await.unwrap();
    let jobs: Vec<JobId> = (1..8).rev().map(|at: u64| JobId::of(&[&at.to_string()])).collect();
    assert_eq!(records.iter().map(|record| record.job.clone()).collect::<Vec<_>>(), jobs);
    assert_eq!(store.records(0).await.unwrap(), []);
}

async fn a_list_has_an_end_and_may_have_no_prefix(emulator: Emulator) {
    let table = Table::new(emulator).await;
    let store = Arc::new(table.store());
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

/// Keys that cannot be there are not: no store says more.
async fn keys_over_the_limit_are_absent(emulator: Emulator) {
    let table = Table::new(emulator).await;
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

/// Checks that each call fails with this kind and a text that has all of `words`; those that are transactions only if
/// `with_transactions` says so.
async fn fails(store: &DynamoStore, with_transactions: bool, kind: ErrorKind, words: &[&str]) {
    let record = record("j", NOW);
    let mut failures = vec![
        store.get("k", NOW).await.map(drop),
        store.put("k", "secret", None, When::Absent, NOW).await.map(drop),
        store.delete("k", When::Always, NOW).await.map(drop),
        store.list("k", NOW).await.map(drop),
        store.append(&record).await,
        store.records(1).await.map(drop),
        store.claim(&record.job, NOW, NOW).await.map(drop),
    ];
    if with_transactions {
        failures.push(store.delete("k", When::Unchanged("v"), NOW).await.map(drop));
        failures.push(store.finish(&record, NOW).await);
    }
    for (at, failure) in failures.into_iter().enumerate() {
        let error = failure.expect_err(&format!("call {at} must fail"));
        assert_eq!(error.kind(), kind, "{at}: {}", error.chain());
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{at}: {}", error.chain());
        assert!(!error.chain().contains("secret"), "{}", error.chain());
    }
}

async fn a_missing_table_is_named(emulator: Emulator) {
    let table = Table { emulator, name: name() };
    let words = [emulator.host(), "has no table", &table.name, "CATOPS_STORE"];
    // moto gives a missing table as the reason of a cancelled transaction, which DynamoDB does not.
    let with_transactions = matches!(emulator, Emulator::MiniStack);
    fails(&table.store(), with_transactions, ErrorKind::Config, &words).await;
}

async fn a_table_with_other_keys_is_named(emulator: Emulator) {
    let table = Table { emulator, name: name() };
    table.create("id", "range").await;
    // Neither emulator checks the keys of a transaction as DynamoDB does.
    fails(&table.store(), false, ErrorKind::Config, &[&table.name, "partition key pk"]).await;
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let table = Table { emulator: Emulator::MiniStack, name: name() };
    let total = Duration::from_millis(300);
    let store = table.store_at(&nobody).with_patience(Patience { total, ..Patience::default() });
    let started = Instant::now();
    fails(&store, true, ErrorKind::Unavailable, &["connecting to", &nobody]).await;
    assert!(started.elapsed() < total * 9 + Duration::from_secs(2), "{:?}", started.elapsed());
}

crate::with_emulators! {
    items_are_as_documented: MiniStack Moto;
    a_put_whose_answer_is_lost_is_one_put: MiniStack Moto;
    of_two_whose_answers_are_lost_one_claims: MiniStack Moto;
    a_job_whose_end_is_sent_twice_ends_once: MiniStack Moto;
    a_delete_whose_answer_is_lost_is_one_delete: MiniStack;
    of_two_deletes_one_wins: MiniStack Moto;
    long_lists_are_read_page_by_page: MiniStack Moto;
    a_list_has_an_end_and_may_have_no_prefix: MiniStack Moto;
    keys_over_the_limit_are_absent: MiniStack Moto;
    a_missing_table_is_named: MiniStack Moto;
    a_table_with_other_keys_is_named: MiniStack Moto;
}
