//! What the asker reads when a job did not simply run.

use std::time::Duration;

use super::lock::Held;
use super::ticket::Used;
use crate::job::{Job, JobId};
use crate::policy::Limit;
use crate::reply::Reply;
use crate::request::{Actor, Press};
use crate::store::KEEP_CLAIM;
use crate::time::Timestamp;

/// How much of what others wrote is repeated in a note, in characters.
const REPEATED: usize = 120;

pub(super) fn failed(name: &str, id: &JobId) -> Reply {
    Reply::to_channel(format!("`{name}` failed. The log has the details under job `{id}`."))
}

pub(super) fn panicked(name: &str, id: &JobId) -> Reply {
    Reply::to_channel(format!("`{name}` broke down. The log has the details under job `{id}`."))
}

pub(super) fn timed_out(name: &str, after: Duration, id: &JobId) -> Reply {
    let secs = after.as_secs_f32();
    Reply::to_channel(format!(
        "`{name}` was stopped after {secs:.0} s: its time was up. Look under job `{id}` in the log."
    ))
}

pub(super) fn died(job: &Job, started: Timestamp, why: Option<&str>) -> Reply {
    let (line, id) = (line(job), &job.id);
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    Reply::to_channel(format!(
        "{line} started at {started}, and no end was recorded{why}, so I cannot say how far it got. Please look, then \
         type it again if it should run once more. Job `{id}`."
    ))
}

pub(super) fn never_started(job: &Job, why: &str) -> Reply {
    let (line, id) = (line(job), &job.id);
    Reply::to_channel(format!("{line} was never started: {why}. Nothing ran. Job `{id}`."))
}

pub(super) fn unclaimed(id: &JobId) -> Reply {
    Reply::to_asker(format!("I cannot reach my store, so nothing was run. Please try again in a moment. Job `{id}`."))
}

pub(super) fn expired(job: &Job) -> Reply {
    let (line, asked) = (line(job), job.asked);
    Reply::to_asker(format!(
        "{line} was asked for at {asked} and waited too long, so it was not run. Please type it again."
    ))
}

/// What the asker reads whose button is older than any is pressed.
pub(super) fn too_old() -> Reply {
    let days = KEEP_CLAIM.as_secs() / (24 * 60 * 60);
    Reply::to_asker(format!("This button is more than {days} days old; type the command instead."))
}

pub(super) fn missed(job: &Job) -> Reply {
    // All of the text is the command's path.
    let (command, due) = (&job.request.text, job.asked);
    Reply::to_channel(format!("`{command}` was due at {due}, but I was not called in time, so it was not run."))
}

pub(super) fn skewed() -> Reply {
    Reply::to_asker("A new version of me is just being deployed, so nothing was run. Please try again in a minute.")
}

pub(super) fn too_many_hops() -> Reply {
    Reply::to_asker("This command kept starting itself again and was stopped.")
}

/// What is said where another run holds the lock. It is to be typed again, since a button was used up by its press; a tick
/// comes again by itself, and has no asker.
pub(super) fn locked(name: &str, lock: &str, held: &Held, until: Option<Timestamp>, asker: Option<&Actor>) -> Reply {
    let Held { who, command, since, goes_on, .. } = held;
    let is_same = asker.is_some_and(|asker| who.is_same(asker));
    let (they, have) = if is_same { ("you".to_owned(), "have") } else { (name_of(who), "has") };
    let lock = bare(lock);
    let (why, when) = match until.filter(|_| *goes_on) {
        None => (format!("{they} {have} been running `{command}` since {since}"), "when it is done"),
        Some(until) => {
            let why = format!(
                "`{command}`, which {they} began at {since}, outlived its time and may be at work until {until}"
            );
            (why, "after that")
        }
    };
    let again = asker.map(|_| format!(" Please type it again {when}.")).unwrap_or_default();
    Reply::to_channel(format!("`{name}` was not run: {why}, and one run at a time holds the lock `{lock}`.{again}"))
}

/// What the asker reads who gave more values than a run takes locks.
pub(super) fn too_many_locks(param: &str, most: usize) -> Reply {
    Reply::to_asker(format!(
        "Each value of `{param}` is locked while the command runs, and one run takes at most {most} of them. Please type \
         it again with fewer."
    ))
}

/// What the asker reads who ran something too often.
pub(super) fn limited(name: &str, limit: &Limit, again: Timestamp) -> Reply {
    let limit = limit.sentence();
    Reply::to_asker(format!("`{name}` was not run: {limit}. Please type it again at {again} or later."))
}

/// What the asker reads whose run could not be counted beside all the others.
pub(super) fn too_many_at_once(name: &str) -> Reply {
    Reply::to_asker(format!(
        "`{name}` was not run: too many ask for it at once, and its runs are counted. Please type it again in a moment."
    ))
}

/// What the asker reads whose button was pressed before.
pub(super) fn used(used: &Used, asker: &Actor) -> Reply {
    let who = if used.who.is_same(asker) { "You".to_owned() } else { name_of(&used.who) };
    let at = used.at;
    Reply::to_asker(format!(
        "{who} pressed this at {at} already, and it runs once; nothing was run again. Type the command if it should run \
         once more."
    ))
}

/// What the message says that held a button.
pub(super) fn pressed(who: &Actor, press: &Press, at: Timestamp) -> String {
    let (who, label) = (name_of(who), bare(&press.label));
    let what = if label.is_empty() { "a button".to_owned() } else { format!("**{label}**") };
    format!("{who} pressed {what} at {at}")
}

/// What stands above a public reply to words that nobody saw. `arguments` are as the record has them, without secrets.
pub(super) fn ran(who: &Actor, command: &str, arguments: &str) -> String {
    let line = format!("{command} {arguments}");
    format!("{} ran `{}`", name_of(who), bare(&line))
}

/// What stands above a reply to what ran without the approval that it takes.
pub(super) fn broke_glass(who: &Actor, command: &str, arguments: &str, reason: &str) -> String {
    let (who, line, reason) = (name_of(who), bare(&format!("{command} {arguments}")), bare(reason));
    format!("**{who} broke the glass** and ran `{line}` without the approval that it takes. The reason: `{reason}`")
}

/// How somebody is called: by the name they gave themselves, without what would make a link of it; by the id where nothing
/// of that is left.
pub(super) fn name_of(who: &Actor) -> String {
    let name = bare(&who.to_string()).replace('[', "(");
    if name.is_empty() { bare(&who.id) } else { name }
}

/// Puts what others wrote into one line, short and without what light Markdown gives a meaning.
pub(super) fn bare(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "'").replace("**", "");
    match words.char_indices().nth(REPEATED) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

/// The command as it was typed, short enough to quote. Only the command's own name: arguments may be secret.
fn line(job: &Job) -> String {
    let first = job.request.text.split_whitespace().next().unwrap_or_default();
    let name: String = crate::line::plain(first).chars().filter(|c| *c != '`').take(60).collect();
    if name.is_empty() { "Your command".to_owned() } else { format!("`{name}`") }
}
