//! The console: a chat with the bot in the browser.
//!
//! What is typed there becomes a signed Slack slash command and takes the same way through [`Ingress`] as one from
//! Slack; the replies come back to a reply address of the console's own and go to the page as server-sent events.
//!
//! It keeps its page from others: without a token it answers only to a loopback name, and in either case neither other
//! sites nor what a reply contains can use it. See `guard.rs` for the rules.

mod catalogue;
mod feed;
mod guard;
mod page;
mod send;
mod sink;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use catops_core::command::Commands;
use catops_core::http::MAX_BODY;
use catops_core::ingress::Ingress;
use catops_core::{Error, Secret};
use tokio::sync::watch;

use self::feed::Feed;
use self::guard::Guard;
use self::sink::Sinks;
use crate::invoker::LocalQueue;
use crate::signer::Signer;

/// The largest request of the page, in bytes; a command line is far smaller.
const MAX_SENT: usize = 64 * 1024;

/// The chat in the browser, at `/`.
pub struct Console {
    shared: Shared,
}

/// What the routes share.
struct Shared {
    ingress: Arc<Ingress>,
    commands: &'static Commands,
    signer: Signer,
    base: String,
    queue: LocalQueue,
    guard: Arc<Guard>,
    feed: Feed,
    sinks: Sinks,
    stop: Option<watch::Receiver<bool>>,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("base", &self.shared.base).finish_non_exhaustive()
    }
}

impl Console {
    /// Makes the console of a bot.
    ///
    /// `secret` is what the bot checks Slack's signatures with. `base` is the bot's own address without a slash at the
    /// end, such as `http://127.0.0.1:3000`: replies are sent there, so its host and port must be among the
    /// [reply hosts](catops_core::settings::Settings::reply_hosts). With a `token`, whoever wants the page has to
    /// bring it once; without one, the page is for browsers on this machine.
    ///
    /// Fails if the system gives no random numbers.
    pub fn new(
        ingress: Arc<Ingress>,
        commands: &'static Commands,
        secret: Secret,
        base: String,
        queue: LocalQueue,
        token: Option<Secret>,
    ) -> Result<Self, Error> {
        let guard = Arc::new(Guard::new(&base, token)?);
        let signer = Signer::new(&secret);
        let (feed, sinks) = (Feed::new()?, Sinks::default());
        Ok(Self { shared: Shared { ingress, commands, signer, base, queue, guard, feed, sinks, stop: None } })
    }

    /// Ends the streams of events when `stop` turns true, so that a server that drains need not wait for open pages.
    #[must_use]
    pub fn until(mut self, stop: watch::Receiver<bool>) -> Self {
        self.shared.stop = Some(stop);
        self
    }

    /// Returns the routes `/`, `/console.css`, `/console.js` and `/console/…`.
    pub fn router(self) -> Router {
        let guard = self.shared.guard.clone();
        let small = || DefaultBodyLimit::max(MAX_SENT);
        Router::new()
            .route("/", get(page::index))
            .route("/console.css", get(page::style))
            .route("/console.js", get(page::script))
            .route("/console/commands", get(catalogue::commands))
            .route("/console/events", get(feed::events))
            .route("/console/send", post(send::send).layer(small()))
            .route("/console/reply/{token}", post(sink::reply).layer(DefaultBodyLimit::max(MAX_BODY)))
            .layer(from_fn_with_state(guard, guard::check))
            .layer(from_fn(guard::harden))
            .with_state(Arc::new(self.shared))
    }
}
