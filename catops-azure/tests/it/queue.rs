//! What a job looks like on its way into a queue, and what refusals mean.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catops_azure::queue::StorageQueueInvoker;
use catops_core::ErrorKind;
use catops_core::conformance::invoker::sealed;
use catops_core::invoker::Invoker;

use crate::sink::{Answer, Sink};

#[tokio::test]
async fn a_job_is_put_as_base64() {
    let sink = Sink::new(vec![Answer::new(201, "")]);
    let job = sealed("ping");
    StorageQueueInvoker::new(sink.storage(), "catops-jobs").invoke(&job).await.unwrap();
    let seen = &sink.seen()[0];
    assert!(seen.head.starts_with("POST /catops-jobs/messages?messagettl=604800 HTTP/1.1\r\n"), "{}", seen.head);
    let text = STANDARD.encode(job.as_str());
    let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
    assert_eq!(String::from_utf8_lossy(&seen.body), body);
}

#[tokio::test]
async fn warming_reads_and_writes_nothing() {
    let sink = Sink::new(vec![Answer::new(200, "")]);
    StorageQueueInvoker::new(sink.storage(), "catops-jobs").warm().await.unwrap();
    assert!(sink.seen()[0].head.starts_with("GET /catops-jobs?comp=metadata HTTP/1.1\r\n"));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let code =
        |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>secret</Message></Error>");
    for (status, fault, kind, said) in [
        (404, "QueueNotFound", ErrorKind::Config, "has no queue catops-jobs: create it"),
        (403, "AuthorizationPermissionMismatch", ErrorKind::Refused, "Storage Queue Data Contributor"),
        (401, "NoAuthenticationInformation", ErrorKind::Refused, "Storage Queue Data Contributor"),
        (413, "RequestBodyTooLarge", ErrorKind::TooLarge, "takes no message of this size"),
        (400, "InvalidQueryParameterValue", ErrorKind::Refused, "answered 400 InvalidQueryParameterValue"),
        (200, "", ErrorKind::Refused, "answered 200 an error without a code"),
    ] {
        let sink = Sink::new(vec![Answer::new(status, &code(fault))]);
        let invoker = StorageQueueInvoker::new(sink.storage(), "catops-jobs");
        let error = invoker.invoke(&sealed("ping")).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", error.chain());
        assert!(error.chain().contains(said) && !error.chain().contains("secret"), "{}", error.chain());
        assert_eq!(sink.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_another_attempt_in_time() {
    let sink = Sink::new(vec![Answer::Close, Answer::new(503, ""), Answer::new(201, "")]);
    let started = std::time::Instant::now();
    StorageQueueInvoker::new(sink.storage(), "catops-jobs").invoke(&sealed("ping")).await.unwrap();
    assert_eq!(sink.seen().len(), 3);
    assert!(started.elapsed().as_secs() < 3, "somebody waits for the acknowledgement");
}
