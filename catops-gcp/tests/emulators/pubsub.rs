//! Jobs through Google's emulator of Pub/Sub, seen by a pull subscription.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catops_core::client::Client;
use catops_core::conformance::invoker::{Bench, sealed};
use catops_core::invoker::Invoker;
use catops_core::{Error, ErrorKind};
use catops_gcp::credentials::Credentials;
use catops_gcp::invoker::PubSubInvoker;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::emulator::{Emulator, name};
use crate::lossy::Lossy;

/// How long a message may take to be delivered.
const PATIENCE: Duration = Duration::from_secs(30);

/// A topic with a subscription of its own.
struct Topic {
    topic: String,
    subscription: String,
    seen: Mutex<Vec<String>>,
}

impl Topic {
    async fn new() -> Self {
        let name = name();
        let topic = Self {
            topic: format!("projects/cats/topics/{name}"),
            subscription: format!("projects/cats/subscriptions/{name}"),
            seen: Mutex::default(),
        };
        ask(http::Method::PUT, &topic.topic, &json!({})).await;
        ask(http::Method::PUT, &topic.subscription, &json!({"topic": topic.topic})).await;
        topic
    }

    fn invoker(&self) -> Arc<PubSubInvoker> {
        self.invoker_at(Emulator::PubSub.endpoint())
    }

    fn invoker_at(&self, endpoint: String) -> Arc<PubSubInvoker> {
        Arc::new(PubSubInvoker::new(Arc::new(Credentials::none()), &self.topic, Some(endpoint)))
    }

    /// Takes out what is there, and returns all that was ever taken out.
    async fn pull(&self) -> Vec<String> {
        let pull = format!("{}:pull", self.subscription);
        let pulled = ask(http::Method::POST, &pull, &json!({"maxMessages": 100, "returnImmediately": true})).await;
        let received = pulled["receivedMessages"].as_array().cloned().unwrap_or_default();
        if !received.is_empty() {
            let ids: Vec<&Value> = received.iter().map(|received| &received["ackId"]).collect();
            ask(http::Method::POST, &format!("{}:acknowledge", self.subscription), &json!({"ackIds": ids})).await;
        }
        let mut seen = self.seen.lock().unwrap();
        for received in received {
            let data = STANDARD.decode(received["message"]["data"].as_str().unwrap()).unwrap();
            seen.push(String::from_utf8(data).unwrap());
        }
        seen.clone()
    }

    async fn delivered(&self, count: usize) -> Vec<String> {
        let started = Instant::now();
        loop {
            let seen = self.pull().await;
            if seen.len() >= count {
                return seen;
            }
            assert!(started.elapsed() < PATIENCE, "{} of {count} jobs after {PATIENCE:?}", seen.len());
        }
    }

    async fn delete(&self) {
        ask(http::Method::DELETE, &self.topic, &json!({})).await;
    }
}

/// Calls the emulator past the invoker; the answer must be a success.
async fn ask(method: http::Method, path: &str, body: &Value) -> Value {
    let url = format!("{}/v1/{path}", Emulator::PubSub.endpoint());
    let response = Client::shared().request(method, url).json(body).send().await.unwrap();
    let (status, answer) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{path}: {status} {answer}");
    serde_json::from_str(&answer).unwrap()
}

struct PubSub(OnceCell<Topic>);

impl PubSub {
    const fn new() -> Self {
        Self(OnceCell::const_new())
    }

    async fn topic(&self) -> &Topic {
        self.0.get_or_init(Topic::new).await
    }
}

#[async_trait]
impl Bench for PubSub {
    async fn invoker(&self) -> Arc<dyn Invoker> {
        self.topic().await.invoker()
    }

    async fn delivered(&self, count: usize) -> Vec<String> {
        self.topic().await.delivered(count).await
    }

    /// What was accepted is with Pub/Sub; a new process has new connections.
    async fn restart(&self) -> Arc<dyn Invoker> {
        self.topic().await.invoker()
    }

    async fn refuse(&self) {
        self.topic().await.delete().await;
    }
}

mod conformance {
    catops_core::invoker_conformance!(super::PubSub::new());
}

#[tokio::test]
async fn warming_publishes_nothing() {
    let topic = Topic::new().await;
    let invoker = topic.invoker();
    invoker.warm().await.unwrap();
    invoker.invoke(&sealed("after")).await.unwrap();
    assert_eq!(topic.delivered(1).await.len(), 1);
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_sent_again() {
    let topic = Topic::new().await;
    let lossy = Lossy::new(Emulator::PubSub.host());
    let job = sealed("lost");
    lossy.lose(1, "publish");
    topic.invoker_at(format!("http://{}", lossy.host())).invoke(&job).await.unwrap();
    assert_eq!(lossy.passed("publish"), 2);
    assert_eq!(topic.delivered(2).await, [job.as_str(), job.as_str()], "the claim tells them apart");
}

#[tokio::test]
async fn a_missing_topic_is_named() {
    let topic = Topic::new().await;
    topic.delete().await;
    let error: Error = topic.invoker().invoke(&sealed("x")).await.unwrap_err();
    let host = Emulator::PubSub.host();
    let said = format!("{host} has no {}: create the topic, or name another in CATOPS_QUEUE", topic.topic);
    assert_eq!((error.kind(), error.chain()), (ErrorKind::Config, said));
}
