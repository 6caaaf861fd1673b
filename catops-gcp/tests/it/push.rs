//! Pushes as Pub/Sub and Eventarc send them: our own, in the forms of the documentation, and recorded ones where
//! `CATOPS_FIXTURES` names a folder of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use catops_core::http::HttpRequest;
use catops_gcp::push::Push;
use serde_json::Value;

fn request(body: impl Into<Bytes>, headers: &[(&'static str, &str)]) -> HttpRequest {
    let mut http = HttpRequest::new(body.into());
    for (name, value) in headers {
        http.headers_mut().insert(*name, value.parse().unwrap());
    }
    http
}

fn reads(body: &str) -> Result<Push, String> {
    Push::read(&request(body.to_owned(), &[])).map_err(|error| error.chain())
}

fn fixture(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Checks a file of a folder by its name: what it must become can be told from its content.
fn check(name: &str, text: &str) {
    let json: Value = serde_json::from_str(text).unwrap();
    let read = reads(text);
    if name.starts_with("negative-") {
        let error = read.expect_err(name);
        let legacy = name.contains("background");
        let said = if legacy { "a background function's event" } else { "a CloudEvent of another type" };
        assert!(error.contains(said), "{name}: {error}");
        return;
    }
    let push = read.unwrap_or_else(|error| panic!("{name}: {error}"));
    let message = json.get("data").map_or(&json, |data| data).get("message").unwrap();
    let text = |key: &str| message.get(key).and_then(Value::as_str);
    assert_eq!(push.data, STANDARD.decode(text("data").unwrap_or_default()).unwrap(), "{name}");
    assert_eq!(Some(push.id.as_str()), text("messageId").or(text("message_id")), "{name}");
}

#[test]
fn our_own() {
    assert!(files(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")) >= 7);
}

#[test]
fn recorded_events() {
    let Some(folder) = std::env::var_os("CATOPS_FIXTURES") else { return };
    let folder = std::path::Path::new(&folder).join("gcp");
    assert!(files(&folder) >= 5, "there are no recorded events in {}", folder.display());
}

/// Checks each push of a folder, and returns how many there are.
fn files(folder: &std::path::Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_push = ["push-", "pubsub-push-", "cloudevent-", "negative-"].iter().any(|kind| name.starts_with(kind));
        if is_push && name.ends_with(".json") {
            check(&name, &std::fs::read_to_string(&path).unwrap());
            count += 1;
        }
    }
    count
}

#[test]
fn what_is_read() {
    let push = reads(&fixture("push-wrapped.json")).unwrap();
    let expected = Push {
        id: "11000000000001".to_owned(),
        data: br#"{"catops":1}"#.to_vec(),
        attempt: Some(2),
        given_up_after: None,
    };
    assert_eq!(push, expected);
    assert_eq!(reads(&fixture("push-snake-case.json")).unwrap().id, "11000000000002");
    assert!(reads(&fixture("push-attributes-only.json")).unwrap().data.is_empty());
    assert_eq!(reads(&fixture("push-dead.json")).unwrap().given_up_after, Some(5));
}

#[test]
fn binary_mode() {
    let body = fixture("push-snake-case.json");
    let published = "google.cloud.pubsub.topic.v1.messagePublished";
    let headers = |kind| [("ce-id", "1"), ("ce-specversion", "1.0"), ("ce-source", "//pubsub"), ("ce-type", kind)];
    assert_eq!(Push::read(&request(body.clone(), &headers(published))).unwrap().id, "11000000000002");
    let error = Push::read(&request(body, &headers("google.cloud.storage.object.v1.finalized"))).unwrap_err();
    assert!(error.to_string().contains("a CloudEvent of another type"), "{error}");
}

#[test]
fn refusals_say_what_is_wrong_and_nothing_of_the_content() {
    for (body, said) in [
        ("", "is not the JSON of a Pub/Sub message"),
        (r#"{"catops":{"secret":1}}"#, "holds no Pub/Sub message"),
        (r#"{"message":"secret"}"#, "is not the JSON of a Pub/Sub message"),
        (r#"{"message":{"data":"secret!"}}"#, "is not base64"),
        (r#"{"message":{"data":7},"x":"secret"}"#, "is not the JSON"),
        (r#"{"eventId":"1","eventType":"providers/secret","data":{}}"#, "a background function's event"),
        (r#"{"specversion":"1.0","type":"com.secret","data":{}}"#, "a CloudEvent of another type"),
        (
            r#"{"specversion":"1.0","type":"google.cloud.pubsub.topic.v1.messagePublished","data":{"secret":1}}"#,
            "has no message in its data",
        ),
        ("[1]", "is not the JSON"),
    ] {
        let error = reads(body).expect_err(body);
        assert!(error.contains(said) && !error.contains("secret"), "{body}: {error}");
    }
}
