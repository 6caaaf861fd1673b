//! The Runtime API: [Using the Lambda runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use tokio::sync::mpsc;

use super::lambda::ARN;
use super::{Shared, What, plain};

const BASE: &str = "/2018-06-01/runtime/";

/// The function's time limit: the longest that Lambda allows.
const TIME_LIMIT: Duration = Duration::from_secs(900);

/// Events that wait for the function, and the one it is at.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::UnboundedSender<Bytes>,
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Bytes>>,
    handed: AtomicU64,
    current: Mutex<Option<Ids>>,
}

#[derive(Clone, Debug)]
struct Ids {
    request: String,
    invocation: String,
}

impl Default for Queue {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            sender,
            waiting: tokio::sync::Mutex::new(receiver),
            handed: AtomicU64::new(0),
            current: Mutex::new(None),
        }
    }
}

impl Queue {
    pub(super) fn push(&self, event: Bytes) {
        // The receiver lives as long as the sender.
        let _ = self.sender.send(event);
    }

    fn begin(&self) -> Ids {
        let n = self.handed.fetch_add(1, Ordering::Relaxed);
        let ids = Ids {
            request: format!("8476a536-e9f4-11e8-9739-{n:012x}"),
            invocation: format!("3f1c6a52-07b4-4d8e-9a10-{n:012x}"),
        };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(ids.clone());
        ids
    }

    /// Returns whether `request` is the invocation at hand, and ends it.
    fn end(&self, request: &str, invocation: Option<&HeaderValue>) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |ids: &Ids| ids.request == request && invocation.is_none_or(|id| id == ids.invocation.as_str());
        current.take_if(|ids| fits(ids)).is_some()
    }
}

pub(super) async fn answer(shared: &Shared, request: &Request<Bytes>) -> Option<Response<Full<Bytes>>> {
    let steps: Vec<&str> = request.uri().path().strip_prefix(BASE)?.split('/').collect();
    let body = request.body().clone();
    match (request.method(), &steps[..]) {
        (&Method::GET, ["invocation", "next"]) => next(shared).await,
        (&Method::POST, ["invocation", id, end @ ("response" | "error")]) => {
            if !shared.queue.end(id, request.headers().get("lambda-runtime-invocation-id")) {
                shared.note(What::Refused(format!("a result for {id}, which is not at hand")));
                return Some(plain(StatusCode::BAD_REQUEST, r#"{"errorType":"InvalidRequestID"}"#));
            }
            shared.note(if *end == "response" { What::Answered(body) } else { What::Failed(body) });
            Some(plain(StatusCode::ACCEPTED, r#"{"status":"OK"}"#))
        }
        (&Method::POST, ["init", "error"]) => {
            shared.note(What::Failed(body));
            Some(plain(StatusCode::ACCEPTED, r#"{"status":"OK"}"#))
        }
        _ => None,
    }
}

async fn next(shared: &Shared) -> Option<Response<Full<Bytes>>> {
    shared.note(What::Polled);
    let event = shared.queue.waiting.lock().await.recv().await?;
    let ids = shared.queue.begin();
    let deadline = (SystemTime::now() + TIME_LIMIT).duration_since(UNIX_EPOCH).ok()?.as_millis();
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", &ids.request)
        .header("lambda-runtime-invocation-id", &ids.invocation)
        .header("lambda-runtime-deadline-ms", deadline.to_string())
        .header("lambda-runtime-invoked-function-arn", ARN)
        .header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
        .body(Full::new(event))
        .ok();
    shared.note(What::Handed);
    response
}
