//! The flow suite: the scenarios that every target must pass, through its real entry.
//!
//! A target supplies a [`Bench`]; [`run`] drives all rows through it, one after the other, and returns a [`Report`]. The
//! commands the rows use are those of the probe plugins, which leave a line in a file of `CATOPS_PROBE_DIR` each time
//! they run, so the suite can count runs from outside the process.

mod access;
mod approve;
mod audit;
mod bench;
mod form;
mod legs;
mod lock;
mod pending;
mod people;
mod plain;
mod plan;
mod post;
mod press;
mod refusals;
mod report;
mod schedule;
mod state;
mod talk;
mod words;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub use self::bench::{Bench, Gap, NoSecret, SCHEDULE_CHANNEL, Stage, Stored, TIME_LIMIT};
pub use self::report::{Report, Row, Seen};

/// Why a row failed: what was expected and what was seen.
pub struct Failure(String);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T: fmt::Display> From<T> for Failure {
    fn from(text: T) -> Self {
        Self(text.to_string())
    }
}

/// How one row went.
pub type Checked = Result<(), Failure>;

/// Fails the row unless `$holds`, with a text that says what was seen.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err($crate::conformance::flow::Failure::from(format!($($text)+)));
        }
    };
}
pub(crate) use ensure;

type Check = for<'a> fn(&'a Stage<'a>) -> Pin<Box<dyn Future<Output = Checked> + 'a>>;

/// Makes the table: number, what the row is called, and its check.
macro_rules! rows {
    ($($number:literal $name:literal => $check:path;)*) => {
        vec![$(($number, $name, (|stage| Box::pin($check(stage))) as Check),)*]
    };
}

fn rows() -> Vec<(u8, &'static str, Check)> {
    rows! {
        1 "public command" => plain::public;
        2 "ephemeral command" => plain::ephemeral;
        3 "unknown command" => plain::unknown;
        4 "help" => plain::help;
        5 "wrong arguments" => plain::wrong_arguments;
        6 "quotes, dashes, escapes, emoji" => plain::words;
        7 "unclosed quote" => plain::unclosed_quote;
        8 "fields, table, code, image, buttons" => plain::parts;
        9 "200 kB of output" => plain::flood;
        10 "a command that returns nothing" => plain::nothing;
        11 "slow command" => legs::slow;
        12 "progress" => legs::progress;
        13 "the chat sends the same request twice" => legs::sent_twice;
        14 "the queue delivers a finished job again" => legs::finished_again;
        15 "the queue delivers a running job again" => legs::running_again;
        16 "the job began and its process died" => legs::died;
        17 "the queue is down" => legs::queue_down;
        18 "the job is larger than the cap" => legs::too_large;
        19 "the store is down when the job is claimed" => legs::store_down_before;
        20 "the store goes down after the run" => legs::store_down_after;
        21 "error, panic, blocked thread, deadline" => legs::failures;
        22 "killed from outside in the second leg" => legs::killed;
        23 "the reply address answers 500, 429, or late" => legs::stubborn_address;
        24 "the reply address has expired" => legs::expired_address;
        25 "a job of the previous and of a newer version" => legs::versions;
        26 "a chain beyond the hop limit" => legs::hops;
        27 "50 commands at once" => legs::fifty;
        28 "forged or stale signature" => refusals::signatures;
        29 "wrong method, type, size, form" => refusals::malformed;
        30 "a forged or expired job at the worker's entry" => refusals::jobs;
        31 "a reply address on another host" => refusals::reply_host;
        32 "no signing secret" => refusals::no_secret;
        33 "a permission the asker lacks" => refusals::denied;
        34 "no secret in any output" => refusals::silence;
        35 "state across processes" => state::across_processes;
        36 "two takers of one lock" => state::one_lock;
        37 "expiry" => state::expiry;
        38 "a scheduled command" => schedule::ticks;
        39 "approval by another person" => approve::by_another;
        40 "SIGTERM during a command" => state::terminated;
        41 "a mention, in a channel and in a thread" => talk::mentions;
        42 "a message to the bot alone" => talk::direct;
        43 "messages that are not for the bot" => talk::not_for_the_bot;
        44 "one message told of again, and by two events" => talk::sent_again;
        45 "an event while the queue is down" => talk::queue_down;
        46 "a second slash command, a guest, an organisation" => talk::other_words;
        47 "a button" => press::pressed;
        48 "a button pressed twice, and by two people" => press::pressed_twice;
        49 "a button that the presser may not use" => press::denied;
        50 "a button altered, or of another bot" => press::forged;
        51 "the steps that follow" => press::next_steps;
        52 "a form for what is missing, with errors" => form::filled;
        53 "a form for the command itself, and words while typing" => form::asked_which;
        54 "a form that cannot be opened" => form::not_opened;
        55 "shortcuts, global and on a message" => form::shortcuts;
        56 "progress edits one message, once a second at most" => post::progress;
        57 "progress where the bot is not in the channel" => post::no_channel;
        58 "output too long for a message" => post::files;
        59 "a role allows, a rule denies, an argument decides" => access::roles;
        60 "two of many approve" => approve::two_of_many;
        61 "turned down, and taken back" => approve::turned_down;
        62 "a plan, applied and cancelled" => plan::applied;
        63 "a changed plan asks again" => plan::changed;
        64 "what waits with a secret, or too long for a button" => pending::in_the_store;
        65 "break-glass, with a reason" => pending::break_glass;
        66 "a decision altered, passed off, or of another bot" => pending::forged;
        67 "one run at a time" => lock::one_at_a_time;
        68 "a lock whose holder died" => lock::of_the_dead;
        69 "a limit per person" => lock::not_too_often;
        70 "why, and history" => words::why;
        71 "rerun, by the rules of today" => words::rerun;
        72 "the audit after a record was altered, and removed" => audit::verified;
        73 "a member of a user group" => access::group;
    }
}

/// Plays one row, in which the target may send nothing that Slack refuses, unless the row itself said so.
async fn played(bench: &dyn Bench, number: u8, check: Check) -> Checked {
    let before = bench.workspace().refusals().len();
    check(&Stage::new(bench, number)).await?;
    let refused = bench.workspace().refusals();
    if let Some(post) = refused.get(before) {
        let why = post.refusal.as_deref().unwrap_or_default();
        return Err(format!("Slack refused what was posted to {}: {why}: {}", post.path, post.all()).into());
    }
    Ok(())
}

/// Runs every row against `bench`. Set `CATOPS_FLOW_ROWS` to numbers with commas to run only those.
pub async fn run(bench: &dyn Bench) -> Report {
    let only = std::env::var("CATOPS_FLOW_ROWS").unwrap_or_default();
    let only: Vec<u8> = only.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    let mut report = Report::new(bench.target());
    people::found(bench.workspace());
    for (number, name, check) in rows() {
        if !only.is_empty() && !only.contains(&number) {
            continue;
        }
        let begun = std::time::Instant::now();
        let seen = match bench.gaps().iter().find(|gap| gap.row == number) {
            Some(gap) => Seen::Gap(gap.reason),
            None => match played(bench, number, check).await {
                Ok(()) => Seen::Passed,
                Err(failure) => Seen::Failed(format!("{failure:?}")),
            },
        };
        report.rows.push(Row { number, name, seen, took: begun.elapsed() });
    }
    report
}
