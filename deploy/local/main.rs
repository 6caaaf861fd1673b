//! The local bot: this machine and the plugins, joined.

fn main() -> std::process::ExitCode {
    catops_local::main(&catops_plugins::COMMANDS)
}
