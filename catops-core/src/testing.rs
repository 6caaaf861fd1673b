//! Runs one line against plugins and returns the reply: no chat, no cloud, no network.
//!
//! What a reply looks like in Slack, and what buttons and forms do there, is for `testing::slack`, which plays Slack on
//! loopback.
//!
//! ```
//! use catops_core::testing::Bot;
//! use catops_core::{Context, command};
//!
//! /// Restart a service.
//! #[command]
//! fn restart(ctx: &Context, service: String) -> String {
//!     format!("{} restarts {service}", ctx.actor())
//! }
//! # use catops_core::{Command, Commands};
//! # fn find(path: &str) -> Option<Command> { (path == "restart").then(__catops_restart) }
//! # static COMMANDS: Commands = Commands::new("restart", |_| "", find); // the build script writes this
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let reply = Bot::new(&COMMANDS).run("restart api").by("ann").await;
//! assert_eq!(reply.text(), "ann restarts api");
//! # }
//! ```

mod decide;
#[cfg(feature = "slack")]
pub mod slack;
mod store;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use self::store::PoliteStore;
use crate::app::App;
pub use crate::audit::Outcome;
use crate::command::Commands;
use crate::context::{Clock, State};
use crate::dispatcher::{Dispatched, Dispatcher};
use crate::form::complete;
use crate::job::{Job, JobId, JobKey};
use crate::policy::{self, Policy};
use crate::reply::Reply;
use crate::request::{Actor, Channel, ReplyTo, Request};
use crate::responder::MemoryResponder;
use crate::store::Store;
use crate::time::Timestamp;

/// A bot to test plugins with. It runs the dispatcher itself, so a test sees what an asker sees.
///
/// What one line writes to the state, the next one reads.
#[derive(Debug)]
pub struct Bot {
    commands: &'static Commands,
    policy: Policy,
    store: Arc<PoliteStore>,
    limit: Duration,
    ahead: Duration,
}

impl Bot {
    /// Makes a bot with these commands, an empty state and a time limit of 10 s.
    pub fn new(commands: &'static Commands) -> Self {
        Self {
            commands,
            policy: *commands.policy(),
            store: Arc::default(),
            limit: Duration::from_secs(10),
            ahead: Duration::ZERO,
        }
    }

    /// Sets who may run what: the text of a policy file. Without it the one beside the plugins holds.
    ///
    /// ```
    /// # use catops_core::testing::{Bot, Outcome};
    /// # use catops_core::{Command, Commands, command};
    /// /// Restart a service.
    /// #[command(requires = "ops.restart")]
    /// fn restart(service: String) -> String {
    ///     format!("{service} restarts")
    /// }
    /// # fn find(path: &str) -> Option<Command> { (path == "restart").then(__catops_restart) }
    /// # static COMMANDS: Commands = Commands::new("restart", |_| "", find);
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let bot = Bot::new(&COMMANDS).with_policy(r#"
    ///     [roles.oncall]
    ///     members = ["user:U-ann"]    # who asks `.by("ann")`
    ///     allow = ["ops.restart"]
    /// "#);
    /// assert_eq!(bot.run("restart api").by("ann").outcome().await.0, Outcome::Ran);
    /// assert_eq!(bot.run("restart api").by("bob").outcome().await.0, Outcome::Denied);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Where the text has a mistake, alone or beside the commands; each is named with line and column.
    #[must_use]
    pub fn with_policy(mut self, text: &str) -> Self {
        self.policy = policy::of_text("the policy", text).unwrap_or_else(|error| panic!("{error}"));
        self.policy.check(self.commands).unwrap_or_else(|error| panic!("{error}"));
        self
    }

    /// Sets how long a command may run.
    #[must_use]
    pub const fn with_timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Moves the bot's clock forward, so that a test need not wait for something to expire.
    #[must_use]
    pub fn later(mut self, by: Duration) -> Self {
        self.ahead += by;
        self
    }

    /// Runs one line, as typed after `/meow`. Await it for the reply.
    pub fn run(&self, line: &str) -> Line<'_> {
        let actor = Actor { id: "U1".to_owned(), name: "tester".to_owned(), team: "T1".to_owned() };
        let channel = Channel { id: "C1".to_owned(), name: "ops".to_owned() };
        let request =
            Request { actor, channel, prefix: "/meow".to_owned(), text: line.to_owned(), ..Request::default() };
        Line { bot: self, request }
    }

    /// Returns what is proposed to `tester` for a parameter of a command, when `typed` is in its field: what a menu in a form
    /// lists.
    ///
    /// ```
    /// # use catops_core::testing::Bot;
    /// # use catops_core::{Command, Commands, Context, command};
    /// /// Restart a service.
    /// #[command]
    /// async fn restart(#[arg(complete = services)] service: String) -> String {
    ///     format!("{service} is restarting")
    /// }
    ///
    /// async fn services(_ctx: &Context, _typed: &str) -> Vec<String> {
    ///     vec!["web".to_owned(), "the-api".to_owned(), "api".to_owned()]
    /// }
    /// # fn find(path: &str) -> Option<Command> { (path == "restart").then(__catops_restart) }
    /// # static COMMANDS: Commands = Commands::new("restart", |_| "", find);
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// assert_eq!(Bot::new(&COMMANDS).complete("restart", "service", "ap").await, ["api", "the-api"]);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Where there is no such command or parameter, where the parameter has neither choices nor `complete`, and where its
    /// completer panics or does not answer within the time limit.
    pub async fn complete(&self, command: &str, param: &str, typed: &str) -> Vec<String> {
        let found = self.commands.find(command).unwrap_or_else(|| panic!("there is no command `{command}`"));
        let of_name = found.params().iter().find(|other| other.name() == param);
        let param = of_name.unwrap_or_else(|| panic!("`{command}` has no parameter `{param}`"));
        let Request { actor, channel, prefix, .. } = self.run("").request;
        let request = Request { actor, channel, prefix, ..Request::default() };
        let context = complete::context(&found, request, "test", self.store.clone(), self.now(), self.limit);
        assert!(
            param.completer().is_some() || !param.choices().is_empty(),
            "nothing is proposed for {}: it has no `complete`",
            param.label()
        );
        match complete::proposals(param, &context, typed).await {
            (words, None) => words,
            (_, Some(error)) => panic!("the completer of {} failed: {error}", param.label()),
        }
    }

    /// Returns the state of a plugin, named like its file without `.rs`.
    pub fn state<'a>(&'a self, plugin: &'a str) -> State<'a> {
        State::new(&*self.store, plugin, Clock::starting(self.now()))
    }

    /// Returns the store behind it: claims, state, records.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead
    }
}

/// A line about to be run.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    bot: &'a Bot,
    request: Request,
}

impl<'a> Line<'a> {
    /// Sets who asks: a name, from which the id is made (`ann` has the id `U-ann`).
    #[must_use]
    pub fn by(mut self, name: &str) -> Self {
        self.request.actor = Actor { id: format!("U-{name}"), name: name.to_owned(), team: "T1".to_owned() };
        self
    }

    /// Sets where it is asked: a name, from which the id is made (`ops` has the id `C-ops`).
    #[must_use]
    pub fn in_channel(mut self, name: &str) -> Self {
        self.request.channel = Channel { id: format!("C-{name}"), name: name.to_owned() };
        self
    }

    /// Runs it and returns how it ended, and the reply.
    pub async fn outcome(self) -> (Outcome, Reply) {
        let Self { bot, request } = self;
        let app = Arc::new(App::new(bot.commands, Vec::new(), JobKey::derive([])).with_policy(bot.policy));
        let dispatcher = Dispatcher::new(app, bot.store.clone());
        let (now, id) = (bot.now(), JobId::random());
        let reply_to = ReplyTo { chat: "test".to_owned(), user: request.actor.id.clone(), ..ReplyTo::default() };
        let job = Job { id, asked: now, expires: now + bot.limit, hops: 0, reply_to, request };
        let responder = Arc::new(MemoryResponder::default());
        let dispatched = dispatcher.run(&job, responder.clone(), now, bot.limit).await;
        let reply = responder.replies().pop().map(|(_, reply)| reply);
        match (dispatched, reply) {
            (Dispatched::Ended(record), Some(reply)) => (record.outcome, reply),
            (other, _) => {
                unreachable!("a fresh job with a store and a responder in memory ends with a reply: {other:?}")
            }
        }
    }
}

impl<'a> IntoFuture for Line<'a> {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.outcome().await.1 })
    }
}
