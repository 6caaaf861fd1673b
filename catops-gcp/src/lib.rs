//! Google Cloud as a target: one container for both legs on Cloud Run, Pub/Sub or Cloud Tasks between them, Firestore as
//! the store.
//!
//! A deployment joins it with the plugins in a `main` of one line:
//!
//! ```no_run
//! # mod catops_plugins {
//! #     pub static COMMANDS: catops_core::Commands = catops_core::Commands::new("", |_| "", |_| None);
//! # }
//! fn main() -> std::process::ExitCode {
//!     catops_gcp::main(&catops_plugins::COMMANDS)
//! }
//! ```
//!
//! What this target gives for the promises of [`catops_core`]:
//!
//! | promise | here |
//! |---|---|
//! | accepted means kept | Pub/Sub or Cloud Tasks has stored the job before the chat is acknowledged |
//! | at most once | the claim, a document in Firestore that is created once; a repeat waits until the run has ended |
//! | dead jobs | a message that is not answered in time comes again, and after its last try to the dead-letter topic, which pushes to `/dead`; Cloud Tasks has no such topic and drops the task |
//! | a cold start | no SDK, TLS roots compiled in, the connection to the queue opened before the port |
//!
//! # Routes
//!
//! | route | who calls | served by |
//! |---|---|---|
//! | `/slack` and those of other chats | the chat, which signs | `both`, `front` |
//! | `POST /push` | the push subscription of the topic, or Eventarc | `both`, `worker` |
//! | `POST /task` | Cloud Tasks | `both`, `worker` |
//! | `POST /dead` | the push subscription of the dead-letter topic | `both`, `worker` |
//! | `POST /tick/<command>` | Cloud Scheduler | `both`, `worker` |
//! | `GET /healthz` | whoever wants to know | all |
//!
//! `CATOPS_SERVICE` says which it is. A `worker` is private: Cloud Run checks the tokens of its callers, and replaces their
//! signatures, so it does not look at them. A service that is `both` is public and checks them itself ([`oidc`]).

mod bot;
pub mod config;
pub mod credentials;
pub mod entry;
pub mod invoker;
pub mod oidc;
mod percent;
pub mod push;
mod run;
mod running;
pub mod service;
pub mod store;
mod worker;

pub use self::bot::Bot;
pub use self::run::main;
