//! HTTP requests, as each front door puts them into an event, and the answers it takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use catops_core::Error;
use catops_core::chat::Rejection;
use catops_core::http::{HttpRequest, HttpResponse, MAX_BODY};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::{Event, invalid};

/// A request, and where it came from.
#[derive(Debug)]
pub struct Request {
    /// The front door; the answer must be of its form.
    pub front: Front,
    /// The request itself, or the reason to turn it away.
    pub http: Result<HttpRequest, Rejection>,
}

/// What stands between the chat and the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// API Gateway, payload format 1.0.
    Payload1,
    /// API Gateway, payload format 2.0.
    Payload2,
    /// A Function URL; its events and answers are those of payload format 2.0.
    FunctionUrl,
    /// An Application Load Balancer.
    LoadBalancer,
    /// An Application Load Balancer whose target group has multi-value headers on, and demands them in the answer.
    MultiValueLoadBalancer,
}

/// Headers of one value each, in any order. Values that are no text are left out.
type Headers = std::collections::BTreeMap<String, Option<String>>;

/// Headers of several values each.
type MultiHeaders = std::collections::BTreeMap<String, Option<Vec<String>>>;

/// Payload format 1.0, and the load balancer's, which is a part of it.
#[derive(Deserialize)]
struct Payload1 {
    #[serde(rename = "httpMethod")]
    method: String,
    path: Option<String>,
    headers: Option<Headers>,
    #[serde(rename = "multiValueHeaders")]
    multi_headers: Option<MultiHeaders>,
    #[serde(rename = "requestContext")]
    context: Option<Context1>,
    body: Option<String>,
    #[serde(default, rename = "isBase64Encoded")]
    is_base64: bool,
}

#[derive(Deserialize)]
struct Context1 {
    stage: Option<String>,
}

/// Payload format 2.0.
#[derive(Deserialize)]
struct Payload2 {
    #[serde(rename = "rawPath")]
    path: Option<String>,
    headers: Option<Headers>,
    #[serde(rename = "requestContext")]
    context: Context2,
    body: Option<String>,
    #[serde(default, rename = "isBase64Encoded")]
    is_base64: bool,
}

#[derive(Deserialize)]
struct Context2 {
    http: Http,
    stage: Option<String>,
    #[serde(rename = "domainName")]
    domain: Option<String>,
}

#[derive(Deserialize)]
struct Http {
    method: String,
    path: Option<String>,
}

/// The parts of a request, whatever the payload format.
struct Parts {
    method: String,
    path: String,
    stage: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    is_base64: bool,
}

pub(super) fn load_balancer(event: &str) -> Result<Event, Error> {
    let payload: Payload1 = read(event, "load balancer")?;
    let multi = payload.multi_headers.is_some();
    Ok(request(if multi { Front::MultiValueLoadBalancer } else { Front::LoadBalancer }, payload.into()))
}

pub(super) fn payload_1(event: &str) -> Result<Event, Error> {
    let payload: Payload1 = read(event, "API of payload format 1.0")?;
    Ok(request(Front::Payload1, payload.into()))
}

impl From<Payload1> for Parts {
    fn from(payload: Payload1) -> Self {
        let Payload1 { method, path, headers, multi_headers, context, body, is_base64 } = payload;
        let headers = match multi_headers {
            Some(multi) => multi
                .into_iter()
                .flat_map(|(name, values)| values.into_iter().flatten().map(move |value| (name.clone(), value)))
                .collect(),
            None => single(headers),
        };
        let path = path.unwrap_or_else(|| "/".to_owned());
        Self { method, path, stage: context.and_then(|context| context.stage), headers, body, is_base64 }
    }
}

fn single(headers: Option<Headers>) -> Vec<(String, String)> {
    headers.into_iter().flatten().filter_map(|(name, value)| Some((name, value?))).collect()
}

pub(super) fn payload_2(event: &str) -> Result<Event, Error> {
    let Payload2 { path, headers, context, body, is_base64 } = read(event, "API of payload format 2.0")?;
    let is_url = context.domain.as_deref().is_some_and(|domain| domain.contains(".lambda-url."));
    let front = if is_url { Front::FunctionUrl } else { Front::Payload2 };
    let Context2 { http, stage, .. } = context;
    let path = path.or(http.path).unwrap_or_else(|| "/".to_owned());
    Ok(request(front, Parts { method: http.method, path, stage, headers: single(headers), body, is_base64 }))
}

/// Reads an event that is known to be of this form; what is wrong with it is said without quoting it.
fn read<'a, T: Deserialize<'a>>(event: &'a str, what: &str) -> Result<T, Error> {
    serde_json::from_str(event).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        invalid(format!("the event of a {what} that cannot be read at line {line}, column {column}"))
    })
}

fn request(front: Front, parts: Parts) -> Event {
    Event::Http(Box::new(Request { front, http: http(parts) }))
}

/// Makes the request that the client sent: the body as it was signed, the path without the stage.
fn http(parts: Parts) -> Result<HttpRequest, Rejection> {
    let Parts { method, path, stage, headers, body, is_base64 } = parts;
    let body = match body {
        None => Bytes::new(),
        Some(text) if is_base64 => BASE64.decode(text).map_err(|_| Rejection::Malformed)?.into(),
        Some(text) => text.into(),
    };
    if body.len() > MAX_BODY {
        return Err(Rejection::TooLarge);
    }
    let mut request = HttpRequest::new(body);
    *request.method_mut() = method.parse().map_err(|_| Rejection::Method)?;
    *request.uri_mut() = without_stage(&path, stage.as_deref()).parse().map_err(|_| Rejection::Route)?;
    for (name, value) in headers {
        // What is no header in HTTP cannot be one that a signature needs.
        if let (Ok(name), Ok(value)) = (name.parse::<::http::HeaderName>(), value.parse::<::http::HeaderValue>()) {
            request.headers_mut().append(name, value);
        }
    }
    Ok(request)
}

/// Takes the stage's name off the path, where the front door put it there.
fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// The answer to a request, in the form that its front door takes.
///
/// One that is not of this form is a 502 to the client, or, with payload format 2.0, a 200 with the answer as its body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<std::collections::BTreeMap<&'a str, &'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<std::collections::BTreeMap<&'a str, Vec<&'a str>>>,
    body: std::borrow::Cow<'a, str>,
    is_base64_encoded: bool,
}

/// Writes `response` as `front` takes it. A header whose value is no text is left out.
pub fn answer(front: Front, response: &HttpResponse) -> Result<Box<RawValue>, Error> {
    let status = response.status();
    let headers = || response.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let is_multi = front == Front::MultiValueLoadBalancer;
    let is_balancer = is_multi || front == Front::LoadBalancer;
    let mut multi = std::collections::BTreeMap::<_, Vec<_>>::new();
    if is_multi {
        headers().for_each(|(name, value)| multi.entry(name).or_default().push(value));
    }
    let (body, is_base64_encoded) = match std::str::from_utf8(response.body()) {
        Ok(text) => (text.into(), false),
        Err(_) => (BASE64.encode(response.body()).into(), true),
    };
    let answer = Answer {
        status_code: status.as_u16(),
        status_description: is_balancer.then(|| status.to_string()),
        headers: (!is_multi).then(|| headers().collect()),
        multi_value_headers: is_multi.then_some(multi),
        body,
        is_base64_encoded,
    };
    to_raw_value(&answer).map_err(|error| invalid("writing an answer").because(error))
}
