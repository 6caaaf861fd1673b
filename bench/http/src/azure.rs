//! The Functions host as far as a handler sees it: the port, and the envelopes of its default mode.

use std::str;

use catops_core::Timestamp;
use catops_core::http::HttpRequest;
use serde_json::{Map, Value, json};

use crate::Failure;
use crate::connection::Answer;
use crate::target::{SECRET, headers, post};

const SITE: &str = "catops-bench.azurewebsites.net";

pub(crate) fn environment(port: u16) -> Vec<(&'static str, String)> {
    let set = [
        ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "1c6ba0ab-bf1f-4e2e-9d2e-6e1a2a3e9f10"),
        ("FUNCTIONS_WORKER_RUNTIME", "custom"),
        ("WEBSITE_SITE_NAME", "catops-bench"),
        ("CATOPS_SLACK_SIGNING_SECRET", SECRET),
        ("CATOPS_STORE", "memory"),
    ];
    let mut environment: Vec<_> = set.map(|(name, value)| (name, value.to_owned())).into();
    // The last one is for the peer.
    let ports = ["FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT", "PORT"];
    environment.extend(ports.map(|name| (name, port.to_string())));
    environment
}

/// Makes the invocation of the function `slack` for a request.
pub(crate) fn invocation(n: usize, http: &HttpRequest) -> Vec<u8> {
    let length = http.body().len().to_string();
    let more = [
        ("Accept", "application/json,*/*"),
        ("Accept-Encoding", "gzip,deflate"),
        ("CLIENT-IP", "203.0.113.7:41234"),
        ("Content-Length", &length),
        ("Host", SITE),
        ("Max-Forwards", "9"),
        ("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)"),
        ("X-Forwarded-For", "203.0.113.7:41234"),
        ("X-Forwarded-Proto", "https"),
    ];
    let (mut lists, mut plain) = (Map::new(), Map::new());
    for (name, value) in headers(http).chain(more) {
        lists.insert(name.to_owned(), json!([value]));
        plain.insert(name.to_owned(), value.into());
    }
    let id = format!("5b1f8d7e-0d6b-4f3f-9f55-{n:012}");
    let envelope = json!({
        "Data": { "req": {
            "Url": format!("https://{SITE}/slack"),
            "Method": "POST",
            "Query": {},
            "Headers": lists,
            "Params": {},
            "Identities": [{ "AuthenticationType": null, "IsAuthenticated": false, "Claims": [] }],
            "Body": String::from_utf8_lossy(http.body()),
        } },
        "Metadata": {
            "Query": {},
            "Headers": plain,
            "sys": { "MethodName": "slack", "UtcNow": Timestamp::now().to_string(), "RandGuid": &id },
        },
    });
    let of_host = [
        ("Host", "127.0.0.1"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", "Azure-Functions-Host/4.1037.0"),
        ("X-Azure-Functions-HostVersion", "4.1037.0"),
        ("X-Azure-Functions-InvocationId", id.as_str()),
    ];
    post("/slack", of_host, envelope.to_string().as_bytes())
}

/// Expects 200 for the chat and one message for the queue.
pub(crate) fn check(answer: &Answer) -> Result<(), Failure> {
    let text = str::from_utf8(&answer.body)?;
    let outputs = &serde_json::from_str::<Value>(text)?["Outputs"];
    let status = &outputs["res"]["statusCode"];
    let is_200 = status.as_str().map_or(status.as_u64() == Some(200), |status| status == "200");
    let has_job = match &outputs["job"] {
        Value::Array(messages) => messages.len() == 1,
        message => message.is_string() || message.is_object(),
    };
    if is_200 && has_job { Ok(()) } else { Err(format!("the invocation's answer is {text}").into()) }
}
