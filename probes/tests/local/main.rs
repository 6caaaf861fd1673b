//! The flow suite through the local adapter's real process, and the tests that kill it.

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod cli;
mod crash;
mod flow;
mod policy;
mod random;
mod storm;
