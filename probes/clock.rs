//! What runs by itself.

use catops_core::{Context, Result, command};

/// Chime.
///
/// Its schedule is as rare as one can be, so that no server that happens to run delivers a tick of its own.
#[command(group, schedule = "0 0 29 2 *", requires = "ops.guarded")]
async fn chime(ctx: &Context, times: Option<u8>) -> Result<String> {
    crate::mark("clock-chime")?;
    Ok(format!("{} chimes in {} {} times", ctx.actor(), ctx.channel().id, times.unwrap_or(1)))
}
