//! The container: Google Cloud and the plugins, joined.

fn main() -> std::process::ExitCode {
    catops_gcp::main(&catops_plugins::COMMANDS)
}
