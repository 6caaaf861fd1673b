//! `history`: what was run.

use super::{End, LOOKED_AT, Turn, words};
use crate::audit::{Outcome, Record};
use crate::command::Sought;
use crate::error::Error;
use crate::policy::Asker;
use crate::reply::Reply;

/// How many records are shown.
const SHOWN: usize = 20;

/// How much of a line is shown, in characters.
const LINE: usize = 60;

impl Turn<'_> {
    /// Lists the newest records that fit and that the asker may see.
    pub(super) async fn history(&self, sought: &Sought, asker: Asker<'_>) -> Result<End, Error> {
        let records = self.dispatcher.store.records(LOOKED_AT).await?;
        let sees_all = self.dispatcher.app.policy().audits(asker, "history").is_ok();
        let since = sought.since.map(|since| since.time(self.clock.now()));
        let fits = |record: &&Record| {
            since.is_none_or(|since| since <= record.asked)
                && (!sought.mine || self.is_mine(record))
                && (!sought.here || self.is_here(record))
                && is_of(record, &sought.path)
                && (sees_all || self.may_see(record))
        };
        let mut found: Vec<&Record> = records.iter().filter(fits).take(SHOWN + 1).collect();
        let is_more = found.len() > SHOWN;
        found.truncate(SHOWN);
        let mut notes = Vec::new();
        if is_more {
            notes.push(format!(
                "These are the newest {SHOWN}; `history [mine] [here] [since 2d] [command]` shows others."
            ));
        } else if records.len() == LOOKED_AT {
            notes.push(format!("I looked through the newest {LOOKED_AT}."));
        }
        if !sees_all && !sought.mine {
            notes.push("You see what you asked for, and what was run in this channel.".to_owned());
        }
        let reply = match found.is_empty() {
            true => Reply::to_asker("I found nothing of the kind."),
            false => {
                notes.push("`rerun <job>` runs one again.".to_owned());
                let head = ["when", "who", "what", "outcome", "job"];
                Reply::to_asker("This was asked for, in UTC:").table(head, found.into_iter().map(row))
            }
        };
        Ok((Outcome::Help, if notes.is_empty() { reply } else { reply.note(notes.join(" ")) }))
    }
}

/// Whether a record is of the command or group of this path. Without one, whether it is of more than a look at help or at
/// the audit.
fn is_of(record: &Record, path: &str) -> bool {
    if path.is_empty() {
        return record.outcome != Outcome::Help;
    }
    record.command.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn row(record: &Record) -> [String; 5] {
    let when = record.asked.to_string();
    let line = words::bare(&format!("{} {}", record.command, record.arguments));
    let line = match line.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    };
    let mut outcome = record.outcome.as_str().replace('_', " ");
    for (index, approver) in record.approvers.iter().enumerate() {
        outcome.push_str(if index == 0 { ", approved by " } else { " and " });
        outcome.push_str(&words::name_of(&approver.who));
    }
    if record.reason.is_some() {
        outcome.push_str(", glass broken");
    }
    let when = when.strip_suffix(" UTC").unwrap_or(&when).to_owned();
    [when, words::name_of(&record.actor), line, outcome, record.job.to_string()]
}
