//! Tables in an emulator, made and looked into without the store.

use std::sync::atomic::{AtomicU32, Ordering};

use catops_aws::service::Service;
use catops_aws::store::DynamoStore;
use serde_json::{Value, json};

use crate::emulator::{Emulator, account};

/// A table of one test's own.
pub(crate) struct Table {
    pub(crate) emulator: Emulator,
    pub(crate) name: String,
}

impl Table {
    /// Makes a table as the templates do.
    pub(crate) async fn new(emulator: Emulator) -> Self {
        let table = Self { emulator, name: name() };
        table.create("pk", "sk").await;
        table
    }

    pub(crate) async fn create(&self, partition: &str, sort: &str) {
        let create = json!({
            "TableName": self.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": partition, "AttributeType": "S"},
                {"AttributeName": sort, "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": partition, "KeyType": "HASH"},
                {"AttributeName": sort, "KeyType": "RANGE"},
            ],
        });
        let made = self.ask("CreateTable", &create).await;
        assert_eq!(made["TableDescription"]["TableStatus"], "ACTIVE", "{made}");
    }

    /// Calls DynamoDB past the store.
    pub(crate) async fn ask(&self, action: &str, request: &Value) -> Value {
        self.emulator.ask("dynamodb", &format!("DynamoDB_20120810.{action}"), request).await
    }

    /// Returns a store on the table, with connections of its own.
    pub(crate) fn store(&self) -> DynamoStore {
        self.store_at(self.emulator.host())
    }

    /// Returns a store that reaches the table through `host`.
    pub(crate) fn store_at(&self, host: &str) -> DynamoStore {
        DynamoStore::new(Service::new(account(host), "dynamodb"), &self.name)
    }

    /// Returns all items, as DynamoDB has them.
    pub(crate) async fn items(&self) -> Vec<Value> {
        let found = self.ask("Scan", &json!({"TableName": self.name, "ConsistentRead": true})).await;
        found["Items"].as_array().unwrap().clone()
    }
}

/// Returns a name for a table that no other test has.
pub(crate) fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("catops-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
