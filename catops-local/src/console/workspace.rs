//! The workspace that the console is: a few people, one channel, and the bot.

use catops_core::app::random_secret;
use catops_core::chat::slack::Slack;
use catops_core::job::JobKey;
use catops_core::request::Actor;
use catops_core::{Error, Secret};
use serde::Serialize;

/// The chat's name, which jobs and audit records carry.
pub(super) const NAME: &str = "console";

/// Where what the console sends arrives at the bot.
pub(super) const ROUTE: &str = "/console/slack";

/// What every line begins with.
pub(super) const PREFIX: &str = "/meow";

pub(super) const APP: &str = "A-console";
pub(super) const BOT: &str = "U-catops";
pub(super) const CHANNEL: &str = "C-console";
pub(super) const CHANNEL_NAME: &str = "console";
pub(super) const DOMAIN: &str = "console";
pub(super) const TEAM: &str = "T-console";

/// Somebody at the console.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Person {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
}

/// Whoever opens the page is the first, and may speak as the others: what somebody else has to approve can be tried alone.
pub(super) static PEOPLE: [Person; 3] =
    [Person { id: "U-console", name: "you" }, Person { id: "U-ann", name: "ann" }, Person { id: "U-bob", name: "bob" }];

impl Person {
    /// Returns who they are to the bot.
    pub(super) fn actor(&self) -> Actor {
        Actor { id: self.id.to_owned(), name: self.name.to_owned(), team: TEAM.to_owned() }
    }

    /// Returns the address. No other can have it: RFC 2606 keeps names below `invalid` from everybody.
    pub(super) fn address(&self) -> String {
        format!("{}@console.invalid", self.name)
    }
}

/// What the app's shortcuts are called in its manifest: the global one, and the one on a message.
pub(super) const SHORTCUT: &str = "run";
pub(super) const MESSAGE_SHORTCUT: &str = "run_on_message";

/// Gives a chat the console's name and route.
pub(crate) fn named(chat: Slack) -> Slack {
    chat.named(NAME, ROUTE)
}

/// What the console and its chat know of each other: a Slack of its own, beside the real one.
///
/// Its secrets are made afresh, so nothing that belongs to a real workspace is used here, and nothing from here is of use
/// there.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Signs what the console sends to the bot.
    pub(super) secret: Secret,
    /// Lets the bot call the console's Web API.
    token: Secret,
    pub(super) base: String,
}

impl Workspace {
    /// Makes one. `base` is the bot's own address without a slash at the end, such as `http://127.0.0.1:3000`.
    ///
    /// Fails if the system gives no random numbers.
    pub fn new(base: String) -> Result<Self, Error> {
        Ok(Self { secret: random_secret()?, token: random_secret()?, base })
    }

    /// Returns the chat that the bot serves the console with; `key` seals its buttons and forms.
    ///
    /// An error of kind [`ErrorKind::Config`](catops_core::ErrorKind::Config) says that `base` is no address.
    pub fn chat(&self, key: &JobKey) -> Result<Slack, Error> {
        let chat = Slack::new(self.secret.clone(), vec![self.authority().to_owned()]);
        let api = format!("{}/console/api/", self.base);
        named(chat).with_key(key.clone()).with_token(self.token.clone(), Some(&api))
    }

    /// Returns what the bot brings when it calls the Web API.
    pub const fn token(&self) -> &Secret {
        &self.token
    }

    /// Returns the host and the port of the base.
    pub(super) fn authority(&self) -> &str {
        self.base.split_once("://").map_or(&self.base, |(_, authority)| authority)
    }
}
