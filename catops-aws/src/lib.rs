//! AWS Lambda as a target: both legs in one function, which invokes itself; DynamoDB as the store.
//!
//! A deployment joins it with the plugins in a `main` of one line:
//!
//! ```no_run
//! # mod catops_plugins {
//! #     pub static COMMANDS: catops_core::Commands = catops_core::Commands::new("", |_| "", |_| None);
//! # }
//! fn main() -> std::process::ExitCode {
//!     catops_aws::main(&catops_plugins::COMMANDS)
//! }
//! ```
//!
//! What this target gives for the promises of [`catops_core`]:
//!
//! | promise | here |
//! |---|---|
//! | accepted means kept | Lambda's own queue for asynchronous invocations: acknowledged after its 202 |
//! | at most once | the claim, a conditional write in DynamoDB; Lambda's automatic retries are off |
//! | dead jobs | the on-failure destination is a queue that comes back to this function, which tells the asker, or runs a repeatable command again |
//! | a cold start | no SDK, TLS roots compiled in, the connection to Lambda opened before the first event is taken |

pub mod account;
mod bot;
pub mod config;
pub mod event;
pub mod invoker;
mod percent;
mod report;
mod run;
pub mod secrets;
pub mod service;
pub mod store;

pub use self::run::main;
