//! The bot's own words: what every bot understands beside its commands and `help`.

mod since;
mod words;

use std::fmt;

pub use self::since::Since;
use super::list::{Commands, What, key};
use super::{Command, help, read};
use crate::job::JobId;
use crate::line::{Words, plain, split};
use crate::reply::Reply;

/// The words that no command may be called by, besides `help`.
pub const OWN: &[&str] = &words::WORDS;

/// The shortest reason that breaks the glass, in characters.
const REASON: usize = 10;

/// What one of the bot's own words asks for. Lines in it are in escaped form.
#[derive(Clone, PartialEq, Eq)]
pub enum Own {
    /// Say whether and why the asker may run a line.
    Why(String),
    /// List what was run.
    History(Sought),
    /// Run again what the job of this id ran.
    Rerun(JobId),
    /// Run a line without the approval that it takes.
    BreakGlass {
        /// Why, as plain text.
        reason: String,
        /// The line.
        line: String,
    },
    /// Tell whether the audit is whole, as far back as this.
    Verify(Option<Since>),
    /// Say how the word is used.
    Wrong(Reply),
}

/// Without the lines: an argument in them may be secret.
impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Why(_) => f.write_str("Why(…)"),
            Self::History(sought) => f.debug_tuple("History").field(sought).finish(),
            Self::Rerun(job) => f.debug_tuple("Rerun").field(job).finish(),
            Self::BreakGlass { reason, .. } => {
                f.debug_struct("BreakGlass").field("reason", reason).finish_non_exhaustive()
            }
            Self::Verify(since) => f.debug_tuple("Verify").field(since).finish(),
            Self::Wrong(reply) => f.debug_tuple("Wrong").field(reply).finish(),
        }
    }
}

/// What is looked for in the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// Only what the asker asked for.
    pub mine: bool,
    /// Only what was asked for where the asker is.
    pub here: bool,
    /// Nothing from before this.
    pub since: Option<Since>,
    /// The path of a command or a group, or one of the bot's own words; empty for all.
    pub path: String,
}

/// Reads `rest`, in escaped form, which follows the own word `name`. Returns what may be recorded of it, and what is to be
/// done.
pub(super) fn read(
    commands: &Commands,
    name: &str,
    prefix: &str,
    rest: &str,
    may: &dyn Fn(&Command) -> bool,
) -> (String, What) {
    if rest == "--help" {
        return (rest.to_owned(), What::Help(about(name, prefix)));
    }
    let asked = match name {
        "why" => line(commands, rest).map(|line| Own::Why(line.to_owned())),
        "history" => history(commands, rest),
        "rerun" => rerun(rest),
        "break-glass" => break_glass(commands, rest),
        _ => audit(rest),
    };
    let own = asked.unwrap_or_else(|reason| Own::Wrong(usage(name, prefix, &reason)));
    let recorded = match &own {
        // A line may hold a secret; the command that takes it knows which word is one.
        Own::Why(line) => commands.recorded(prefix, line, may),
        Own::BreakGlass { reason, line } => format!("\"{reason}\" {}", commands.recorded(prefix, line, may)),
        Own::Wrong(_) if !rest.is_empty() => "…".to_owned(),
        _ => plain(rest),
    };
    (recorded, What::Own(own))
}

/// Returns `rest` if it can be the line of a command.
fn line<'a>(commands: &Commands, rest: &'a str) -> Result<&'a str, String> {
    match rest {
        "" => Err("a command is missing".to_owned()),
        // No command, and a line of nothing but such words would be read in as many rounds.
        _ if commands.is_own(rest) => Err("this is for commands, not for the words that every bot has".to_owned()),
        _ => Ok(rest),
    }
}

fn history(commands: &Commands, rest: &str) -> Result<Own, String> {
    let (mut sought, mut path) = (Sought::default(), String::new());
    let mut words = Words::new(rest);
    while let Some(word) = words.next() {
        match &*word.text.to_lowercase() {
            "mine" => sought.mine = true,
            "here" => sought.here = true,
            "since" => sought.since = Some(Since::read(words.next())?),
            _ => {
                path.push_str(if path.is_empty() { "" } else { " " });
                path.push_str(&word.text);
            }
        }
    }
    sought.path = key(&path).into_owned();
    if commands.find(&sought.path).is_some() || commands.is_group(&sought.path) || commands.is_own(&path) {
        return Ok(Own::History(sought));
    }
    // The path of a command has two words at most; whether one of more is secret cannot be told.
    match path.split(' ').count() {
        0..=2 => Err(format!("there is no command `{}`", read::shown(&path))),
        _ => Err("it takes the name of one command".to_owned()),
    }
}

fn rerun(rest: &str) -> Result<Own, String> {
    let mut words = Words::new(rest);
    let (Some(word), None) = (words.next(), words.next()) else {
        return Err("it takes the id of one job".to_owned());
    };
    // As it is copied out of a message.
    let id = plain(&word.text).trim_matches('`').to_owned();
    JobId::try_from(id).map(Own::Rerun).map_err(str::to_owned)
}

fn break_glass(commands: &Commands, rest: &str) -> Result<Own, String> {
    let words = split(rest);
    let Some(reason) = words.tokens.first() else { return Err("a reason and a command are missing".to_owned()) };
    if let Some(open) = words.unclosed.filter(|open| *open < reason.end) {
        return Err(read::never_closed(rest, open));
    }
    let line = line(commands, rest[reason.end..].trim());
    let reason = plain(&reason.text).split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.chars().count() < REASON {
        let shown = read::shown(&reason);
        return Err(format!("`{shown}` is too short for a reason: it has at least {REASON} characters, in quotes"));
    }
    line.map(|line| Own::BreakGlass { reason, line: line.to_owned() })
}

fn audit(rest: &str) -> Result<Own, String> {
    let mut words = Words::new(rest);
    let mut word = || words.next().map(|word| word.text.to_lowercase());
    match (word().as_deref(), word().as_deref()) {
        (Some("verify"), None) => Ok(Own::Verify(None)),
        (Some("verify"), Some("since")) => match (Since::read(words.next())?, words.next()) {
            (since, None) => Ok(Own::Verify(Some(since))),
            _ => Err("there is a word too many".to_owned()),
        },
        _ => Err("`audit` can `verify`".to_owned()),
    }
}

/// Says how an own word is used, because of this.
pub(crate) fn usage(name: &str, prefix: &str, reason: &str) -> Reply {
    Reply::to_asker(format!("{reason}\n\nUsage: {}", typed(name, prefix)))
}

/// Help for an own word.
pub(super) fn about(name: &str, prefix: &str) -> Reply {
    Reply::to_asker(says(name).1).code(format!("Usage: {}", typed(name, prefix)))
}

/// Returns what to type.
fn typed(name: &str, prefix: &str) -> String {
    // A prefix that is one with a command's name is none of these words'.
    help::typed(if prefix.ends_with('/') { "" } else { prefix }, says(name).0)
}

/// Returns how a word is used, and what it does.
fn says(name: &str) -> (&'static str, &'static str) {
    match name {
        "why" => (
            "why <command> [words]",
            "Says whether and why you may run a line, and what else it takes. It runs nothing.",
        ),
        "history" => (
            "history [mine] [here] [since 2h|2d|2026-11-22] [command]",
            "Lists what was run, the newest first: what you asked for yourself, and what was run in this channel. Who has \
             the permission `catops.audit` sees all.",
        ),
        "rerun" => (
            "rerun <job>",
            "Runs again what a job ran, under your name and by the rules of today. `history` lists the jobs.",
        ),
        "break-glass" => (
            "break-glass \"<reason>\" <command> [words]",
            "Runs at once what else waits for approval. It is for emergencies and for few: everybody sees that you did, \
             and the reason.",
        ),
        _ => (
            "audit verify [since 2h|2d|2026-11-22]",
            "Tells whether a record of what was done is missing or was altered. It takes the permission `catops.audit`.",
        ),
    }
}

#[cfg(test)]
mod tests;
