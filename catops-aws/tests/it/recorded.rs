//! Events recorded from the real services, where `CATOPS_FIXTURES` names a folder of them, and the forms of others who
//! read them: `aws_lambda_events` must find in each request what we find.

use aws_lambda_events::alb::AlbTargetGroupRequest;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use catops_aws::event::Event;
use catops_aws::event::http::{Front, Request};
use catops_core::http::HttpRequest;
use http::HeaderMap;

/// What the file of that name must become.
fn expected(name: &str) -> Expected {
    use Expected::{Answer, Messages, Refused};
    match name {
        name if name.ends_with("-response.json") => Answer,
        name if name.starts_with("negative-") => Refused,
        name if name.starts_with("eventbridge-") || name.starts_with("sns-") => Refused,
        name if name.starts_with("sqs-") => Messages,
        name if name.starts_with("alb-multivalue") => Expected::Request(Front::MultiValueLoadBalancer),
        name if name.starts_with("alb-") => Expected::Request(Front::LoadBalancer),
        name if name.starts_with("apigw-v1-") => Expected::Request(Front::Payload1),
        name if name.starts_with("apigw-v2-") => Expected::Request(Front::Payload2),
        name if name.starts_with("function-url-") => Expected::Request(Front::FunctionUrl),
        name => panic!("{name} is an event of a kind that this test does not know"),
    }
}

#[derive(Debug, PartialEq)]
enum Expected {
    /// No event, but what a function answers.
    Answer,
    Request(Front),
    Messages,
    Refused,
}

/// Compares a request with what the other reader found in the same event.
fn same(name: &str, ours: &HttpRequest, method: &http::Method, path: &str, headers: &HeaderMap, body: &[u8]) {
    assert_eq!((ours.method(), ours.uri().path()), (method, path), "{name}");
    assert_eq!(ours.body(), body, "{name}");
    for (header, value) in headers {
        assert!(ours.headers().get_all(header).iter().any(|ours| ours == value), "{name}: {header}");
    }
}

/// Reads the event as `aws_lambda_events` does, and compares.
fn oracle(name: &str, text: &str, ours: &Request) {
    let http = ours.http.as_ref().unwrap_or_else(|rejection| panic!("{name}: {rejection:?}"));
    match ours.front {
        Front::Payload1 => {
            let theirs: ApiGatewayProxyRequest = serde_json::from_str(text).unwrap();
            let headers =
                if theirs.multi_value_headers.is_empty() { theirs.headers } else { theirs.multi_value_headers };
            let bytes = decoded(theirs.body, theirs.is_base64_encoded);
            same(name, http, &theirs.http_method, &theirs.path.unwrap(), &headers, &bytes);
        }
        Front::Payload2 | Front::FunctionUrl => {
            let theirs: ApiGatewayV2httpRequest = serde_json::from_str(text).unwrap();
            let stage = theirs.request_context.stage.map(|stage| format!("/{stage}")).unwrap_or_default();
            let path = theirs.raw_path.unwrap();
            let path = path.strip_prefix(&stage).filter(|rest| rest.starts_with('/')).unwrap_or(&path);
            let bytes = decoded(theirs.body, theirs.is_base64_encoded);
            same(name, http, &theirs.request_context.http.method, path, &theirs.headers, &bytes);
        }
        Front::LoadBalancer | Front::MultiValueLoadBalancer => {
            let theirs: AlbTargetGroupRequest = serde_json::from_str(text).unwrap();
            let is_multi = !theirs.multi_value_headers.is_empty();
            assert_eq!(is_multi, ours.front == Front::MultiValueLoadBalancer, "{name}");
            let headers = if is_multi { theirs.multi_value_headers } else { theirs.headers };
            let bytes = decoded(theirs.body, theirs.is_base64_encoded);
            same(name, http, &theirs.http_method, &theirs.path.unwrap(), &headers, &bytes);
        }
    }
}

fn decoded(text: Option<String>, is_base64: bool) -> Vec<u8> {
    use base64::Engine as _;
    let text = text.unwrap_or_default();
    if is_base64 { base64::engine::general_purpose::STANDARD.decode(text).unwrap() } else { text.into_bytes() }
}

fn check(name: &str, text: &str) {
    let expected = expected(name);
    match (Event::read(text), &expected) {
        (Err(_), Expected::Refused | Expected::Answer) => {}
        (Ok(Event::Http(request)), Expected::Request(front)) if request.front == *front => {
            oracle(name, text, &request);
        }
        (Ok(Event::Messages(messages)), Expected::Messages) if !messages.is_empty() => {}
        (read, expected) => panic!("{name} is {expected:?}, and was read as {read:?}"),
    }
}

/// Our own events, in the forms of the services' documentation.
#[test]
fn others_read_our_events_as_we_do() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    assert!(files(&folder) >= 9, "the events in {} are gone", folder.display());
}

#[test]
fn recorded_events() {
    let Some(folder) = std::env::var_os("CATOPS_FIXTURES") else { return };
    let folder = std::path::Path::new(&folder).join("aws");
    assert!(files(&folder) >= 20, "there are no recorded events in {}", folder.display());
}

/// Checks each file of a folder, and returns how many there are.
fn files(folder: &std::path::Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            check(path.file_name().unwrap().to_str().unwrap(), &std::fs::read_to_string(&path).unwrap());
            count += 1;
        }
    }
    count
}
