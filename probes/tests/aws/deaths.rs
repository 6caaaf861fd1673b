//! What ends an invocation from outside, and what the asker is told then.

use std::time::Duration;

use catops_core::audit::Outcome;
use catops_core::chat::Incoming;
use catops_core::conformance::flow::Bench as _;
use catops_core::job::{Job, JobId};
use catops_core::request::{Actor, Channel, ReplyTo, Request};
use catops_core::{Secret, Timestamp};
use serde_json::json;

use crate::bench::Aws;

const SOON: Duration = Duration::from_secs(20);

/// Makes the job of `text` whose reply goes to `path` in the workspace.
fn job(bench: &Aws, text: &str, path: &str) -> Job {
    let now = Timestamp::now();
    let request = Request {
        actor: Actor { id: "U0001".to_owned(), ..Actor::default() },
        channel: Channel { id: "C0001".to_owned(), ..Channel::default() },
        prefix: "/meow".to_owned(),
        text: text.to_owned(),
        ..Request::default()
    };
    let url = Some(Secret::new(bench.workspace().url(path)));
    let reply_to = ReplyTo { chat: "slack".to_owned(), url, expires: now + SOON * 10, ..ReplyTo::default() };
    Job::new(Incoming::new(JobId::of(&[path]), request, reply_to), now)
}

/// Waits until nothing is under way.
async fn settled(bench: &Aws) {
    let settled = async {
        while bench.pending().await.expect("the queue can be asked") > 0 {
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    };
    tokio::time::timeout(SOON, settled).await.expect("everything ends");
}

/// A command that lets nothing else run cannot be stopped by the bot; Lambda does it, and the asker learns why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lambda_stops_what_the_bot_cannot() {
    let bench = Aws::start().await.expect("the function is created");
    bench.second("catops-flow-brief", 2).await.expect("the second function is created");
    let job = job(&bench, "seize time-out", "/commands/time-out");
    let sealed = job.seal(bench.key()).expect("it is short");
    bench.invoke("catops-flow-brief", sealed.as_str()).await.expect("it is accepted");
    let posts = bench.workspace().wait("/commands/time-out", 1, SOON).await;
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert!(posts[0].text().contains("no end was recorded (AWS stopped it when its time was up)"), "{posts:?}");
    settled(&bench).await;
    let records = bench.records().await.expect("the table can be read");
    let found: Vec<_> = records.iter().filter(|record| record.job == job.id).collect();
    assert!(matches!(found[..], [record] if record.outcome == Outcome::Died), "{found:?}");
}

/// A job that Lambda could not start in time comes back unrun; the queue delivers the record of it twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_never_started_is_told_once() {
    let bench = Aws::start().await.expect("the function is created");
    let job = job(&bench, "say never-started hello", "/commands/never");
    let sealed: serde_json::Value =
        serde_json::from_str(job.seal(bench.key()).expect("it is short").as_str()).expect("it is JSON");
    let record = json!({
        "version": "1.0", "requestContext": {"condition": "EventAgeExceeded", "approximateInvokeCount": 0},
        "requestPayload": sealed,
    });
    for _ in 0..2 {
        bench.fail(&record.to_string()).await.expect("the queue takes it");
        settled(&bench).await;
    }
    let posts = bench.workspace().posts("/commands/never");
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert!(posts[0].text().contains("was never started: AWS could not start it in time. Nothing ran."), "{posts:?}");
    assert!(!bench.probes().join("never-started").exists(), "it ran");
}
