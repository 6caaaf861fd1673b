//! The workspace: what it keeps, and how a test looks at it.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::address::Address;
use super::api::files::File;
use super::api::people::Person;
use super::api::views::Trigger;
use super::call::Call;
use super::message::Message;
use super::post::{Answer, Post};
use super::signer::Signer;
use super::view::View;
use super::{API, BOT_TOKEN, SIGNING_SECRET, server};
use crate::app::random_secret;
use crate::chat::slack::Slack;
use crate::error::Error;
use crate::secret::Secret;
use crate::time::Timestamp;

/// A Slack workspace on a loopback address, with the bot installed in it.
///
/// It signs what it sends, gives each request a reply address and a trigger of its own, plays the Web API, keeps what the
/// bot posts, and refuses what Slack refuses. Its clock runs with the real one until a test moves it on
/// ([`Workspace::pass`]). Clones are the same workspace; it ends with the runtime that it was started on.
#[derive(Clone, Debug)]
pub struct Workspace {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    signer: Signer,
    /// Makes the names of this workspace unlike those of another.
    seed: String,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// How far the clock is ahead of the real one.
    pub(super) ahead: Duration,
    /// How many names were made.
    count: u64,
    pub(super) posts: Vec<Post>,
    pub(super) answers: HashMap<String, VecDeque<Answer>>,
    pub(super) addresses: HashMap<String, Address>,
    pub(super) triggers: HashMap<String, Trigger>,
    pub(super) messages: Vec<Message>,
    pub(super) views: Vec<View>,
    pub(super) files: Vec<File>,
    /// The accounts that the Web API tells of, by id.
    pub(super) people: HashMap<String, Person>,
    /// Who is in which user group.
    pub(super) groups: HashMap<String, Vec<String>>,
    /// Channels that refuse the bot, and by what code.
    pub(super) refusing: HashMap<String, &'static str>,
    /// When the last message came to a channel, if more than one a second are refused.
    pub(super) pace: Option<HashMap<String, Timestamp>>,
}

impl State {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead
    }

    /// Returns the next number that nothing else here has.
    pub(super) fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// Makes the name of a message: seconds, and six digits that set it apart.
    pub(super) fn ts(&mut self) -> String {
        let seconds = self.now().as_secs();
        format!("{seconds}.{:06}", self.next())
    }
}

impl Workspace {
    /// Starts a workspace on a free port of 127.0.0.1; the app's signing secret is [`SIGNING_SECRET`].
    pub async fn start() -> std::io::Result<Self> {
        Self::start_with(Secret::new(SIGNING_SECRET.to_owned())).await
    }

    /// Starts a workspace whose app has that signing secret.
    pub async fn start_with(signing_secret: Secret) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let seed = random_secret().map_err(std::io::Error::other)?.expose().chars().take(12).collect();
        let (state, changed) = (Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { signer: Signer::new(signing_secret), seed, state, changed });
        let workspace = Self { address: listener.local_addr()?, shared };
        tokio::spawn(server::serve(listener, workspace.clone()));
        Ok(workspace)
    }

    /// Returns what signs requests.
    pub fn signer(&self) -> &Signer {
        &self.shared.signer
    }

    /// Makes the chat of a bot that is installed here: with the app's signing secret, the bot's token, and this workspace
    /// in the place of Slack's hosts.
    pub fn chat(&self) -> Result<Slack, Error> {
        let slack = Slack::new(self.signer().secret().clone(), vec![self.host()]);
        slack.with_token(Secret::new(BOT_TOKEN.to_owned()), Some(&self.url(API)))
    }

    /// Returns `127.0.0.1:<port>`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns the address of `path` here.
    ///
    /// What is neither a reply address that the workspace gave nor below [`API`] takes any post, as often as one likes.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the time by the workspace's clock.
    pub fn now(&self) -> Timestamp {
        self.state().now()
    }

    /// Moves the workspace's clock on, so that a test need not wait for something to expire.
    pub fn pass(&self, time: Duration) {
        self.state().ahead += time;
    }

    /// Sets what the next posts to `path` are answered with; after these, as always.
    pub fn script(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.state().answers.insert(path.to_owned(), answers.into_iter().collect());
    }

    /// Makes a channel refuse the bot with `code`, such as `not_in_channel` or `channel_not_found`.
    pub fn refuse_channel(&self, channel: &str, code: &'static str) {
        self.state().refusing.insert(channel.to_owned(), code);
    }

    /// Refuses more than one message a second to a channel, as Slack does where it goes on for long
    /// (docs.slack.dev, "Rate limits").
    pub fn keep_pace(&self) {
        self.state().pace.get_or_insert_default();
    }

    /// Returns the posts to `path` that were taken, so far.
    pub fn posts(&self, path: &str) -> Vec<Post> {
        self.state().posts.iter().filter(|post| post.path == path && post.taken).cloned().collect()
    }

    /// Returns the posts that were refused, wherever they came to, and not because a test said so.
    pub fn refusals(&self) -> Vec<Post> {
        self.state().posts.iter().filter(|post| post.refusal.is_some()).cloned().collect()
    }

    /// Returns how many posts came to `path`, whatever they were answered with.
    pub fn tries(&self, path: &str) -> usize {
        self.state().posts.iter().filter(|post| post.path == path).count()
    }

    /// Waits until `count` posts to `path` were taken, or `limit` has passed; returns what is there.
    pub async fn wait(&self, path: &str, count: usize, limit: Duration) -> Vec<Post> {
        self.until(limit, |workspace| Some(workspace.posts(path)).filter(|posts| posts.len() >= count)).await;
        self.posts(path)
    }

    /// Looks after each post until there is something to see, or `limit` has passed.
    pub async fn until<T>(&self, limit: Duration, mut look: impl FnMut(&Self) -> Option<T>) -> Option<T> {
        let end = Instant::now() + limit;
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            if let Some(found) = look(self) {
                return Some(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if tokio::time::timeout(left, changed).await.is_err() {
                return look(self);
            }
        }
    }

    /// Returns the messages that stand in a channel, the oldest first; those for one person too.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        let state = self.state();
        let there = state.messages.iter().filter(|message| message.channel == channel && !message.is_deleted);
        there.cloned().collect()
    }

    /// Returns the messages that stand where they were posted to the reply address of `call`, the oldest first.
    pub fn replies(&self, call: &Call) -> Vec<Message> {
        let state = self.state();
        let there = state.messages.iter().filter(|message| message.path == call.path() && !message.is_deleted);
        there.cloned().collect()
    }

    /// Returns the latest message that stands anywhere.
    pub fn last_message(&self) -> Option<Message> {
        self.state().messages.iter().rev().find(|message| !message.is_deleted).cloned()
    }

    /// Returns the view that was opened last and is open.
    pub fn view(&self) -> Option<View> {
        self.state().views.last().cloned()
    }

    /// Returns the views that are open before a person, the lowest first.
    pub fn views(&self, user: &str) -> Vec<View> {
        self.state().views.iter().filter(|view| view.user == user).cloned().collect()
    }

    /// Returns the files that were shared.
    pub fn files(&self) -> Vec<File> {
        self.state().files.iter().filter(|file| file.is_shared).cloned().collect()
    }

    /// Tells those who wait that something has changed.
    pub(super) fn tell(&self) {
        self.shared.changed.notify_waiters();
    }

    /// Makes a word that nothing else here or in another workspace has.
    pub(super) fn word(&self, number: u64) -> String {
        format!("{}{number}", self.shared.seed)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
