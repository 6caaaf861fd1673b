//! Tells the audit channel what was done.

use std::time::Duration;

use super::words::bare;
use crate::audit::{Outcome, Record};
use crate::chat::Chat;
use crate::reply::{Color, Reply};
use crate::request::ReplyTo;
use crate::time::Timestamp;

/// How long it takes at most. The record is stored by then.
const TELL_TIME: Duration = Duration::from_secs(3);

/// Posts one line about `record` to `channel` within `limit`, and 3 s at most. What cannot be posted is in the store and in
/// the log.
pub(super) async fn tell(chat: &dyn Chat, channel: &str, record: &Record, now: Timestamp, limit: Duration) {
    let (Some(line), limit) = (line(record), limit.min(TELL_TIME)) else { return };
    let to = ReplyTo { chat: chat.name().to_owned(), channel: channel.to_owned(), ..ReplyTo::default() };
    let why = match tokio::time::timeout(limit, chat.respond(&to, &line, None, now)).await {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => error.chain(),
        Err(_) => format!("it took longer than {limit:?}"),
    };
    tracing::warn!(job = %record.job, error = why, "the channel of CATOPS_AUDIT_CHANNEL was not told");
}

/// Says who did what, where, and how it ended; nothing of what was only asked about, or never a command.
///
/// What people wrote stands as code, where nothing has a meaning.
fn line(record: &Record) -> Option<Reply> {
    use std::fmt::Write as _;

    if matches!(record.outcome, Outcome::Help | Outcome::Usage | Outcome::Unknown | Outcome::Skewed) {
        return None;
    }
    let (who, place) = (bare(&record.actor.to_string()), bare(&record.channel.to_string()));
    let line = bare(&format!("{} {}", record.command, record.arguments));
    // Nobody knows what a forged button would have run, or one whose command the store has no more.
    let line = if line.is_empty() { "a button".to_owned() } else { format!("`{line}`") };
    let mut text = format!("`{who}`: {line}");
    // Writing to a string cannot fail.
    if !place.is_empty() {
        let _ = write!(text, " in `{place}`");
    }
    let _ = write!(text, ": **{}**", record.outcome.as_str().replace('_', " "));
    if let Some(rule) = &record.rule {
        let _ = write!(text, ", allowed by {}", rule.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    for (at, approver) in record.approvers.iter().enumerate() {
        let _ = write!(text, "{} `{}`", if at == 0 { ", approved by" } else { "," }, bare(&approver.who.to_string()));
    }
    if record.undelivered.is_some() {
        text.push_str(", and the reply did not arrive");
    }
    let _ = write!(text, ", job `{}`", record.job);
    Some(match &record.reason {
        Some(reason) => {
            let _ = write!(text, "\nThe glass was broken: `{}`", bare(reason));
            Reply::to_channel(text).color(Color::Danger)
        }
        None => Reply::default().note(text),
    })
}

#[cfg(test)]
mod tests;
