//! A stand-in for Pub/Sub, for timing only: it says that it has stored a message, counts it, and forgets it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Failure;

/// The stand-in, on a thread of its own until the program ends.
#[derive(Debug)]
pub(crate) struct PubSub {
    /// `host:port`.
    pub(crate) address: SocketAddr,
    stored: Arc<AtomicUsize>,
}

impl PubSub {
    /// Starts it on a free port of 127.0.0.1.
    pub(crate) fn start() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let (address, stored) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let counter = stored.clone();
        thread::spawn(move || runtime.block_on(serve(listener, counter)));
        Ok(Self { address, stored })
    }

    /// Returns how many messages were published so far.
    pub(crate) fn stored(&self) -> usize {
        self.stored.load(Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, stored: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let stored = stored.clone();
        // Without it an answer in two writes would wait for the acknowledgement of the first.
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request| answer(request, stored.clone()));
        // A program that was stopped in the middle is no concern of the stand-in.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(request: Request<Incoming>, stored: Arc<AtomicUsize>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let asked = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let verb = head.uri.path().rsplit_once(':').map_or("", |(_, verb)| verb);
    let (status, said) = match verb {
        "publish" if asked["messages"][0]["data"].is_string() => {
            let id = stored.fetch_add(1, Ordering::SeqCst);
            (StatusCode::OK, json!({ "messageIds": [id.to_string()] }))
        }
        "testIamPermissions" => (StatusCode::OK, json!({ "permissions": asked["permissions"] })),
        _ => (StatusCode::NOT_FOUND, json!({ "error": { "code": 404, "status": "NOT_FOUND" } })),
    };
    let mut response = Response::new(Full::new(said.to_string().into()));
    *response.status_mut() = status;
    Ok(response)
}
