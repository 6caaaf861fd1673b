//! Every kind of request that Slack sends, as each front door puts it into an event: the answer is the one that core alone gives.
//! Besides our own, recorded ones where `CATOPS_FIXTURES` names a folder of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catops_aws::event::Event;
use catops_core::chat::Chat as _;
use catops_core::chat::slack::Slack;
use catops_core::conformance::payloads::payloads;
use catops_core::http::HttpRequest;
use catops_core::testing::slack::Signer;
use catops_core::{Secret, Timestamp};
use serde_json::{Value, json};

/// Returns the event of a front door, from one of ours of its form, with another request in it.
fn wrapped(event: &str, http: &HttpRequest) -> String {
    let mut event: Value = serde_json::from_str(event).unwrap();
    event["body"] = json!(STANDARD.encode(http.body()));
    event["isBase64Encoded"] = json!(true);
    for (name, value) in http.headers() {
        let value = value.to_str().unwrap();
        for (kind, value) in [("headers", json!(value)), ("multiValueHeaders", json!([value]))] {
            let Some(headers) = event[kind].as_object_mut() else { continue };
            // A front door may write names in any case.
            let known = headers.keys().find(|known| known.eq_ignore_ascii_case(name.as_str())).cloned();
            headers.insert(known.unwrap_or_else(|| name.to_string()), value);
        }
    }
    event.to_string()
}

#[tokio::test]
async fn each_is_taken_as_core_takes_it() {
    let (signer, now) = (Signer::new(Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned())), Timestamp::now());
    let slack = Slack::new(signer.secret().clone(), vec!["127.0.0.1:9".to_owned()]);
    let recorded = std::env::var_os("CATOPS_FIXTURES");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let doors = ["alb-multivalue", "alb", "apigw-v1", "apigw-v2", "function-url"];
    for door in doors.map(|door| std::fs::read_to_string(folder.join(format!("{door}-slash.json"))).unwrap()) {
        for (name, http) in payloads(&signer, now, "http://127.0.0.1:9", recorded.as_deref()) {
            let Ok(Event::Http(request)) = Event::read(&wrapped(&door, &http)) else { panic!("{name}: {door}") };
            let unwrapped = request.http.unwrap();
            assert_eq!(unwrapped.uri().path(), "/slack");
            // Both say what was asked, by whom, where, and under which id; addresses they do not show.
            let expected = format!("{:?}", slack.receive(&http, now).await.unwrap());
            let ours = slack.receive(&unwrapped, now).await.unwrap_or_else(|rejection| panic!("{name}: {rejection:?}"));
            assert_eq!(format!("{ours:?}"), expected, "{name}");
        }
    }
}
