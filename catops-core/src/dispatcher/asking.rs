//! What is said of that which waits, and of those who decide on it.

use super::words::{bare, name_of};
use crate::audit::{Approver, Outcome};
use crate::pending::Pending;
use crate::policy::Approval;
use crate::reply::Reply;
use crate::request::Actor;

/// What stands above the plan and the buttons: the line as it is, for who decides on it must see all of it.
pub(super) fn asks(pending: &Pending, line: &str, approval: Option<&Approval>, outcome: Outcome) -> Reply {
    let (who, whole, until) = (name_of(&pending.asker), visible(line), pending.expires);
    let is_short = bare(&whole) == whole;
    let line = if is_short { format!("`{whole}`") } else { "the line below".to_owned() };
    let first = match outcome {
        Outcome::Changed => format!("The plan of {line} is another by now, so nothing was run."),
        Outcome::Approved => format!("{} approved {line}, which **{who}** asked for.", names(&pending.approvers)),
        _ if approval.is_some() => format!("**{who}** asked for {line}. Nothing has been run yet."),
        _ => format!("**{who}**, this is what {line} would do. Nothing has been run yet."),
    };
    let said = match approval {
        Some(approval) => {
            let others = approval.others(pending.approvers.len());
            format!("{first} It takes the approval of {others}, until {until}.")
        }
        None => format!("{first} Until {until}, **{who}** can apply it."),
    };
    let reply = Reply::to_channel(said);
    if is_short { reply } else { reply.code(whole) }
}

/// Writes out what is not seen and changes how the rest is read, such as marks that turn the direction of a text.
fn visible(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                out.extend(c.escape_unicode());
            }
            c if c.is_control() || ('\u{e0000}'..='\u{e0fff}').contains(&c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn names(approvers: &[Approver]) -> String {
    approvers.iter().map(|approver| format!("**{}**", name_of(&approver.who))).collect::<Vec<_>>().join(" and ")
}

/// Adds to `ran` who approved it.
pub(super) fn approved(ran: String, approvers: &[Approver]) -> String {
    if approvers.is_empty() { ran } else { format!("{ran}, approved by {}", names(approvers)) }
}

/// What everybody sees where an answer could not be delivered to the one whom it is for.
pub(super) fn for_one(who: &Actor) -> Reply {
    let who = name_of(who);
    Reply::to_channel(format!(
        "The answer is for **{who}** alone, and I cannot reach them here. `history` tells **{who}** how it ended."
    ))
}

pub(super) fn gone() -> Reply {
    Reply::to_asker("I no longer know what this button decides on, so nothing was run. Please type the command again.")
}

pub(super) fn too_late(pending: &Pending) -> Reply {
    let (until, who) = (pending.expires, name_of(&pending.asker));
    Reply::to_asker(format!(
        "This could be decided until {until}, and nothing was run. If it is still wanted, **{who}** types the command again."
    ))
}

pub(super) fn own() -> Reply {
    Reply::to_asker("You asked for this yourself, so somebody else has to approve it.")
}

pub(super) fn not_theirs(pending: &Pending) -> Reply {
    Reply::to_asker(format!("This is for **{}** to decide, who asked for it.", name_of(&pending.asker)))
}

pub(super) fn no_approver(approval: &Approval) -> Reply {
    Reply::to_asker(format!("You may not decide on this: it takes the approval of {}.", approval.others(0)))
}

pub(super) fn again() -> Reply {
    Reply::to_asker("You have approved this already; somebody else has to as well.")
}

pub(super) fn needless(pending: &Pending) -> Reply {
    let who = name_of(&pending.asker);
    Reply::to_asker(format!("By now this takes no approval. **{who}** can type the command again, and it runs."))
}

/// Why what others approve may not be run by who asked for it.
pub(super) fn denied(pending: &Pending, why: &str) -> Reply {
    Reply::to_asker(format!(
        "**{}** may not run it by now, so it was not run. They would read: {why}",
        name_of(&pending.asker)
    ))
}

pub(super) fn rejected(who: &Actor, pending: &Pending, line: &str) -> Reply {
    let is_same = who.is_same(&pending.asker);
    let (who, asker, line) = (name_of(who), name_of(&pending.asker), bare(line));
    Reply::to_channel(match is_same {
        true => format!("**{who}** took back `{line}`. Nothing was run."),
        false => format!("**{who}** turned down `{line}`, which **{asker}** asked for. Nothing was run."),
    })
}
