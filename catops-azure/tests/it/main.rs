//! What this crate does, as seen from outside, without Azure and without an emulator.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod bot;
mod identity;
mod invoker;
mod payloads;
mod queue;
mod recorded;
mod sink;
mod storage;
