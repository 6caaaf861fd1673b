//! The bot behind its real server on loopback, with a queue and a store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catops_core::audit::Record;
use catops_core::chat::Incoming;
use catops_core::chat::slack::Slack;
use catops_core::client::{Client, Response};
use catops_core::invoker::MemoryInvoker;
use catops_core::job::{Job, JobId, JobKey};
use catops_core::request::{Actor, Channel, ReplyTo, Request};
use catops_core::server::{self, Limits};
use catops_core::store::{MemoryStore, Store as _};
use catops_core::testing::slack::{Post, Workspace};
use catops_core::{App, Commands, Dispatcher, Ingress, Result, Secret, Timestamp, command};
use catops_gcp::Bot;
use catops_gcp::config::Role;
use catops_gcp::oidc::Verifier;
use http::StatusCode;
use serde_json::{Value, json};

/// How long a command may run.
const LIMIT: Duration = Duration::from_secs(20);

/// How long what should come soon may take.
pub(crate) const SOON: Duration = Duration::from_secs(20);

static BEGUN: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
static OPEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Begin, and wait until the gate is opened.
#[command]
async fn wait(gate: String) -> Result<String> {
    passed(&gate).await;
    Ok(format!("waited at {gate}"))
}

/// The same, and it may run again.
#[command(repeatable)]
async fn wait_again(gate: String) -> Result<String> {
    passed(&gate).await;
    Ok(format!("waited again at {gate}"))
}

/// Say so at once.
#[command]
async fn hello(gate: String) -> String {
    open(&gate);
    passed(&gate).await;
    "hello".to_owned()
}

/// Run by itself.
#[command(schedule = "0 3 * * *")]
async fn night_watch() -> &'static str {
    open("night-watch");
    passed("night-watch").await;
    "all is well"
}

async fn passed(gate: &str) {
    *BEGUN.lock().unwrap().entry(gate.to_owned()).or_default() += 1;
    while !OPEN.lock().unwrap().contains(gate) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Opens a gate.
pub(crate) fn open(gate: &str) {
    OPEN.lock().unwrap().insert(gate.to_owned());
}

/// Returns how often a command came to `gate`.
pub(crate) fn begun(gate: &str) -> usize {
    BEGUN.lock().unwrap().get(gate).copied().unwrap_or(0)
}

/// Waits until `look` says yes.
pub(crate) async fn until(mut look: impl FnMut() -> bool) {
    let looked = async {
        while !look() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, looked).await.expect("it comes soon");
}

fn find(path: &str) -> Option<catops_core::Command> {
    Some(match path {
        "hello" => __catops_hello(),
        "night-watch" => __catops_night_watch(),
        "wait" => __catops_wait(),
        "wait-again" => __catops_wait_again(),
        _ => return None,
    })
}

pub(crate) static COMMANDS: Commands = Commands::new("hello\nnight-watch\nwait\nwait-again", |_| "", find);

pub(crate) struct Stand {
    pub(crate) address: SocketAddr,
    pub(crate) bot: Arc<Bot>,
    pub(crate) queue: Arc<MemoryInvoker>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) slack: Workspace,
    pub(crate) key: JobKey,
}

impl Stand {
    pub(crate) async fn new(role: Role, verifier: Option<Verifier>) -> Self {
        Self::with_store(role, verifier, Arc::default()).await
    }

    /// Starts a bot that shares its store with another.
    pub(crate) async fn with_store(role: Role, verifier: Option<Verifier>, store: Arc<MemoryStore>) -> Self {
        let slack = Workspace::start().await.unwrap();
        let key = JobKey::derive([slack.signer().secret()]);
        // A reply address of any workspace in this process is taken, as another bot may have made the job.
        let chat = Slack::new(slack.signer().secret().clone(), vec!["127.0.0.1".to_owned(), slack.host()]);
        let app = Arc::new(App::new(&COMMANDS, vec![Arc::new(chat)], key.clone()));
        let queue = Arc::new(MemoryInvoker::new(10));
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), store.clone()));
        let ingress = Ingress::new(app, queue.clone(), dispatcher.clone());
        let bot = Arc::new(Bot::new(role, ingress, dispatcher, queue.clone(), verifier, LIMIT, "example-project"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(server::serve(listener, bot.clone(), Limits::default(), std::future::pending()));
        Self { address, bot, queue, store, slack, key }
    }

    /// Makes the job of `text` whose reply goes to `name` in the workspace.
    pub(crate) fn job(&self, name: &str, text: &str) -> Job {
        let now = Timestamp::now();
        let request = Request {
            actor: Actor { id: "U0001".to_owned(), ..Actor::default() },
            channel: Channel { id: "C0001".to_owned(), ..Channel::default() },
            prefix: "/meow".to_owned(),
            text: text.to_owned(),
            ..Request::default()
        };
        let url = Some(Secret::new(self.slack.url(&format!("/{name}"))));
        let reply_to = ReplyTo { chat: "slack".to_owned(), url, expires: now + SOON * 10, ..ReplyTo::default() };
        Job::new(Incoming::new(JobId::of(&[name]), request, reply_to), now)
    }

    pub(crate) fn sealed(&self, name: &str, text: &str) -> String {
        self.job(name, text).seal(&self.key).unwrap().as_str().to_owned()
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Response {
        let url = format!("http://{}{path}", self.address);
        let mut request = Client::shared().post(url).timeout(SOON * 2).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send().await.unwrap()
    }

    /// Pushes a message with that data, and returns the status of the answer.
    pub(crate) async fn push(&self, path: &str, data: &str, token: Option<&str>) -> StatusCode {
        let body = pushed(data).to_string();
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        self.post(path, &headers, body).await.status()
    }

    pub(crate) fn replies(&self, name: &str) -> Vec<Post> {
        self.slack.posts(&format!("/{name}"))
    }

    pub(crate) async fn records(&self) -> Vec<Record> {
        self.store.records(100).await.unwrap()
    }
}

/// Wraps data as a push subscription with a dead-letter policy does.
pub(crate) fn pushed(data: &str) -> Value {
    json!({
        "deliveryAttempt": 1,
        "message": {
            "data": STANDARD.encode(data), "messageId": "1", "message_id": "1",
            "publishTime": "2026-11-23T02:04:05.678Z", "publish_time": "2026-11-23T02:04:05.678Z",
        },
        "subscription": "projects/example-project/subscriptions/catops-jobs",
    })
}
