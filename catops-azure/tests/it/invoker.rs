//! The rules of an invoker, kept by the output binding together with what the host does with an answer.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use catops_azure::envelope::Answer;
use catops_azure::invoker::{QueueBindingInvoker, bound};
use catops_core::conformance::Gap;
use catops_core::conformance::invoker::{Bench, sealed};
use catops_core::invoker::Invoker;
use catops_core::job::SealedJob;
use catops_core::{Error, ErrorKind};
use serde_json::Value;

/// Makes an invocation of each call, and writes what the answer carries into a queue, as the host does.
#[derive(Clone, Debug, Default)]
struct Host {
    queue: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// Takes an answer apart. A string that is base64 is decoded, as the host does before it writes the message.
    fn take(&self, answer: &[u8]) {
        let answer: Value = serde_json::from_slice(answer).unwrap();
        let messages = match &answer["Outputs"]["job"] {
            Value::String(one) => vec![one.clone()],
            Value::Array(many) => many.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
            other => panic!("{other}"),
        };
        let decoded = |text: String| BASE64.decode(&text).map_or(text, |_| "spoilt".to_owned());
        self.queue.lock().unwrap().extend(messages.into_iter().map(decoded));
    }
}

#[async_trait]
impl Invoker for Host {
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error> {
        let (done, messages) = bound(QueueBindingInvoker.invoke(job)).await;
        self.take(Answer::done().with_messages(messages).response().body());
        done
    }
}

#[async_trait]
impl Bench for Host {
    async fn invoker(&self) -> Arc<dyn Invoker> {
        Arc::new(self.clone())
    }

    async fn delivered(&self, _: usize) -> Vec<String> {
        self.queue.lock().unwrap().clone()
    }

    async fn restart(&self) -> Arc<dyn Invoker> {
        Arc::new(self.clone())
    }

    async fn refuse(&self) {}

    fn gaps(&self) -> &[Gap] {
        const GAPS: [Gap; 1] = [Gap {
            rule: "refusal_is_an_error",
            reason: "the host writes the job after the invoker has returned; if it cannot, the chat is answered 500, which \
                     the flow suite of this target shows",
        }];
        &GAPS
    }
}

catops_core::invoker_conformance!(Host::default());

#[tokio::test]
async fn there_is_no_job_without_an_invocation() {
    let error = QueueBindingInvoker.invoke(&sealed("lost")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn each_invocation_has_its_own_jobs() {
    let (one, two) = (sealed("one"), sealed("two"));
    let ((), outer) = bound(async {
        QueueBindingInvoker.invoke(&one).await.unwrap();
        let ((), inner) = bound(async { QueueBindingInvoker.invoke(&two).await.unwrap() }).await;
        assert_eq!(inner, [two.as_str()]);
    })
    .await;
    assert_eq!(outer, [one.as_str()]);
}
