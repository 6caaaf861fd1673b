//! The container with the probes.

fn main() -> std::process::ExitCode {
    catops_gcp::main(&catops_probes::COMMANDS)
}
