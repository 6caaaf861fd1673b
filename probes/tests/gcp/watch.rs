//! Stands between Pub/Sub and the container in both directions, passes everything on, and so knows what is undelivered.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catops_core::chat::Rejection;
use catops_core::client::Client;
use catops_core::conformance::flow::Failure;
use catops_core::http::{HttpRequest, HttpResponse, status};
use catops_core::server::{self, Handler, Limits};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// Longer than any request takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// What passed.
#[derive(Debug, Default)]
struct State {
    /// How many publishes are under way.
    publishing: usize,
    /// The ids of all messages that were published.
    published: BTreeSet<String>,
    /// The ids of those that were pushed and acknowledged.
    acknowledged: BTreeSet<String>,
    /// The same, on the dead-letter topic. Each was another message before, which was never acknowledged.
    buried: BTreeSet<String>,
    /// How many pushes are under way.
    pushing: usize,
    /// Every push that was answered.
    deliveries: Vec<Delivery>,
    /// How many of the next pushes are answered 503 before they reach the container.
    refuse: usize,
}

/// A push that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// `/push` or `/dead`.
    pub(crate) path: String,
    pub(crate) id: String,
    /// What was published.
    pub(crate) data: String,
    pub(crate) status: u16,
}

/// The side of the watch that a server of ours is: for what comes from Pub/Sub, or for what goes to it.
struct Side {
    watch: Arc<Mutex<State>>,
    hang_up: Arc<Notify>,
    to: SocketAddr,
}

/// Both directions.
pub(crate) struct Watch {
    state: Arc<Mutex<State>>,
    hang_up: Arc<Notify>,
    /// What stands for Pub/Sub, to the container.
    pub(crate) pubsub: SocketAddr,
    /// What stands for the container, to Pub/Sub.
    pub(crate) container: SocketAddr,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    pub(crate) async fn start(pubsub: SocketAddr, container: SocketAddr) -> Result<Self, Failure> {
        let (state, hang_up) = (Arc::new(Mutex::new(State::default())), Arc::new(Notify::new()));
        let side = async |to: SocketAddr| -> Result<SocketAddr, Failure> {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let side = Arc::new(Side { watch: state.clone(), hang_up: hang_up.clone(), to });
            tokio::spawn(server::serve(listener, side, Limits::default(), std::future::pending()));
            Ok(address)
        };
        let (pubsub, container) = (side(pubsub).await?, side(container).await?);
        Ok(Self { state, hang_up, pubsub, container })
    }

    /// Returns how many messages are not acknowledged, neither on their topic nor on the dead-letter topic, and how many
    /// calls are under way.
    pub(crate) fn pending(&self) -> usize {
        let state = lock(&self.state);
        let open = state.published.difference(&state.acknowledged).count();
        state.publishing + state.pushing + open.saturating_sub(state.buried.len())
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.state).deliveries.clone()
    }

    /// Hangs up on the container in every push that is under way, and answers Pub/Sub 503, as if the answer were lost.
    pub(crate) fn hang_up(&self) {
        self.hang_up.notify_waiters();
    }

    /// Answers the next `count` pushes itself, with 503.
    pub(crate) fn refuse(&self, count: usize) {
        lock(&self.state).refuse = count;
    }
}

/// Counts a call for as long as it is under way, also if its caller hangs up.
struct Under<'a>(&'a Mutex<State>, fn(&mut State) -> &mut usize);

impl<'a> Under<'a> {
    fn way(state: &'a Mutex<State>, count: fn(&mut State) -> &mut usize) -> Self {
        *count(&mut lock(state)) += 1;
        Self(state, count)
    }
}

impl Drop for Under<'_> {
    fn drop(&mut self) {
        *self.1(&mut lock(self.0)) -= 1;
    }
}

impl Side {
    async fn pass(&self, http: HttpRequest) -> HttpResponse {
        let (head, body) = http.into_parts();
        let mut request = Client::shared()
            .request(head.method, format!("http://{}{}", self.to, head.uri))
            .timeout(PATIENCE)
            .body(body);
        for (name, value) in &head.headers {
            if name != http::header::HOST && name != http::header::CONTENT_LENGTH && name != http::header::CONNECTION {
                request = request.header(name, value.as_bytes());
            }
        }
        let answer = async {
            let answer = request.send().await?;
            let (status, kind) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
            Ok::<_, catops_core::Error>((status, kind, answer.bytes().await?))
        };
        match answer.await {
            Ok((status, kind, body)) => {
                let mut response = HttpResponse::new(body);
                *response.status_mut() = status;
                kind.map(|kind| response.headers_mut().insert(CONTENT_TYPE, kind));
                response
            }
            // The process died, or has not started again.
            Err(_) => status(StatusCode::BAD_GATEWAY),
        }
    }

    async fn publish(&self, http: HttpRequest) -> HttpResponse {
        let _under_way = Under::way(&self.watch, |state| &mut state.publishing);
        let response = self.pass(http).await;
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let ids = answer["messageIds"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        lock(&self.watch).published.extend(ids);
        response
    }

    async fn push(&self, http: HttpRequest) -> HttpResponse {
        let _under_way = Under::way(&self.watch, |state| &mut state.pushing);
        let path = http.uri().path().to_owned();
        let body: Value = serde_json::from_slice(http.body()).unwrap_or_default();
        let text = |key: &str| body["message"][key].as_str().unwrap_or_default().to_owned();
        let data = STANDARD.decode(text("data")).unwrap_or_default();
        let refused = {
            let mut state = lock(&self.watch);
            let refused = state.refuse > 0;
            state.refuse = state.refuse.saturating_sub(1);
            refused
        };
        let response = tokio::select! {
            response = self.pass(http), if !refused => response,
            () = self.hang_up.notified(), if !refused => status(StatusCode::SERVICE_UNAVAILABLE),
            else => status(StatusCode::SERVICE_UNAVAILABLE),
        };
        let mut state = lock(&self.watch);
        let id = text("messageId");
        if response.status().is_success() {
            if path == "/dead" {
                state.buried.insert(id.clone())
            } else {
                state.acknowledged.insert(id.clone())
            };
        }
        let data = String::from_utf8_lossy(&data).into_owned();
        state.deliveries.push(Delivery { path, id, data, status: response.status().as_u16() });
        response
    }
}

impl Handler for Side {
    async fn handle(&self, http: HttpRequest) -> HttpResponse {
        match http.uri().path() {
            path if path.ends_with(":publish") => self.publish(http).await,
            "/push" | "/dead" => self.push(http).await,
            _ => self.pass(http).await,
        }
    }

    fn refuse(&self, rejection: Rejection) -> HttpResponse {
        rejection.response()
    }
}
