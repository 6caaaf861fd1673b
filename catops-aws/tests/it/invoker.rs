//! How a job is handed to Lambda, and what each answer means.

use catops_aws::invoker::{Invoked, LambdaInvoker};
use catops_core::ErrorKind;
use catops_core::conformance::invoker::sealed;
use catops_core::invoker::Invoker as _;

use crate::sink::{Answer, Sink};

const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:bot:live";

#[tokio::test]
async fn a_job_goes_to_the_very_version_that_was_invoked() {
    let sink = Sink::new(vec![Answer::new(202, "")]);
    let invoker = LambdaInvoker::new(sink.account(), "bot");
    let job = sealed("ping “ü”");
    let trace = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a:1".to_owned());
    let invoked = Invoked { arn: ARN.to_owned(), trace };
    invoked.scope(invoker.invoke(&job)).await.unwrap();
    invoker.invoke(&job).await.unwrap();

    let seen = sink.seen();
    let [inside, outside] = seen.as_slice() else { panic!("{} requests", seen.len()) };
    let path = format!("POST /2015-03-31/functions/{}/invocations HTTP/1.1", ARN.replace(':', "%3A"));
    assert!(inside.head.starts_with(&path), "{}", inside.head);
    assert_eq!(inside.header("x-amz-invocation-type"), Some("Event"));
    assert_eq!(inside.header("x-amzn-trace-id"), Some("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a:1"));
    assert_eq!(String::from_utf8_lossy(&inside.body), job.as_str());
    assert!(outside.head.starts_with("POST /2015-03-31/functions/bot/invocations "), "{}", outside.head);
    assert_eq!(outside.header("x-amzn-trace-id"), None);
}

#[tokio::test]
async fn a_trial_runs_nothing() {
    let sink = Sink::new(vec![Answer::new(204, "")]);
    LambdaInvoker::new(sink.account(), "bot").warm().await.unwrap();
    assert_eq!(sink.seen()[0].header("x-amz-invocation-type"), Some("DryRun"));
}

#[tokio::test]
async fn a_refusal_is_an_error_that_says_what_to_do() {
    for (status, body, kind, said, tries) in [
        (403, r#"{"Message":"not authorized"}"#, ErrorKind::Refused, "needs lambda:InvokeFunction", 1),
        (404, "{}", ErrorKind::Refused, "knows no function", 1),
        (413, "{}", ErrorKind::TooLarge, "no event of this size", 1),
        (400, "{}", ErrorKind::Refused, "answered 400", 1),
        (200, "", ErrorKind::Refused, "answered 200", 1),
    ] {
        let sink = Sink::new(vec![Answer::new(status, body)]);
        let error = LambdaInvoker::new(sink.account(), "bot").invoke(&sealed("x")).await.unwrap_err();
        assert_eq!((error.kind(), sink.seen().len()), (kind, tries), "{status}");
        assert!(error.to_string().contains(said), "{status}: {error}");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_while_slack_waits() {
    let answers = vec![Answer::new(429, "{}"), Answer::Close, Answer::new(503, ""), Answer::new(202, "")];
    let sink = Sink::new(answers);
    LambdaInvoker::new(sink.account(), "bot").invoke(&sealed("x")).await.unwrap();
    assert_eq!(sink.seen().len(), 4);

    let sink = Sink::new(vec![Answer::new(500, "")]);
    let begun = std::time::Instant::now();
    let error = LambdaInvoker::new(sink.account(), "bot").invoke(&sealed("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(sink.seen().len() > 1);
    // Generous for a busy machine; what is meant is that it ends by itself, within Slack's 3 s.
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
}
