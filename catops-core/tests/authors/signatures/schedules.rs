use catops_core::{Context, command};

/// Comes with too few fields.
#[command(schedule = "0 3 * *")] //~ the schedule `0 3 * *` has 4 fields, not 5; a schedule is `minute hour day-of-month month day-of-week` in UTC, such as `30 3 * * MON-FRI`
fn short() {}

/// Comes at an hour that is none.
#[command(schedule = "0 24 * * *")] //~ the hour `24` is not from 0 to 23; a schedule is `minute hour day-of-month month day-of-week` in UTC, such as `30 3 * * MON-FRI`
fn late() {}

/// Wants an argument.
#[command(schedule = "0 3 * * *")]
fn asking(
    ctx: &Context,
    zone: String, //~ `asking` has a schedule, and nobody is there to give `zone`; make it an `Option`, or give it a default with #[arg(default_value = …)]
    #[arg(long)] count: u8, //~ `asking` has a schedule, and nobody is there to give `count`; make it an `Option`, or give it a default with #[arg(default_value = …)]
    force: bool,
) {
}

/// Hides from nobody.
#[command(ephemeral, schedule = "0 3 * * *")] //~ `hidden` has a schedule, whose replies go to a channel, and is `ephemeral`, so that only the asker sees them; remove one of the two
fn hidden() {}
