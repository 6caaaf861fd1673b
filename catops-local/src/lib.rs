//! CatOps on your own machine: a server, a durable queue and store in one file, a console in the browser, and single
//! commands in the terminal. No account, no network service.
//!
//! A deployment joins it with the plugins in a `main` of one line:
//!
//! ```no_run
//! # mod catops_plugins {
//! #     pub static COMMANDS: catops_core::Commands = catops_core::Commands::new("", |_| "", |_| None);
//! # }
//! fn main() -> std::process::ExitCode {
//!     catops_local::main(&catops_plugins::COMMANDS)
//! }
//! ```
//!
//! What this target gives for the promises of [`catops_core`]:
//!
//! | promise | here |
//! |---|---|
//! | accepted means kept | a row in SQLite, with `synchronous=FULL`: acknowledged after the commit that has it; concurrent ones share a commit |
//! | at most once | the claim in the store; one server for a file, by a lock of the operating system |
//! | dead jobs | what a dead process had taken is found at the next start, and its asker is told; `jobs` lists what was given up |
//! | schedules | a tick for each, from the server's own clock, in UTC; none is made up that came while no server ran |
//! | SIGTERM | no more is taken, what runs may end |

mod audit;
mod bot;
mod cli;
pub mod config;
pub mod console;
pub mod db;
pub mod entry;
mod exit;
pub mod invoker;
mod key;
pub mod lock;
mod manifest;
mod oneshot;
mod policy;
mod recorded;
mod scheduler;
mod serve;
mod signer;
pub mod store;
mod terminal;
mod watch;
mod words;
pub mod worker;

pub use self::cli::main;
