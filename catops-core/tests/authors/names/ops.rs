use catops_core::command;

/// One.
#[command]
fn restart() {}

/// A command of a group's name.
#[command]
fn service() {}

/// Help of one's own.
#[command]
fn help() {}

struct Ops;

impl Ops {
    /// Inside.
    #[command]
    fn up() {}
}

mod inner {
    /// Inside.
    #[command]
    fn down() {}
}

/// Takes an approval, where no file says whose.
#[command(approve = "role:leads")]
fn approved() {}
