//! What a command sees: who, where, until when; progress, state, secrets, HTTP.

mod progress;
mod state;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use self::progress::Outbox;
pub use self::state::State;
use crate::error::Error;
use crate::job::JobId;
use crate::request::{Actor, Channel, Request};
use crate::secret::Secret;
use crate::store::Store;
use crate::time::Timestamp;

/// Everything a command may know and use besides its arguments. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) job: JobId,
    pub(crate) request: Request,
    pub(crate) chat: String,
    /// The file the command is in, without its ending: what its state is kept under.
    pub(crate) plugin: String,
    pub(crate) clock: Clock,
    pub(crate) deadline: Instant,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outbox: Arc<Outbox>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("job", &self.0.job).field("plugin", &self.0.plugin).finish_non_exhaustive()
    }
}

/// The time of day, counted on from the moment the entry gave it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Timestamp,
    since: Instant,
}

impl Clock {
    pub(crate) fn starting(now: Timestamp) -> Self {
        Self { start: now, since: Instant::now() }
    }

    pub(crate) const fn started(&self) -> Timestamp {
        self.start
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.start + self.since.elapsed()
    }
}

impl Context {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Returns who asked.
    pub fn actor(&self) -> &Actor {
        &self.0.request.actor
    }

    /// Returns where it was asked.
    pub fn channel(&self) -> &Channel {
        &self.0.request.channel
    }

    /// Returns the name of the chat it came from, such as `slack`.
    pub fn chat(&self) -> &str {
        &self.0.chat
    }

    /// Returns the id of this job; log lines carry it by themselves.
    pub fn job(&self) -> &JobId {
        &self.0.job
    }

    /// Returns the time of day.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Returns how long the command may still run. Then it is stopped, if it is async, and the asker is told.
    pub fn remaining(&self) -> Duration {
        self.0.deadline.saturating_duration_since(Instant::now())
    }

    /// Shows how far the work is: `done` of `total`, and what is being done.
    ///
    /// Call it as often as you like: it edits one message, seldom enough to stay within the chat's limits, and passes
    /// over calls in between. A message that cannot be delivered is logged; the work goes on.
    pub async fn progress(&self, done: u64, total: u64, text: impl AsRef<str> + Send) {
        self.0.outbox.progress(done, total, text.as_ref(), self.now()).await;
    }

    /// Writes a line to the bot's log, with the job's id. The asker does not see it; leave secrets out all the same.
    pub fn log(&self, text: impl fmt::Display) {
        tracing::info!(job = %self.0.job, plugin = self.0.plugin, "{text}");
    }

    /// Returns the key-value state that all commands of this file share, and no other file sees.
    pub fn state(&self) -> State<'_> {
        State::new(&*self.0.store, &self.0.plugin, self.0.clock)
    }

    /// Returns the secret `name`, from the environment variable `CATOPS_SECRET_<NAME>`.
    ///
    /// ```no_run
    /// # async fn f(ctx: &catops_core::Context) -> catops_core::Result<()> {
    /// let token = ctx.secret("pager_token")?; // CATOPS_SECRET_PAGER_TOKEN
    /// # Ok(()) }
    /// ```
    pub fn secret(&self, name: &str) -> Result<Secret, Error> {
        crate::settings::plugin_secret(name)
    }

    /// Returns the HTTP client that the whole bot shares.
    #[cfg(feature = "client")]
    pub fn http(&self) -> &'static crate::client::Client {
        crate::client::Client::shared()
    }
}
