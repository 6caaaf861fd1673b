//! Tasks through gcloud-tasks-emulator.
//!
//! It speaks gRPC and the invoker speaks REST, so what the invoker sends is caught, and `tasks.py` hands it on by Google's own
//! parser and client. That shows that the body is the proto's JSON, and that the emulator posts the job to the worker, also
//! again after a 503.
//!
//! What this emulator cannot show: it takes a name a second time, where Cloud Tasks answers 409 `ALREADY_EXISTS`; it sends no
//! OIDC token; it does not end an attempt at the dispatch deadline, and tries again at once and for ever; it knows no
//! permissions; and it has no REST surface, so paths, status codes and the form of errors are from the contract alone
//! (tests/it/invoker.rs).

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catops_core::conformance::invoker::sealed;
use catops_core::invoker::Invoker;
use catops_core::job::{MAX_SEALED, SealedJob};
use catops_gcp::credentials::Credentials;
use catops_gcp::invoker::{CloudTasksInvoker, TaskTarget};
use serde_json::{Value, json};

use crate::emulator::{Emulator, name};
use crate::sink::{Answer, Seen, Sink};

const BRIDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/emulators/tasks.py");

/// How long a task may take to be delivered.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hands `job` to a queue whose worker is `worker`, and returns the task as Google's parser has read it.
async fn create(job: &SealedJob, worker: &Sink) -> Value {
    let queue = format!("projects/cats/locations/europe-west1/queues/{}", name());
    let rest = Sink::new(vec![Answer::new(200, "{}")]);
    let target = TaskTarget {
        url: worker.endpoint(),
        account: Some("pusher@cats.iam.gserviceaccount.com".to_owned()),
        audience: "https://worker.example".to_owned(),
    };
    let invoker = CloudTasksInvoker::new(Arc::new(Credentials::none()), &queue, target, Some(rest.endpoint()));
    invoker.invoke(job).await.unwrap();

    let mut python = Command::new(Emulator::Tasks.program());
    python.args([BRIDGE, Emulator::Tasks.host(), &queue]);
    let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&rest.seen()[0].body).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut task = serde_json::from_slice::<Value>(&output.stdout).unwrap()["task"].take();
    let name = task["name"].take();
    assert_eq!(name, format!("{queue}/tasks/{}", job.id()).as_str());
    task
}

/// Waits until `count` requests have arrived.
fn arrived(worker: &Sink, count: usize) -> Vec<Seen> {
    let started = Instant::now();
    loop {
        let seen = worker.seen();
        if seen.len() >= count {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "{} of {count} requests after {PATIENCE:?}", seen.len());
        std::thread::sleep(Duration::from_millis(20)); // between two looks
    }
}

fn is_the_job(seen: &Seen, job: &SealedJob) {
    assert!(seen.head.starts_with("POST /task HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("x-cloudtasks-taskname"), Some(job.id().as_str()));
    assert_eq!(seen.text(), job.as_str());
}

#[tokio::test]
async fn a_task_is_what_the_proto_says_and_brings_the_job() {
    let worker = Sink::new(vec![Answer::new(204, "")]);
    let job = sealed("ping “ü” 🐈 \u{2028} \\ \"");
    let task = create(&job, &worker).await;
    let expected = json!({
        "name": null,
        "dispatchDeadline": "1800s",
        "httpRequest": {
            "url": format!("{}/task", worker.endpoint()), "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"}, "body": STANDARD.encode(job.as_str()),
            "oidcToken": {
                "serviceAccountEmail": "pusher@cats.iam.gserviceaccount.com", "audience": "https://worker.example",
            },
        },
    });
    assert_eq!(task, expected);
    is_the_job(&arrived(&worker, 1)[0], &job);
}

#[tokio::test]
async fn a_task_that_is_not_taken_comes_again() {
    let worker = Sink::new(vec![Answer::new(503, ""), Answer::new(503, ""), Answer::new(204, "")]);
    let job = sealed("again");
    create(&job, &worker).await;
    let seen = arrived(&worker, 3);
    for (at, seen) in seen.iter().enumerate() {
        is_the_job(seen, &job);
        assert_eq!(seen.header("x-cloudtasks-taskretrycount"), Some(at.to_string().as_str()));
    }
}

#[tokio::test]
async fn the_largest_job_fits() {
    let worker = Sink::new(vec![Answer::new(204, "")]);
    let job = sealed(&"x".repeat(MAX_SEALED - sealed("").as_str().len()));
    assert_eq!(job.as_str().len(), MAX_SEALED);
    create(&job, &worker).await;
    is_the_job(&arrived(&worker, 1)[0], &job);
}
