//! Microsoft's own client for Python reads what we write, and writes what we read.

use std::process::{Command, Stdio};

use catops_azure::queue::StorageQueueInvoker;
use catops_core::Timestamp;
use catops_core::conformance::invoker::sealed;
use catops_core::invoker::Invoker;
use catops_core::store::{MAX_VALUE, Store, When};
use serde_json::{Value, json};

use crate::azurite::{queue_host, storage, table_host, with_key};
use crate::queue::Queue;
use crate::store::record;
use crate::table::Table;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Runs a step of `client.py` and returns what it wrote.
fn ask(step: &str, of: &str, with: &Value) -> Value {
    let python = std::env::var("CATOPS_AZURE_PYTHON").unwrap_or_default();
    assert!(
        !python.is_empty(),
        "CATOPS_AZURE_PYTHON is not set: it is a Python with the PyPI packages azure-storage-queue 12.18.1 and \
         azure-data-tables 12.7.0, and this test needs it"
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/emulators/client.py");
    let mut command = Command::new(python);
    command.arg(script).arg(with_key(queue_host(), table_host())).args([step, of]).arg(with.to_string());
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{step}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns a signature that is good for queues and tables, for an hour.
pub(crate) fn sas() -> String {
    ask("sas", "", &Value::Null).as_str().unwrap().to_owned()
}

#[tokio::test]
async fn it_reads_our_message() {
    let queue = Queue::new().await;
    let job = sealed("ping “ü” 🐈");
    StorageQueueInvoker::new(storage(), &queue.name).invoke(&job).await.unwrap();
    assert_eq!(ask("receive", &queue.name, &Value::Null), json!([job.as_str()]));
}

#[tokio::test]
async fn we_read_its_message() {
    let queue = Queue::new().await;
    ask("send", &queue.name, &json!("ping “ü” 🐈"));
    assert_eq!(queue.texts().await, ["ping “ü” 🐈"]);
}

#[tokio::test]
async fn it_reads_our_rows() {
    let table = Table::new().await;
    let store = table.store();
    let large = "ü".repeat(MAX_VALUE / 2);
    store.put("state/x/ü", &large, Some(NOW), When::Absent, NOW).await.unwrap();
    let version = store.get("state/x/ü", Timestamp::default()).await.unwrap().unwrap().version;
    let finished = record("j", NOW);
    store.finish(&finished, NOW).await.unwrap();
    let rows = ask("rows", &table.name, &Value::Null);
    let [audit, claim, state] = &rows.as_array().unwrap()[..] else { panic!("{rows}") };
    assert_eq!(serde_json::from_str::<Value>(audit["v0"].as_str().unwrap()).unwrap(), json!(finished));
    assert_eq!(claim["key"], format!("job/{}", finished.job));
    assert_eq!(
        (&state["key"], &state["version"], &state["expires"]),
        (&json!("state/x/ü"), &json!(version), &json!(NOW.as_millis()),)
    );
    let pieces: String = (0..4).map(|at| state[format!("v{at}")].as_str().unwrap()).collect();
    assert!(pieces == large && state.get("v4").is_none());
}

#[tokio::test]
async fn we_read_its_row() {
    let table = Table::new().await;
    let row = json!({
        "PartitionKey": "catops", "RowKey": "entry-6b", "key": "k", "version": "by hand", "v0": "one ", "v1": "two",
        "expires": NOW.as_millis(), "more": true,
    });
    ask("write", &table.name, &row);
    let store = table.store();
    let before = Timestamp::from_millis(NOW.as_millis() - 1);
    let entry = store.get("k", before).await.unwrap().unwrap();
    assert_eq!((entry.value.as_str(), entry.version.as_str(), entry.expires), ("one two", "by hand", Some(NOW)));
    assert_eq!(store.get("k", NOW).await.unwrap(), None);
    assert_eq!(store.sweep(NOW).await.unwrap(), 1);
}
