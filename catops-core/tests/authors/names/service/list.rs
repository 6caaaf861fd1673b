use catops_core::command;

/// Another one; the underscore makes no difference.
#[command(name = "Restart")]
fn other() {}

/// In a group.
#[command(group = "service")]
fn show_all() {}

/// The same.
#[command(group = "service", name = "show-all")]
fn shown() {}

/// Apart.
#[command]
#[cfg(unix)]
fn apart() {}
