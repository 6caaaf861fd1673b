use catops_core::{Context, command};

/// Names what it does not take.
#[command(
    next = [
        "status",
        "logs {servce}", //~ `{servce}` is no parameter of `restart`; there is `{service}`, `{dry-zones}`
        "logs {ctx}", //~ `{ctx}` is no parameter of `restart`; there is `{service}`, `{dry-zones}`
        "logs {dry_zones} {dry-zones}",
        "logs {service", //~ `{` is never closed; `{name}` stands for what was given for the parameter `name`
    ],
    on_failure = [
        "{service}", //~ a step begins with the name of a command
        "login {token}", //~ `{token}` is secret, and everybody sees a step; leave it out
        "restart {service} {now}", //~ `{now}` is a flag, which has no words; write `--now`
    ]
)]
fn restart(ctx: &Context, service: String, now: bool, dry_zones: Vec<String>, #[arg(long, secret)] token: String) {}

/// Takes nothing.
#[command(on_failure = ["logs {service}"])] //~ `{service}` is no parameter of `status`; there is none that could be
fn status() {}
