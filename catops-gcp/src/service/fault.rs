//! Which error an answer is, and whether it may pass.

use http::StatusCode;
use serde::Deserialize;

use super::Answer;

/// `{"error":{"code":404,"message":"…","status":"NOT_FOUND"}}` (google.api, "Errors").
#[derive(Deserialize)]
struct Body {
    error: Fault,
}

#[derive(Deserialize)]
struct Fault {
    status: String,
}

impl Answer {
    /// Returns the name of an error, such as `NOT_FOUND`: one of google.rpc.Code. A success has none.
    pub fn fault(&self) -> Option<String> {
        if self.status.is_success() {
            return None;
        }
        let one = || serde_json::from_slice::<Body>(&self.body).ok().map(|body| body.error.status);
        // What streams its answer puts the error into a list.
        let list = || serde_json::from_slice::<Vec<Body>>(&self.body).ok()?.pop().map(|body| body.error.status);
        let is_name = |name: &String| name.len() <= 40 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        one().or_else(list).filter(is_name)
    }

    /// Returns status and name for an error's text. The service's own message can quote what was sent.
    pub(crate) fn words(&self) -> String {
        let name = self.fault().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}{name}", self.status.as_u16())
    }

    /// Returns whether the same call may succeed in a moment. `ABORTED` and `ALREADY_EXISTS` are both 409.
    pub(super) fn may_pass(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS
            || self.status.is_server_error() && self.status != StatusCode::NOT_IMPLEMENTED
            || self.status == StatusCode::CONFLICT && self.fault().as_deref() == Some("ABORTED")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, words: &str, may_pass: bool) {
        let answer = Answer { status: StatusCode::from_u16(status).unwrap(), body: body.to_owned().into() };
        assert_eq!((answer.words().as_str(), answer.may_pass()), (words, may_pass));
    }

    #[test]
    fn faults() {
        check(200, r#"{"error":{"status":"NOT_FOUND"}}"#, "200", false);
        check(404, r#"{"error":{"code":404,"message":"a","status":"NOT_FOUND"}}"#, "404 NOT_FOUND", false);
        check(404, r#"[{"error":{"code":404,"message":"a","status":"NOT_FOUND"}}]"#, "404 NOT_FOUND", false);
        check(409, r#"{"error":{"status":"ALREADY_EXISTS"}}"#, "409 ALREADY_EXISTS", false);
        check(409, r#"{"error":{"status":"ABORTED"}}"#, "409 ABORTED", true);
        check(501, r#"{"error":{"status":"UNIMPLEMENTED"}}"#, "501 UNIMPLEMENTED", false);
        check(403, r#"{"error":{"status":"said: a secret"}}"#, "403", false);
        check(403, "[]", "403", false);
        check(429, "", "429", true);
        check(500, "<html>", "500", true);
        check(503, r#"{"error":{"status":"UNAVAILABLE"}}"#, "503 UNAVAILABLE", true);
    }
}
