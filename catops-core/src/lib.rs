//! The flow of CatOps and every type in it: from a line typed in a chat to a reply that all can see.
//!
//! # The two legs
//!
//! A message crosses two short invocations, always from left to right; nothing calls backwards.
//!
//! ```text
//! chat ─▶ entry ─▶ Ingress: verify, parse, seal ─▶ Invoker ─▶ ack ─▶ chat                     first leg, under 3 s
//!                                                   ╰▶ Dispatcher: open, claim, allow, run, record ─▶ Responder ─▶ chat
//! ```
//!
//! 1. [`ingress::Ingress`] asks the [`chat::Chat`] to check the signature over the raw bytes and to parse, seals a
//!    [`job::Job`], and hands it to the [`invoker::Invoker`], which returns when the platform has accepted it. Then it
//!    acknowledges. If the job was not accepted, the acknowledgement says so.
//! 2. [`dispatcher::Dispatcher`] opens the [`job::SealedJob`] in an invocation of its own, claims its id in the
//!    [`store::Store`], asks the [`policy::Policy`], parses the arguments, runs the [`command::Command`] with a
//!    [`Context`], delivers the [`Reply`] through the [`responder::Responder`], and writes one [`audit::Record`].
//!
//! # What always holds
//!
//! - **Nothing is run unless it was verified.** There is no way to parse a request without checking its signature, and
//!   no way to make a [`job::Job`] from outside bytes without opening its seal.
//! - **Accepted means kept.** The acknowledgement comes after the platform has the job, never before.
//! - **At most once.** A command runs only for the delivery that claimed its job. A repeat of a finished job does
//!   nothing; a repeat of one that died tells the asker so, or runs again if the command says it is repeatable.
//! - **Every path ends in a reply and a record**: also an unknown command, wrong arguments, a denial, a panic, a time-out,
//!   a job from another version of the bot. What cannot be delivered or stored is in the log.
//! - **It fails closed.** A store that is down runs nothing; a permission without a rule is closed; a bot without a
//!   signing secret does not start.
//! - **Secrets stay inside.** Tokens, reply addresses and job contents are in no log, no `Debug`, no error.
//!
//! # Who knows what
//!
//! | part | knows | never knows |
//! |---|---|---|
//! | core | the flow and its types | a cloud; it reads the environment in [`settings`] alone |
//! | a chat (`chat::slack`) | how its platform signs, asks and shows | which cloud it runs on |
//! | an adapter (`catops-local`) | how its cloud calls, queues and stores | a chat's payload, a plugin |
//! | a plugin | [`Context`] and [`Reply`] | chat and cloud |
//! | `deploy/<target>` | the one adapter and the plugins it joins | |
//!
//! # A command
//!
//! ```
//! use catops_core::{Reply, Result, command};
//!
//! /// Restart a service.
//! #[command]
//! async fn restart(
//!     /// The service, as `status` lists it
//!     service: String,
//!     /// Do not drain
//!     #[arg(long)] now: bool,
//! ) -> Result<Reply> {
//!     Ok(Reply::to_channel(format!("{service} is restarting{}", if now { " at once" } else { "" })))
//! }
//! # fn main() {}
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `client` (default) | the one HTTP client, with TLS roots compiled in |
//! | `slack` (default) | Slack: commands, mentions, buttons and forms in, Block Kit out |
//! | `server` | a small HTTP server for targets that are called over HTTP |
//! | `config` | reads the file that `CATOPS_CONFIG` names |
//! | `log` | log lines, as text or JSON |
//! | `testing` | `catops_core::testing`: run one line against plugins and get the reply; with `slack`, a Slack to test with |
//! | `conformance` | the rules that adapters keep, and the flow suite |

// What `#[command]` writes names this crate from outside, also in core's own tests.
extern crate self as catops_core;

pub mod app;
pub mod audit;
pub mod chat;
#[cfg(feature = "client")]
pub mod client;
pub mod command;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod context;
pub mod dispatcher;
pub mod error;
pub mod form;
pub mod http;
pub mod ingress;
pub mod invoker;
pub mod job;
pub mod line;
#[cfg(feature = "log")]
pub mod log;
mod panics;
pub mod pending;
pub mod policy;
pub mod reply;
pub mod request;
pub mod responder;
pub mod schedule;
pub mod secret;
#[cfg(feature = "server")]
pub mod server;
pub mod settings;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;

pub use catops_macros::{Choice, command};

pub use self::app::App;
#[doc(hidden)]
pub use self::command::private as __private;
pub use self::command::{Command, CommandError, Commands, usage};
pub use self::context::Context;
pub use self::dispatcher::Dispatcher;
pub use self::error::{Error, ErrorKind};
pub use self::ingress::Ingress;
pub use self::job::JobId;
pub use self::reply::{Audience, Reply};
pub use self::request::{ChannelRef, UserRef};
pub use self::secret::Secret;
pub use self::time::Timestamp;

/// What a command returns: a reply, or why there is none.
pub type Result<T, E = CommandError> = std::result::Result<T, E>;
