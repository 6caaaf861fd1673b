//! The documents in Firestore, past the bot.

use std::net::SocketAddr;

use catops_core::conformance::flow::{Failure, Stored};
use catops_core::job::JobId;
use http::Method;
use serde_json::{Value, json};

use crate::emulators::call;

/// Returns the record of `job`; its key is the name of its document.
pub(crate) async fn stored(at: SocketAddr, project: &str, prefix: &str, job: &JobId) -> Result<Stored, Failure> {
    let path = format!("/v1/projects/{project}/databases/(default)/documents:runQuery");
    let query = json!({"structuredQuery": {"from": [{"collectionId": format!("{prefix}-audit")}]}});
    let found = call(at, Method::POST, &path, &query).await?;
    for one in found.as_array().into_iter().flatten() {
        let text = one["document"]["fields"]["value"]["stringValue"].as_str().unwrap_or_default();
        if serde_json::from_str::<Value>(text).is_ok_and(|record| record["job"] == job.as_str()) {
            let key = one["document"]["name"].as_str().unwrap_or_default().to_owned();
            return Ok(Stored { key, text: text.to_owned() });
        }
    }
    Err(format!("there is no document of job {job}").into())
}

/// Puts a record there, or takes it away.
pub(crate) async fn tamper(at: SocketAddr, key: &str, text: Option<&str>) -> Result<(), Failure> {
    let (database, _) = key.split_once("/documents/").ok_or("it is no name of a document")?;
    let write = match text {
        Some(text) => json!({"update": {"name": key, "fields": {"value": {"stringValue": text}}}}),
        None => json!({"delete": key}),
    };
    call(at, Method::POST, &format!("/v1/{database}/documents:commit"), &json!({"writes": [write]})).await.map(drop)
}
