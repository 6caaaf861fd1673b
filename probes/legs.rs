//! What can happen in the second leg.

use std::time::Duration;

use catops_core::{Context, Result, command};

/// How often a waiting probe looks at its gate.
const LOOK: Duration = Duration::from_millis(10);

async fn wait_for(gate: &str) -> Result<()> {
    let gate = crate::path(gate)?;
    while !gate.exists() {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Wait until a gate is opened.
#[command]
async fn wait(
    gate: String,
    /// Wait for a second instead
    briefly: bool,
) -> Result<String> {
    crate::mark(&format!("{gate}.begun"))?;
    if briefly {
        tokio::time::sleep(Duration::from_secs(1)).await;
    } else {
        wait_for(&gate).await?;
    }
    Ok("waited".to_owned())
}

/// Wait until a gate is opened; may run again.
#[command(repeatable)]
async fn wait_again(gate: String) -> Result<String> {
    crate::mark(&format!("{gate}.again"))?;
    wait_for(&gate).await?;
    Ok("waited again".to_owned())
}

/// Take twenty steps and show each.
#[command]
async fn steps(ctx: &Context) -> &'static str {
    ctx.log("twenty steps to take");
    for step in 1..=20 {
        ctx.progress(step, 20, "stepping").await;
    }
    "all steps taken"
}

/// Fail.
#[command]
fn fail() -> Result<()> {
    Err(std::io::Error::other("inner detail: the disk is full of mice"))?
}

/// Panic before the first await.
#[command]
async fn panic() {
    panic!("inner detail: {}", "at once");
}

/// Panic after an await.
#[command]
async fn panic_later() {
    tokio::time::sleep(LOOK).await;
    panic!("inner detail: later");
}

/// Panic on a thread of its own.
#[command]
fn panic_plain() {
    panic!("inner detail: plainly");
}

/// Never end.
#[command]
async fn overrun() {
    std::future::pending::<()>().await;
}

/// Hold a thread beyond the deadline.
#[command]
fn block() {
    std::thread::sleep(Duration::from_secs(6));
}

/// Hold the thread that everything else runs on, so that not even the deadline is noticed.
#[command]
async fn seize(gate: String) -> Result<()> {
    crate::mark(&format!("{gate}.begun"))?;
    std::thread::sleep(Duration::from_secs(60));
    Ok(())
}
