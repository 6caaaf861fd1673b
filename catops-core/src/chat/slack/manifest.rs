//! The manifest of the Slack app: all that Slack has to know of the bot, made from the bot's commands.
//!
//! ```
//! use catops_core::chat::slack::manifest::{Manifest, Options};
//! # use catops_core::Commands;
//! # static COMMANDS: Commands = Commands::new("", |_| "", |_| None);
//! let manifest = Manifest::new(&COMMANDS, &Options::new("https://host.example/slack"))?;
//! assert!(manifest.json().contains(r#""command": "/meow""#));
//! # Ok::<(), catops_core::Error>(())
//! ```
//!
//! The form is that of docs.slack.dev, "App manifest reference", and of the schema in `slackapi/manifest-schema`, which
//! has more limits than the page.

mod address;
mod fields;
mod limits;
mod need;
mod options;
mod slash;
mod text;
mod yaml;

use serde::Serialize;

use self::address::Address;
use self::fields::{
    AppHome, BotUser, DisplayInformation, EventSubscriptions, Features, Interactivity, Metadata, OauthConfig, Scopes,
    Settings, Shortcut,
};
pub use self::need::{Kind, Need, needs};
pub use self::options::{Feature, Options};
use crate::command::Commands;
use crate::error::Error;

/// The shortcut beside the message field, which opens the form that asks for a command. A shortcut of any other name opens
/// the form of the command of that name.
pub(super) const RUN: &str = "run";

/// The shortcut in the menu of a message, which opens the same form there.
pub(super) const RUN_ON_MESSAGE: &str = "run_on_message";

/// A manifest that Slack takes: whatever the commands say of themselves, it is within Slack's limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    _metadata: Metadata,
    display_information: DisplayInformation,
    features: Features,
    oauth_config: OauthConfig,
    settings: Settings,
    #[serde(skip)]
    is_loopback: bool,
}

impl Manifest {
    /// Makes the manifest of a bot with these commands.
    ///
    /// Text that is too long for Slack is cut, at a word where there is one. An error of kind
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) names the option that Slack would refuse.
    pub fn new(commands: &Commands, options: &Options) -> Result<Self, Error> {
        let Address { url, is_loopback } = Address::check(&options.url)?;
        let named = |kind| needs(options).filter(move |need| need.kind == kind).map(|need| need.name).collect();
        let bot_events: Vec<_> = named(Kind::Event);
        let description = slash::all(commands, "Runs operations from chat", limits::DESCRIPTION);
        Ok(Self {
            _metadata: Metadata { major_version: 1, minor_version: 1 },
            display_information: DisplayInformation { name: options.app_name()?, description },
            features: Features {
                app_home: AppHome {
                    home_tab_enabled: false,
                    messages_tab_enabled: !options.without.contains(&Feature::DirectMessages),
                    messages_tab_read_only_enabled: false,
                },
                bot_user: BotUser { display_name: options.bot_name(), always_online: true },
                shortcuts: shortcuts(),
                slash_commands: slash::commands(commands, options, &url)?,
            },
            oauth_config: OauthConfig { scopes: Scopes { bot: named(Kind::Scope) } },
            settings: Settings {
                // Slack refuses a subscription to nothing.
                event_subscriptions: (!bot_events.is_empty())
                    .then(|| EventSubscriptions { request_url: url.clone(), bot_events }),
                interactivity: Interactivity {
                    is_enabled: true,
                    request_url: url.clone(),
                    message_menu_options_url: url,
                },
                org_deploy_enabled: false,
                socket_mode_enabled: false,
                token_rotation_enabled: false,
            },
            is_loopback,
        })
    }

    /// Returns whether its URL is on this machine, where Slack cannot reach it.
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Returns it as JSON, a line for each field.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest is plain data")
    }

    /// Returns it as YAML, without a line break at the end.
    pub fn yaml(&self) -> String {
        yaml::from_json(&self.json())
    }

    /// Returns the link that opens Slack's page "Create an app" with the manifest filled in; `None` if it would be
    /// longer than 8,000 characters, which is about what servers take.
    pub fn link(&self) -> Option<String> {
        let json = serde_json::to_string(self).expect("a manifest is plain data");
        let link = format!("https://api.slack.com/apps?new_app=1&manifest_json={}", text::percent(&json));
        (link.len() <= limits::LINK).then_some(link)
    }
}

fn shortcuts() -> Vec<Shortcut> {
    let global = Shortcut {
        name: "Run a command",
        r#type: "global",
        callback_id: RUN,
        description: "Choose a command and fill in its form",
    };
    // A name has at most 24 characters.
    let message = Shortcut {
        name: "Run on this message",
        r#type: "message",
        callback_id: RUN_ON_MESSAGE,
        description: "Choose a command, and run it where this message is",
    };
    vec![global, message]
}
