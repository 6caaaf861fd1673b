//! Jobs as messages of Pub/Sub.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catops_core::invoker::Invoker;
use catops_core::job::SealedJob;
use catops_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::{PATIENCE, json, may};
use crate::credentials::Credentials;
use crate::percent::encode_path;
use crate::service::{Call, Service};

const ENDPOINT: &str = "https://pubsub.googleapis.com";

/// Hands jobs to a topic, whose push subscription brings them back.
///
/// After `Ok`, Pub/Sub has stored the message; it delivers it at least once, for as long as the subscription keeps it: 7
/// days by default. The message's data is the job's text.
///
/// The service's account needs `roles/pubsub.publisher` on the topic.
pub struct PubSubInvoker {
    service: Service,
    topic: String,
}

/// Shows the topic.
impl fmt::Debug for PubSubInvoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSubInvoker").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// `google.pubsub.v1.PublishRequest`.
#[derive(Serialize)]
struct Publish {
    messages: [Message; 1],
}

#[derive(Serialize)]
struct Message {
    data: String,
}

/// `google.pubsub.v1.PublishResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    message_ids: Vec<String>,
}

impl PubSubInvoker {
    /// Makes one that publishes to `topic`, which is of the form `projects/P/topics/T`. `endpoint` is another base address,
    /// such as an emulator's.
    pub fn new(credentials: Arc<Credentials>, topic: &str, endpoint: Option<String>) -> Self {
        let service = Service::new(credentials, endpoint.unwrap_or_else(|| ENDPOINT.to_owned()));
        Self { service, topic: topic.to_owned() }
    }

    /// Opens the connection that the first job will need, gets an access token, and sees whether the topic may be published
    /// to. Nothing is published.
    pub async fn warm(&self) -> Result<(), Error> {
        if may(&self.service, "v1", &self.topic, "pubsub.topics.publish").await? {
            return Ok(());
        }
        let said = format!(
            "{} does not exist, or the service's account may not publish to it: grant roles/pubsub.publisher",
            self.topic
        );
        Err(Error::new(ErrorKind::Refused, said))
    }
}

#[async_trait]
impl Invoker for PubSubInvoker {
    /// Retries within two seconds; a job that is stored twice, since the first answer was lost, runs once by its claim.
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error> {
        let path = format!("/v1/{}:publish", encode_path(&self.topic));
        let body = json(&Publish { messages: [Message { data: STANDARD.encode(job.as_str()) }] })?;
        let call = Call { method: http::Method::POST, path: path.into(), body };
        let answer = self.service.send(&call, &PATIENCE).await?;
        let (topic, host) = (&self.topic, self.service.host());
        match answer.status.as_u16() {
            200 => match serde_json::from_slice(&answer.body) {
                Ok(Published { message_ids }) if message_ids.len() == 1 => Ok(()),
                _ => Err(Error::new(ErrorKind::Invalid, format!("{host} did not say that it stored a message"))),
            },
            401 => Err(Error::new(ErrorKind::Refused, format!("{host} does not take the service's access token"))),
            403 => {
                let said = format!("the service's account may not publish to {topic}: grant roles/pubsub.publisher");
                Err(Error::new(ErrorKind::Refused, said))
            }
            404 => {
                let said = format!("{host} has no {topic}: create the topic, or name another in CATOPS_QUEUE");
                Err(Error::new(ErrorKind::Config, said))
            }
            413 => Err(Error::new(ErrorKind::TooLarge, format!("{host} takes no message of this size"))),
            _ => Err(Error::new(
                ErrorKind::Refused,
                format!("{host} answered {} to a message for {topic}", answer.words()),
            )),
        }
    }
}
