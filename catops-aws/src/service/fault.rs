//! Which error an answer is, and whether it may pass.

use serde::Deserialize;

use super::Answer;

/// Errors of status 400 that say "not now".
///
/// The lists of the AWS SDKs: `THROTTLING_ERRORS` and `TRANSIENT_ERRORS` of aws-runtime (aws-sdk-rust), without those of
/// services that are not called here. `LimitExceededException` is left out: a full quota does not pass in seconds.
/// `TransactionConflictException` is added: a write met somebody's transaction, and nothing was written.
const PASSING: [&str; 12] = [
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Why DynamoDB cancelled a transaction that can succeed later; `None` stands beside an action that was not the reason.
/// (API reference, "TransactWriteItems", cancellation reasons.)
const PASSING_REASONS: [&str; 4] = ["None", "ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"];

/// The body of an error. DynamoDB, Secrets Manager and Systems Manager speak AWS JSON 1.0 or 1.1, which names the type
/// in `__type`, with or without a namespace (Smithy, "AWS JSON 1.0 protocol", operation error serialization).
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "__type")]
    kind: String,
    /// Of a `TransactionCanceledException`, one for each action.
    #[serde(rename = "CancellationReasons", default)]
    reasons: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(rename = "Code", default)]
    code: String,
}

impl Answer {
    /// Returns the name of the error that the service gave, such as `ResourceNotFoundException`, or `None` for a success
    /// or an error without a name.
    pub fn fault(&self) -> Option<String> {
        if self.status.is_success() {
            return None;
        }
        // Lambda names it in a header (Smithy, "AWS restJson1 protocol").
        let header = self.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let kind = header.or_else(|| serde_json::from_slice(&self.body).ok().map(|body: Body| body.kind))?;
        let name = kind.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
        // It is shown to people, so it must look like a name.
        let named = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        named.then(|| name.to_owned())
    }

    pub(super) fn may_pass(&self) -> bool {
        match self.status.as_u16() {
            429 | 500..=599 => true,
            400 => match self.fault().as_deref() {
                Some("TransactionCanceledException") => {
                    let reasons = self.cancellation_reasons();
                    !reasons.is_empty() && reasons.iter().all(|code| PASSING_REASONS.contains(&code.as_str()))
                }
                fault => fault.is_some_and(|name| PASSING.contains(&name)),
            },
            _ => false,
        }
    }

    /// Returns the codes that say why DynamoDB cancelled a transaction, one for each action.
    pub(crate) fn cancellation_reasons(&self) -> Vec<String> {
        let body: Option<Body> = serde_json::from_slice(&self.body).ok();
        body.map(|body| body.reasons.into_iter().map(|reason| reason.code).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, header: Option<&str>, body: &str, fault: Option<&str>, may_pass: bool) {
        let mut headers = http::HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-amzn-errortype", header.parse().unwrap());
        }
        let status = http::StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers, body: body.to_owned().into() };
        assert_eq!((answer.fault().as_deref(), answer.may_pass()), (fault, may_pass), "{status} {header:?} {body}");
    }

    #[test]
    fn faults() {
        let of = |name: &str| format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{name}","message":"m"}}"#);
        check(400, None, &of("ResourceNotFoundException"), Some("ResourceNotFoundException"), false);
        check(400, None, r#"{"__type":"ThrottlingException"}"#, Some("ThrottlingException"), true);
        for name in ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "TransactionInProgressException"]
        {
            check(400, None, &of(name), Some(name), true);
        }
        check(400, None, &of("LimitExceededException"), Some("LimitExceededException"), false);
        let with_address = "TooManyRequestsException:http://internal.amazon.com/coral/";
        check(429, Some(with_address), r#"{"Type":"User"}"#, Some("TooManyRequestsException"), true);
        check(429, None, "", None, true);
        check(500, None, &of("InternalServerError"), Some("InternalServerError"), true);
        check(503, None, "<html>", None, true);
        check(403, Some("AccessDeniedException"), "", Some("AccessDeniedException"), false);
        check(400, None, &of("TransactionConflictException"), Some("TransactionConflictException"), true);
        check(400, None, r#"{"__type":"<script> secret"}"#, None, false);
        check(400, None, "[]", None, false);
        check(200, None, r#"{"__type":"ThrottlingException"}"#, None, false);
        check(302, None, "", None, false);
    }

    #[test]
    fn a_cancelled_transaction_may_pass_for_its_reasons() {
        let check = |reasons: &str, may_pass| {
            let body = format!(r#"{{"__type":"a#TransactionCanceledException","CancellationReasons":[{reasons}]}}"#);
            super::tests::check(400, None, &body, Some("TransactionCanceledException"), may_pass);
        };
        check(r#"{"Code":"None"},{"Code":"TransactionConflict","Message":"m"}"#, true);
        check(r#"{"Code":"ThrottlingError"}"#, true);
        check(r#"{"Code":"ConditionalCheckFailed"},{"Code":"TransactionConflict"}"#, false);
        check(r#"{"Code":"ValidationError"}"#, false);
        check("{}", false);
        check("", false);
    }
}
