//! Tokens of a managed identity: asked for once, replaced early, and never seen.

use std::sync::Arc;
use std::time::Duration;

use catops_azure::queue::StorageQueueInvoker;
use catops_azure::storage::{Call, Service, Storage};
use catops_core::client::Patience;
use catops_core::{Error, ErrorKind, Timestamp};

use crate::sink::{Answer, Sink, read};

const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    total: Duration::from_secs(20),
    pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(5),
};

/// An answer of the endpoint, as Microsoft documents it, with a token that is good for `seconds`.
fn issued(token: &str, seconds: u64) -> Answer {
    let ends = Timestamp::now().as_secs() + seconds;
    let rest = r#""resource":"https://storage.azure.com/","token_type":"Bearer","client_id":"5E29463D""#;
    Answer::new(200, &format!(r#"{{"access_token":"{token}","expires_on":"{ends}",{rest}}}"#))
}

/// Returns an account that asks `endpoint` for tokens and has its tables in `service`.
fn storage(endpoint: &Sink, service: &Sink, other: &[(&str, &str)]) -> Arc<Storage> {
    let (url, uri) = (format!("http://{}/msi/token", endpoint.host()), format!("http://{}", service.host()));
    let variables = [
        ("IDENTITY_ENDPOINT", url.as_str()),
        ("IDENTITY_HEADER", "the-secret-header"),
        ("AzureWebJobsStorage__tableServiceUri", uri.as_str()),
    ];
    read(&[&variables, other].concat())
}

async fn send(storage: &Storage) -> Result<(), Error> {
    let call = Call {
        service: Service::Table,
        method: http::Method::GET,
        path: "/t".into(),
        query: &[],
        headers: &[],
        body: bytes::Bytes::new(),
    };
    storage.send(&call, &PATIENCE).await.map(drop)
}

/// Returns the tokens that the service was shown.
fn shown(service: &Sink) -> Vec<String> {
    let token = |header: Option<&str>| header.unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    service.seen().iter().map(|seen| token(seen.header("authorization"))).collect()
}

#[tokio::test]
async fn a_token_is_asked_for_once_though_many_call() {
    let (endpoint, service) = (Sink::new(vec![issued("one", 3600)]), Sink::new(vec![Answer::new(200, "")]));
    let storage = storage(&endpoint, &service, &[]);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let storage = Arc::clone(&storage);
            tokio::spawn(async move { send(&storage).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(shown(&service), ["one"; 8]);
    let seen = endpoint.seen();
    assert_eq!(seen.len(), 1);
    let line = "GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com%2F HTTP/1.1\r\n";
    assert!(seen[0].head.starts_with(line), "{}", seen[0].head);
    assert_eq!(seen[0].header("x-identity-header"), Some("the-secret-header"));
    assert_eq!(service.seen()[0].header("x-ms-version"), Some("2020-12-06"), "tables take no token before");
}

#[tokio::test]
async fn one_of_several_identities_is_named() {
    for (variables, id) in [
        (&[("AZURE_CLIENT_ID", "a b")][..], "a%20b"),
        (&[("AZURE_CLIENT_ID", "other"), ("AzureWebJobsStorage__clientId", "own")][..], "own"),
    ] {
        let (endpoint, service) = (Sink::new(vec![issued("one", 3600)]), Sink::new(vec![Answer::new(200, "")]));
        send(&storage(&endpoint, &service, variables)).await.unwrap();
        let head = &endpoint.seen()[0].head;
        assert!(head.contains(&format!("&client_id={id} HTTP")), "{head}");
    }
}

#[tokio::test]
async fn a_token_is_replaced_before_its_end() {
    let (endpoint, service) =
        (Sink::new(vec![issued("one", 240), issued("two", 3600)]), Sink::new(vec![Answer::new(200, "")]));
    let storage = storage(&endpoint, &service, &[]);
    for _ in 0..3 {
        send(&storage).await.unwrap();
    }
    assert_eq!(shown(&service), ["one", "two", "two"]);
    assert_eq!(endpoint.seen().len(), 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_is_used_to_its_end() {
    let (endpoint, service) =
        (Sink::new(vec![issued("one", 240), Answer::new(500, "")]), Sink::new(vec![Answer::new(200, "")]));
    let storage = storage(&endpoint, &service, &[]);
    for _ in 0..3 {
        send(&storage).await.unwrap();
    }
    assert_eq!(shown(&service), ["one"; 3]);
    assert_eq!(endpoint.seen().len(), 2, "it is not asked again for every call");
}

#[tokio::test]
async fn a_token_that_has_ended_is_not_used() {
    let (endpoint, service) =
        (Sink::new(vec![issued("one", 0), issued("two", 3600)]), Sink::new(vec![Answer::new(200, "")]));
    let storage = storage(&endpoint, &service, &[]);
    send(&storage).await.unwrap();
    send(&storage).await.unwrap();
    assert_eq!(shown(&service), ["one", "two"]);
}

#[tokio::test]
async fn a_busy_endpoint_is_asked_again() {
    let answers = vec![Answer::new(503, ""), Answer::new(429, ""), issued("one", 3600)];
    let (endpoint, service) = (Sink::new(answers), Sink::new(vec![Answer::new(200, "")]));
    send(&storage(&endpoint, &service, &[])).await.unwrap();
    assert_eq!(endpoint.seen().len(), 3);
}

#[tokio::test]
async fn what_the_endpoint_refuses_is_an_error_without_secrets() {
    let wrong = r#"{"access_token":"the-secret","expires_on":"soon"}"#;
    for (answer, kind, said) in [
        (Answer::new(400, "the-secret"), ErrorKind::Refused, "AZURE_CLIENT_ID names one"),
        (Answer::new(200, "the-secret"), ErrorKind::Invalid, "did not answer with the expected JSON"),
        (Answer::new(200, wrong), ErrorKind::Invalid, "whose `expires_on` is no whole number of seconds"),
    ] {
        let (endpoint, service) = (Sink::new(vec![answer]), Sink::new(vec![Answer::new(200, "")]));
        let error = send(&storage(&endpoint, &service, &[])).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", error.chain());
        let text = format!("{error:?} {}", error.chain());
        assert!(text.contains(said) && text.contains(&endpoint.host()) && !text.contains("the-secret"), "{text}");
        assert_eq!((endpoint.seen().len(), service.seen().len()), (1, 0));
    }
}

#[tokio::test]
async fn a_service_that_is_not_named_is_asked_for() {
    let (endpoint, service) = (Sink::new(vec![issued("one", 3600)]), Sink::new(vec![Answer::new(200, "")]));
    let storage = storage(&endpoint, &service, &[]);
    let error = StorageQueueInvoker::new(storage, "catops-jobs").warm().await.unwrap_err();
    let said = "AzureWebJobsStorage__queueServiceUri is not set, nor AzureWebJobsStorage__accountName";
    assert_eq!((error.kind(), error.chain().as_str()), (ErrorKind::Config, said));
    assert_eq!(endpoint.seen().len(), 0);
}
