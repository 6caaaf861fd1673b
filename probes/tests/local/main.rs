//! The flow suite through the local adapter's real process, and the crash test.

mod bench;
mod cli;
mod crash;
mod flow;
