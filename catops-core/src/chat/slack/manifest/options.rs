//! What an operator chooses about the app.

use super::limits;
use super::text::{one_line, units};
use crate::error::{Error, ErrorKind};
use crate::policy::{self, Policy};

/// What the manifest is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where Slack finds the bot, such as `https://host.example/slack`; without a path, `/slack` is added.
    pub url: String,
    /// The name of the app, at most 35 characters.
    pub name: String,
    /// The main slash command, before which any other command is typed: `/meow ping`.
    pub main: String,
    /// Further slash commands. One that is called like a command or a group of the bot stands for it: `/oncall show`;
    /// any other is one more word to type before a command.
    pub more: Vec<String>,
    /// What the app does without.
    pub without: Vec<Feature>,
    /// Which kinds of members the roles of the policy have; the bot has to ask Slack about some.
    pub members: Vec<policy::Kind>,
}

/// A feature that an app can do without, and so without its scopes and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Commands in messages that begin with `@bot`.
    Mentions,
    /// Commands in direct messages to the bot.
    DirectMessages,
    /// Long output as a file.
    Files,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mentions, Self::DirectMessages, Self::Files];

    /// Returns its name, such as `direct-messages`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mentions => "mentions",
            Self::DirectMessages => "direct-messages",
            Self::Files => "files",
        }
    }
}

impl Options {
    /// Makes options with this URL: an app called CatOps with one slash command, `/meow`, all features, and no policy.
    pub fn new(url: impl Into<String>) -> Self {
        let (name, main) = ("CatOps".to_owned(), "/meow".to_owned());
        Self { url: url.into(), name, main, more: Vec::new(), without: Vec::new(), members: Vec::new() }
    }

    /// Lets the app do what this policy takes.
    #[must_use]
    pub fn with_policy(mut self, policy: &Policy) -> Self {
        self.members = policy.rules().roles.iter().flat_map(|role| role.members).map(|member| member.kind).collect();
        self
    }

    /// Returns the name in one line.
    pub(super) fn app_name(&self) -> Result<String, Error> {
        let name = one_line(&self.name);
        let length = units(&name);
        if (1..=limits::NAME).contains(&length) {
            return Ok(name);
        }
        let said = format!("the name of the app has {length} characters; Slack takes 1 to {}", limits::NAME);
        Err(Error::new(ErrorKind::Invalid, said))
    }

    /// Returns the name of the bot user: the app's in the letters that Slack allows there.
    pub(super) fn bot_name(&self) -> String {
        let small = self.name.to_lowercase();
        let words =
            small.split(|c: char| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_')).filter(|word| !word.is_empty());
        let mut name = words.collect::<Vec<_>>().join("-");
        name.truncate(limits::BOT_NAME);
        let name = name.trim_matches(['-', '.', '_']);
        if name.is_empty() { "catops".to_owned() } else { name.to_owned() }
    }
}
