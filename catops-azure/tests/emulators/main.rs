//! The adapter against Azurite, which speaks Azure Storage's protocols, and beside Microsoft's own client.
//!
//! `CATOPS_AZURITE` and `CATOPS_AZURE_PYTHON` name the programs; without them every test that needs them fails and says so.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod azurite;
mod lossy;
mod queue;
mod sdk;
mod storage;
mod store;
mod table;
