//! Finds the commands.

fn main() {
    catops_discover::plugins();
}
