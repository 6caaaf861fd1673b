//! The HTTP trigger.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use catops_core::chat::Rejection;
use catops_core::conformance::flow::Failure;
use catops_core::http::{HttpRequest, HttpResponse, media_type, status};
use catops_core::server::{Handler, Limits, serve};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::App;

/// The largest body that the host takes, in bytes: its default, `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT`.
const MAX_BODY: usize = 104_857_600;

/// The routes of the app's functions: `routePrefix` is empty.
const ROUTES: [(&str, &str); 2] = [("/slack", "slack"), ("/healthz", "health")];

struct Front(Arc<App>);

/// Serves on a free port of 127.0.0.1.
pub(super) async fn start(app: Arc<App>) -> Result<(SocketAddr, JoinHandle<()>), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let limits = Limits { body: MAX_BODY, ..Limits::default() };
    let served = serve(listener, Arc::new(Front(app)), limits, std::future::pending());
    Ok((address, tokio::spawn(served)))
}

impl Handler for Front {
    async fn handle(&self, request: HttpRequest) -> HttpResponse {
        let path = request.uri().path();
        let Some((_, function)) = ROUTES.iter().find(|(route, _)| *route == path) else {
            return status(StatusCode::NOT_FOUND);
        };
        let res = self.0.invoke(function, &envelope(function, &request)).await;
        match res.and_then(|res| response(&res)) {
            Ok(response) => response,
            Err(failure) => {
                self.0.failed(function, &failure);
                status(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    fn refuse(&self, rejection: Rejection) -> HttpResponse {
        rejection.response()
    }
}

fn envelope(function: &str, request: &HttpRequest) -> Value {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.headers() {
        headers.entry(cased(name.as_str())).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let kind = media_type(request);
    let mut req = json!({
        "Url": format!("http://127.0.0.1{}", request.uri()), "Method": request.method().as_str(), "Query": {},
        "Headers": headers, "Params": {},
        "Identities": [{"AuthenticationType": null, "IsAuthenticated": false, "Claims": []}],
    });
    let mut metadata = json!({"Query": {}, "Headers": {}});
    // A body without a length is lost; one of text is decoded, whatever it holds.
    if request.headers().get("content-length").is_some_and(|length| length != "0") {
        let is_binary = kind == "application/octet-stream" || kind.starts_with("multipart/");
        let text = String::from_utf8_lossy(request.body());
        req["Body"] = if is_binary { BASE64.encode(request.body()).into() } else { text.into() };
    }
    if kind == "application/json"
        && let Ok(Value::Object(members)) = serde_json::from_slice(request.body())
    {
        members.into_iter().for_each(|(name, value)| metadata[name] = value.to_string().into());
    }
    metadata["sys"] = json!({"MethodName": function, "UtcNow": "2026-01-02T03:04:05.678Z", "RandGuid": "g"});
    json!({"Data": {"req": req}, "Metadata": metadata})
}

/// Writes a header's name as clients and front ends do: with capitals.
fn cased(name: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Makes the answer to the client of the output `res`; keys may be in any case.
fn response(res: &Value) -> Result<HttpResponse, Failure> {
    let members = res.as_object().ok_or("the output `res` is no object")?;
    let find = |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let mut response = match find("body") {
        Some(Value::String(text)) => HttpResponse::new(Bytes::from(text.clone())),
        Some(other) => HttpResponse::new(other.to_string().into()),
        None => HttpResponse::default(),
    };
    *response.status_mut() = match find("statusCode").or_else(|| find("status")) {
        Some(Value::String(text)) => text.parse()?,
        Some(number) => number.to_string().parse()?,
        None => StatusCode::OK,
    };
    for (name, value) in find("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().ok_or("the value of a header is no text")?;
        response.headers_mut().insert(http::HeaderName::from_bytes(name.as_bytes())?, value.parse()?);
    }
    Ok(response)
}
