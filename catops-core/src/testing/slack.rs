//! Plays Slack: signed requests in, and the far end of whatever the bot sends out.
//!
//! A [`Workspace`] makes the requests that Slack makes of what people do, gives each a reply address and a trigger, plays
//! the Web API on loopback, keeps the messages, views and files that the bot sends, and refuses what Slack refuses: a
//! reply address after [five uses](ADDRESS_USES) or [half an hour](ADDRESS_TIME), a [trigger](TRIGGER_TIME) used twice or
//! too late, a wrong token, a message or a view beyond the published limits ([`check_message`], [`check_view`]), an answer
//! after [three seconds](ANSWER_TIME).
//!
//! ```
//! use catops_core::testing::slack::Workspace;
//! use catops_core::{Context, Reply, command};
//!
//! /// Restart a service.
//! #[command]
//! fn restart(ctx: &Context, service: String) -> Reply {
//!     Reply::to_channel(format!("{} restarts {service}", ctx.actor()))
//! }
//! # use catops_core::{Command, Commands};
//! # fn find(path: &str) -> Option<Command> { (path == "restart").then(__catops_restart) }
//! # static COMMANDS: Commands = Commands::new("restart", |_| "", find); // the build script writes this
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let slack = Workspace::start().await?;
//! let bot = slack.install(&COMMANDS)?;
//! bot.send(slack.command("restart api").named("bob")).await;
//! assert_eq!(slack.messages("C0001")[0].text(), "bob restarts api");
//! assert!(slack.refusals().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! A press is made from the message that was posted ([`Workspace::press`]), and a submission from the view that was opened
//! ([`Workspace::submit`]), so a test says what a person reads and types, and nothing of ids and values.

mod address;
mod api;
mod bot;
mod call;
mod check;
mod form;
mod message;
mod people;
mod post;
mod server;
mod signer;
mod taken;
mod view;
mod workspace;

pub use self::address::{ADDRESS_TIME, ADDRESS_USES};
pub use self::api::files::File;
pub use self::api::people::Person;
pub use self::api::views::TRIGGER_TIME;
pub use self::bot::Installed;
pub use self::call::Call;
pub use self::check::{check_message, check_view, pings};
pub use self::message::Message;
pub use self::people::Missing;
pub use self::post::{Answer, Post};
pub use self::signer::Signer;
pub use self::taken::{ANSWER_TIME, Taken, in_time};
pub use self::view::View;
pub use self::workspace::Workspace;

/// The signing secret of the app, unless a workspace is started with another.
pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// The bot's token, which the Web API asks for.
pub const BOT_TOKEN: &str = "xoxb-1700000000-of-the-test-kit";

/// Below this path are the methods of the Web API.
pub const API: &str = "/api/";

/// The workspace that the bot is installed in.
pub const TEAM: &str = "T0001";

/// The channel that things happen in unless a test says otherwise; its name is `ops`.
pub const CHANNEL: &str = "C0001";

/// The person who does things unless a test says otherwise; their name is `ann`.
pub const USER: &str = "U0001";

/// The person that the bot is to others.
pub const BOT_USER: &str = "U0BOT";

const BOT: &str = "B0001";
const APP: &str = "A0001";
