//! Lambda's `Invoke`, for the one function there is.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;

use super::{Shared, What, plain};

/// The function's name.
pub(crate) const NAME: &str = "bench";

/// The function's ARN, as it is invoked.
pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:bench";

/// The largest asynchronous payload in bytes (developer guide, "Lambda quotas").
const MAX_PAYLOAD: usize = 1024 * 1024;

pub(super) fn answer(shared: &Shared, request: &Request<Bytes>) -> Option<Response<Full<Bytes>>> {
    let path = request.uri().path().replace("%3A", ":");
    let function = path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    if request.method() != Method::POST || ![NAME, ARN].contains(&function) {
        return None;
    }
    if !request.headers().contains_key("authorization") {
        return Some(plain(StatusCode::FORBIDDEN, r#"{"message":"Missing Authentication Token"}"#));
    }
    if request.body().len() > MAX_PAYLOAD {
        return Some(plain(StatusCode::PAYLOAD_TOO_LARGE, r#"{"message":"the payload is too large"}"#));
    }
    match request.headers().get("x-amz-invocation-type")?.to_str().ok()? {
        "Event" => {
            shared.note(What::Invoked);
            shared.queue.push(request.body().clone());
            Some(plain(StatusCode::ACCEPTED, ""))
        }
        "DryRun" => Some(plain(StatusCode::NO_CONTENT, "")),
        _ => None,
    }
}
