//! Which error an answer is, and whether it may pass.

use bytes::Bytes;
use catops_core::{Error, ErrorKind};
use http::StatusCode;
use serde::Deserialize;

use super::Answer;

/// The body of an error of the Table service (Microsoft Learn, "Status and error codes").
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "odata.error")]
    error: Code,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

impl Answer {
    /// Returns the code of the error that the service gave, such as `TableNotFound`, or `None` for a success or an error
    /// without a code.
    pub fn fault(&self) -> Option<String> {
        if self.status.is_success() {
            return None;
        }
        let header = self.headers.get("x-ms-error-code").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let json = || serde_json::from_slice(&self.body).ok().map(|body: Body| body.error.code);
        // The Queue service answers in XML, of which this element is all that is needed.
        let xml = || {
            let text = std::str::from_utf8(&self.body).ok()?;
            let (_, rest) = text.split_once("<Code>")?;
            rest.split_once("</Code>").map(|(code, _)| code.to_owned())
        };
        let code = header.or_else(json).or_else(xml)?;
        // It is shown to people, so it must look like a code.
        let named = (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        named.then_some(code)
    }

    pub(super) fn may_pass(&self) -> bool {
        matches!(self.status.as_u16(), 408 | 429 | 500..=599)
    }

    /// Unwraps the answer to a batch, in which each part has an answer of its own: if one failed, nothing was done, and it
    /// is that one (Microsoft Learn, "Performing entity group transactions"). Any other answer is passed on as it is.
    pub(super) fn of_batch(self, host: &str) -> Result<Self, Error> {
        let kind = self.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/mixed")) {
            return Ok(self);
        }
        let parts = parts(&self.body);
        let failed = parts.iter().find(|(status, _)| !status.is_success());
        let Some((status, body)) = failed.or(parts.last()) else {
            let said = format!("{host} did not answer a batch with the answers of its parts");
            return Err(Error::new(ErrorKind::Invalid, said));
        };
        Ok(Self { status: *status, headers: http::HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) })
    }
}

/// Returns status and body of each part. Neither line ends nor boundaries can occur in the JSON of a body.
fn parts(body: &[u8]) -> Vec<(StatusCode, &str)> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let answers = text.split("\r\nHTTP/1.1 ").skip(1);
    answers
        .filter_map(|answer| {
            let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
            let body = body.split("\r\n--").next().unwrap_or_default();
            let status = StatusCode::from_bytes(answer.get(..3)?.as_bytes()).ok()?;
            Some((status, body.trim()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.to_owned().into() }
    }

    fn check(status: u16, header: Option<&str>, body: &str, fault: Option<&str>, may_pass: bool) {
        let headers: Vec<_> = header.into_iter().map(|value| ("x-ms-error-code", value)).collect();
        let answer = answer(status, &headers, body);
        assert_eq!((answer.fault().as_deref(), answer.may_pass()), (fault, may_pass), "{status} {header:?} {body}");
    }

    #[test]
    fn faults() {
        let json = r#"{"odata.error":{"code":"TableNotFound","message":{"lang":"en-US","value":"secret"}}}"#;
        let xml = "<?xml version=\"1.0\"?><Error><Code>QueueNotFound</Code><Message>secret</Message></Error>";
        check(404, None, json, Some("TableNotFound"), false);
        check(404, None, xml, Some("QueueNotFound"), false);
        check(409, Some("EntityAlreadyExists"), "", Some("EntityAlreadyExists"), false);
        check(503, Some("ServerBusy"), "", Some("ServerBusy"), true);
        check(500, None, "<html>", None, true);
        check(429, None, "", None, true);
        check(408, None, "", None, true);
        check(403, None, "<Error><Code>see https://secret</Code></Error>", None, false);
        check(403, None, r#"{"odata.error":{}}"#, None, false);
        check(200, Some("ServerBusy"), json, None, false);
    }

    /// The form of Microsoft's page "Performing entity group transactions".
    fn batch(parts: &[(u16, &str)]) -> Answer {
        let part = |(status, body): &(u16, &str)| {
            let head = "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary";
            format!("{head}\r\n\r\nHTTP/1.1 {status} x\r\nDataServiceVersion: 3.0;\r\n\r\n{body}\r\n")
        };
        let inner: String = parts.iter().map(part).collect();
        let head = "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n";
        let body = format!("{head}{inner}--changesetresponse_1--\r\n--batchresponse_1--\r\n");
        answer(202, &[("content-type", "multipart/mixed; boundary=batchresponse_1")], &body)
    }

    #[test]
    fn a_batch_is_what_its_parts_are() {
        let check = |parts: &[(u16, &str)], status, fault: Option<&str>| {
            let answer = batch(parts).of_batch("host").unwrap();
            assert_eq!((answer.status.as_u16(), answer.fault().as_deref()), (status, fault), "{parts:?}");
        };
        let busy = r#"{"odata.error":{"code":"ServerBusy","message":{"value":"1:The server is busy"}}}"#;
        check(&[(204, ""), (201, "")], 201, None);
        check(&[(503, busy)], 503, Some("ServerBusy"));
        check(&[(204, ""), (503, busy)], 503, Some("ServerBusy"));
        check(&[(503, busy), (204, "")], 503, Some("ServerBusy"));
        assert!(batch(&[(503, busy)]).of_batch("host").unwrap().may_pass());
        assert_eq!(batch(&[]).of_batch("host").unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(answer(202, &[], "HTTP/1.1 503 x").of_batch("host").unwrap().status, 202);
    }
}
