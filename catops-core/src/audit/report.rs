//! What `audit verify` says in a chat.

use super::verify::{Verified, newest, verify};
use crate::error::Error;
use crate::job::JobKey;
use crate::reply::{Color, Reply};
use crate::store::Store;
use crate::time::Timestamp;

/// How many of the newest records are looked at: a few pages of a cloud's store, read in a few seconds.
pub const LOOKED_AT: usize = 2_000;

/// How many faults are named.
const NAMED: usize = 20;

/// Verifies the newest [`LOOKED_AT`] records of `store`, or those of them that ended at `since` or later, and says what
/// came of it.
///
/// It is for the asker alone.
pub async fn verified(store: &dyn Store, key: &JobKey, since: Option<Timestamp>) -> Result<Reply, Error> {
    let mut records = newest(store, LOOKED_AT).await?;
    records.retain(|record| since.is_none_or(|since| since <= record.ended));
    Ok(report(&verify(&records, key)))
}

/// Says what came of a verification, for the asker alone.
pub fn report(found: &Verified) -> Reply {
    let text = summary(found);
    if found.faults.is_empty() {
        return Reply::to_asker(text).note(LIMITS);
    }
    let mut lines: Vec<String> = found.faults.iter().take(NAMED).map(ToString::to_string).collect();
    if found.faults.len() > NAMED {
        lines.push(format!("And {} more.", found.faults.len() - NAMED));
    }
    Reply::to_asker(text).and(lines.join("\n")).note(LIMITS).color(Color::Danger)
}

/// What no verification of a store can tell.
pub const LIMITS: &str =
    "Whether the newest records of a process were cut off only the log can tell; it has each of them.";

/// Says in a sentence what came of a verification.
pub fn summary(found: &Verified) -> String {
    let Verified { count, sealed, from: Some(from), to: Some(to), faults } = found else {
        return match found.count {
            0 => "There are no records yet.".to_owned(),
            count => format!("None of the {count} records is as it was written.{}", other_key(found)),
        };
    };
    let records = if *count == 1 { "1 record".to_owned() } else { format!("{count} records") };
    let unsealed = match count - sealed {
        0 => String::new(),
        count => format!(" {count} of them were written before there were seals."),
    };
    match faults.len() {
        0 => format!(
            "The audit is whole: {records} from {from} to {to}, as written, and none between them is missing.{unsealed}"
        ),
        1 => format!("The audit is not whole: 1 fault in {records} from {from} to {to}."),
        faults => {
            format!("The audit is not whole: {faults} faults in {records} from {from} to {to}.{}", other_key(found))
        }
    }
}

/// Says what else it can be where every seal is wrong.
fn other_key(found: &Verified) -> &'static str {
    let altered = found.faults.iter().filter(|fault| matches!(fault, super::Fault::Altered { .. })).count();
    if altered < found.sealed {
        return "";
    }
    " No seal fits: if CATOPS_JOB_KEY was changed, or the secret that the key is derived from, what was sealed before looks \
     like this."
}

#[cfg(test)]
mod tests;
