//! HTTP requests, as the host writes them into an envelope.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use catops_core::chat::Rejection;
use catops_core::http::{HttpRequest, MAX_BODY, media_type};
use http::{HeaderName, HeaderValue, Uri};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What stands in a text for bytes that are no UTF-8, once the host has decoded it.
const REPLACED: char = '\u{FFFD}';

/// A request. `Query` is not read, since `Url` has it too; nor is anything that the host found out about the caller.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    url: Option<String>,
    method: String,
    #[serde(default)]
    headers: BTreeMap<String, Values>,
    body: Option<String>,
}

/// The values of a header: an array in what the host sends.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    Many(Vec<String>),
    One(String),
}

/// Makes the request that the client sent, as far as the host leaves it whole.
pub(super) fn read(input: &RawValue, path: &str) -> Result<HttpRequest, Rejection> {
    let Request { url, method, headers, body } = serde_json::from_str(input.get()).map_err(|_| Rejection::Malformed)?;
    let mut request = HttpRequest::new(Bytes::new());
    *request.method_mut() = method.parse().map_err(|_| Rejection::Method)?;
    let query = url.and_then(|url| Some(url.parse::<Uri>().ok()?.query()?.to_owned()));
    let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    *request.uri_mut() = target.parse().map_err(|_| Rejection::Route)?;
    for (name, values) in headers {
        let values = match values {
            Values::Many(values) => values,
            Values::One(value) => vec![value],
        };
        for value in values {
            // What is no header in HTTP cannot be one that a signature needs.
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                request.headers_mut().append(name, value);
            }
        }
    }
    let body = bytes(body.unwrap_or_default(), media_type(&request))?;
    if body.len() > MAX_BODY {
        return Err(Rejection::TooLarge);
    }
    *request.body_mut() = body;
    Ok(request)
}

/// Returns the bytes that the client sent.
fn bytes(body: String, media_type: &str) -> Result<Bytes, Rejection> {
    let media_type = media_type.to_ascii_lowercase();
    if media_type == "application/octet-stream" || media_type.starts_with("multipart/") {
        return BASE64.decode(body).map(Into::into).map_err(|_| Rejection::Malformed);
    }
    // A form is ASCII, so this is not what was sent. Its signature would not match any more, and say the wrong thing.
    if media_type == "application/x-www-form-urlencoded" && body.contains(REPLACED) {
        return Err(Rejection::Malformed);
    }
    Ok(body.into())
}
