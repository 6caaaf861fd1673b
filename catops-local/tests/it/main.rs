//! The local adapter from outside.
#![expect(clippy::unwrap_used, reason = "in the helpers of tests too")]

mod bench;
mod conformance;
mod console;
mod lock;
mod payloads;
mod people;
mod queue;
mod store;
mod worker;
