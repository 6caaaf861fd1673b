//! The Lambda function with the probes instead of the plugins.

fn main() -> std::process::ExitCode {
    catops_aws::main(&catops_probes::COMMANDS)
}
