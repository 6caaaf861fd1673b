//! Slash commands, described by the bot's commands.

use serde::Serialize;

use super::limits;
use super::options::Options;
use super::text::{cut, units};
use crate::command::Commands;
use crate::error::{Error, ErrorKind};

/// Slack's own commands, also old ones. With one of them in it Slack refuses the whole manifest ("the slash command has an
/// invalid name"); that is reported of `/status` (NousResearch/hermes-agent, issue 17054, pull request 18456), and Slack does
/// not say for which of the others it holds.
const TAKEN: &str = "active apps archive away call collapse dm dnd expand feed feedback invite join keys kick leave me msg \
                     mute open part prefs pro remind remove rename search shortcuts shrug star status topic unarchive who";

/// A slash command, as Slack wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct SlashCommand {
    command: String,
    url: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_hint: Option<String>,
    should_escape: bool,
}

/// Makes the slash commands: the main one, then the others, each once.
pub(super) fn commands(commands: &Commands, options: &Options, url: &str) -> Result<Vec<SlashCommand>, Error> {
    let mut names: Vec<&str> = Vec::new();
    for name in std::iter::once(&options.main).chain(&options.more) {
        let name = checked(name)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > limits::SLASH_COMMANDS {
        let said =
            format!("there are {} slash commands; Slack takes {} of an app", names.len(), limits::SLASH_COMMANDS);
        return Err(Error::new(ErrorKind::Invalid, said));
    }
    Ok(names.into_iter().map(|name| described(commands, name, url)).collect())
}

/// Returns the name without its slash, if Slack takes it.
fn checked(name: &str) -> Result<&str, Error> {
    let refused =
        |why: &str| Err(Error::new(ErrorKind::Invalid, format!("the slash command `{}` {why}", name.escape_debug())));
    let bare = name.strip_prefix('/').unwrap_or(name);
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    // Whether Slack takes a `_` is reported both ways; the bot reads `-` in its place.
    if bare.is_empty() || bare.starts_with('-') || bare.len() >= limits::SLASH_COMMAND || !bare.bytes().all(is_plain) {
        let most = limits::SLASH_COMMAND - 1;
        return refused(&format!(
            "is not one that Slack takes: 1 to {most} small letters, digits and hyphens, such as `/deploy`"
        ));
    }
    if TAKEN.split(' ').any(|taken| taken == bare) {
        return refused("is Slack's own; choose another, or type the word after the main one, as in `/meow status`");
    }
    Ok(bare)
}

fn described(commands: &Commands, name: &str, url: &str) -> SlashCommand {
    let (description, hint) = match commands.find(name) {
        Some(command) => {
            let usage = command.usage();
            (command.summary(), usage.strip_prefix(&command.path()).unwrap_or(&usage).to_owned())
        }
        None if commands.is_group(name) => {
            let group = format!("{name} ");
            let names: Vec<&str> = commands.paths().filter_map(|path| path.strip_prefix(&group)).collect();
            (commands.group_summary(name), format!("{} ...", names.join(" | ")))
        }
        None => (all(commands, "Runs a command", limits::DESCRIPTION), "<command> [arguments], or help".to_owned()),
    };
    // Slack refuses an empty text.
    let filled = |text: &str, max| Some(cut(text, max)).filter(|text| !text.is_empty());
    SlashCommand {
        command: format!("/{name}"),
        url: url.to_owned(),
        description: filled(&description, limits::SLASH_DESCRIPTION).unwrap_or_else(|| format!("Runs {name}")),
        usage_hint: filled(&hint, limits::USAGE_HINT),
        should_escape: true,
    }
}

/// Returns `title` with the first words of all commands as far as they fit: `Runs a command: check, oncall, ping`.
pub(super) fn all(commands: &Commands, title: &str, max: usize) -> String {
    let mut words: Vec<&str> = commands.paths().filter_map(|path| path.split(' ').next()).collect();
    words.dedup();
    let mut out = title.to_owned();
    for (at, word) in words.iter().enumerate() {
        let next = format!("{out}{} {word}", if at == 0 { ':' } else { ',' });
        let room = if at + 1 < words.len() { ", …".encode_utf16().count() } else { 0 };
        if units(&next) + room > max {
            return if at == 0 { out } else { out + ", …" };
        }
        out = next;
    }
    out
}
