use catops_core::{Context, UserRef, command};

/// Restart a service.
#[command(requires = "ops.restart")]
fn restart(_ctx: &Context, service_name: String, #[arg(long)] now: bool) -> String {
    format!("{service_name} {now}")
}

/// Log in.
#[command(group = "vault", requires = "vault.login", next = ["restart"])]
fn login(user: UserRef, #[arg(long, short = 't', secret)] token: String) -> String {
    format!("{user} {}", token.len())
}

/// Says that it is there.
#[command]
fn ping() {}

/// Takes the approval of a role that is not there.
#[command(approve = "role:on-call")]
fn wipe() {}
