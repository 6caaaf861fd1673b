//! What runs by itself.

use catops_core::{Context, command};

/// Report on the night.
#[command(schedule = "*/30 0-6 * * MON-FRI,SUN", requires = "reports")]
async fn nightly(
    _ctx: &Context,
    #[arg(default_value = 7)] days: u8,
    #[arg(rest)] note: Option<String>,
    loud: bool,
) -> String {
    format!("{days} {note:?} {loud}")
}
