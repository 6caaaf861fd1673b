//! Commands, chats, key and policy, put together once at start-up.

mod groups;

use std::sync::Arc;

use crate::chat::Chat;
use crate::command::Commands;
use crate::error::{Error, ErrorKind};
use crate::job::JobKey;
use crate::policy::Policy;
use crate::secret::Secret;
#[cfg(feature = "slack")]
use crate::settings::Settings;

/// The bot, free of the cloud it runs on.
#[derive(Debug)]
pub struct App {
    commands: &'static Commands,
    chats: Vec<Arc<dyn Chat>>,
    key: JobKey,
    policy: Policy,
    schedule_channel: Option<String>,
    audit_channel: Option<String>,
}

impl App {
    /// Puts a bot together. `chats` must not share a route.
    pub fn new(commands: &'static Commands, chats: Vec<Arc<dyn Chat>>, key: JobKey) -> Self {
        Self { commands, chats, key, policy: *commands.policy(), schedule_channel: None, audit_channel: None }
    }

    /// Sets the channel where replies of scheduled commands go: its id in the first chat.
    #[must_use]
    pub fn with_schedule_channel(mut self, channel: Option<String>) -> Self {
        self.schedule_channel = channel;
        self
    }

    /// Sets the channel that is told of every outcome: its id in the first chat.
    #[must_use]
    pub fn with_audit_channel(mut self, channel: Option<String>) -> Self {
        self.audit_channel = channel;
        self
    }

    /// Replaces the policy of the file beside the plugins.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Makes the bot that the settings describe: one chat for each that has a secret.
    ///
    /// Fails if no chat has one, since a bot that cannot tell who is talking must not start; and if the policy file that
    /// they name is not there or has a mistake.
    #[cfg(feature = "slack")]
    pub fn with_settings(commands: &'static Commands, settings: Settings) -> Result<Self, Error> {
        let Settings {
            slack_signing_secret,
            slack_bot_token,
            slack_api_url,
            job_key,
            schedule_channel,
            audit_channel,
            reply_hosts,
            config,
        } = settings;
        let Some(secret) = slack_signing_secret else {
            return Err(Error::new(
                ErrorKind::Config,
                "CATOPS_SLACK_SIGNING_SECRET is not set; Slack signs its requests with it, and you find it under \
                 \"Basic Information\" of your app at api.slack.com/apps",
            ));
        };
        let key = match &job_key {
            Some(key) => JobKey::derive([key]),
            None => JobKey::derive([&secret]),
        };
        let mut slack = crate::chat::slack::Slack::new(secret, reply_hosts).with_key(key.clone());
        if let Some(token) = slack_bot_token {
            slack = slack.with_token(token, slack_api_url.as_deref())?;
        }
        let policy = Policy::configured(commands, config.as_deref())?;
        let app = Self::new(commands, vec![Arc::new(slack)], key).with_schedule_channel(schedule_channel);
        Ok(app.with_audit_channel(audit_channel).with_policy(policy))
    }

    /// Makes the bot that the environment describes.
    #[cfg(feature = "slack")]
    pub fn from_env(commands: &'static Commands) -> Result<Self, Error> {
        Self::with_settings(commands, Settings::from_env()?)
    }

    /// Returns the commands.
    pub const fn commands(&self) -> &'static Commands {
        self.commands
    }

    /// Returns the key that seals jobs.
    pub const fn key(&self) -> &JobKey {
        &self.key
    }

    /// Returns who may run what.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the chat and the channel where replies of scheduled commands go.
    pub fn schedule_channel(&self) -> Option<(&Arc<dyn Chat>, &str)> {
        self.chats.first().zip(self.schedule_channel.as_deref())
    }

    /// Returns the chat and the channel that are told of every outcome.
    pub fn audit_channel(&self) -> Option<(&Arc<dyn Chat>, &str)> {
        self.chats.first().zip(self.audit_channel.as_deref())
    }

    /// Adds a chat, which must not share a route or a name with another.
    #[must_use]
    pub fn with_chat(mut self, chat: Arc<dyn Chat>) -> Self {
        self.chats.push(chat);
        self
    }

    /// Returns the chat whose requests arrive under `path`.
    pub fn chat_at(&self, path: &str) -> Option<&Arc<dyn Chat>> {
        self.chats.iter().find(|chat| chat.route() == path.strip_suffix('/').unwrap_or(path))
    }

    /// Returns the chat of that name.
    pub fn chat_named(&self, name: &str) -> Option<&Arc<dyn Chat>> {
        self.chats.iter().find(|chat| chat.name() == name)
    }
}

/// Makes a random secret: 256 bits in hex.
pub fn random_secret() -> Result<Secret, Error> {
    let mut bytes = [0; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes)
        .map_err(|_| Error::new(ErrorKind::Unavailable, "the system gives no random numbers"))?;
    Ok(Secret::new(crate::job::hex(&bytes)))
}
