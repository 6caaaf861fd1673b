//! What Slack sends.

use catops_core::chat::slack::Slack;
use catops_core::chat::{Ack, Chat, Inbound, Incoming, Rejection};
use catops_core::http::{HttpRequest, HttpResponse, MAX_BODY};
use catops_core::{Audience, Reply, Secret, Timestamp};
use proptest::prelude::*;
use ring::hmac;

pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
pub(crate) const NOW: u64 = 1_795_305_600;
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";
const COMMAND: &str = "team_id=T1&channel_id=C1&channel_name=ops&user_id=U1&user_name=ann&command=%2Fmeow&\
                       text=restart+%3C%40U2%7Cbob%3E+a%26amp%3Bb&trigger_id=13.7&\
                       response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1%2F2%2Fx";

pub(crate) fn slack() -> Slack {
    Slack::new(Secret::new(SECRET.to_owned()), vec!["127.0.0.1:4000".to_owned()])
}

fn signature(at: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, &[format!("v0:{at}:").as_bytes(), body].concat());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={hex}")
}

fn signed_at(at: u64, kind: &str, body: impl AsRef<[u8]>) -> HttpRequest {
    let body = body.as_ref();
    http::Request::post("/slack")
        .header("content-type", kind)
        .header("x-slack-request-timestamp", at.to_string())
        .header("x-slack-signature", signature(at, body))
        .body(body.to_vec().into())
        .unwrap()
}

pub(crate) fn signed(kind: &str, body: impl AsRef<[u8]>) -> HttpRequest {
    signed_at(NOW, kind, body)
}

pub(crate) async fn receive(http: &HttpRequest) -> Result<Inbound, Rejection> {
    slack().receive(http, Timestamp::from_secs(NOW)).await
}

pub(crate) async fn run(http: &HttpRequest) -> Incoming {
    match receive(http).await {
        Ok(Inbound::Run(incoming)) => *incoming,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn answer(http: &HttpRequest) -> HttpResponse {
    match receive(http).await {
        Ok(Inbound::Answer(response)) => response,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn refused(http: HttpRequest, rejection: Rejection) {
    match receive(&http).await {
        Err(got) => assert_eq!(got, rejection, "{:?}", http.body()),
        Ok(other) => panic!("{other:?} for {:?}", http.body()),
    }
}

#[tokio::test]
async fn a_slash_command() {
    let incoming = run(&signed(FORM, COMMAND)).await;
    let request = &incoming.request;
    assert_eq!((request.prefix.as_str(), request.text.as_str()), ("/meow", "restart <@U2|bob> a&amp;b"));
    assert_eq!((&*request.actor.id, &*request.actor.name, &*request.actor.team), ("U1", "ann", "T1"));
    assert_eq!((&*request.channel.id, &*request.channel.name), ("C1", "ops"));
    let to = &incoming.reply_to;
    assert_eq!((&*to.chat, &*to.channel, &*to.user), ("slack", "C1", "U1"));
    assert_eq!(to.url.as_ref().unwrap().expose(), "https://hooks.slack.com/commands/T1/2/x");
    assert_eq!(to.expires, Timestamp::from_secs(NOW + 30 * 60));
}

#[tokio::test]
async fn a_little_is_enough() {
    let incoming = run(&signed("Application/X-WWW-Form-Urlencoded; charset=utf-8", "user_id=U1&command=%2Fmeow")).await;
    assert_eq!(incoming.request.text, "");
    assert_eq!(incoming.reply_to.url, None);
}

#[tokio::test]
async fn the_id_is_the_events() {
    let id = async |http: HttpRequest| run(&http).await.id;
    let first = id(signed(FORM, COMMAND)).await;
    assert_eq!(id(signed_at(NOW + 1, FORM, COMMAND)).await, first, "the trigger decides, where there is one");
    assert_ne!(id(signed(FORM, COMMAND.replace("13.7", "13.8"))).await, first);
    assert_ne!(id(signed(FORM, COMMAND.replace("T1", "T2"))).await, first);
    let bare = "user_id=U1&command=%2Fmeow&text=x";
    let first = id(signed(FORM, bare)).await;
    assert_eq!(id(signed(FORM, bare)).await, first, "the same request again");
    assert_ne!(id(signed_at(NOW + 1, FORM, bare)).await, first, "typed again");
    assert_ne!(id(signed(FORM, "user_id=U1&command=%2Fmeow&text=y")).await, first);
}

#[tokio::test]
async fn refusals_come_in_order() {
    let mut http = signed(FORM, COMMAND);
    *http.method_mut() = http::Method::GET;
    refused(http, Rejection::Method).await;
    refused(signed("text/plain", vec![b'x'; MAX_BODY + 1]), Rejection::TooLarge).await;
    for kind in ["text/plain", "", "multipart/form-data", "application/jsonp"] {
        refused(signed(kind, COMMAND), Rejection::ContentType).await;
    }
    refused(signed_at(NOW - 301, FORM, COMMAND), Rejection::Signature).await;
    refused(signed_at(NOW + 301, JSON, "{}"), Rejection::Signature).await;
    let mut http = signed(FORM, COMMAND);
    *http.body_mut() = COMMAND.replace("restart", "destroy").into();
    refused(http, Rejection::Signature).await;
    let mut http = signed(JSON, r#"{"type":"url_verification","challenge":"x"}"#);
    http.headers_mut().remove("x-slack-signature");
    refused(http, Rejection::Signature).await;
}

#[tokio::test]
async fn malformed_forms() {
    for body in [
        "",
        "x",
        "user_id=U1",
        "user_id=U1&command=",
        "user_id=&command=%2Fmeow",
        "command=%2Fmeow",
        "user_id=U1&command=%zz",
        "user_id=U1&command=%2Fmeow&text=%",
        "user_id=U1&command=%2Fmeow&text=%2",
        "user_id=U1&command=%2Fmeow&text=%ff",
        "user_id=U1&command=%2Fmeow&response_url=%c3",
        "payload=",
        "payload=%7B",
        "payload=%zz",
        "payload={}",
    ] {
        refused(signed(FORM, body), Rejection::Malformed).await;
    }
    refused(signed(FORM, b"user_id=U1&command=%2Fmeow&text=\xff"), Rejection::Malformed).await;
    for body in ["", "{", "[]", "1", "{}", r#"{"type":1}"#, r#"{"type":"url_verification"}"#] {
        refused(signed(JSON, body), Rejection::Malformed).await;
    }
    refused(signed(JSON, b"{\"type\":\"\xff\"}"), Rejection::Malformed).await;
}

#[tokio::test]
async fn a_reply_address_elsewhere_refuses_the_job() {
    for (url, good) in [
        ("http%3A%2F%2F127.0.0.1%3A4000%2Fx", true),
        ("http%3A%2F%2F127.0.0.1%3A4001%2Fx", false),
        ("https%3A%2F%2Fhooks.slack.com%40evil.example%2Fx", false),
        ("https%3A%2F%2Fevil.example%2Fhooks.slack.com", false),
        ("http%3A%2F%2F169.254.169.254%2Flatest", false),
    ] {
        let http = signed(FORM, format!("user_id=U1&command=%2Fmeow&response_url={url}"));
        assert_eq!(receive(&http).await.err(), (!good).then_some(Rejection::Malformed), "{url}");
    }
}

#[tokio::test]
async fn the_certificate_probe_needs_no_signature() {
    let probe = http::Request::post("/slack").header("content-type", FORM).body("token=x&ssl_check=1".into()).unwrap();
    let response = answer(&probe).await;
    assert_eq!((response.status().as_u16(), response.body().len()), (200, 0));
    assert!(answer(&signed(FORM, "ssl_check=1&command=%2Fmeow&user_id=U1")).await.body().is_empty());
    let other = http::Request::post("/slack").header("content-type", FORM);
    refused(other.body("token=x&ssl_check=0".into()).unwrap(), Rejection::Signature).await;
}

#[tokio::test]
async fn the_handshake_returns_the_challenge() {
    let http = signed(JSON, r#"{"token":"t","challenge":"3eZ\"brw","type":"url_verification"}"#);
    let response = answer(&http).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
    assert_eq!(response.body(), r#"{"challenge":"3eZ\"brw"}"#);
}

#[test]
fn acknowledgements() {
    let body =
        |ack: Ack<'_>| String::from_utf8(slack().ack(ack, Timestamp::from_secs(NOW)).into_body().to_vec()).unwrap();
    assert_eq!(body(Ack::Heard(Audience::Channel)), r#"{"response_type":"in_channel"}"#);
    assert_eq!(body(Ack::Heard(Audience::Asker)), r#"{"response_type":"ephemeral","text":"On it."}"#);
    let reply = body(Ack::Reply(&Reply::to_asker("No")));
    assert!(reply.starts_with(r#"{"response_type":"ephemeral","text":"No","blocks":["#), "{reply}");
}

#[test]
fn debug_shows_no_secret() {
    assert!(!format!("{:?}", slack()).contains("8f74"));
}

pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #[test]
    fn any_words_arrive(text in any::<String>()) {
        let http = signed(FORM, format!("user_id=U1&command=%2Fmeow&text={}", encode(&text)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        prop_assert_eq!(runtime.block_on(run(&http)).request.text, text);
    }

    #[test]
    fn no_signed_body_panics(body in proptest::collection::vec(any::<u8>(), 0..300), form in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(receive(&signed(if form { FORM } else { JSON }, body)));
    }
}
