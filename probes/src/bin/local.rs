//! The local bot with the probes instead of the plugins.

fn main() -> std::process::ExitCode {
    catops_local::main(&catops_probes::COMMANDS)
}
