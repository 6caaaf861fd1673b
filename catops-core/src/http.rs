//! HTTP as core sees it: whole messages, no connection.

use bytes::Bytes;

/// A request that has arrived in full. Its body is at most [`MAX_BODY`] bytes; entries refuse more before they buffer.
pub type HttpRequest = http::Request<Bytes>;

/// A response to send in full.
pub type HttpResponse = http::Response<Bytes>;

/// The largest body an entry takes, in bytes.
///
/// Slack's largest request holds a view of 250 KB (`views.open` refuses more); a megabyte leaves room for its state.
pub const MAX_BODY: usize = 1024 * 1024;

/// Makes a response with a status and nothing else.
pub fn status(status: http::StatusCode) -> HttpResponse {
    let mut response = HttpResponse::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Makes a 200 response with a JSON body.
pub fn json(body: impl Into<Bytes>) -> HttpResponse {
    let mut response = HttpResponse::new(body.into());
    let kind = http::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}

/// Returns the media type of a `Content-Type` header without its parameters, or an empty string.
pub fn media_type(http: &HttpRequest) -> &str {
    let value = http.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).map_or("", str::trim)
}
