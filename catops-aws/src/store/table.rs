//! The calls to one table, and what its errors mean.

use catops_core::client::Patience;
use catops_core::store::Put;
use catops_core::{Error, ErrorKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::item::{Item, Key, Number, Text};
use crate::service::{Answer, Call, Service};

const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// A table, and how much trouble a call to it takes.
#[derive(Clone)]
pub(super) struct Table {
    service: Service,
    name: String,
    patience: Patience,
}

/// What must hold for a write.
#[derive(Default)]
pub(super) struct Guard<'a> {
    pub(super) condition: Option<&'static str>,
    pub(super) values: Option<Values<'a>>,
}

/// A write in a transaction.
pub(super) enum Change<'a> {
    Put(Item<'a>),
    Delete(Key<'a>, Guard<'a>),
}

/// The values that an expression names.
#[derive(Default, Serialize)]
pub(super) struct Values<'a> {
    #[serde(rename = ":now", skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<Number>,
    #[serde(rename = ":version", skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<Text<'a>>,
    #[serde(rename = ":pk", skip_serializing_if = "Option::is_none")]
    pub(super) pk: Option<Text<'a>>,
    #[serde(rename = ":prefix", skip_serializing_if = "Option::is_none")]
    pub(super) prefix: Option<Text<'a>>,
}

/// `GetItem`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Get<'a> {
    table_name: &'a str,
    key: Key<'a>,
    consistent_read: bool,
}

#[derive(Deserialize)]
struct Got {
    #[serde(rename = "Item")]
    item: Option<Item<'static>>,
}

/// `PutItem` with an item, `DeleteItem` with a key; alone or in a transaction.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Write<'a> {
    table_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Key<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_expression: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_attribute_values: Option<Values<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_values_on_condition_check_failure: Option<&'static str>,
}

/// `TransactWriteItems`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Transact<'a> {
    transact_items: Vec<Action<'a>>,
    client_request_token: String,
}

#[derive(Serialize)]
enum Action<'a> {
    Put(Write<'a>),
    Delete(Write<'a>),
}

/// `Query`: the items of a partition in the order of their sort keys.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Query<'a> {
    table_name: &'a str,
    consistent_read: bool,
    key_condition_expression: &'static str,
    expression_attribute_values: Values<'a>,
    /// False for the last first.
    pub(super) scan_index_forward: bool,
    /// The most items of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u32>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exclusive_start_key: Option<Key<'static>>,
}

/// What a query found: at most 1 MB, and where it went on from.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    pub(super) items: Vec<Item<'static>>,
    #[serde(default)]
    pub(super) last_evaluated_key: Option<Key<'static>>,
}

#[derive(Deserialize)]
struct Done {}

impl Table {
    pub(super) const fn new(service: Service, name: String, patience: Patience) -> Self {
        Self { service, name, patience }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Reads an item, with what every finished write left.
    pub(super) async fn get(&self, key: Key<'_>) -> Result<Option<Item<'static>>, Error> {
        let get = Get { table_name: &self.name, key, consistent_read: true };
        let got: Got = self.read("GetItem", self.ask("GetItem", &get).await?)?;
        Ok(got.item)
    }

    /// Writes an item. If the guard does not hold since the item is there already, in the same version, it was a first
    /// attempt that wrote it.
    pub(super) async fn put(&self, item: Item<'_>, guard: Guard<'_>) -> Result<Put, Error> {
        let version = item.version.clone();
        let old = guard.condition.is_some().then_some("ALL_OLD");
        let put = Write { item: Some(item), return_values_on_condition_check_failure: old, ..self.write(guard) };
        let answer = self.ask("PutItem", &put).await?;
        if answer.fault().as_deref() != Some(CONDITION_FAILED) {
            return self.read("PutItem", answer).map(|Done {}| Put::Stored);
        }
        let there = serde_json::from_slice(&answer.body).ok().and_then(|got: Got| got.item?.version);
        let ours = matches!((&there, &version), (Some(there), Some(ours)) if there.as_str() == ours.as_str());
        Ok(if ours { Put::Stored } else { Put::Conflict })
    }

    /// Removes an item. A second attempt finds nothing to remove, so the guard must hold for that too.
    pub(super) async fn delete(&self, key: Key<'_>, guard: Guard<'_>) -> Result<Put, Error> {
        let delete = Write { key: Some(key), ..self.write(guard) };
        let answer = self.ask("DeleteItem", &delete).await?;
        if answer.fault().as_deref() == Some(CONDITION_FAILED) {
            return Ok(Put::Conflict);
        }
        self.read("DeleteItem", answer).map(|Done {}| Put::Stored)
    }

    /// Does all or nothing, and once for one `token`, whose life is ten minutes (API reference, "TransactWriteItems").
    pub(super) async fn transact(&self, changes: Vec<Change<'_>>, token: String) -> Result<Put, Error> {
        let action = |change| match change {
            Change::Put(item) => Action::Put(Write { item: Some(item), ..self.write(Guard::default()) }),
            Change::Delete(key, guard) => Action::Delete(Write { key: Some(key), ..self.write(guard) }),
        };
        let transact =
            Transact { transact_items: changes.into_iter().map(action).collect(), client_request_token: token };
        let answer = self.ask("TransactWriteItems", &transact).await?;
        let cancelled = answer.fault().as_deref() == Some("TransactionCanceledException");
        if cancelled && answer.cancellation_reasons().iter().any(|code| code == "ConditionalCheckFailed") {
            return Ok(Put::Conflict);
        }
        self.read("TransactWriteItems", answer).map(|Done {}| Put::Stored)
    }

    /// Begins a query for the items of `pk` whose sort key begins with `prefix`.
    pub(super) fn select<'a>(&'a self, pk: &'a str, prefix: &'a str) -> Query<'a> {
        // DynamoDB refuses an empty text as the value of a key.
        let all = prefix.is_empty();
        Query {
            table_name: &self.name,
            consistent_read: true,
            key_condition_expression: if all { "pk = :pk" } else { "pk = :pk AND begins_with(sk, :prefix)" },
            expression_attribute_values: Values {
                pk: Some(pk.into()),
                prefix: (!all).then(|| prefix.into()),
                ..Values::default()
            },
            scan_index_forward: true,
            limit: None,
            exclusive_start_key: None,
        }
    }

    pub(super) async fn query(&self, query: &Query<'_>) -> Result<Page, Error> {
        self.read("Query", self.ask("Query", query).await?)
    }

    fn write<'a>(&'a self, guard: Guard<'a>) -> Write<'a> {
        Write {
            table_name: &self.name,
            item: None,
            key: None,
            condition_expression: guard.condition,
            expression_attribute_values: guard.values,
            return_values_on_condition_check_failure: None,
        }
    }

    async fn ask(&self, action: &str, request: &impl Serialize) -> Result<Answer, Error> {
        let body = serde_json::to_vec(request)
            .map_err(|error| Error::new(ErrorKind::Invalid, format!("writing a {action}")).because(error))?;
        let target = format!("DynamoDB_20120810.{action}");
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let call = Call { method: http::Method::POST, path: "/".into(), headers: &headers, body: body.into() };
        self.service.send(&call, &self.patience).await
    }

    fn read<T: DeserializeOwned>(&self, action: &str, answer: Answer) -> Result<T, Error> {
        if !answer.status.is_success() {
            return Err(self.refusal(action, &answer));
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            // The parser's own text can quote the body; the place is enough to find the fault.
            let (line, column) = (error.line(), error.column());
            let said =
                format!("DynamoDB's answer to {action} is not of the expected form: line {line}, column {column}");
            Error::new(ErrorKind::Invalid, said)
        })
    }

    /// Says what an error means and what to do about it.
    fn refusal(&self, action: &str, answer: &Answer) -> Error {
        let (name, host) = (&self.name, self.service.host());
        let mut fault = answer.fault().unwrap_or_else(|| "an error without a name".to_owned());
        if answer.cancellation_reasons().iter().any(|code| code == "ValidationError") {
            fault = "ValidationException".to_owned(); // what a single write would have been told
        }
        match fault.as_str() {
            "ResourceNotFoundException" => {
                let said = format!("{host} has no table {name}: create it, or name another one in CATOPS_STORE");
                Error::new(ErrorKind::Config, said)
            }
            "ValidationException" => {
                let said = format!(
                    "the table {name} does not take a {action}: it needs the partition key pk and the sort key \
                     sk, both strings"
                );
                Error::new(ErrorKind::Config, said)
            }
            "AccessDeniedException" => {
                // A transaction needs the actions it is made of.
                let needed = if action == "TransactWriteItems" { "PutItem and dynamodb:DeleteItem" } else { action };
                let said = format!("the function's role may not do dynamodb:{needed} on the table {name}: allow it");
                Error::new(ErrorKind::Refused, said)
            }
            _ => {
                let status = answer.status.as_u16();
                let said = format!("{host} answered {action} on the table {name} with {status} {fault}");
                Error::new(ErrorKind::Refused, said)
            }
        }
    }
}
