//! The Lambda function: AWS and the plugins, joined.

fn main() -> std::process::ExitCode {
    catops_aws::main(&catops_plugins::COMMANDS)
}
