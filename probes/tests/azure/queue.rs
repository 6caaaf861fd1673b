//! A storage queue as the host uses it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use catops_azure::storage::{Answer, Call, Service, Storage};
use catops_core::client::Patience;
use catops_core::conformance::flow::Failure;
use http::{Method, StatusCode};

/// How long the host tries. Its own client takes longer; a bench need not.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(2),
    total: Duration::from_secs(2),
    pause: Duration::from_millis(50),
    longest_pause: Duration::from_millis(400),
};

/// How long a message waits before the queue drops it: the service's default.
const SEVEN_DAYS: &str = "604800";

#[derive(Clone)]
pub(crate) struct Queue {
    storage: Arc<Storage>,
    name: String,
}

/// A message that was taken and is invisible to others for a while.
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) receipt: String,
    /// How often it was taken, this time included.
    pub(crate) count: u32,
    /// As it is stored: base64.
    pub(crate) stored: String,
}

impl Message {
    /// Returns what was enqueued, decoded as the trigger does.
    pub(crate) fn text(&self) -> Result<String, Failure> {
        Ok(String::from_utf8(BASE64.decode(&self.stored)?)?)
    }
}

impl Queue {
    pub(crate) fn new(storage: Arc<Storage>, name: &str) -> Self {
        Self { storage, name: name.to_owned() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn create(&self) -> Result<(), Failure> {
        self.call(Method::PUT, "", &[], String::new()).await.map(drop)
    }

    /// Enqueues bytes, which are stored as base64.
    pub(crate) async fn put(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.put_stored(&BASE64.encode(bytes)).await
    }

    pub(crate) async fn put_stored(&self, stored: &str) -> Result<(), Failure> {
        let query = [("messagettl", SEVEN_DAYS)];
        self.call(Method::POST, "/messages", &query, message(stored)).await.map(drop)
    }

    /// Takes up to `most` messages, which stay invisible for `lock`.
    pub(crate) async fn take(&self, most: usize, lock: Duration) -> Result<Vec<Message>, Failure> {
        let (most, lock) = (most.min(32).to_string(), lock.as_secs().to_string());
        let query = [("numofmessages", most.as_str()), ("visibilitytimeout", &lock)];
        let answer = self.call(Method::GET, "/messages", &query, String::new()).await?;
        let text = String::from_utf8(answer.body.to_vec())?;
        let messages = text.split("<QueueMessage>").skip(1).map(|text| {
            let part =
                |name: &str| between(text, name).ok_or_else(|| Failure::from(format!("a message without {name}")));
            let (id, receipt, stored) = (part("MessageId")?, part("PopReceipt")?, part("MessageText")?);
            Ok(Message { id, receipt, count: part("DequeueCount")?.parse()?, stored })
        });
        messages.collect()
    }

    /// Lets a message stay invisible for `time` from now on.
    pub(crate) async fn hold(&self, message: &mut Message, time: Duration) -> Result<(), Failure> {
        let path = format!("/messages/{}", message.id);
        let query = [("popreceipt", message.receipt.as_str()), ("visibilitytimeout", &time.as_secs().to_string())];
        let answer = self.call(Method::PUT, &path, &query, self::message(&message.stored)).await?;
        let receipt = answer.headers.get("x-ms-popreceipt").ok_or("no new receipt for a message")?;
        message.receipt = receipt.to_str()?.to_owned();
        Ok(())
    }

    pub(crate) async fn delete(&self, message: &Message) -> Result<(), Failure> {
        let path = format!("/messages/{}", message.id);
        self.call(Method::DELETE, &path, &[("popreceipt", &message.receipt)], String::new()).await.map(drop)
    }

    /// Returns how many messages it holds, invisible ones included.
    pub(crate) async fn count(&self) -> Result<usize, Failure> {
        let answer = self.call(Method::GET, "", &[("comp", "metadata")], String::new()).await?;
        let count =
            answer.headers.get("x-ms-approximate-messages-count").ok_or("the queue does not say what it holds")?;
        Ok(count.to_str()?.parse()?)
    }

    async fn call(&self, method: Method, path: &str, query: &[(&str, &str)], body: String) -> Result<Answer, Failure> {
        let headers: &[_] = if body.is_empty() { &[] } else { &[("content-type", "application/xml")] };
        let path = format!("/{}{path}", self.name);
        let call = Call { service: Service::Queue, method, path: path.into(), query, headers, body: body.into() };
        let answer = self.storage.send(&call, &PATIENCE).await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(answer),
            status => Err(format!("{call:?}: {status} {}", String::from_utf8_lossy(&answer.body)).into()),
        }
    }
}

fn message(stored: &str) -> String {
    format!("<QueueMessage><MessageText>{stored}</MessageText></QueueMessage>")
}

/// Returns what stands in an XML element that has neither attributes nor anything escaped.
fn between(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
}
