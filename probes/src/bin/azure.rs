//! The custom handler with the probes instead of the plugins.

fn main() -> std::process::ExitCode {
    catops_azure::main(&catops_probes::COMMANDS)
}
