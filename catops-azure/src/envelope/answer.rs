//! Answers to the host.

use std::borrow::Cow;
use std::collections::BTreeMap;

use catops_core::http::{HttpResponse, json};
use http::StatusCode;
use serde::Serialize;

/// What a function answers: `{"Outputs":{…},"Logs":[…],"ReturnValue":null}`.
///
/// An answer is never empty and never `null`: with these the host waits on until the function's time-out. One whose
/// status is not 2xx fails the invocation, so a status for the client goes into the output `res`.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    http: Option<HttpResponse>,
    messages: Vec<String>,
    log: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    outputs: Outputs<'a>,
    logs: Option<[&'a str; 1]>,
    return_value: (),
}

#[derive(Serialize)]
struct Outputs<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    res: Option<Http<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Messages<'a>>,
}

/// The output `res`. A number for the status works too; the host's own tests have it in quotes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    status_code: String,
    headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    body: Cow<'a, str>,
}

/// The output `job`: each string is a message of the queue. The host takes a string that is base64 for bytes; these
/// begin with a brace, which no base64 has.
#[derive(Serialize)]
#[serde(untagged)]
enum Messages<'a> {
    One(&'a str),
    Many(&'a [String]),
}

impl Answer {
    /// The function has done its work; a message that triggered it is deleted.
    pub const fn done() -> Self {
        Self::new(StatusCode::OK)
    }

    /// The function has not done its work; a message that triggered it comes again after `visibilityTimeout`, or goes to
    /// the poison queue.
    pub const fn failed() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// This is nothing that the host sends, or no function of ours.
    pub const fn refused(status: StatusCode) -> Self {
        Self::new(status)
    }

    const fn new(status: StatusCode) -> Self {
        Self { status, http: None, messages: Vec::new(), log: None }
    }

    /// Adds what the client is answered.
    #[must_use]
    pub fn with_http(mut self, response: HttpResponse) -> Self {
        self.http = Some(response);
        self
    }

    /// Adds messages for the queue. They are JSON objects.
    #[must_use]
    pub fn with_messages(mut self, messages: Vec<String>) -> Self {
        self.messages = messages;
        self
    }

    /// Adds a line that the host logs beside its own about this invocation.
    #[must_use]
    pub fn with_log(mut self, line: String) -> Self {
        self.log = Some(line);
        self
    }

    /// Writes the answer.
    pub fn response(&self) -> HttpResponse {
        let res = self.http.as_ref().map(|response| Http {
            status_code: response.status().as_u16().to_string(),
            // A header whose value is no text is left out.
            headers: response
                .headers()
                .iter()
                .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
                .collect(),
            // Core answers with text alone.
            body: String::from_utf8_lossy(response.body()),
        });
        let job = match &self.messages[..] {
            [] => None,
            [one] => Some(Messages::One(one)),
            many => Some(Messages::Many(many)),
        };
        let logs = self.log.as_deref().map(|line| [line]);
        let body = Body { outputs: Outputs { res, job }, logs, return_value: () };
        let mut response = json(serde_json::to_vec(&body).expect("an answer is of strings alone"));
        *response.status_mut() = self.status;
        response
    }
}
