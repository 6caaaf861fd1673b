//! The bot's own words: what every bot understands beside its commands and `help`.

use super::list::What;

/// The words that no command may be called by, besides `help`.
pub const OWN: &[&str] = &["why", "history", "rerun", "break-glass", "audit"];

/// What one of the bot's own words asks for. Lines in it are in escaped form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// Say whether and why the asker may run a line.
    Why(String),
    /// List what was run; the words after it.
    History(String),
    /// Run again what the job of this id ran.
    Rerun(String),
    /// Run a line without the approval that it takes.
    BreakGlass {
        /// Why.
        reason: String,
        /// The line.
        line: String,
    },
    /// Look after the audit; the words after it.
    Audit(String),
}

/// Returns what `rest`, in escaped form, asks for after the own word `name`; `None` if it is no own word.
pub(super) fn read(_name: &str, _prefix: &str, _rest: &str) -> Option<What> {
    None
}
