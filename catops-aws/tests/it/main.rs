//! What this crate does, as seen from outside, without AWS and without an emulator.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod invoker;
mod payloads;
mod recorded;
mod secrets;
mod service;
mod sink;
mod store;
