#![cfg(unix)]
//! Machines.

use catops_core::command;

/// Lists machines.
#[command]
fn machines() -> String {
    super::_shared()
}
