//! What the bot understands by itself, beside `help`. The build of a bot's plugins includes this file.

/// The words that no command and no group may be called by, besides `help`.
pub(crate) const WORDS: [&str; 5] = ["why", "history", "rerun", "break-glass", "audit"];
