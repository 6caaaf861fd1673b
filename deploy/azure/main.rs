//! The custom handler: Azure and the plugins, joined.

fn main() -> std::process::ExitCode {
    catops_azure::main(&catops_plugins::COMMANDS)
}
