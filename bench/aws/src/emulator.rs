//! What the function sees of AWS and Slack, on loopback and in plain HTTP: the Runtime API, Lambda's `Invoke`, a stand-in for
//! DynamoDB and the place where replies go. Each has a port of its own, so that each costs the function a connection of its
//! own, as it does in life. One emulator serves one process.

mod dynamodb;
mod lambda;
mod runtime;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub(crate) use self::lambda::NAME;

/// Something the function did, and when the emulator had all of it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) what: What,
}

/// What the function did.
#[derive(Debug)]
pub(crate) enum What {
    /// It asked for the next event.
    Polled,
    /// It got an event. Not its own doing, but from here its time counts.
    Handed,
    /// It posted the result of an invocation.
    Answered(Bytes),
    /// It reported an error of an invocation, or of its init.
    Failed(Bytes),
    /// It invoked itself.
    Invoked,
    /// It posted a reply.
    Replied(Bytes),
    /// It asked for something that is not there.
    Refused(String),
}

/// The servers, and the two ends of what they do.
#[derive(Debug)]
pub(crate) struct Emulator {
    /// `host:port` of the Runtime API.
    pub(crate) runtime: SocketAddr,
    /// `host:port` of Lambda's API.
    pub(crate) lambda: SocketAddr,
    /// `host:port` of the stand-in for DynamoDB.
    pub(crate) dynamodb: SocketAddr,
    /// `host:port` of the place where replies go.
    pub(crate) sink: SocketAddr,
    /// What the function did.
    pub(crate) seen: mpsc::UnboundedReceiver<Seen>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    seen: mpsc::UnboundedSender<Seen>,
    queue: runtime::Queue,
    table: dynamodb::Table,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Runtime,
    Lambda,
    Dynamodb,
    Sink,
}

impl Emulator {
    /// Starts all four on free ports of 127.0.0.1.
    pub(crate) async fn start() -> std::io::Result<Self> {
        let (sender, seen) = mpsc::unbounded_channel();
        let shared =
            Arc::new(Shared { seen: sender, queue: runtime::Queue::default(), table: dynamodb::Table::default() });
        Ok(Self {
            runtime: serve(Place::Runtime, &shared).await?,
            lambda: serve(Place::Lambda, &shared).await?,
            dynamodb: serve(Place::Dynamodb, &shared).await?,
            sink: serve(Place::Sink, &shared).await?,
            seen,
            shared,
        })
    }

    /// Puts an event where the function's next poll gets it.
    pub(crate) fn push(&self, event: Vec<u8>) {
        self.shared.queue.push(event.into());
    }
}

impl Shared {
    fn note(&self, what: What) {
        // Nobody looks any more once the function was stopped.
        let _ = self.seen.send(Seen { at: Instant::now(), what });
    }
}

async fn serve(place: Place, shared: &Arc<Shared>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            // Without it an answer in two writes would wait for the acknowledgement of the first.
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let shared = Arc::clone(&shared);
                    async move {
                        let (head, body) = request.into_parts();
                        Ok::<_, Infallible>(match body.collect().await {
                            Ok(body) => answer(place, &shared, &Request::from_parts(head, body.to_bytes())).await,
                            Err(error) => plain(StatusCode::BAD_REQUEST, error.to_string()),
                        })
                    }
                });
                // A function that was stopped in the middle is no concern of the emulator.
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(address)
}

async fn answer(place: Place, shared: &Shared, request: &Request<Bytes>) -> Response<Full<Bytes>> {
    let answered = match place {
        Place::Runtime => runtime::answer(shared, request).await,
        Place::Lambda => lambda::answer(shared, request),
        Place::Dynamodb => shared.table.answer(request),
        Place::Sink if request.method() == Method::POST => {
            shared.note(What::Replied(request.body().clone()));
            Some(plain(StatusCode::OK, "ok"))
        }
        Place::Sink => None,
    };
    answered.unwrap_or_else(|| {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let what = format!("{place:?}: {} {} {target}", request.method(), request.uri());
        shared.note(What::Refused(what.clone()));
        plain(StatusCode::NOT_FOUND, what)
    })
}

fn plain(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}
