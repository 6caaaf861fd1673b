use catops_core::command;

/// Was once a command.
#[command]
fn old() {}
