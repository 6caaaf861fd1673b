//! The peer: an axum handler that checks the HMAC of a Slack request and answers 200.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ring::hmac;

use crate::{Failure, SECRET};

/// Serves until it is killed.
#[tokio::main]
pub(crate) async fn serve(address: &str) -> Result<(), Failure> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let router = Router::new().route("/slack", post(check)).route("/healthz", get(|| async { "ok" })).with_state(key);
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, router).await?)
}

async fn check(State(key): State<hmac::Key>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match is_signed(&key, &headers, &body) {
        Some(true) => StatusCode::OK,
        _ => StatusCode::UNAUTHORIZED,
    }
}

fn is_signed(key: &hmac::Key, headers: &HeaderMap, body: &[u8]) -> Option<bool> {
    let time = headers.get("x-slack-request-timestamp")?.to_str().ok()?;
    let signature = headers.get("x-slack-signature")?.to_str().ok()?.strip_prefix("v0=")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    if now.abs_diff(time.parse().ok()?) > 300 {
        return Some(false);
    }
    let digits = signature.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    let message = [b"v0:", time.as_bytes(), b":", body].concat();
    Some(hmac::verify(key, &message, &bytes?).is_ok())
}
