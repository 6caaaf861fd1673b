//! Authorised calls, and what happens when they are not answered.

use std::time::{Duration, Instant};

use catops_azure::storage::{self, API_VERSION, Call, Service, Storage};
use catops_core::client::Patience;
use catops_core::{Error, ErrorKind};

use crate::sink::{Answer, Sink, nobody, read, storage as account};

const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    total: Duration::from_secs(20),
    pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(5),
};

/// Gives up after a while, and on an attempt sooner.
const SHORT: Patience =
    Patience { attempt: Duration::from_millis(400), total: Duration::from_millis(1500), ..PATIENCE };

fn call() -> Call<'static> {
    Call {
        service: Service::Table,
        method: http::Method::POST,
        path: "/secret".into(),
        query: &[("$filter", "RowKey eq 'secret'")],
        headers: &[("content-type", "application/json")],
        body: "the secret body".into(),
    }
}

async fn send(sink: &Sink, patience: &Patience) -> Result<storage::Answer, Error> {
    sink.storage().send(&call(), patience).await
}

fn check(error: &Error, kind: ErrorKind, text: &str) {
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    assert!(!format!("{error:?} {}", error.chain()).contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_call_is_sent_as_given_and_signed() {
    let sink = Sink::new(vec![Answer::new(200, "purr")]);
    let answer = send(&sink, &PATIENCE).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..], &answer.headers["x-kind"]),
        (200, &b"purr"[..], &"cat".parse().unwrap())
    );
    let seen = &sink.seen()[0];
    assert!(seen.head.starts_with("POST /secret?$filter=RowKey%20eq%20%27secret%27 HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.body, b"the secret body");
    assert_eq!(seen.header("x-ms-version"), Some(API_VERSION));
    assert_eq!(seen.header("x-ms-date").map(str::len), Some("Sun, 22 Nov 2026 12:03:09 GMT".len()));
    let authorization = seen.header("authorization").unwrap();
    assert!(authorization.starts_with("SharedKey catops:") && authorization.len() == 61, "{authorization}");
}

#[tokio::test]
async fn a_shared_access_signature_is_added_to_the_query() {
    let sink = Sink::new(vec![Answer::new(200, "")]);
    let access = format!("SharedAccessSignature=?sv=1&sig=a%2Bb%3D;TableEndpoint=http://{}/account/", sink.host());
    let storage = read(&[("AzureWebJobsStorage", &access)]);
    storage.send(&call(), &PATIENCE).await.unwrap();
    storage.send(&Call { query: &[], ..call() }, &PATIENCE).await.unwrap();
    let [with, without] = &sink.seen()[..] else { panic!() };
    let path = "POST /account/secret?$filter=RowKey%20eq%20%27secret%27&sv=1&sig=a%2Bb%3D HTTP/1.1\r\n";
    assert!(with.head.starts_with(path), "{}", with.head);
    assert!(without.head.starts_with("POST /account/secret?sv=1&sig=a%2Bb%3D HTTP/1.1\r\n"), "{}", without.head);
    assert_eq!(with.header("authorization"), None);
    let error = storage.send(&Call { service: Service::Queue, ..call() }, &PATIENCE).await.unwrap_err();
    let said = "AzureWebJobsStorage has no AccountName, and no endpoint of the queue service either";
    check(&error, ErrorKind::Config, said);
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let passing = [
        (PATIENCE, vec![Answer::new(500, ""), Answer::new(503, "")]),
        (PATIENCE, vec![Answer::new(429, "")]),
        (PATIENCE, vec![Answer::Close, Answer::Close]),
        (Patience { attempt: Duration::from_secs(1), ..PATIENCE }, vec![Answer::half()]),
    ];
    for (patience, mut answers) in passing {
        let failures = answers.len();
        answers.push(Answer::new(200, "ok"));
        let sink = Sink::new(answers);
        assert_eq!(send(&sink, &patience).await.unwrap().body, "ok");
        let seen = sink.seen();
        assert_eq!(seen.len(), failures + 1);
        assert!(seen.iter().all(|seen| seen.body == b"the secret body" && seen.header("authorization").is_some()));
    }
}

/// A batch whose part was told that the service is busy is tried again as a whole.
#[tokio::test]
async fn a_busy_part_of_a_batch_is_busy() {
    let part = "--c\r\ncontent-type: application/http\r\n\r\nHTTP/1.1 503 x\r\n\r\n\
                {\"odata.error\":{\"code\":\"ServerBusy\"}}\r\n--c--\r\n";
    let head = "HTTP/1.1 202 x\r\ncontent-type: multipart/mixed; boundary=b\r\n";
    let busy = Answer::Write(format!("{head}content-length: {}\r\n\r\n{part}", part.len()));
    let sink = Sink::new(vec![busy, Answer::new(200, "ok")]);
    assert_eq!(send(&sink, &PATIENCE).await.unwrap().body, "ok");
    assert_eq!(sink.seen().len(), 2);
}

#[tokio::test]
async fn another_answer_is_returned_at_once() {
    for (status, body, fault) in [
        (200, "{}", None),
        (202, "", None),
        (302, "", None),
        (404, r#"{"odata.error":{"code":"TableNotFound"}}"#, Some("TableNotFound")),
        (403, "<Error><Code>AuthenticationFailed</Code></Error>", Some("AuthenticationFailed")),
        (412, "", None),
    ] {
        let sink = Sink::new(vec![Answer::new(status, body)]);
        let answer = send(&sink, &PATIENCE).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.fault().as_deref()), (status, fault));
        assert_eq!(sink.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn patience_ends_with_the_last_failure() {
    let busy = r#"{"odata.error":{"code":"ServerBusy","message":{"value":"secret"}}}"#;
    let late = "did not answer within 400ms";
    for (answer, kind, said) in [
        (Answer::new(503, "secret"), ErrorKind::Unavailable, "answered 503"),
        (Answer::new(503, busy), ErrorKind::Unavailable, "answered 503 ServerBusy"),
        (Answer::Write(String::new()), ErrorKind::Timeout, late),
        (Answer::half(), ErrorKind::Timeout, late),
    ] {
        let sink = Sink::new(vec![answer]);
        let started = Instant::now();
        let error = send(&sink, &Patience { longest_pause: Duration::from_millis(300), ..SHORT }).await.unwrap_err();
        check(&error, kind, &format!("{} {said}", sink.host()));
        assert!(started.elapsed() < SHORT.total + Duration::from_secs(5), "{:?}", started.elapsed());
        assert!(sink.seen().len() >= 2, "it is tried more than once");
    }
}

#[tokio::test]
async fn nobody_there_is_tried_until_patience_ends() {
    let host = nobody();
    let error = account(&host).send(&call(), &SHORT).await.unwrap_err();
    check(&error, ErrorKind::Unavailable, &format!("connecting to {host}"));
}

#[test]
fn debug_shows_no_secret() {
    let answer = storage::Answer { status: http::StatusCode::OK, headers: Default::default(), body: "secret".into() };
    let sas = read(&[("AzureWebJobsStorage", "AccountName=catops;SharedAccessSignature=secret")]);
    let shown = format!("{:?} {sas:?} {:?} {answer:?}", account("127.0.0.1:1"), call());
    assert!(shown.contains("127.0.0.1:1") && shown.contains("POST") && shown.contains("SAS"), "{shown}");
    assert!(!shown.contains("secret") && !shown.contains("dGhl"), "{shown}");
}

fn refused(variables: &[(&str, &str)], text: &str) {
    let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let error = Storage::read(find).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.chain().contains(text) && !error.chain().contains("secret"), "{}", error.chain());
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    refused(&[], "AzureWebJobsStorage is not set, nor AzureWebJobsStorage__accountName");
    refused(&[("AzureWebJobsStorage", " ")], "AzureWebJobsStorage is not set");
    for (connection, text) in [
        ("secret", "is not a connection string of the form AccountName=…;AccountKey=…"),
        ("AccountName=catops", "has neither an AccountKey nor a SharedAccessSignature"),
        ("AccountKey=c2VjcmV0", "has an AccountKey and no AccountName"),
        ("AccountName=catops;AccountKey=!secret", "has an AccountKey that is not base64"),
        (
            "AccountName=catops;AccountKey=c2VjcmV0;TableEndpoint=secret",
            "has a TableEndpoint that is no http or https URL",
        ),
        (
            "AccountName=a b;AccountKey=c2VjcmV0",
            "has an AccountName, EndpointSuffix or DefaultEndpointsProtocol that makes no URL",
        ),
        ("SharedAccessSignature=secret", "has no AccountName, and no QueueEndpoint or TableEndpoint either"),
    ] {
        refused(&[("AzureWebJobsStorage", connection)], &format!("AzureWebJobsStorage {text}"));
    }
    let account = ("AzureWebJobsStorage__accountName", "catops");
    let (endpoint, header) = (("IDENTITY_ENDPOINT", "http://localhost:1/token"), ("IDENTITY_HEADER", "secret"));
    refused(&[account, header], "IDENTITY_ENDPOINT is not set; Azure sets it once the app has a managed identity");
    refused(&[account, endpoint], "IDENTITY_HEADER is not set");
    refused(&[account, ("IDENTITY_ENDPOINT", "secret"), header], "IDENTITY_ENDPOINT is no http or https URL");
    refused(&[("AzureWebJobsStorage__accountName", "a b"), endpoint, header], "is not the name of a storage account");
    let table = ("AzureWebJobsStorage__tableServiceUri", "table");
    refused(&[table, endpoint, header], "AzureWebJobsStorage__tableServiceUri is no URL");
}

#[test]
fn endpoints() {
    let check = |variables: &[(&str, &str)], expected: [&str; 2]| {
        let storage = read(variables);
        let found = [Service::Queue, Service::Table].map(|service| storage.url(service).unwrap_or_default());
        assert_eq!(found, expected, "{variables:?}");
    };
    let connection = |text: &'static str, expected| check(&[("AzureWebJobsStorage", text)], expected);
    connection(
        "DefaultEndpointsProtocol=https;AccountName=catops;AccountKey=c2VjcmV0;EndpointSuffix=core.chinacloudapi.cn",
        ["https://catops.queue.core.chinacloudapi.cn", "https://catops.table.core.chinacloudapi.cn"],
    );
    connection(
        " accountname = catops ; AccountKey=c2VjcmV0 ; ",
        ["https://catops.queue.core.windows.net", "https://catops.table.core.windows.net"],
    );
    connection(
        "UseDevelopmentStorage=true",
        ["http://127.0.0.1:10001/devstoreaccount1", "http://127.0.0.1:10002/devstoreaccount1"],
    );
    connection("SharedAccessSignature=s;QueueEndpoint=https://q.example/", ["https://q.example", ""]);
    let identity = [("IDENTITY_ENDPOINT", "http://localhost:1/token"), ("IDENTITY_HEADER", "secret")];
    let with = |variables: &[(&'static str, &'static str)], expected| check(&[&identity, variables].concat(), expected);
    with(
        &[("AzureWebJobsStorage", ""), ("AzureWebJobsStorage__accountName", "catops")],
        ["https://catops.queue.core.windows.net", "https://catops.table.core.windows.net"],
    );
    with(
        &[
            ("AzureWebJobsStorage__accountName", "catops"),
            ("AzureWebJobsStorage__queueServiceUri", "https://q.example/"),
        ],
        ["https://q.example", "https://catops.table.core.windows.net"],
    );
    with(&[("AzureWebJobsStorage__tableServiceUri", "https://t.example")], ["", "https://t.example"]);
}
