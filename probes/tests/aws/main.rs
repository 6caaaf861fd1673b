//! The flow suite through the Lambda function's real process, which MiniStack runs as Lambda would.
//!
//! `CATOPS_MINISTACK` names its program; `.ci/run` installs it.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/relay.rs"]
mod relay;

mod bench;
mod deaths;
mod flow;
mod ministack;
mod table;
