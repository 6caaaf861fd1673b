//! What lets us in, and what does not.

use catops_azure::queue::StorageQueueInvoker;
use catops_azure::store::TableStore;
use catops_core::store::{Store, When};
use catops_core::{ErrorKind, Timestamp};

use crate::azurite::{connection, name, queue_host, storage_of, table_host};
use crate::queue::Queue;
use crate::sdk::sas;
use crate::table::Table;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// The right length, and not the account's.
const OTHER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let connection = connection(queue_host(), table_host(), &format!("AccountKey={OTHER_KEY}"));
    let storage = storage_of(&connection);
    let queue = StorageQueueInvoker::new(storage.clone(), &Queue::new().await.name).warm().await.unwrap_err();
    let table = TableStore::new(storage, &Table::new().await.name).get("k", NOW).await.unwrap_err();
    for (error, role) in [(queue, "Storage Queue Data Contributor"), (table, "Storage Table Data Contributor")] {
        assert_eq!(error.kind(), ErrorKind::Refused, "{}", error.chain());
        assert!(error.to_string().contains(role) && !error.chain().contains("AAAA"), "{}", error.chain());
    }
}

/// A shared access signature as Microsoft's client makes it.
#[tokio::test]
async fn a_shared_access_signature_is_enough() {
    let access = format!("SharedAccessSignature={}", sas());
    let storage = storage_of(&connection(queue_host(), table_host(), &access));
    let store = TableStore::new(storage.clone(), &name());
    store.create().await.unwrap();
    store.put("k", "v", None, When::Absent, NOW).await.unwrap();
    assert_eq!(store.list("", NOW).await.unwrap().len(), 1);
    let record = crate::store::record("j", NOW);
    store.finish(&record, NOW).await.unwrap();
    assert_eq!(store.records(9).await.unwrap(), [record]);
    StorageQueueInvoker::new(storage, &Queue::new().await.name).warm().await.unwrap();
}
