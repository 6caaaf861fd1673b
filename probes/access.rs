//! What not everybody may run, what waits for others, and what runs one at a time. `catops.toml` has the rules.

use std::time::Duration;

use catops_core::{Reply, Result, command};

/// Move a service.
#[command(requires = "probe.move")]
fn shift(service: String, mark: String) -> Result<String> {
    crate::mark(&mark)?;
    Ok(format!("{service} was moved"))
}

/// Join those who may.
#[command(requires = "probe.join")]
fn join(mark: String) -> Result<()> {
    Ok(crate::mark(&mark)?)
}

/// Do what another has to approve.
#[command]
fn launch(
    mark: String,
    /// Why
    words: Vec<String>,
) -> Result<String> {
    crate::mark(&mark)?;
    Ok(format!("launched with {} words", words.len()))
}

/// Do what another has to approve at once.
#[command]
fn rush(mark: String) -> Result<()> {
    Ok(crate::mark(&mark)?)
}

/// Do what two others have to approve; a rule says which role they have.
#[command(approve = "role:everybody", n = 2)]
fn sell(mark: String) -> Result<&'static str> {
    crate::mark(&mark)?;
    Ok("sold")
}

/// Change a password, which another has to approve.
#[command(approve = "role:everybody")]
fn rotate(
    mark: String,
    /// What nobody may see
    #[arg(long, secret)]
    password: String,
) -> Result<String> {
    crate::mark(&format!("{mark}.{}", password.len()))?;
    Ok(format!("{mark} was rotated"))
}

/// Say how the world is, and what would change.
fn preview(mark: String) -> Result<Reply> {
    let world = std::fs::read_to_string(crate::path(&format!("{mark}.world"))?)?;
    Ok(Reply::to_channel(format!("From {world} it would become another.")))
}

/// Change the world, once its plan is confirmed.
#[command(plan = preview)]
fn resize(mark: String) -> Result<&'static str> {
    crate::mark(&mark)?;
    Ok("resized")
}

/// Change the world, once its plan is approved.
#[command(plan = preview)]
fn rebuild(mark: String) -> Result<&'static str> {
    crate::mark(&mark)?;
    Ok("rebuilt")
}

/// Hold a service until a gate is opened.
#[command(exclusive = "service")]
async fn occupy(service: String, gate: String) -> Result<String> {
    crate::mark(&format!("{gate}.begun"))?;
    let path = crate::path(&gate)?;
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(format!("{service} was held"))
}

/// Spend something, which nobody may do often.
#[command]
fn spend(mark: String) -> Result<()> {
    Ok(crate::mark(&mark)?)
}
