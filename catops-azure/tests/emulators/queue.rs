//! The invoker keeps the rules that every invoker keeps, with messages read by REST.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catops_azure::queue::StorageQueueInvoker;
use catops_azure::storage::{Answer, Call, Service};
use catops_core::ErrorKind;
use catops_core::client::Patience;
use catops_core::conformance::invoker::{Bench, sealed};
use catops_core::invoker::Invoker;
use http::Method;
use tokio::sync::OnceCell;

use crate::azurite::{name, queue_host, storage};

/// How long a delivery may take to come.
const DELIVERY_TIME: Duration = Duration::from_secs(20);

/// A queue of one test's own.
pub(crate) struct Queue {
    pub(crate) name: String,
}

impl Queue {
    pub(crate) async fn new() -> Self {
        let queue = Self { name: name() };
        let answer = queue.ask(Method::PUT, "", &[]).await;
        assert_eq!(answer.status, 201);
        queue
    }

    async fn ask(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Answer {
        let path = format!("/{}{path}", self.name);
        let body = bytes::Bytes::new();
        let call = Call { service: Service::Queue, method, path: path.into(), query, headers: &[], body };
        storage().send(&call, &Patience::default()).await.unwrap()
    }

    /// Takes messages out of sight and returns the XML of each.
    async fn take(&self) -> Vec<String> {
        let query = [("numofmessages", "32"), ("visibilitytimeout", "3600")];
        let answer = self.ask(Method::GET, "/messages", &query).await;
        assert_eq!(answer.status, 200);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        text.split("<QueueMessage>").skip(1).map(str::to_owned).collect()
    }

    /// Takes messages out of sight and returns what was put into them.
    pub(crate) async fn texts(&self) -> Vec<String> {
        let read = |message: &String| {
            let text = STANDARD.decode(element(message, "MessageText")).expect("the text is base64");
            String::from_utf8(text).unwrap()
        };
        self.take().await.iter().map(read).collect()
    }
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}

struct Queues {
    queue: OnceCell<Queue>,
    delivered: Mutex<Vec<String>>,
}

impl Queues {
    const fn new() -> Self {
        Self { queue: OnceCell::const_new(), delivered: Mutex::new(Vec::new()) }
    }

    async fn queue(&self) -> &Queue {
        self.queue.get_or_init(Queue::new).await
    }
}

#[async_trait]
impl Bench for Queues {
    async fn invoker(&self) -> Arc<dyn Invoker> {
        Arc::new(StorageQueueInvoker::new(storage(), &self.queue().await.name))
    }

    async fn delivered(&self, count: usize) -> Vec<String> {
        let started = Instant::now();
        loop {
            let texts = self.queue().await.texts().await;
            let mut delivered = self.delivered.lock().unwrap();
            delivered.extend(texts);
            if delivered.len() >= count || started.elapsed() > DELIVERY_TIME {
                return delivered.clone();
            }
        }
    }

    async fn restart(&self) -> Arc<dyn Invoker> {
        self.invoker().await
    }

    async fn refuse(&self) {
        assert_eq!(self.queue().await.ask(Method::DELETE, "", &[]).await.status, 204);
    }
}

catops_core::invoker_conformance!(Queues::new());

#[tokio::test]
async fn a_message_lives_a_week() {
    let queue = Queue::new().await;
    let invoker = StorageQueueInvoker::new(storage(), &queue.name);
    invoker.warm().await.unwrap();
    assert_eq!(queue.take().await, Vec::<String>::new(), "warming puts nothing");
    invoker.invoke(&sealed("ping")).await.unwrap();
    let taken = queue.take().await;
    let [message] = &taken[..] else { panic!("{taken:?}") };
    let (from, to) = (element(message, "InsertionTime"), element(message, "ExpirationTime"));
    assert_eq!(&from[..3], &to[..3], "the same day of the week: {from}, {to}");
    assert_ne!(from[5..16], to[5..16], "and not the same day");
}

#[tokio::test]
async fn a_missing_queue_is_named() {
    let queue = name();
    let invoker = StorageQueueInvoker::new(storage(), &queue);
    for failure in [invoker.warm().await, invoker.invoke(&sealed("secret")).await] {
        let error = failure.unwrap_err();
        let said = format!("{} has no queue {queue}: create it", queue_host());
        assert_eq!((error.kind(), error.chain()), (ErrorKind::Config, said));
    }
}
