//! The second leg through a storage queue that is written by REST, for what has no answer to put a job into.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use catops_core::client::Patience;
use catops_core::invoker::Invoker;
use catops_core::job::SealedJob;
use catops_core::store::KEEP_CLAIM;
use catops_core::{Error, ErrorKind};
use http::{Method, StatusCode};

use crate::storage::{Answer, Call, Service, Storage, encode};

/// How long a message waits before the queue drops it: as long as a claim is kept, so that a message which comes late can
/// still be told from a new one. It is also the service's own default (Microsoft Learn, "Put Message").
pub const MESSAGE_TIME: Duration = KEEP_CLAIM;

/// How long one attempt may take, its connection included, and how long all of them. Slack waits 3 s from the asker's key
/// press to the end of the acknowledgement, the way there and back included.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_millis(1000),
    total: Duration::from_millis(2000),
    pause: Duration::from_millis(50),
    longest_pause: Duration::from_millis(400),
};

/// Puts jobs into a storage queue.
///
/// After `Ok` the service has the message, which outlives this process. A queue trigger delivers it at least once.
pub struct StorageQueueInvoker {
    storage: Arc<Storage>,
    queue: String,
}

impl fmt::Debug for StorageQueueInvoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageQueueInvoker").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl StorageQueueInvoker {
    /// Makes one that writes to `queue`, which must exist. Nothing is called before it is used.
    pub fn new(storage: Arc<Storage>, queue: &str) -> Self {
        Self { storage, queue: queue.to_owned() }
    }

    /// Opens the connection that the first job will need, and sees whether the queue is there and may be used.
    ///
    /// It reads the queue's metadata, which the role Storage Queue Data Contributor may, and Storage Queue Data Message
    /// Sender may not.
    pub async fn warm(&self) -> Result<(), Error> {
        let path = format!("/{}", encode(&self.queue));
        self.call(Method::GET, path, &[("comp", "metadata")], Bytes::new(), StatusCode::OK).await
    }

    async fn call(
        &self,
        method: Method,
        path: String,
        query: &[(&str, &str)],
        body: Bytes,
        expected: StatusCode,
    ) -> Result<(), Error> {
        let headers: &[_] = if body.is_empty() { &[] } else { &[("content-type", "application/xml")] };
        let call = Call { service: Service::Queue, method, path: path.into(), query, headers, body };
        let answer = self.storage.send(&call, &PATIENCE).await?;
        if answer.status == expected { Ok(()) } else { Err(self.refusal(&answer)) }
    }

    /// Says what an error means and what to do about it.
    fn refusal(&self, answer: &Answer) -> Error {
        let (queue, host) = (&self.queue, self.storage.host(Service::Queue));
        let fault = answer.fault().unwrap_or_else(|| "an error without a code".to_owned());
        let (kind, said) = match (answer.status, fault.as_str()) {
            (StatusCode::NOT_FOUND, _) => (ErrorKind::Config, format!("{host} has no queue {queue}: create it")),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                let said = format!(
                    "{host} refused with {fault}: the app's identity needs the role Storage Queue Data Contributor, or its \
                     connection string a key or SAS that is still good"
                );
                (ErrorKind::Refused, said)
            }
            (StatusCode::PAYLOAD_TOO_LARGE, _) | (_, "RequestBodyTooLarge") => {
                (ErrorKind::TooLarge, format!("the queue {queue} takes no message of this size"))
            }
            (status, _) => {
                (ErrorKind::Refused, format!("{host} answered {} {fault} for the queue {queue}", status.as_u16()))
            }
        };
        Error::new(kind, said)
    }
}

#[async_trait]
impl Invoker for StorageQueueInvoker {
    /// Retries within two seconds; a job that is put twice, since the first answer was lost, runs once by its claim.
    ///
    /// The text is written in base64, as a queue trigger reads it by default (`messageEncoding` in `host.json`); the
    /// largest job fits into the 64 KiB of a message exactly.
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error> {
        let text = STANDARD.encode(job.as_str());
        let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
        let path = format!("/{}/messages", encode(&self.queue));
        let seconds = MESSAGE_TIME.as_secs().to_string();
        self.call(Method::POST, path, &[("messagettl", &seconds)], body.into(), StatusCode::CREATED).await
    }
}
