//! Tables in Azurite, looked into without the store.

use std::sync::Arc;

use catops_azure::storage::{Call, Service, Storage};
use catops_azure::store::TableStore;
use catops_core::client::Patience;
use http::Method;
use serde_json::Value;

use crate::azurite::{name, queue_host, storage, storage_of, with_key};

/// A table of one test's own.
pub(crate) struct Table {
    pub(crate) name: String,
}

impl Table {
    pub(crate) async fn new() -> Self {
        let table = Self { name: name() };
        table.store().create().await.unwrap();
        table
    }

    /// Returns a store on the table, with connections of its own.
    pub(crate) fn store(&self) -> TableStore {
        TableStore::new(storage(), &self.name)
    }

    /// Returns a store that reaches the table through `host`.
    pub(crate) fn store_at(&self, host: &str) -> TableStore {
        TableStore::new(storage_of(&with_key(queue_host(), host)), &self.name)
    }

    /// Returns all rows, as the service has them.
    pub(crate) async fn rows(&self) -> Vec<Value> {
        let storage: Arc<Storage> = storage();
        let call = Call {
            service: Service::Table,
            method: Method::GET,
            path: format!("/{}()", self.name).into(),
            query: &[],
            headers: &[("accept", "application/json;odata=fullmetadata")],
            body: bytes::Bytes::new(),
        };
        let answer = storage.send(&call, &Patience::default()).await.unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer.status.is_success(), "{body}");
        body["value"].as_array().unwrap().clone()
    }
}
