//! A server on loopback that stands where the chat takes replies, and plays the chat's API.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What the sink's chat API takes as the bot's token.
pub const BOT_TOKEN: &str = "xoxb-bench-1700000000-of-the-flow-suite";

/// Below this path are the methods of the chat's API; the token is asked for there.
pub const API: &str = "/api/";

/// Takes posts, keeps them, and answers as a test tells it to.
#[derive(Clone, Debug)]
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: tokio::sync::Notify,
}

#[derive(Debug, Default)]
struct State {
    posts: Vec<Post>,
    answers: HashMap<String, VecDeque<Answer>>,
}

/// One post that arrived.
#[derive(Clone, Debug)]
pub struct Post {
    /// The path it came to.
    pub path: String,
    /// Its body.
    pub body: serde_json::Value,
    /// The status it was answered with.
    pub status: u16,
    /// Whether it was taken: the API refuses with status 200 too.
    pub taken: bool,
}

impl Post {
    /// Returns the plain text of the message.
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap_or_default()
    }

    /// Returns everything the message says, as JSON text.
    pub fn all(&self) -> String {
        self.body.to_string()
    }

    /// Returns whether everybody in the channel sees it.
    pub fn is_public(&self) -> bool {
        self.body["response_type"] == "in_channel"
    }

    /// Returns the channel that the chat's API was to post to.
    pub fn channel(&self) -> &str {
        self.body["channel"].as_str().unwrap_or_default()
    }

    /// Returns whether it changes the message before it.
    pub fn replaces(&self) -> bool {
        self.body["replace_original"] == true
    }
}

/// What the sink answers to one post.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// This status.
    Status(u16),
    /// 429 with `Retry-After` in seconds.
    Busy(u16),
    /// 200, after a silence.
    Late(Duration),
    /// 200 and this error code, as the chat's API refuses.
    Refused(&'static str),
}

impl Sink {
    /// Starts a sink on a free port of 127.0.0.1.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let sink = Self { address: listener.local_addr()?, shared: Arc::default() };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let sink = sink.clone();
                        async move { Ok::<_, Infallible>(sink.answer(request).await) }
                    });
                    // A client that goes away in the middle is no concern of the sink.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(sink)
    }

    /// Returns `127.0.0.1:<port>`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns the address of `path` here.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sets what the next posts to `path` are answered with; after these, 200.
    pub fn script(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.state().answers.insert(path.to_owned(), answers.into_iter().collect());
    }

    /// Returns the posts to `path` that were taken, so far.
    pub fn posts(&self, path: &str) -> Vec<Post> {
        self.state().posts.iter().filter(|post| post.path == path && post.taken).cloned().collect()
    }

    /// Returns how many posts came to `path`, whatever they were answered with.
    pub fn tries(&self, path: &str) -> usize {
        self.state().posts.iter().filter(|post| post.path == path).count()
    }

    /// Waits until `count` posts to `path` were taken, or `limit` has passed; returns what is there.
    pub async fn wait(&self, path: &str, count: usize, limit: Duration) -> Vec<Post> {
        let end = Instant::now() + limit;
        loop {
            let changed = self.shared.changed.notified();
            let posts = self.posts(path);
            let left = end.saturating_duration_since(Instant::now());
            if posts.len() >= count || tokio::time::timeout(left, changed).await.is_err() {
                return posts;
            }
        }
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let is_api = path.starts_with(API);
        let bearer = request.headers().get(http::header::AUTHORIZATION);
        let is_bot = bearer.is_some_and(|bearer| bearer.as_bytes() == format!("Bearer {BOT_TOKEN}").as_bytes());
        let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = self.state().answers.get_mut(&path).and_then(VecDeque::pop_front).unwrap_or(Answer::Status(200));
        let mut response = hyper::Response::new(Full::default());
        let mut error = None;
        let status = match answer {
            Answer::Status(status) => status,
            Answer::Busy(seconds) => {
                response.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
                429
            }
            Answer::Late(silence) => {
                tokio::time::sleep(silence).await;
                200
            }
            Answer::Refused(code) => {
                error = Some(code);
                200
            }
        };
        if is_api && !is_bot {
            error = Some("invalid_auth");
        }
        let text = match error {
            Some(code) => serde_json::json!({"ok": false, "error": code}).to_string(),
            None if is_api => self.message(&body).to_string(),
            None => "ok".to_owned(),
        };
        *response.body_mut() = Full::new(Bytes::from(text));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::IM_A_TEAPOT);
        self.state().posts.push(Post { path, body, status, taken: status == 200 && error.is_none() });
        self.shared.changed.notify_waiters();
        response
    }

    /// What the chat's API answers when it has posted or changed a message.
    fn message(&self, body: &serde_json::Value) -> serde_json::Value {
        let new = format!("1700000000.{:06}", self.state().posts.len());
        let ts = body["ts"].as_str().unwrap_or(&new);
        serde_json::json!({"ok": true, "channel": body["channel"], "ts": ts, "message": {"text": body["text"]}})
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
