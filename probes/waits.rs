//! What is shown, or asked for, before it runs.

use catops_core::{Context, Result, command};

/// Replace what runs; the plan says what does.
#[command(plan = would_replace)]
async fn replace(ctx: &Context, version: String) -> Result<String> {
    let before = running(ctx).await?;
    ctx.state().set("running", &version).await?;
    Ok(format!("{version} took the place of {before}"))
}

async fn would_replace(ctx: &Context, version: String) -> Result<String> {
    Ok(format!("{version} takes the place of {}", running(ctx).await?))
}

async fn running(ctx: &Context) -> Result<String> {
    let running: Option<String> = ctx.state().get("running").await?;
    Ok(running.unwrap_or_else(|| "nothing".to_owned()))
}

/// Wipe a disk, which somebody else has to approve.
#[command(approve = "role:everybody")]
fn wipe(disk: String) -> String {
    format!("{disk} is empty")
}
