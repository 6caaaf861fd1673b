//! Azure Functions as a target, as a custom handler: both legs behind the host, a storage queue between them, Table
//! storage as the store.
//!
//! A deployment joins it with the plugins in a `main` of one line:
//!
//! ```no_run
//! # mod catops_plugins {
//! #     pub static COMMANDS: catops_core::Commands = catops_core::Commands::new("", |_| "", |_| None);
//! # }
//! fn main() -> std::process::ExitCode {
//!     catops_azure::main(&catops_plugins::COMMANDS)
//! }
//! ```
//!
//! What this target gives for the promises of [`catops_core`]:
//!
//! | promise | here |
//! |---|---|
//! | accepted means kept | the queue output binding: the host writes the job before it answers the chat, or answers 500 |
//! | at most once | the claim, an insert into Table storage; the queue may deliver as often as it likes |
//! | dead jobs | the poison queue comes back to a function of this bot, which tells the asker, or runs a repeatable command again |
//! | a cold start | no SDK, TLS roots compiled in, nothing fetched before the first answer |
//!
//! Every function is called in the host's default mode, as `POST /{FunctionName}` with an envelope: no path of a client
//! reaches this server, which listens on loopback alone.

mod bot;
pub mod config;
pub mod envelope;
pub mod invoker;
pub mod queue;
mod run;
pub mod storage;
pub mod store;
mod table;
mod timer;

pub use self::bot::Bot;
pub use self::run::main;
