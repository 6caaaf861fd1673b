//! The workspace's server: reply addresses, the Web API, uploads, and any other path.

use std::collections::VecDeque;
use std::convert::Infallible;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use super::post::{Answer, Post, Said};
use super::workspace::Workspace;
use super::{API, BOT_TOKEN, address, api, check, form};

/// Below this path are the upload addresses.
pub(super) const UPLOADS: &str = "/upload/";

/// Serves for as long as the runtime lives.
pub(super) async fn serve(listener: TcpListener, workspace: Workspace) {
    while let Ok((stream, _)) = listener.accept().await {
        let workspace = workspace.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let workspace = workspace.clone();
                async move { Ok::<_, Infallible>(answer(&workspace, request).await) }
            });
            // A client that goes away in the middle is no concern of the workspace's.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// One request, read whole.
pub(super) struct Asked {
    pub(super) path: String,
    /// The arguments: JSON, a form, or the query. What is none of these is null.
    pub(super) body: Value,
    pub(super) bytes: Bytes,
    pub(super) token: Option<String>,
}

async fn read(request: hyper::Request<Incoming>) -> Asked {
    let (head, body) = request.into_parts();
    let header = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
    let token = header(AUTHORIZATION).map(|bearer| bearer.strip_prefix("Bearer ").unwrap_or_default().to_owned());
    let kind = header(CONTENT_TYPE).unwrap_or_default();
    let bytes = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let body = match head.uri.query() {
        Some(query) if bytes.is_empty() => form::read(query),
        _ if kind.starts_with(form::FORM) => form::read(&String::from_utf8_lossy(&bytes)),
        _ => serde_json::from_slice(&bytes).unwrap_or_default(),
    };
    Asked { path: head.uri.path().to_owned(), body, bytes, token }
}

async fn answer(workspace: &Workspace, request: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
    let asked = read(request).await;
    let scripted = workspace.state().answers.get_mut(&asked.path).and_then(VecDeque::pop_front);
    if let Some(Answer::Late(silence)) = scripted {
        tokio::time::sleep(silence).await;
    }
    let (mut said, as_always) = match scripted {
        Some(Answer::Status(status)) if status != 200 => (Said::status(status, "as the test said"), false),
        Some(Answer::Busy(seconds)) => (Said::busy(seconds.into()), false),
        Some(Answer::Refused(code)) => (Said::refused(code, &[]), false),
        _ => (take(workspace, &asked), true),
    };
    let taken = said.status == 200 && said.refusal.is_none();
    let refusal = said.refusal.take().filter(|_| as_always && !is_closed(workspace, &asked));
    let mut response = hyper::Response::new(Full::new(Bytes::from(said.body)));
    *response.status_mut() = http::StatusCode::from_u16(said.status).unwrap_or(http::StatusCode::IM_A_TEAPOT);
    let kind = if said.is_json { "application/json; charset=utf-8" } else { "text/html" };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(seconds) = said.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    {
        let mut state = workspace.state();
        let (at, status) = (state.now(), said.status);
        state.posts.push(Post { path: asked.path, body: asked.body, at, status, taken, refusal });
    }
    workspace.tell();
    response
}

/// Returns whether a test has closed the channel that is meant.
fn is_closed(workspace: &Workspace, asked: &Asked) -> bool {
    let channel = asked.body["channel"].as_str().or_else(|| asked.body["channel_id"].as_str());
    channel.is_some_and(|channel| workspace.state().refusing.contains_key(channel))
}

/// Does what Slack does with a request.
fn take(workspace: &Workspace, asked: &Asked) -> Said {
    if let Some(method) = asked.path.strip_prefix(API) {
        // docs.slack.dev, "Using the Slack Web API", "Evaluating responses".
        let code = match asked.token.as_deref().or_else(|| asked.body["token"].as_str()) {
            None | Some("") => "not_authed",
            Some(BOT_TOKEN) => return api::call(workspace, method, asked),
            Some(_) => "invalid_auth",
        };
        return Said::refused(code, &[]);
    }
    if let Some(id) = asked.path.strip_prefix(UPLOADS) {
        return api::files::upload(workspace, id, asked);
    }
    if let Some(said) = address::post(workspace, asked) {
        return said;
    }
    match check::of_message(&asked.body) {
        Ok(()) => Said::text("ok"),
        Err(breaches) => breaches.said(),
    }
}
