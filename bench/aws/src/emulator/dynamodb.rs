//! A stand-in for DynamoDB, for timing only: it keeps whole items in memory and answers in DynamoDB's form.
//!
//! It is no DynamoDB. Of a condition it looks at one thing: one that begins with `attribute_not_exists` holds for an item that
//! is absent, every other for an item that is there. It compares no values, and forgets no tokens since it keeps none. So it
//! shows nothing of whether a store is right.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

/// All items of all tables, by table and key.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<HashMap<String, Value>>);

type Items = HashMap<String, Value>;

impl Table {
    pub(super) fn answer(&self, request: &Request<Bytes>) -> Option<Response<Full<Bytes>>> {
        let target = request.headers().get("x-amz-target")?.to_str().ok()?;
        let call: Value = serde_json::from_slice(request.body()).ok()?;
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = match target.strip_prefix("DynamoDB_20120810.")? {
            "GetItem" => Ok(items.get(&key(&call, "Key")).map_or_else(|| json!({}), |item| json!({ "Item": item }))),
            "PutItem" => write(&mut items, &call, "Item"),
            "DeleteItem" => write(&mut items, &call, "Key"),
            "TransactWriteItems" => transact(&mut items, &call),
            _ => return None,
        };
        let (status, body) = match answered {
            Ok(body) => (StatusCode::OK, body),
            Err(body) => (StatusCode::BAD_REQUEST, body),
        };
        let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.0");
        response.header("x-amzn-requestid", "BENCH").body(Full::new(body.to_string().into())).ok()
    }
}

/// Puts `Item`, or deletes `Key`, if the condition holds.
fn write(items: &mut Items, call: &Value, field: &str) -> Result<Value, Value> {
    let key = key(call, field);
    if !holds(items, call, field) {
        let mut error = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed"
        });
        if let (Some(item), "ALL_OLD") = (items.get(&key), wanted(call)) {
            error["Item"] = item.clone();
        }
        return Err(error);
    }
    match field {
        "Item" => items.insert(key, call[field].clone()),
        _ => items.remove(&key),
    };
    Ok(json!({}))
}

fn transact(items: &mut Items, call: &Value) -> Result<Value, Value> {
    let mut writes = Vec::new();
    for write in call["TransactItems"].as_array().into_iter().flatten() {
        for (kind, field) in [("Put", "Item"), ("Delete", "Key"), ("ConditionCheck", "Key")] {
            if write[kind].is_object() {
                writes.push((kind, field, &write[kind]));
            }
        }
    }
    let failed: Vec<bool> = writes.iter().map(|(_, field, write)| !holds(items, write, field)).collect();
    if failed.contains(&true) {
        let codes = failed.iter().map(|failed| if *failed { "ConditionalCheckFailed" } else { "None" });
        return Err(json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message": "Transaction cancelled",
            "CancellationReasons": codes.map(|code| json!({ "Code": code })).collect::<Vec<_>>()
        }));
    }
    for (kind, field, write) in writes {
        match kind {
            "Put" => items.insert(key(write, field), write[field].clone()),
            "Delete" => items.remove(&key(write, field)),
            _ => None,
        };
    }
    Ok(json!({}))
}

fn holds(items: &Items, call: &Value, field: &str) -> bool {
    let Some(condition) = call["ConditionExpression"].as_str() else { return true };
    let is_there = items.contains_key(&key(call, field));
    condition.starts_with("attribute_not_exists") != is_there
}

fn wanted(call: &Value) -> &str {
    call["ReturnValuesOnConditionCheckFailure"].as_str().unwrap_or_default()
}

fn key(call: &Value, field: &str) -> String {
    format!("{} {} {}", call["TableName"], call[field]["pk"], call[field]["sk"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(table: &Table, action: &str, call: &Value) -> Option<StatusCode> {
        let request = Request::post("/").header("x-amz-target", format!("DynamoDB_20120810.{action}"));
        let request = request.body(Bytes::from(call.to_string())).unwrap();
        table.answer(&request).map(|response| response.status())
    }

    fn item(sk: &str) -> Value {
        json!({ "pk": { "S": "entry" }, "sk": { "S": sk } })
    }

    #[test]
    fn a_claim_is_taken_once() {
        let (table, condition) = (Table::default(), "attribute_not_exists(sk) OR expires <= :now");
        let claim = json!({ "TableName": "bench", "Item": item("job"), "ConditionExpression": condition });
        assert_eq!(send(&table, "PutItem", &claim), Some(StatusCode::OK));
        assert_eq!(send(&table, "PutItem", &claim), Some(StatusCode::BAD_REQUEST));
        let delete = json!({ "TableName": "bench", "Key": item("job"), "ConditionExpression": "version = :version" });
        assert_eq!(send(&table, "DeleteItem", &delete), Some(StatusCode::OK));
        assert_eq!(send(&table, "DeleteItem", &delete), Some(StatusCode::BAD_REQUEST));
        assert_eq!(send(&table, "PutItem", &claim), Some(StatusCode::OK));
    }

    #[test]
    fn a_transaction_writes_all_or_nothing() {
        let table = Table::default();
        let put = |sk, condition: Option<&str>| {
            let mut put = json!({ "TableName": "bench", "Item": item(sk) });
            if let Some(condition) = condition {
                put["ConditionExpression"] = condition.into();
            }
            json!({ "Put": put })
        };
        let there = "version = :version";
        let refused = json!({ "TransactItems": [put("a", None), put("b", Some(there))] });
        assert_eq!(send(&table, "TransactWriteItems", &refused), Some(StatusCode::BAD_REQUEST));
        let done = json!({ "TransactItems": [put("a", Some("attribute_not_exists(sk)")), put("b", None)] });
        assert_eq!(send(&table, "TransactWriteItems", &done), Some(StatusCode::OK));
        assert_eq!(send(&table, "TransactWriteItems", &done), Some(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn what_it_does_not_know_is_not_answered() {
        assert_eq!(send(&Table::default(), "UpdateItem", &json!({})), None);
    }
}
