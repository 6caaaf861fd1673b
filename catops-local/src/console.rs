//! The console: a chat with the bot in the browser.
//!
//! It is a Slack of its own, beside the real one: what is done on the page becomes a signed request as Slack would send it
//! and takes the same way through [`Ingress`]; the bot answers at reply addresses and a Web API that the console serves,
//! and what arrives there goes to the page as server-sent events. No account is needed, and none is used.
//!
//! Whoever opens it may speak as a few people, so that what one asks for another can approve; with a token there is one, as
//! nobody can be told apart.
//!
//! It keeps its page from others: without a token it answers only to a loopback name, and in either case neither other
//! sites nor what a reply contains can use it. See `guard.rs` for the rules.

mod api;
mod catalogue;
mod complete;
mod deliver;
mod feed;
mod files;
mod guard;
mod interact;
mod messages;
mod page;
mod payload;
mod send;
mod sink;
mod triggers;
mod views;
pub(crate) mod workspace;

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
use self::files::{Files, MAX_FILE};
use self::guard::Guard;
use self::messages::Messages;
use self::sink::Sinks;
use self::triggers::Triggers;
use self::views::Views;
pub use self::workspace::Workspace;
use self::workspace::{PEOPLE, Person};
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
    files: Files,
    messages: Messages,
    sinks: Sinks,
    triggers: Triggers,
    views: Views,
    /// Who is here. Where others can reach the page, nobody is told apart, so nobody may be two.
    people: &'static [Person],
    stop: Option<watch::Receiver<bool>>,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("base", &self.shared.base).finish_non_exhaustive()
    }
}

impl Console {
    /// Makes the console of a bot, which must have the [chat](Workspace::chat) of `workspace`.
    ///
    /// With a `token`, whoever wants the page has to bring it once; without one, the page is for browsers on this machine.
    ///
    /// Fails if the system gives no random numbers.
    pub fn new(
        ingress: Arc<Ingress>,
        commands: &'static Commands,
        workspace: &Workspace,
        queue: LocalQueue,
        token: Option<Secret>,
    ) -> Result<Self, Error> {
        let shared = Shared {
            ingress,
            commands,
            signer: Signer::new(&workspace.secret),
            base: workspace.base.clone(),
            queue,
            people: if token.is_some() { &PEOPLE[..1] } else { &PEOPLE },
            guard: Arc::new(Guard::new(workspace, token)?),
            feed: Feed::new()?,
            files: Files::default(),
            messages: Messages::default(),
            sinks: Sinks::default(),
            triggers: Triggers::default(),
            views: Views::default(),
            stop: None,
        };
        Ok(Self { shared })
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
            .route("/console/complete", post(complete::complete).layer(small()))
            .route("/console/send", post(send::send).layer(small()))
            .route("/console/press", post(interact::press).layer(small()))
            .route("/console/shortcut", post(interact::shortcut).layer(small()))
            .route("/console/suggest", post(interact::suggest).layer(small()))
            .route("/console/view", post(interact::view).layer(small()))
            .route("/console/file/{id}", get(files::download))
            .route("/console/reply/{token}", post(sink::reply).layer(DefaultBodyLimit::max(MAX_BODY)))
            .route("/console/upload/{token}", post(files::upload).layer(DefaultBodyLimit::max(MAX_FILE)))
            .route("/console/api/{method}", post(api::call).layer(DefaultBodyLimit::max(MAX_BODY)))
            .layer(from_fn_with_state(guard, guard::check))
            .layer(from_fn(guard::harden))
            .with_state(Arc::new(self.shared))
    }
}
