//! The rows in Table storage, past the bot.

use std::time::Duration;

use bytes::Bytes;
use catops_azure::storage::{Answer, Call, Service, Storage};
use catops_core::client::Patience;
use catops_core::conformance::flow::{Failure, Stored};
use catops_core::job::JobId;
use http::Method;
use serde_json::{Value, json};

const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    total: Duration::from_secs(10),
    pause: Duration::from_millis(50),
    longest_pause: Duration::from_millis(400),
};

/// The rows of the audit: what begins with `audit-`. `.` is the character after `-`.
const FILTER: &str = "PartitionKey eq 'catops' and RowKey ge 'audit-' and RowKey lt 'audit.'";

async fn call(
    storage: &Storage,
    method: Method,
    path: &str,
    query: &[(&str, &str)],
    body: Bytes,
) -> Result<Answer, Failure> {
    let headers = [
        ("accept", "application/json;odata=nometadata"),
        ("content-type", "application/json"),
        ("dataserviceversion", "3.0"),
        ("maxdataserviceversion", "3.0;NetFx"),
        ("if-match", "*"),
    ];
    // Only what is removed has to be there.
    let headers = if method == Method::DELETE { &headers[..] } else { &headers[..4] };
    let call = Call { service: Service::Table, method, path: path.into(), query, headers, body };
    let answer = storage.send(&call, &PATIENCE).await?;
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(format!("{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body)).into())
}

/// Returns the record of `job`, which is short enough for one property.
pub(crate) async fn stored(storage: &Storage, table: &str, job: &JobId) -> Result<Stored, Failure> {
    let answer = call(storage, Method::GET, &format!("/{table}()"), &[("$filter", FILTER)], Bytes::new()).await?;
    let rows: Value = serde_json::from_slice(&answer.body)?;
    for row in rows["value"].as_array().into_iter().flatten() {
        let text = row["v0"].as_str().unwrap_or_default();
        if serde_json::from_str::<Value>(text).is_ok_and(|record| record["job"] == job.as_str()) {
            let key = row["RowKey"].as_str().unwrap_or_default().to_owned();
            return Ok(Stored { key, text: text.to_owned() });
        }
    }
    Err(format!("the table has no record of job {job}").into())
}

/// Puts a record there, or takes it away.
pub(crate) async fn tamper(storage: &Storage, table: &str, key: &str, text: Option<&str>) -> Result<(), Failure> {
    let path = format!("/{table}(PartitionKey='catops',RowKey='{key}')");
    let (method, body) = match text {
        Some(text) => (Method::PUT, json!({"PartitionKey": "catops", "RowKey": key, "v0": text}).to_string()),
        None => (Method::DELETE, String::new()),
    };
    call(storage, method, &path, &[], body.into()).await.map(drop)
}
