use catops_core::command;

/// As every bot knows it.
#[command]
fn break_glass() {}

/// In a group of such a name.
#[command(group = "audit")]
fn show() {}

/// With the name of a group before it, so that nobody takes it for the bot's own.
#[command(group = "deploys")]
fn history() {}
