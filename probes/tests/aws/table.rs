//! The table in DynamoDB, past the bot.

use catops_core::conformance::flow::{Failure, Stored};
use catops_core::job::JobId;
use serde_json::{Value, json};

use crate::ministack::MiniStack;

/// The partition of the audit.
const AUDIT: &str = "audit";

async fn call(stack: &MiniStack, action: &str, body: &Value) -> Result<Value, Failure> {
    stack.json("dynamodb", &format!("DynamoDB_20120810.{action}"), body).await
}

/// Returns the record of `job`.
pub(crate) async fn stored(stack: &MiniStack, table: &str, job: &JobId) -> Result<Stored, Failure> {
    let query = json!({
        "TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": AUDIT}},
        "ScanIndexForward": false, "ConsistentRead": true,
    });
    let page = call(stack, "Query", &query).await?;
    for item in page["Items"].as_array().into_iter().flatten() {
        let text = item["value"]["S"].as_str().unwrap_or_default();
        let record: Value = serde_json::from_str(text)?;
        if record["job"] == job.as_str() {
            let key = item["sk"]["S"].as_str().unwrap_or_default().to_owned();
            return Ok(Stored { key, text: text.to_owned() });
        }
    }
    Err(format!("the table has no record of job {job}").into())
}

/// Puts a record there, or takes it away.
pub(crate) async fn tamper(stack: &MiniStack, table: &str, key: &str, text: Option<&str>) -> Result<(), Failure> {
    let key = json!({"pk": {"S": AUDIT}, "sk": {"S": key}});
    match text {
        Some(text) => {
            let mut item = key;
            item["value"] = json!({"S": text});
            call(stack, "PutItem", &json!({"TableName": table, "Item": item})).await?;
        }
        None => {
            call(stack, "DeleteItem", &json!({"TableName": table, "Key": key})).await?;
        }
    }
    Ok(())
}
