//! Messages of a queue: records of failed invocations, and jobs that were sent there.

use catops_core::Error;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Event, invalid};

/// One message of a queue.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, for telling the queue which ones to deliver again.
    pub id: String,
    /// Its body.
    pub body: String,
}

/// Shows no body: it can hold a reply address.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Reads `Records`, which must all be of one queue.
pub(super) fn messages(records: &RawValue) -> Result<Event, Error> {
    #[derive(Deserialize)]
    struct Source {
        // SNS spells it with a capital letter.
        #[serde(alias = "EventSource", rename = "eventSource")]
        source: Option<String>,
    }
    #[derive(Deserialize)]
    struct Record {
        #[serde(rename = "messageId")]
        id: String,
        body: String,
    }
    let sources: Vec<Source> =
        serde_json::from_str(records.get()).map_err(|_| invalid("an event whose `Records` cannot be read"))?;
    let first = match sources.first() {
        Some(Source { source: Some(source) }) => source.as_str(),
        Some(_) => return Err(invalid("an event whose `Records` do not say where they come from")),
        None => return Err(invalid("an event without a record in its `Records`")),
    };
    if sources.iter().any(|each| each.source.as_deref() != Some(first)) {
        return Err(invalid("an event with records of several sources"));
    }
    match first {
        "aws:sqs" => {
            let records: Vec<Record> =
                serde_json::from_str(records.get()).map_err(|_| invalid("a message without `messageId` or `body`"))?;
            Ok(Event::Messages(records.into_iter().map(|Record { id, body }| Message { id, body }).collect()))
        }
        "aws:sns" => Err(invalid("an event of SNS: put a queue between the topic and this function")),
        other => {
            let other = super::printable(other);
            Err(invalid(format!("records of `{other}`: of records, this function takes those of SQS")))
        }
    }
}
