//! The flow suite through the local adapter's real process, and the tests that kill it.

#[path = "../common/mod.rs"]
mod common;

mod audit;
mod bench;
mod cli;
mod crash;
mod flow;
mod policy;
mod random;
mod storm;

/// Held by a test that keeps the machine busy: the others of them would miss the seconds that a chat gives.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
