//! The flow suite: the scenarios that every target must pass, through its real entry.
//!
//! A target supplies a [`Bench`]; [`run`] drives all rows through it, one after the other, and returns a [`Report`]. The
//! commands the rows use are those of the probe plugins, which leave a line in a file of `CATOPS_PROBE_DIR` each time
//! they run, so the suite can count runs from outside the process.

mod bench;
mod form;
mod legs;
mod people;
mod plain;
mod post;
mod press;
mod refusals;
mod report;
mod schedule;
mod state;
mod talk;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub use self::bench::{Bench, Gap, NoSecret, SCHEDULE_CHANNEL, Stage, TIME_LIMIT};
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

/// What a row of the table needs.
enum How {
    /// It is checked by this.
    Check(Check),
    /// Its feature is not built yet.
    Later(&'static str),
}

/// Makes the table: number, what the row is called, and its check.
macro_rules! rows {
    ($($number:literal $name:literal => $how:tt $(($($arg:tt)+))?;)*) => {
        vec![$(($number, $name, rows!(@ $how $(($($arg)+))?)),)*]
    };
    (@ check ($check:path)) => { How::Check(|stage| Box::pin($check(stage))) };
    (@ later ($why:literal)) => { How::Later($why) };
}

fn rows() -> Vec<(u8, &'static str, How)> {
    rows! {
        1 "public command" => check(plain::public);
        2 "ephemeral command" => check(plain::ephemeral);
        3 "unknown command" => check(plain::unknown);
        4 "help" => check(plain::help);
        5 "wrong arguments" => check(plain::wrong_arguments);
        6 "quotes, dashes, escapes, emoji" => check(plain::words);
        7 "unclosed quote" => check(plain::unclosed_quote);
        8 "fields, table, code, image, buttons" => check(plain::parts);
        9 "200 kB of output" => check(plain::flood);
        10 "a command that returns nothing" => check(plain::nothing);
        11 "slow command" => check(legs::slow);
        12 "progress" => check(legs::progress);
        13 "the chat sends the same request twice" => check(legs::sent_twice);
        14 "the queue delivers a finished job again" => check(legs::finished_again);
        15 "the queue delivers a running job again" => check(legs::running_again);
        16 "the job began and its process died" => check(legs::died);
        17 "the queue is down" => check(legs::queue_down);
        18 "the job is larger than the cap" => check(legs::too_large);
        19 "the store is down when the job is claimed" => check(legs::store_down_before);
        20 "the store goes down after the run" => check(legs::store_down_after);
        21 "error, panic, blocked thread, deadline" => check(legs::failures);
        22 "killed from outside in the second leg" => check(legs::killed);
        23 "the reply address answers 500, 429, or late" => check(legs::stubborn_address);
        24 "the reply address has expired" => check(legs::expired_address);
        25 "a job of the previous and of a newer version" => check(legs::versions);
        26 "a chain beyond the hop limit" => check(legs::hops);
        27 "50 commands at once" => check(legs::fifty);
        28 "forged or stale signature" => check(refusals::signatures);
        29 "wrong method, type, size, form" => check(refusals::malformed);
        30 "a forged or expired job at the worker's entry" => check(refusals::jobs);
        31 "a reply address on another host" => check(refusals::reply_host);
        32 "no signing secret" => check(refusals::no_secret);
        33 "a permission the asker lacks" => check(refusals::denied);
        34 "no secret in any output" => check(refusals::silence);
        35 "state across processes" => check(state::across_processes);
        36 "two takers of one lock" => check(state::one_lock);
        37 "expiry" => check(state::expiry);
        38 "a scheduled command" => check(schedule::ticks);
        39 "approval by another person" => later("approvals are not built yet");
        40 "SIGTERM during a command" => check(state::terminated);
        41 "a mention, in a channel and in a thread" => check(talk::mentions);
        42 "a message to the bot alone" => check(talk::direct);
        43 "messages that are not for the bot" => check(talk::not_for_the_bot);
        44 "one message told of again, and by two events" => check(talk::sent_again);
        45 "an event while the queue is down" => check(talk::queue_down);
        46 "a second slash command, a guest, an organisation" => check(talk::other_words);
        47 "a button" => check(press::pressed);
        48 "a button pressed twice, and by two people" => check(press::pressed_twice);
        49 "a button that the presser may not use" => check(press::denied);
        50 "a button altered, or of another bot" => check(press::forged);
        51 "the steps that follow" => check(press::next_steps);
        52 "a form for what is missing, with errors" => check(form::filled);
        53 "a form for the command itself, and words while typing" => check(form::asked_which);
        54 "a form that cannot be opened" => check(form::not_opened);
        55 "shortcuts, global and on a message" => check(form::shortcuts);
        56 "progress edits one message, once a second at most" => check(post::progress);
        57 "progress where the bot is not in the channel" => check(post::no_channel);
        58 "output too long for a message" => check(post::files);
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
    for (number, name, how) in rows() {
        if !only.is_empty() && !only.contains(&number) {
            continue;
        }
        let begun = std::time::Instant::now();
        let seen = match how {
            How::Later(why) => Seen::NotBuilt(why),
            How::Check(check) => match bench.gaps().iter().find(|gap| gap.row == number) {
                Some(gap) => Seen::Gap(gap.reason),
                None => match played(bench, number, check).await {
                    Ok(()) => Seen::Passed,
                    Err(failure) => Seen::Failed(format!("{failure:?}")),
                },
            },
        };
        report.rows.push(Row { number, name, seen, took: begun.elapsed() });
    }
    report
}
