//! What Pub/Sub pushes, read into the message.
//!
//! Three forms carry the same object: the wrapped body of a push subscription; a CloudEvent in binary mode, as Eventarc
//! sends it, whose body is the same and whose context is in `ce-*` headers; and one in structured mode, which has the
//! object under `data`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catops_core::http::HttpRequest;
use catops_core::{Error, ErrorKind};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The one type of CloudEvent that holds a Pub/Sub message.
const PUBLISHED: &str = "google.cloud.pubsub.topic.v1.messagePublished";

/// Where Pub/Sub writes how often it tried a message before it gave it up.
/// <https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic>
const DEAD_COUNT: &str = "CloudPubSubDeadLetterSourceDeliveryCount";

/// A message that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The id that Pub/Sub gave it; empty if it has none.
    pub id: String,
    /// What was published; empty if the message has attributes alone.
    pub data: Vec<u8>,
    /// How often it has been delivered, this time included: only with a dead-letter policy.
    pub attempt: Option<u32>,
    /// How often it was tried before it came to the dead-letter topic; `None` on any other topic.
    pub given_up_after: Option<u32>,
}

/// Everything that one of the forms has; JSON keys that are not named here are not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    message: Option<Message>,
    delivery_attempt: Option<u32>,
    // A CloudEvent in structured mode.
    specversion: Option<String>,
    r#type: Option<String>,
    data: Option<serde_json::Value>,
    // A background function's event, at the top or in a context.
    event_type: Option<serde_json::Value>,
    context: Option<serde_json::Value>,
}

/// Both spellings arrive side by side, so neither is an alias of the other.
#[derive(Deserialize)]
struct Message {
    data: Option<String>,
    #[serde(rename = "messageId")]
    id: Option<String>,
    #[serde(rename = "message_id")]
    id_in_snake_case: Option<String>,
    #[serde(default)]
    attributes: Option<BTreeMap<String, String>>,
}

impl Push {
    /// Reads a request.
    ///
    /// An error is of kind [`ErrorKind::Invalid`], says which form it found and the cure, and holds nothing of the content.
    pub fn read(http: &HttpRequest) -> Result<Self, Error> {
        if let Some(kind) = http.headers().get("ce-type")
            && kind.as_bytes() != PUBLISHED.as_bytes()
        {
            return Err(other_event());
        }
        let body: Body = serde_json::from_slice(http.body()).map_err(|error| {
            let said = "a push is not the JSON of a Pub/Sub message; the subscription must not unwrap payloads";
            // The category alone: serde's own words can quote the content.
            Error::new(ErrorKind::Invalid, said).because(format!("{:?} at column {}", error.classify(), error.column()))
        })?;
        match body {
            Body { message: Some(message), delivery_attempt, .. } => message.into_push(delivery_attempt),
            Body { specversion: Some(_), r#type: Some(kind), data: Some(data), .. } if kind == PUBLISHED => {
                #[derive(Deserialize)]
                struct Data {
                    message: Message,
                }
                let data: Data = serde_json::from_value(data).map_err(|_| {
                    Error::new(ErrorKind::Invalid, "a CloudEvent of a published message has no message in its data")
                })?;
                data.message.into_push(None)
            }
            Body { specversion: Some(_), .. } => Err(other_event()),
            Body { event_type: Some(_), .. } | Body { context: Some(_), .. } => {
                let said = "a push has the form of a background function's event, which is not taken; push to this route by \
                            a push subscription, or by Eventarc";
                Err(Error::new(ErrorKind::Invalid, said))
            }
            _ => {
                let said =
                    "a push holds no Pub/Sub message; the subscription must push here, and must not unwrap payloads";
                Err(Error::new(ErrorKind::Invalid, said))
            }
        }
    }
}

impl Message {
    fn into_push(self, attempt: Option<u32>) -> Result<Push, Error> {
        let data = STANDARD.decode(self.data.unwrap_or_default()).map_err(|_| {
            Error::new(ErrorKind::Invalid, "the data of a pushed message is not base64, as Pub/Sub writes it")
        })?;
        let given_up_after = self.attributes.unwrap_or_default().get(DEAD_COUNT).and_then(|count| count.parse().ok());
        let id = self.id.or(self.id_in_snake_case).unwrap_or_default();
        Ok(Push { id, data, attempt, given_up_after })
    }
}

fn other_event() -> Error {
    let said = format!("a push is a CloudEvent of another type than `{PUBLISHED}`; remove the trigger that sends it");
    Error::new(ErrorKind::Invalid, said)
}
