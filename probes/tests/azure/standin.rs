//! The stand-in host itself: that it is as strict as the contract says, so that what passes behind it means something.

use std::time::{Duration, Instant};

use catops_core::conformance::flow::Bench as _;
use http::StatusCode;
use serde_json::json;

use crate::bench::Azure;
use crate::common::send_as;

const TIME_OUT: Duration = Duration::from_secs(2);

/// Has the handler answer `text`, and returns the status that the caller gets.
async fn answered(bench: &Azure, status: u16, kind: &str, text: &str) -> StatusCode {
    let request = http::Request::post("/slack").header("x-status", status).header("x-kind", kind);
    let request = request.body(text.to_owned().into()).expect("a valid request");
    send_as(bench.host.front, "x", request).await.expect("the host answers").status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_takes_only_what_the_contract_says() {
    let bench = Azure::start_with_program(std::path::Path::new("tests/azure/echo.py"), TIME_OUT)
        .await
        .expect("the host starts");
    let json = "application/json; charset=utf-8";
    for (status, kind, text, expected) in [
        (200, json, r#"{"Outputs":{"res":{"statusCode":"204"}},"Logs":null,"ReturnValue":null}"#, 204),
        (200, json, r#"{"Outputs":{"res":{"StatusCode":201}}}"#, 201),
        (200, json, r#"{"Outputs":{"res":{"status":"300","body":"hello","headers":{"x-a":"b"}}}}"#, 300),
        (200, json, r#"{"Outputs":{"res":{}}}"#, 200),
        (200, json, r#"{"Outputs":{"res":"SomeBlah"}}"#, 500),
        (200, json, "Hello World", 500),
        (200, "text/plain", r#"{"Outputs":{"res":{}}}"#, 500),
        (400, json, r#"{"Outputs":{"res":{}}}"#, 500),
    ] {
        assert_eq!(answered(&bench, status, kind, text).await, expected, "{status} {kind} {text}");
    }
    for text in ["null", ""] {
        let (handler, begun) = (bench.host.handler().await.expect("a handler is ready"), Instant::now());
        assert_eq!(answered(&bench, 200, json, text).await, 500);
        assert!(begun.elapsed() >= TIME_OUT, "{text:?} was taken for an answer");
        assert_ne!(bench.host.handler().await.expect("it serves"), handler, "{text:?} left the process alone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_the_way_of_the_contract() {
    let bench = Azure::start_with_program(std::path::Path::new("tests/azure/echo.py"), TIME_OUT)
        .await
        .expect("the host starts");
    let json = "application/json";
    for output in
        [json!("{\"plain\":1}"), json!(["one", "two"]), json!({"an": "object"}), json!("eyJkZWNvZGVkIjoxfQ==")]
    {
        let text = json!({"Outputs": {"res": {}, "job": output}}).to_string();
        assert_eq!(answered(&bench, 200, json, &text).await, 200);
    }
    bench.deliver("fail").await.expect("the queue takes it");
    let end = Instant::now() + bench.patience();
    while bench.pending().await.expect("the queue answers") > 0 && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    let calls = std::fs::read_to_string(bench.probes().join("calls")).expect("it was called");
    let mut calls: Vec<_> = calls.lines().collect();
    calls.sort_unstable();
    let expected = [
        "/dead 1 fail",
        "/job 1 fail",
        "/job 1 one",
        "/job 1 two",
        "/job 1 {\"an\":\"object\"}",
        "/job 1 {\"decoded\":1}",
        "/job 1 {\"plain\":1}",
        "/job 2 fail",
        "/job 3 fail",
    ];
    assert_eq!(calls, expected);
}
