//! The store in the file; its rules are those of `catops_core::conformance::store`.

use std::time::Duration;

use catops_core::Timestamp;
use catops_core::store::{Put, Store, When};
use catops_local::store::SqliteStore;

use crate::bench::Folder;

const NOW: Timestamp = Timestamp::from_secs(1_795_305_600);

#[tokio::test]
async fn two_processes_share_one_file() {
    let folder = Folder::new();
    let (one, two) = (SqliteStore::new(folder.db()), SqliteStore::new(folder.db()));
    assert_eq!(one.put("k", "1", None, When::Absent, NOW).await.unwrap(), Put::Stored);
    let entry = two.get("k", NOW).await.unwrap().unwrap();
    assert_eq!(entry.value, "1");
    assert_eq!(two.put("k", "2", None, When::Unchanged(&entry.version), NOW).await.unwrap(), Put::Stored);
    assert_eq!(one.put("k", "3", None, When::Unchanged(&entry.version), NOW).await.unwrap(), Put::Conflict);
    assert_eq!(one.get("k", NOW).await.unwrap().unwrap().value, "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_in_two_processes_one_wins_each_round() {
    const WRITERS: u64 = 8;
    const EACH: u64 = 25;
    let folder = Folder::new();
    let stores = [SqliteStore::new(folder.db()), SqliteStore::new(folder.db())];
    stores[0].put("n", "0", None, When::Absent, NOW).await.unwrap();
    let writers: Vec<_> = (0..WRITERS as usize)
        .map(|writer| {
            let store = stores[writer % 2].clone();
            tokio::spawn(async move {
                for _ in 0..EACH {
                    loop {
                        let entry = store.get("n", NOW).await.unwrap().unwrap();
                        let next = (entry.value.parse::<u64>().unwrap() + 1).to_string();
                        let when = When::Unchanged(&entry.version);
                        if store.put("n", &next, None, when, NOW).await.unwrap() == Put::Stored {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(stores[0].get("n", NOW).await.unwrap().unwrap().value, (WRITERS * EACH).to_string());
}

#[tokio::test]
async fn a_version_never_comes_twice() {
    let folder = Folder::new();
    let store = SqliteStore::new(folder.db());
    store.put("k", "same", None, When::Always, NOW).await.unwrap();
    let old = store.get("k", NOW).await.unwrap().unwrap();
    store.delete("k", When::Always, NOW).await.unwrap();
    store.put("k", "same", None, When::Always, NOW).await.unwrap();
    assert_eq!(store.delete("k", When::Unchanged(&old.version), NOW).await.unwrap(), Put::Conflict);
}

#[tokio::test]
async fn the_sweep_removes_what_has_expired_and_nothing_else() {
    let folder = Folder::new();
    let db = folder.db();
    let store = SqliteStore::new(db.clone());
    let minute = Duration::from_secs(60);
    store.put("short", "1", Some(NOW + minute), When::Always, NOW).await.unwrap();
    store.put("long", "2", Some(NOW + minute * 3), When::Always, NOW).await.unwrap();
    store.put("for ever", "3", None, When::Always, NOW).await.unwrap();
    store.sweep(NOW + minute).await.unwrap();
    // Asked for the past, an entry that was only hidden would show.
    let keys: Vec<_> = store.list("", NOW).await.unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["for ever", "long"]);
}
