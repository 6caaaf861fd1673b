//! Events: the bot is mentioned in a channel, or written to alone.

use ::http::HeaderMap;
use serde_json::Value;

use super::fields::{first, has, items, needed, text, word};
use super::{not_for_us, thread};
use crate::chat::slack::Slack;
use crate::chat::{Hearing, Inbound, Incoming, Rejection};
use crate::http::HttpRequest;
use crate::job::JobId;
use crate::request::{Actor, Channel, ReplyTo, Request, Via};
use crate::time::Timestamp;

/// How often Slack sends an event again that was not taken. docs.slack.dev, "Events API".
const RETRIES: u8 = 3;

/// Why Slack sends an event again. docs.slack.dev, "Events API".
const REASONS: [&str; 6] =
    ["connection_failed", "http_error", "http_timeout", "ssl_error", "too_many_redirects", "unknown_error"];

/// Reads an event.
///
/// A line is run if its author began it with a mention of the bot, or wrote to the bot alone. Its job is named after the
/// message, that is, channel and `ts`, which every event that runs something has. So the two events about one message of
/// a bot that hears both mentions and channels are one job, and so are an event and its retries, which share an `event_id`:
/// that need not be looked at.
pub(super) fn read(slack: &Slack, http: &HttpRequest, json: &Value, now: Timestamp) -> Result<Inbound, Rejection> {
    let event = json.get("event").ok_or(Rejection::Malformed)?;
    let is_last = is_last_try(slack, http.headers());
    let kind = needed(event, "/type")?;
    let is_mention = match (kind, text(event, "/channel_type")) {
        ("app_mention", _) => true,
        ("message", "im") => false,
        _ => return Ok(not_for_us(slack, word(kind), "it is neither a mention nor a message to the bot alone")),
    };
    let bots = bots(json);
    if let Some(why) = unheard(json, event, &bots) {
        return Ok(not_for_us(slack, word(kind), why));
    }
    let said = text(event, "/text");
    let (prefix, line) = match mentioned(said, &bots) {
        Some((name, rest)) if is_mention || !bots.is_empty() => (name, rest),
        _ if is_mention => return Ok(not_for_us(slack, kind, "the bot is mentioned, but not spoken to")),
        _ => (String::new(), said),
    };
    let (channel, ts) = (needed(event, "/channel")?, needed(event, "/ts")?);
    let actor = Actor { id: text(event, "/user").to_owned(), name: String::new(), team: team(json, event).to_owned() };
    let reply_to = ReplyTo {
        chat: slack.name.to_owned(),
        url: None,
        channel: channel.to_owned(),
        user: actor.id.clone(),
        expires: now,
        thread: thread(event).to_owned(),
    };
    let id = JobId::of(&[slack.name, "message", channel, ts]);
    let channel = Channel { id: channel.to_owned(), name: String::new() };
    let request = Request { actor, channel, prefix, text: unquoted(line).to_owned(), via: Via::Line };
    // What is refused on the last try is lost, so that time the asker must be told.
    let hearing = if is_last { Hearing::Unseen } else { Hearing::Resent };
    Ok(Inbound::Run(Box::new(Incoming { hearing, ..Incoming::new(id, request, reply_to) })))
}

/// Logs that Slack sends an event again, and returns whether it will not do so any more. A repeat is never dropped here:
/// the first try may never have arrived.
fn is_last_try(slack: &Slack, headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(retry) = header("x-slack-retry-num").and_then(|number| number.parse::<u8>().ok()) else { return false };
    let reason = header("x-slack-retry-reason").filter(|reason| REASONS.contains(reason)).unwrap_or("unknown");
    tracing::info!(chat = slack.name, retry, reason, "Slack sends an event again");
    retry >= RETRIES
}

/// Returns the ids of the bot's own user, as far as the event tells; usually one.
fn bots(json: &Value) -> Vec<&str> {
    let all = items(json, "/authorizations");
    if all.is_empty() {
        // How Slack told it before 2021.
        return items(json, "/authed_users").iter().filter_map(Value::as_str).take(1).collect();
    }
    let is_bot = |one: &&Value| one.get("is_bot") != Some(&Value::Bool(false));
    all.iter().filter(is_bot).map(|one| text(one, "/user_id")).filter(|id| !id.is_empty()).collect()
}

/// Returns why a message is not one that a person just wrote: a bot that answers another, or itself, never ends.
fn unheard(json: &Value, event: &Value, bots: &[&str]) -> Option<&'static str> {
    let (user, app) = (text(event, "/user"), text(event, "/app_id"));
    if has(event, "/bot_id") || has(event, "/bot_profile") {
        return Some("a bot wrote it");
    }
    if bots.contains(&user) || !app.is_empty() && app == text(json, "/api_app_id") {
        return Some("the bot wrote it");
    }
    if user.is_empty() || user == "USLACKBOT" {
        return Some("no person wrote it");
    }
    if has(event, "/hidden") || has(event, "/edited") || !matches!(text(event, "/subtype"), "" | "file_share") {
        return Some("it is about a message, not a new one");
    }
    None
}

/// Returns the team that the author is of. In a channel shared with others it need not be the one that the bot serves, and
/// must not be taken for it where Slack does not tell.
fn team<'a>(json: &'a Value, event: &'a Value) -> &'a str {
    let own = ["/user_team", "/team", "/source_team"];
    // An organisation has an id of its own (E…), which people see in place of a team's.
    let is_team = |id: &&str| !id.is_empty() && !id.starts_with('E');
    let author = own.iter().map(|path| text(event, path)).find(is_team).unwrap_or_else(|| first(event, &own));
    match author {
        "" if has(json, "/is_ext_shared_channel") => "",
        "" => first(json, &["/context_team_id", "/team_id", "/enterprise_id"]),
        author => author,
    }
}

/// Returns how the bot was called and what follows, if `said` begins with a mention of the bot; where it is not known who
/// that is, with any.
///
/// What help tells the reader to type before a command is `@name` if the mention names the bot, and else nothing: the
/// event has only an id, which nobody can type, and asking Slack for the name would cost a call for each line.
fn mentioned<'a>(said: &'a str, bots: &[&str]) -> Option<(String, &'a str)> {
    let (mention, rest) = said.trim_start().strip_prefix("<@")?.split_once('>')?;
    let (id, name) = mention.split_once('|').unwrap_or((mention, ""));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let prefix = if is_name { format!("@{name}") } else { String::new() };
    let rest = rest.strip_prefix([':', ',']).unwrap_or(rest);
    (bots.is_empty() || bots.contains(&id)).then_some((prefix, rest))
}

/// Takes the backquotes off a line that stands in them as a whole: people copy commands with them.
fn unquoted(line: &str) -> &str {
    let line = line.trim();
    let inner = |fence| line.strip_prefix(fence)?.strip_suffix(fence).filter(|inner: &&str| !inner.contains('`'));
    inner("```").or_else(|| inner("`")).map_or(line, str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backquotes_around_the_whole_line_are_taken_off() {
        for (line, expected) in [
            (" restart api ", "restart api"),
            (" `restart api` ", "restart api"),
            ("```\nrestart api\n```", "restart api"),
            ("`restart` `api`", "`restart` `api`"),
            ("restart `api`", "restart `api`"),
            ("`", "`"),
            ("``", ""),
            ("```", "```"),
            ("``` `", "``` `"),
            ("", ""),
        ] {
            assert_eq!(unquoted(line), expected, "{line}");
        }
    }

    #[test]
    fn a_mention_speaks_to_the_bot_where_it_comes_first() {
        for (said, bots, expected) in [
            ("<@U9> ping", &["U9"][..], Some(("", " ping"))),
            (" \n<@U9>ping", &["U9"], Some(("", "ping"))),
            ("<@U9>: ping", &["U9"], Some(("", " ping"))),
            ("<@U9|meow> ping", &["U9"], Some(("@meow", " ping"))),
            ("<@U9|me `ow> ping", &["U9"], Some(("", " ping"))),
            ("<@U8> ping", &["U9"], None),
            ("<@U8> ping", &["U9", "U8"], Some(("", " ping"))),
            ("<@U8> ping", &[], Some(("", " ping"))),
            ("hi <@U9>", &["U9"], None),
            ("<@U9", &["U9"], None),
            ("<#U9> ping", &["U9"], None),
            ("", &[], None),
        ] {
            let found = mentioned(said, bots);
            assert_eq!(found.as_ref().map(|(prefix, rest)| (prefix.as_str(), *rest)), expected, "{said}");
        }
    }
}
