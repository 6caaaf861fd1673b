//! HTTP in, for targets that are called over HTTP: whole requests, bounded in size and time.
//!
//! HTTP/1.1 in clear: what stands before it (Cloud Run's front end, the Functions host) ends TLS.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::chat::Rejection;
use crate::http::{HttpRequest, HttpResponse, MAX_BODY, status};

/// How long to wait after a connection could not be accepted, as when there are too many open files.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// What a server gives a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body, in bytes. A larger one is refused before it is in memory.
    pub body: usize,
    /// How long a client may take to send a request, and how long a connection may bring none.
    pub read: Duration,
    /// How long requests under way may take to end once the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    /// [`MAX_BODY`]; 10 s, since Slack gives up after 3; and 3 s to end, longer than an acknowledgement takes.
    fn default() -> Self {
        Self { body: MAX_BODY, read: Duration::from_secs(10), grace: Duration::from_secs(3) }
    }
}

/// What answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request. It may take as long as the caller waits.
    fn handle(&self, request: HttpRequest) -> impl Future<Output = HttpResponse> + Send;

    /// Answers a request that could not be read whole.
    fn refuse(&self, rejection: Rejection) -> HttpResponse;
}

/// One connection, and what is under way on it.
struct Connection<H> {
    handler: Arc<H>,
    limits: Limits,
    /// How many whole requests it has brought.
    requests: AtomicU32,
    /// How many are being read or answered.
    open: AtomicU32,
}

impl<H: Handler> Connection<H> {
    async fn answer(
        self: Arc<Self>,
        request: http::Request<Incoming>,
    ) -> Result<http::Response<Full<Bytes>>, Infallible> {
        // From here on it has a time of its own.
        self.open.fetch_add(1, Ordering::Relaxed);
        let response = match timeout(self.limits.read, read(request, self.limits.body)).await {
            Ok(Ok(request)) => {
                self.requests.fetch_add(1, Ordering::Relaxed);
                self.handler.handle(request).await
            }
            Ok(Err(rejection)) => self.handler.refuse(rejection),
            Err(_) => status(StatusCode::REQUEST_TIMEOUT),
        };
        self.open.fetch_sub(1, Ordering::Relaxed);
        Ok(response.map(Full::new))
    }

    /// Resolves when the connection has brought no whole request for the time it has for one.
    ///
    /// One look now and then costs less than hyper's own time-out, which sets a timer for each request.
    async fn stalled(&self) {
        let mut seen = self.requests.load(Ordering::Relaxed);
        loop {
            sleep(self.limits.read).await;
            let now = self.requests.load(Ordering::Relaxed);
            if now == seen && self.open.load(Ordering::Relaxed) == 0 {
                return;
            }
            seen = now;
        }
    }
}

/// Reads the whole request; one that is too large is refused before it is in memory, by its own word where it gives it.
async fn read(request: http::Request<Incoming>, most: usize) -> Result<HttpRequest, Rejection> {
    let (head, body) = request.into_parts();
    let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(Rejection::TooLarge);
    }
    match Limited::new(body, most).collect().await {
        Ok(body) => Ok(HttpRequest::from_parts(head, body.to_bytes())),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Rejection::TooLarge),
        Err(_) => Err(Rejection::Malformed),
    }
}

/// Serves until `stop`, then accepts no more, and returns when requests under way have ended or [`Limits::grace`] is over.
pub async fn serve<H: Handler>(listener: TcpListener, handler: Arc<H>, limits: Limits, stop: impl Future<Output = ()>) {
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
        let (requests, under_way) = (AtomicU32::new(0), AtomicU32::new(0));
        let connection = Arc::new(Connection { handler: handler.clone(), limits, requests, open: under_way });
        let service = {
            let connection = connection.clone();
            service_fn(move |request| connection.clone().answer(request))
        };
        let served = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                // A client that breaks off is no fault of ours.
                ended = served => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                },
                () = connection.stalled() => tracing::debug!("a connection that brought nothing was closed"),
            }
        });
    }
    drop(listener);
    let _ = timeout(limits.grace, open.shutdown()).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// Answers with the length of the body, after a while if the path asks for it.
    struct Length;

    impl Handler for Length {
        async fn handle(&self, request: HttpRequest) -> HttpResponse {
            if request.uri().path() == "/slow" {
                sleep(Duration::from_millis(200)).await;
            }
            HttpResponse::new(request.body().len().to_string().into())
        }

        fn refuse(&self, rejection: Rejection) -> HttpResponse {
            rejection.response()
        }
    }

    const LIMITS: Limits = Limits { body: 10, read: Duration::from_millis(50), grace: Duration::from_secs(5) };

    async fn ask(request: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let server = tokio::spawn(async move { serve(listener, Arc::new(Length), LIMITS, stopped).await });
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        drop(stop);
        server.await.unwrap();
        answer
    }

    #[tokio::test]
    async fn requests_are_bounded() {
        for (request, expected) in [
            ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc", "200 OK"),
            ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\nabc", "413 "),
            ("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nb\r\nabcdefghijk\r\n0\r\n\r\n", "413 "),
            ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\na", "408 "),
            ("POST / HT", ""),
        ] {
            let answer = ask(request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")) || expected.is_empty(), "{request}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_slow_answer_is_no_stalled_connection() {
        let answer = ask("POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with('3'), "{answer}");
    }
}
