//! The flow suite through the local adapter's real process, and the crash test.

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod cli;
mod crash;
mod flow;
