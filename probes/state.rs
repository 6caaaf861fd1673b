//! What lasts.

use std::time::Duration;

use catops_core::{Context, Result, command};

/// Remember a value.
#[command]
async fn remember(
    ctx: &Context,
    key: String,
    value: String,
    /// For how long
    #[arg(long)]
    seconds: Option<u64>,
) -> Result<()> {
    match seconds {
        Some(seconds) => ctx.state().set_for(&key, &value, Duration::from_secs(seconds)).await?,
        None => ctx.state().set(&key, &value).await?,
    }
    Ok(())
}

/// Recall a value.
#[command]
async fn recall(ctx: &Context, key: String) -> Result<String> {
    let value: Option<String> = ctx.state().get(&key).await?;
    Ok(value.unwrap_or_else(|| "nothing".to_owned()))
}

/// Take a lock, or learn who has it.
#[command]
async fn take(ctx: &Context, lock: String) -> Result<String> {
    let key = format!("lock/{lock}");
    if ctx.state().create(&key, &ctx.actor().id, None).await? {
        return Ok("you have it".to_owned());
    }
    let holder: Option<String> = ctx.state().get(&key).await?;
    Ok(format!("{} has it", holder.unwrap_or_default()))
}
