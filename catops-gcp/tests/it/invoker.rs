//! What the invokers send, and what they make of answers that no emulator gives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catops_core::ErrorKind;
use catops_core::conformance::invoker::sealed;
use catops_core::invoker::Invoker;
use catops_gcp::credentials::Credentials;
use catops_gcp::invoker::{CloudTasksInvoker, PubSubInvoker, TaskTarget};
use serde_json::{Value, json};

use crate::sink::{Answer, Sink};

const TOPIC: &str = "projects/cats/topics/jobs";
const QUEUE: &str = "projects/cats/locations/europe-west1/queues/jobs";

fn pubsub(sink: &Sink) -> PubSubInvoker {
    PubSubInvoker::new(Arc::new(Credentials::none()), TOPIC, Some(sink.endpoint()))
}

fn tasks(sink: &Sink, account: Option<&str>) -> CloudTasksInvoker {
    let target = TaskTarget {
        url: "https://worker.example/".to_owned(),
        account: account.map(str::to_owned),
        audience: "https://worker.example".to_owned(),
    };
    CloudTasksInvoker::new(Arc::new(Credentials::none()), QUEUE, target, Some(sink.endpoint()))
}

#[tokio::test]
async fn a_message_is_the_jobs_text() {
    let (sink, job) = (Sink::new(vec![Answer::new(200, r#"{"messageIds":["1"]}"#)]), sealed("ü 🐈"));
    pubsub(&sink).invoke(&job).await.unwrap();
    let seen = &sink.seen()[0];
    assert!(seen.head.starts_with("POST /v1/projects/cats/topics/jobs:publish HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.text(), format!(r#"{{"messages":[{{"data":"{}"}}]}}"#, STANDARD.encode(job.as_str())));
}

/// The fields are those of google/cloud/tasks/v2/task.proto, and the path that of cloudtasks.proto.
#[tokio::test]
async fn a_task_is_named_after_its_job() {
    for account in [None, Some("pusher@cats.iam.gserviceaccount.com")] {
        let (sink, job) = (Sink::new(vec![Answer::new(200, "{}")]), sealed("ü 🐈"));
        tasks(&sink, account).invoke(&job).await.unwrap();
        let seen = &sink.seen()[0];
        assert!(seen.head.starts_with(&format!("POST /v2/{QUEUE}/tasks HTTP/1.1\r\n")), "{}", seen.head);
        let mut expected = json!({"task": {
            "name": format!("{QUEUE}/tasks/{}", job.id()),
            "dispatchDeadline": "1800s",
            "httpRequest": {
                "url": "https://worker.example/task", "httpMethod": "POST",
                "headers": {"Content-Type": "application/json"}, "body": STANDARD.encode(job.as_str()),
            },
        }});
        if let Some(account) = account {
            expected["task"]["httpRequest"]["oidcToken"] =
                json!({"serviceAccountEmail": account, "audience": "https://worker.example"});
        }
        assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_success() {
    let taken = || Answer::new(409, r#"{"error":{"code":409,"message":"x","status":"ALREADY_EXISTS"}}"#);
    let sink = Sink::new(vec![Answer::Close, taken()]);
    tasks(&sink, None).invoke(&sealed("x")).await.unwrap();
    let seen = sink.seen();
    assert_eq!((seen.len(), &seen[0].body), (2, &seen[1].body));
}

async fn refused(status: u16, name: &str, kind: ErrorKind, message: &str, task: &str) {
    let answer = || vec![Answer::new(status, &json!({"error": {"status": name, "message": "a secret"}}).to_string())];
    let sink = Sink::new(answer());
    let error = pubsub(&sink).invoke(&sealed("secret")).await.unwrap_err();
    assert_eq!((error.kind(), error.chain()), (kind, message.replace("{}", &sink.host())));
    let sink = Sink::new(answer());
    let error = tasks(&sink, None).invoke(&sealed("secret")).await.unwrap_err();
    assert_eq!((error.kind(), error.chain()), (kind, task.replace("{}", &sink.host())));
}

#[tokio::test]
async fn what_is_refused_says_what_to_do() {
    let token = "{} does not take the service's access token";
    refused(401, "UNAUTHENTICATED", ErrorKind::Refused, token, token).await;
    refused(
        403,
        "PERMISSION_DENIED",
        ErrorKind::Refused,
        "the service's account may not publish to projects/cats/topics/jobs: grant roles/pubsub.publisher",
        "the service's account may not create tasks in projects/cats/locations/europe-west1/queues/jobs: grant it \
         roles/cloudtasks.enqueuer, and roles/iam.serviceAccountUser on the account in CATOPS_PUSH_ACCOUNT",
    )
    .await;
    refused(
        404,
        "NOT_FOUND",
        ErrorKind::Config,
        "{} has no projects/cats/topics/jobs: create the topic, or name another in CATOPS_QUEUE",
        "{} has no projects/cats/locations/europe-west1/queues/jobs: create the queue, or name another in CATOPS_QUEUE",
    )
    .await;
    refused(
        400,
        "INVALID_ARGUMENT",
        ErrorKind::Refused,
        "{} answered 400 INVALID_ARGUMENT to a message for projects/cats/topics/jobs",
        "{} answered 400 INVALID_ARGUMENT to a task for projects/cats/locations/europe-west1/queues/jobs",
    )
    .await;
}

#[tokio::test]
async fn what_was_not_stored_is_an_error() {
    for body in ["", "{}", r#"{"messageIds":[]}"#, "<html>"] {
        let error = pubsub(&Sink::new(vec![Answer::new(200, body)])).invoke(&sealed("x")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{body}");
    }
}

/// Slack gives up after three seconds.
#[tokio::test]
async fn silence_ends_in_time() {
    let sink = Sink::new(vec![Answer::Write(String::new())]);
    let begun = Instant::now();
    let error = tasks(&sink, None).invoke(&sealed("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_millis(2700), "{:?}", begun.elapsed());
    assert!(sink.seen().len() >= 2);
}

#[tokio::test]
async fn warming_asks_for_the_permission() {
    let sink = Sink::new(vec![Answer::new(200, r#"{"permissions":["pubsub.topics.publish"]}"#)]);
    pubsub(&sink).warm().await.unwrap();
    let seen = &sink.seen()[0];
    let line = "POST /v1/projects/cats/topics/jobs:testIamPermissions HTTP/1.1\r\n";
    assert!(seen.head.starts_with(line), "{}", seen.head);
    assert_eq!(seen.text(), r#"{"permissions":["pubsub.topics.publish"]}"#);

    let sink = Sink::new(vec![Answer::new(200, r#"{"permissions":["cloudtasks.tasks.create"]}"#)]);
    tasks(&sink, None).warm().await.unwrap();
    assert!(sink.seen()[0].head.starts_with(&format!("POST /v2/{QUEUE}:testIamPermissions ")));

    for (status, kind) in [(200, ErrorKind::Refused), (403, ErrorKind::Refused)] {
        let sink = Sink::new(vec![Answer::new(status, "{}")]);
        assert_eq!(pubsub(&sink).warm().await.unwrap_err().kind(), kind);
        assert_eq!(tasks(&sink, None).warm().await.unwrap_err().kind(), kind);
    }
}

#[test]
fn debug_names_the_queue() {
    let sink = Sink::new(vec![Answer::Close]);
    assert_eq!(format!("{:?}", pubsub(&sink)), format!("PubSubInvoker {{ topic: {TOPIC:?}, .. }}"));
    assert_eq!(format!("{:?}", tasks(&sink, None)), format!("CloudTasksInvoker {{ queue: {QUEUE:?}, .. }}"));
}
