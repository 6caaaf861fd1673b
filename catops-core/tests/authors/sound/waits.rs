//! What waits before it runs.

use catops_core::{Context, Reply, Result, command};

/// Restart a service.
#[command(
    requires = "restart",
    plan = restart::plan,
    approve = "role:leads",
    n = 2,
    exclusive = "dry_zones",
    ephemeral,
    repeatable
)]
async fn restart<'a>(
    service: String,
    ctx: &'a Context,
    #[arg(long)] dry_zones: Option<String>,
    now: bool,
    #[arg(long, secret)] token: Option<String>,
    #[arg(long)] zones: Vec<u8>,
) -> Result<Reply> {
    Ok(Reply::to_channel(format!("{service} {dry_zones:?} {now} {token:?} {zones:?} {}", ctx.actor())))
}

mod restart {
    use catops_core::{Context, Result};

    pub(super) async fn plan(
        service: String,
        _ctx: &Context,
        zone: Option<String>,
        now: bool,
        _token: Option<String>,
        zones: Vec<u8>,
    ) -> Result<String> {
        Ok(format!("{service} {zone:?} {now} {zones:?}"))
    }
}

/// Deploy a version.
#[command(approve = "role:everybody", exclusive = "deploys", plan = what)]
fn deploy(version: String) -> String {
    version
}

fn what(version: String) -> &'static str {
    if version.is_empty() { "nothing" } else { "all" }
}

/// Clean up.
#[command(schedule = "0 3 * * *", exclusive = "clean-up")]
fn clean_up() {}

/// Drain zones, one lock for each.
#[command(exclusive = "zones", group = "waits")]
fn drain(zones: Vec<String>) {
    drop(zones);
}

/// Use a key, whose lock shows nothing of it.
#[command(exclusive = "key", group = "waits")]
fn turn(#[arg(secret)] key: String) {
    drop(key);
}
