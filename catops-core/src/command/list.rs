//! All commands of a bot, and which of them a line addresses.

use std::borrow::Cow;

use super::near::{PROPOSED, near, one_of};
use super::read::{Reading, Values, never_closed, read, shown};
use super::{Command, OWN, help, own};
use crate::line::{Words, plain, split};
use crate::policy::{Policy, Rules};
use crate::reply::Reply;

/// The commands that the build script found.
#[derive(Clone, Copy, Debug)]
pub struct Commands {
    /// Every path, one a line, in order. One string, since each pointer in a `static` costs time at every cold start.
    names: &'static str,
    pages: fn(&str) -> &'static str,
    find: fn(&str) -> Option<Command>,
    policy: Policy,
}

/// What a line asks for.
#[derive(Debug)]
pub struct Asked {
    /// The path of the command, or `help` or another of the bot's own words, or the unknown word.
    pub command: String,
    /// The words after it as plain text, for the record. What stands for a parameter marked `secret` is "…"; where that
    /// cannot be told, because the line was wrong, all of it is.
    pub arguments: String,
    /// What was given for each parameter, or is its default, as it can stand in another line of plain text. Filled for a
    /// command whose steps name parameters, and without secrets.
    pub given: Vec<(&'static str, String)>,
    /// What is to be done.
    pub what: What,
}

/// What is to be done about a line.
#[derive(Debug)]
pub enum What {
    /// Show this help.
    Help(Reply),
    /// Say that there is no such command.
    Unknown(Reply),
    /// Say how this command is used.
    Usage(Command, Reply),
    /// Run this command.
    Run(Command, Values),
    /// Do what one of the bot's own words asks for.
    Own(super::Own),
}

/// What the first words of a line name.
#[expect(clippy::large_enum_variant, reason = "it lives as long as a line is read, and a box is one more allocation")]
enum Target {
    Overview,
    Help,
    Command { command: Command, words: usize },
    Group(String),
    Own(String),
    Unknown { group: Option<String>, word: String },
}

impl Commands {
    /// Makes the list. The build script writes the call.
    ///
    /// `names` has one path a line; `pages` returns the text about a group or a file; `find` builds the command of a path.
    pub const fn new(names: &'static str, pages: fn(&str) -> &'static str, find: fn(&str) -> Option<Command>) -> Self {
        Self { names, pages, find, policy: Policy::new(&Rules::NONE) }
    }

    /// Adds the policy of the file beside the plugins. The build script writes the call.
    #[must_use]
    pub const fn with_policy(mut self, rules: &'static Rules) -> Self {
        self.policy = Policy::new(rules);
        self
    }

    /// Returns who may run what, as the file beside the plugins says.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the path of each command, in order.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.names.split('\n').filter(|name| !name.is_empty())
    }

    /// Returns each command, in the order of their paths.
    pub fn all(&self) -> impl Iterator<Item = Command> + use<> {
        let find = self.find;
        self.paths().filter_map(find)
    }

    /// Returns the path and the cron line of each command that runs by itself, in the order of their paths.
    ///
    /// Builds every command once, so it is for the scheduler and the terminal, not for the way to an acknowledgement.
    pub fn scheduled(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let find = self.find;
        self.paths().filter_map(move |path| Some((path, find(path)?.schedule()?)))
    }

    /// Returns the command of this path, in which `_` may stand for `-`.
    pub fn find(&self, path: &str) -> Option<Command> {
        (self.find)(&key(path))
    }

    /// Returns whether `word` names a command or a group. Builds no command: this is on the way to every acknowledgement.
    pub fn names(&self, word: &str) -> bool {
        let name = key(word);
        let is_it = |path: &str| path.strip_prefix(&*name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        !name.is_empty() && self.paths().any(is_it)
    }

    /// Returns the command that `text` addresses, without a look at its arguments.
    pub fn addressed(&self, text: &str) -> Option<Command> {
        match self.target(&mut Words::new(text).map(|token| Cow::Owned(token.text))) {
            Target::Command { command, .. } => Some(command),
            _ => None,
        }
    }

    /// Reads a whole line, which is in escaped form.
    ///
    /// `prefix` is what the reader types before a command, such as `/meow`; empty at a terminal. Help and proposals name
    /// only commands that `may` lets through; it is not asked about the command that is addressed.
    pub fn read(&self, prefix: &str, text: &str, may: &dyn Fn(&Command) -> bool) -> Asked {
        let line = split(text);
        let from = |word: usize| line.tokens.iter().skip(word).map(|token| Cow::Borrowed(token.text.as_str()));
        let after = |words: usize| line.tokens.get(words).map_or("", |token| &text[token.start..]).trim_end();
        let between = |first: usize, words: usize| {
            let mut tokens = line.tokens.iter().skip(first).take(words);
            let Some(first) = tokens.next() else { return "" };
            &text[first.start..tokens.next_back().unwrap_or(first).end]
        };
        match self.target(&mut from(0)) {
            Target::Overview => asked("help", String::new(), What::Help(help::overview(self, prefix, may))),
            Target::Help => {
                let reply = match self.target(&mut from(1)) {
                    Target::Overview | Target::Help => help::overview(self, prefix, may),
                    Target::Own(name) => own::about(&name, prefix),
                    Target::Command { command, .. } => help::command(&command, prefix),
                    Target::Group(group) => help::group(self, &group, prefix, may),
                    Target::Unknown { group, word } => {
                        let page = group.is_none().then(|| help::file(self, &word, prefix, may)).flatten();
                        page.unwrap_or_else(|| self.unknown(group.as_deref(), &word, prefix, may))
                    }
                };
                // A name, and no more: whether what follows it is secret cannot be told.
                let words = line.tokens.get(1).map_or(0, |first| 1 + usize::from(self.is_group(&key(&first.text))));
                asked("help", plain(between(1, words)), What::Help(reply))
            }
            Target::Group(group) => {
                let reply = help::group(self, &group, prefix, may);
                asked(&group, plain(between(1, 1)), What::Help(reply))
            }
            Target::Own(name) => {
                let (recorded, what) = own::read(self, &name, prefix, after(1), may);
                asked(&name, recorded, what)
            }
            Target::Unknown { group, word } => {
                let words = 1 + usize::from(group.is_some());
                let token = &line.tokens[words - 1];
                // Nothing between quotes has no name but the quotes.
                let word = if word.trim().is_empty() { text[token.start..token.end].to_owned() } else { word };
                let reply = match line.unclosed.filter(|open| *open < token.end) {
                    Some(open) => Reply::to_asker(never_closed(text, open)),
                    None => self.unknown(group.as_deref(), &word, prefix, may),
                };
                // Whether one of the words is a secret cannot be told.
                let name = group.map_or_else(|| shown(&word), |group| format!("{group} {}", shown(&word)));
                asked(&name, hidden_if(true, after(words)), What::Unknown(reply))
            }
            Target::Command { command, words } => {
                let path = command.path();
                match read(&command, text, &line, words) {
                    Reading::Right { values, recorded, given } => {
                        Asked { given, ..asked(&path, recorded, What::Run(command, values)) }
                    }
                    Reading::Help => asked(
                        &path,
                        hidden_if(command.has_secret(), after(words)),
                        What::Help(help::command(&command, prefix)),
                    ),
                    Reading::Wrong(reason) => {
                        let reply = Reply::to_asker(format!("{reason}\n\nUsage: {}", command.usage()));
                        asked(&path, hidden_if(command.has_secret(), after(words)), What::Usage(command, reply))
                    }
                }
            }
        }
    }

    /// Returns what may be recorded of a line.
    pub(super) fn recorded(&self, prefix: &str, text: &str, may: &dyn Fn(&Command) -> bool) -> String {
        match self.read(prefix, text, may) {
            // Whether one of the words is a secret cannot be told, not even of the first.
            Asked { what: What::Unknown(_), .. } => "…".to_owned(),
            Asked { command, arguments, .. } if arguments.is_empty() => command,
            Asked { command, arguments, .. } => format!("{command} {arguments}"),
        }
    }

    /// Returns whether `text` asks for help, or for what every bot does.
    pub(super) fn is_own(&self, text: &str) -> bool {
        let target = self.target(&mut Words::new(text).map(|token| Cow::Owned(token.text)));
        matches!(target, Target::Overview | Target::Help | Target::Own(_))
    }

    fn target(&self, words: &mut dyn Iterator<Item = Cow<'_, str>>) -> Target {
        let Some(first) = words.next() else { return Target::Overview };
        let name = key(&first);
        if let Some(command) = (self.find)(&name) {
            return Target::Command { command, words: 1 };
        }
        if is_help(&name) {
            return Target::Help;
        }
        if OWN.contains(&&*name) {
            return Target::Own(name.into_owned());
        }
        if !self.is_group(&name) {
            return Target::Unknown { group: None, word: first.into_owned() };
        }
        let name = name.into_owned();
        let Some(typed) = words.next() else { return Target::Group(name) };
        let second = key(&typed);
        if is_help(&second) {
            return Target::Group(name);
        }
        match (self.find)(&format!("{name} {second}")) {
            Some(command) => Target::Command { command, words: 2 },
            None => Target::Unknown { group: Some(name), word: typed.into_owned() },
        }
    }

    pub(crate) fn is_group(&self, name: &str) -> bool {
        !name.is_empty() && self.paths().any(|path| path.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))
    }

    /// Returns the first sentence about a group.
    #[cfg(feature = "slack")]
    pub(crate) fn group_summary(&self, name: &str) -> String {
        help::first_sentence(self.page(name))
    }

    /// Returns the text about a group or a file.
    pub(super) fn page(&self, name: &str) -> &'static str {
        (self.pages)(name)
    }

    fn unknown(&self, group: Option<&str>, word: &str, prefix: &str, may: &dyn Fn(&Command) -> bool) -> Reply {
        let typed = key(word);
        // Names first, since a command is built only to ask whether it may be named.
        let (path, near) = match group {
            Some(group) => {
                let names = self.paths().filter_map(|path| path.strip_prefix(group)?.strip_prefix(' '));
                let near: Vec<String> = near(&typed, names).into_iter().map(|name| format!("{group} {name}")).collect();
                (format!("{group} {}", shown(word)), near)
            }
            None => {
                // A command of a group whose own name was typed is what they meant; else look at first words.
                let is_meant = |path: &&str| path.split_once(' ').is_some_and(|(_, name)| name == typed);
                let mut meant: Vec<&str> = self.paths().filter(is_meant).collect();
                if meant.is_empty() {
                    let first = self.paths().map(|path| path.split_once(' ').map_or(path, |(first, _)| first));
                    meant = near(&typed, first.chain(OWN.iter().copied()));
                }
                (shown(word), meant.into_iter().map(str::to_owned).collect())
            }
        };
        let may_name = |path: &String| match self.find(path) {
            Some(command) => may(&command),
            None if OWN.contains(&path.as_str()) => true,
            None => self.all().any(|command| command.group() == Some(path) && may(&command)),
        };
        let known: Vec<String> = near.into_iter().filter(may_name).take(PROPOSED).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        if known.is_empty() {
            let help = group.map_or_else(|| help::typed(prefix, "help"), |group| help::asking(prefix, group));
            return Reply::to_asker(format!("There is no command `{path}`. `{help}` lists what there is."));
        }
        Reply::to_asker(format!("There is no command `{path}`: did you mean {}?", one_of(&known)))
    }
}

fn asked(command: &str, arguments: String, what: What) -> Asked {
    Asked { command: command.to_owned(), arguments, given: Vec::new(), what }
}

fn hidden_if(is_secret: bool, arguments: &str) -> String {
    if is_secret && !arguments.is_empty() { "…".to_owned() } else { plain(arguments) }
}

fn is_help(name: &str) -> bool {
    matches!(name, "help" | "--help")
}

/// How a name is looked up: phones begin a line with a capital, and a function's name has `_` where we show `-`.
pub(super) fn key(word: &str) -> Cow<'_, str> {
    // As most are typed: then there is nothing to do, and this is on the way to every acknowledgement.
    if word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b' ')) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(plain(word).to_lowercase().replace('_', "-"))
}
