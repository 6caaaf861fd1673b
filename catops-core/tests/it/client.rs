//! The one HTTP client.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use catops_core::client::Client;
use catops_core::{Error, ErrorKind};

use crate::sink::{Answer, Sink, nobody};

/// Checks kind and text, and that nothing of the path or the query is in it.
fn check(error: &Error, kind: ErrorKind, text: &str) {
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    assert!(!error.chain().contains("secret") && !format!("{error:?}").contains("secret"), "{error:?}");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[tokio::test]
async fn a_request_is_sent_as_built() {
    let sink = Sink::new([Answer::status(201, "x-kind: cat\r\n", r#"{"name":"Tom"}"#)]);
    let request = Client::shared().post(sink.url("/a?b=c")).header("x-one", "1").header("x-one", "2");
    let response = request.json(&["ü"]).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["x-kind"], "cat");
    let cat: serde_json::Value = response.json().await.unwrap();
    assert_eq!(cat["name"], "Tom");
    let seen = &sink.seen()[0];
    assert_eq!(seen.body, r#"["ü"]"#.as_bytes());
    let head = seen.head.to_ascii_lowercase();
    assert!(head.starts_with("post /a?b=c http/1.1\r\n"), "{head}");
    for line in
        ["content-type: application/json; charset=utf-8", "x-one: 2", "user-agent: catops/", "content-length: 6"]
    {
        assert!(head.contains(&format!("\r\n{line}")), "{line} in {head}");
    }
    assert!(!head.contains("x-one: 1"));
}

#[tokio::test]
async fn a_body_is_read_up_to_the_cap() {
    let chunked = "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n0\r\n\r\n";
    for answer in [Answer::status(200, "", "abcdefgh"), Answer::Write(chunked.into())] {
        let sink = Sink::new([answer.clone(), answer]);
        let get = |max| Client::shared().get(sink.url("/secret")).max_body(max).send();
        assert_eq!(get(8).await.unwrap().text().await.unwrap(), "abcdefgh");
        let error = get(7).await.unwrap().bytes().await.unwrap_err();
        check(&error, ErrorKind::TooLarge, &format!("the answer of {} is larger than 7 bytes", sink.host()));
    }
}

#[tokio::test]
async fn a_redirect_is_returned_and_not_followed() {
    let sink = Sink::new([Answer::status(302, "location: /other\r\n", "")]);
    assert_eq!(Client::shared().get(sink.url("/")).send().await.unwrap().status(), 302);
    assert_eq!(sink.seen().len(), 1);
}

#[tokio::test]
async fn silence_ends_in_a_time_out() {
    let half = "HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nhalf".to_owned();
    let sink = Sink::new([Answer::Write(Vec::new()), Answer::Write(half.into())]);
    let get = || Client::shared().get(sink.url("/secret")).timeout(Duration::from_millis(100)).send();
    let text = format!("{} did not answer within 100ms", sink.host());
    check(&get().await.unwrap_err(), ErrorKind::Timeout, &text);
    check(&get().await.unwrap().text().await.unwrap_err(), ErrorKind::Timeout, &text);
}

#[tokio::test]
async fn errors_name_the_host_alone() {
    let host = nobody();
    let error = Client::shared().get(format!("http://{host}/secret?secret")).send().await.unwrap_err();
    check(&error, ErrorKind::Unavailable, &format!("connecting to {host}"));

    let sink = Sink::new([Answer::Close, Answer::status(200, "", r#"{"secret": "#)]);
    let error = Client::shared().get(sink.url("/secret")).send().await.unwrap_err();
    check(&error, ErrorKind::Timeout, &format!("asking {}", sink.host()));
    let answer = Client::shared().get(sink.url("/secret")).send().await.unwrap();
    let error = answer.json::<serde_json::Value>().await.unwrap_err();
    let text = format!("{} did not answer with the expected JSON: line 1, column 11", sink.host());
    check(&error, ErrorKind::Invalid, &text);
}

/// A handshake begins, so the TLS settings hold together; the other side speaks no TLS.
#[tokio::test]
async fn https_needs_a_tls_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let server = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 3];
        stream.read_exact(&mut hello).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 x\r\n\r\n").await.unwrap();
        hello
    };
    let request = Client::shared().get(format!("https://{host}/secret")).send();
    let (hello, result) = tokio::join!(server, request);
    assert_eq!(hello, [22, 3, 1], "a TLS handshake record");
    check(&result.unwrap_err(), ErrorKind::Unavailable, &format!("connecting to {host}"));
}

#[test]
fn tls_roots_are_compiled_in() {
    let config = catops_core::client::tls_config();
    assert!(std::sync::Arc::ptr_eq(&config, &catops_core::client::tls_config()));
    let ciphers = &config.crypto_provider().cipher_suites;
    let of_1_3 = ciphers.iter().filter(|cipher| cipher.tls13().is_some()).count();
    assert_eq!((of_1_3, ciphers.len() - of_1_3), (2, 4), "TLS 1.3 and 1.2");
}

#[test]
fn one_runtime_keeps_its_connection_and_another_opens_its_own() {
    let sink = Sink::new([]);
    let client = Client::default(); // other tests move the shared one to their runtimes
    let get = || async {
        let started = Instant::now();
        assert_eq!(client.get(sink.url("/")).send().await.unwrap().text().await.unwrap(), "ok");
        // The connection goes back to the pool in tasks of its own, each of which gets its turn.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert!(started.elapsed() < Duration::from_secs(5));
    };
    let first = runtime();
    first.block_on(async {
        get().await;
        get().await;
    });
    assert_eq!(sink.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 0]);
    // The first runtime is alive but nobody drives it; then it is gone; then the second one is used again.
    let second = runtime();
    second.block_on(get());
    drop(first);
    second.block_on(get());
    drop(second);
    runtime().block_on(get());
    assert_eq!(sink.seen().len(), 5);
    assert_eq!(sink.seen().last().unwrap().connection, 2);
}

#[test]
fn outside_of_a_runtime_it_says_so() {
    let request = pin!(Client::shared().get("http://localhost/secret").send());
    let Poll::Ready(Err(error)) = request.poll(&mut Context::from_waker(Waker::noop())) else { panic!("it waits") };
    check(&error, ErrorKind::Config, "localhost was called outside of a tokio runtime");
}
