//! HTTP requests in, core's answers out.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use bytes::Bytes;
use catops_core::Timestamp;
use catops_core::chat::Rejection;
use catops_core::http::{HttpRequest, MAX_BODY, status};
use catops_core::ingress::Ingress;
use http::{StatusCode, header};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

/// How long a client may take to send its body, and how long a connection may bring no whole request. Slack gives up
/// after 3 s.
const READ_TIME: Duration = Duration::from_secs(10);

/// How long open requests may take to end once the server stops. An acknowledgement takes less than 3 s.
const GRACE: Duration = Duration::from_secs(3);

/// How long to wait after a connection could not be accepted, as when there are too many open files.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Makes the routes besides the chats': `GET /healthz`, those of `more` (which must have no fallback); the rest is
/// refused and counted.
pub fn router(ingress: Arc<Ingress>, more: Router) -> Router {
    let health = get(async || "ok\n");
    let nothing = async |State(ingress): State<Arc<Ingress>>| ingress.refuse(Rejection::Route).map(Body::from);
    Router::new().route("/healthz", health).fallback(nothing).with_state(ingress).merge(more)
}

/// What the connections share, and what each has done.
struct Entry {
    ingress: Arc<Ingress>,
    router: Router,
    /// How many whole requests a connection has brought.
    requests: AtomicU32,
    /// Whether it has asked for a page of the router's, whose answer may go on for long.
    long: AtomicBool,
}

/// Answers one request: the chats' go to the ingress without a detour through the router.
async fn answer(
    entry: Arc<Entry>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Either<Full<Bytes>, Body>>, Infallible> {
    let Entry { ingress, router, requests, long } = &*entry;
    requests.fetch_add(1, Ordering::Relaxed);
    if !ingress.takes(request.uri().path()) {
        long.store(true, Ordering::Relaxed);
        return Ok(router.clone().oneshot(request).await?.map(Either::Right));
    }
    let response = match timeout(READ_TIME, read(request)).await {
        Ok(Ok(request)) => ingress.accept(&request, Timestamp::now()).await,
        Ok(Err(rejection)) => ingress.refuse(rejection),
        Err(_) => status(StatusCode::REQUEST_TIMEOUT),
    };
    Ok(response.map(|body| Either::Left(Full::new(body))))
}

/// Reads the whole request; one that is too large is refused before it is in memory, by its own word where it gives it.
async fn read(request: http::Request<Incoming>) -> Result<HttpRequest, Rejection> {
    let (head, body) = request.into_parts();
    let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(Rejection::TooLarge);
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(HttpRequest::from_parts(head, body.to_bytes())),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Rejection::TooLarge),
        Err(_) => Err(Rejection::Malformed),
    }
}

/// Resolves when a connection has brought no whole request for [`READ_TIME`]: one that sends its headers slowly, or none.
///
/// One look now and then costs less than hyper's own time-out, which sets a timer for each request.
async fn stalled(entry: &Entry) {
    let mut seen = entry.requests.load(Ordering::Relaxed);
    loop {
        sleep(READ_TIME).await;
        let now = entry.requests.load(Ordering::Relaxed);
        if now == seen && !entry.long.load(Ordering::Relaxed) {
            return;
        }
        seen = now;
    }
}

/// Serves the chats through `ingress` and the rest through `router` until `stop`, then accepts no more, and returns when
/// open requests have ended or `GRACE` is over.
pub async fn serve(listener: TcpListener, ingress: Arc<Ingress>, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(None);
    let open = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                sleep(AFTER_REFUSAL).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (ingress, router) = (ingress.clone(), router.clone());
        let entry = Arc::new(Entry { ingress, router, requests: AtomicU32::new(0), long: AtomicBool::new(false) });
        let for_requests = entry.clone();
        let service = service_fn(move |request| answer(for_requests.clone(), request));
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                // A client that breaks off is no fault of ours.
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                },
                () = stalled(&entry) => tracing::debug!("a connection that brought nothing was closed"),
            }
        });
    }
    drop(listener);
    let _ = timeout(GRACE, open.shutdown()).await;
}
