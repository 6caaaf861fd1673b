//! What the Functions host posts to a function, and what it is answered.
//!
//! Facts about the host are read from its source, Azure/azure-functions-host: `HttpRequestExtensions`,
//! `ScriptInvocationContextExtensions`, `DefaultHttpWorkerService` and their tests. Its documentation differs in places;
//! where it does, both forms are taken.

mod answer;
mod http;
mod item;

use std::collections::BTreeMap;

use catops_core::chat::Rejection;
use catops_core::http::HttpRequest;
use catops_core::{Error, ErrorKind, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::answer::Answer;
pub use self::item::{Carried, Tick};

/// One invocation of a function, in the form `{"Data":{…},"Metadata":{…}}`.
///
/// `Data` has one member, the binding that triggered the function; its name, which `function.json` gives, does not
/// matter here.
pub struct Envelope<'a> {
    input: &'a RawValue,
    metadata: Option<&'a RawValue>,
}

/// Shows nothing of what was delivered: it can hold a reply address.
impl std::fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope").field("bytes", &self.input.get().len()).finish_non_exhaustive()
    }
}

/// A message of a queue.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// Its text.
    pub text: String,
    /// How often it was delivered, this time included, where the host says so.
    pub tries: Option<u32>,
}

/// Shows no text: it can hold a reply address.
impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item").field("tries", &self.tries).finish_non_exhaustive()
    }
}

/// A call of the timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timer {
    /// When the host fired it.
    pub fired: Option<Timestamp>,
    /// When it was fired before that.
    pub last: Option<Timestamp>,
    /// Whether the host says that it comes late, as after a time when no host ran.
    pub is_past_due: bool,
}

impl<'a> Envelope<'a> {
    /// Reads the body of a `POST /{FunctionName}`.
    ///
    /// An error says what is wrong with it and never quotes it.
    pub fn read(body: &'a [u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Form<'a> {
            #[serde(borrow, rename = "Data")]
            data: BTreeMap<String, &'a RawValue>,
            #[serde(borrow, default, rename = "Metadata")]
            metadata: Option<&'a RawValue>,
        }
        let Form { data, metadata } = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            invalid(format!("no envelope of the Functions host: line {line}, column {column} is not what it sends"))
        })?;
        let count = data.len();
        match data.into_values().next() {
            Some(input) if count == 1 => Ok(Self { input, metadata }),
            _ => Err(invalid(format!("an envelope with {count} inputs; a function of this bot has its trigger alone"))),
        }
    }

    /// Returns the request that triggered the function, with `path` in place of its own.
    ///
    /// The host has chosen the function by the request's route, so its name is what the path stands for: a prefix of
    /// routes in `host.json` changes nothing here.
    pub fn http(&self, path: &str) -> Result<HttpRequest, Rejection> {
        http::read(self.input, path)
    }

    /// Returns the message that triggered the function.
    pub fn item(&self) -> Item {
        #[derive(Default, Deserialize)]
        struct Metadata<'a> {
            #[serde(borrow, rename = "DequeueCount")]
            count: Option<&'a RawValue>,
        }
        let Metadata { count } = self.metadata();
        let tries = count.and_then(|count| item::text(count).trim().parse().ok());
        Item { text: item::plain(item::text(self.input)), tries }
    }

    /// Returns the call of the timer that triggered the function.
    pub fn timer(&self) -> Timer {
        #[derive(Default, Deserialize)]
        struct Metadata {
            sys: Option<System>,
        }
        #[derive(Deserialize)]
        struct System {
            #[serde(rename = "UtcNow")]
            now: Option<String>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Call {
            schedule_status: Option<Status>,
            #[serde(default)]
            is_past_due: bool,
        }
        #[derive(Deserialize)]
        struct Status {
            #[serde(rename = "Last")]
            last: Option<String>,
        }
        let Metadata { sys } = self.metadata();
        let call: Call = serde_json::from_str(&item::text(self.input)).unwrap_or_default();
        let time = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Timer {
            fired: time(sys.and_then(|sys| sys.now)),
            last: time(call.schedule_status.and_then(|status| status.last)),
            is_past_due: call.is_past_due,
        }
    }

    /// Reads what the host says of the trigger. Not for requests: there, the members of a JSON body are among it.
    fn metadata<T: Default + Deserialize<'a>>(&self) -> T {
        self.metadata.and_then(|metadata| serde_json::from_str(metadata.get()).ok()).unwrap_or_default()
    }
}

fn invalid(said: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, said)
}

#[cfg(test)]
mod tests;
