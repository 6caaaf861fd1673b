//! What is talked about by other means than a line: buttons, forms, steps that follow, progress.

use std::str::FromStr;
use std::time::Duration;

use catops_core::{Context, Reply, Result, command};

/// Offer buttons.
#[command]
fn offer(mark: String) -> Reply {
    Reply::to_channel(format!("what shall become of {mark}?"))
        .button("Say it", format!("say {mark} pressed {mark}"))
        .button("Guarded", format!("guarded {mark}"))
        .button("Nothing", "nothing")
}

/// Be followed by others.
#[command(
    next = ["say {mark} followed", "guarded {mark}", "say {other} never"],
    on_failure = ["say {mark} cleared"]
)]
fn chain(mark: String, #[arg(long)] other: Option<String>, broken: bool) -> Result<String> {
    if broken {
        Err(std::io::Error::other(format!("{mark} broke, and so did {other:?}")))?;
    }
    Ok("chained".to_owned())
}

/// A place to be, which only the completer knows all of.
#[derive(Debug)]
enum Place {
    EuWest,
    UsEast,
    UsWest,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "eu-west" => Ok(Self::EuWest),
            "us-east" => Ok(Self::UsEast),
            "us-west" => Ok(Self::UsWest),
            _ => Err("there is no such place"),
        }
    }
}

async fn places(_: &Context, _typed: &str) -> Vec<String> {
    ["eu-west", "us-east", "us-west"].map(str::to_owned).to_vec()
}

/// Be filled in.
#[command]
fn fill(
    /// Where
    #[arg(complete = places)]
    zone: Place,
    /// What to leave behind
    #[arg(long)]
    mark: String,
    /// How many
    #[arg(long, default_value = 1)]
    count: u8,
    /// The words
    #[arg(rest)]
    words: String,
) -> Result<String> {
    crate::mark(&mark)?;
    Ok(format!("filled: {zone:?} {count} [{words}]"))
}

/// Climb for three seconds, and show each step.
#[command]
async fn climb(ctx: &Context, mark: String) -> Result<&'static str> {
    crate::mark(&mark)?;
    for step in 1..=30 {
        ctx.progress(step, 30, "climbing").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok("the top")
}
