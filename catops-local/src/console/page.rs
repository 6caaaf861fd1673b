//! The page itself, embedded in the binary.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// One script for the page, written as one file for each subject.
const SCRIPT: &str = concat!(
    include_str!("page/slack.js"),
    include_str!("page/listbox.js"),
    include_str!("page/complete.js"),
    include_str!("page/modal.js"),
    include_str!("page/console.js")
);

pub(super) async fn index() -> Response {
    file("text/html; charset=utf-8", include_str!("page/index.html"))
}

pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("page/console.css"))
}

pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// Another build may be at the same address a moment later, so nothing is kept.
fn file(kind: &'static str, content: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], content).into_response()
}
