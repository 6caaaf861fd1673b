//! What this crate does, as seen from outside, without Google Cloud and without an emulator.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod credentials;
mod drain;
mod invoker;
mod mint;
mod payloads;
mod push;
mod routes;
mod service;
mod sink;
mod stand;
mod store;
mod tokens;
