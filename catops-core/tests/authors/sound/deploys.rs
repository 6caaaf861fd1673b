//! Deploys: start one,
//! look back.

use catops_core::{Choice, Context, Result, command, usage};

/// Deploy a version to a zone.
///
/// ```
/// /meow deploys start
/// ```
#[command(group, requires = "deploy", next = ["deploys history"], on_failure = ["deploys start {version} {zone} again"])]
async fn start(
    /// The version
    #[arg(complete = versions)]
    version: String,
    zone: Zone,
    #[arg(long, short = 'n', default_value = 3)] batch: u32,
    #[arg(long)] via: Option<std::net::IpAddr>,
    force: bool,
    ctx: &Context,
    #[arg(rest)] reason: String,
) -> Result<String> {
    if reason.len() < 8 {
        return Err(usage("say why, in more than a word"));
    }
    std::fs::read("plan.json")?;
    Ok(format!("{} sends {version} to {zone:?}, {batch} at a time, {via:?} {force}", ctx.actor()))
}

async fn versions(_: &Context, _: &str) -> Vec<String> {
    Vec::new()
}

#[derive(Clone, Copy, Debug, Choice)]
enum Zone {
    /// Ireland
    EuWest,
    /// Ohio
    UsEast,
}

/** Looks back.

 * one
 */
#[command(group = "deploys")]
fn history<'a>(_ctx: &'a Context, mut count: Vec<u8>) -> impl catops_core::__private::IntoReply {
    count.sort();
    format!("{count:?}")
}

/// Is a raw name.
#[catops_core::command]
pub fn r#match() {}

/// Is not built here.
#[command]
#[cfg(windows)]
fn windows() {}

#[cfg(test)]
mod tests {
    #[test]
    fn a_test() {}
}
