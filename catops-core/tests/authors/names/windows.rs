#![cfg(windows)]
use catops_core::command;

/// For another build.
#[command]
fn apart() {}
