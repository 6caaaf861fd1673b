//! What Slack takes at most in a manifest. Sources: docs.slack.dev, "App manifest reference", and
//! `slackapi/manifest-schema`, `schemas/manifest.schema.1.0.0.json`; where they differ, the smaller. Lengths are in UTF-16
//! units, which are never fewer than the characters that Slack counts.

/// The name of the app.
pub(super) const NAME: usize = 35;

/// The description of the app. Slack says 140, and has refused that many (mastra-ai/mastra, pull request 16093).
pub(super) const DESCRIPTION: usize = 139;

/// The name of the bot user, of small letters, digits, `-`, `_` and `.`.
pub(super) const BOT_NAME: usize = 80;

/// How many slash commands there are.
pub(super) const SLASH_COMMANDS: usize = 50;

/// The name of a slash command, with its slash.
pub(super) const SLASH_COMMAND: usize = 32;

/// The description of a slash command.
pub(super) const SLASH_DESCRIPTION: usize = 2_000;

/// The usage hint of a slash command.
pub(super) const USAGE_HINT: usize = 1_000;

/// A request URL: 3,500 for events and interactivity, 3,000 for slash commands.
pub(super) const URL: usize = 3_000;

/// The link to the page that makes the app. Slack names no limit; 8 KiB for the first line of a request is what common
/// servers take by default.
pub(super) const LINK: usize = 8_000;
