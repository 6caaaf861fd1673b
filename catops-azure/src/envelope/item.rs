//! Messages of the queue, as the host shows them, and what they carry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use catops_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How often a text may be wrapped into a JSON string: once as a value, once by the host, and once to spare.
const MOST_WRAPPED: usize = 3;

/// Returns the text of a value that the host may have written as a JSON string within a JSON string: a queue item `"a"`
/// comes as `"\"a\""`, a count as `"1"`. The host's documentation shows the plain forms.
pub(super) fn text(value: &RawValue) -> String {
    let mut text = value.get().to_owned();
    for _ in 0..MOST_WRAPPED {
        match serde_json::from_str::<String>(&text) {
            Ok(inner) => text = inner,
            Err(_) => break,
        }
    }
    text
}

/// Returns the text of a message whose sender and reader differ in `extensions.queues.messageEncoding`: what is base64 of
/// a JSON object is that object.
pub(super) fn plain(text: String) -> String {
    if text.trim_start().starts_with('{') {
        return text;
    }
    let decoded = BASE64.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.filter(|decoded| decoded.starts_with('{')).unwrap_or(text)
}

/// A call of a scheduled command, as it waits in the queue: `{"catops":{"schedule":"report","time":"…"}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The command, as `help` shows it.
    pub command: String,
    /// When it was due.
    pub due: Timestamp,
}

/// What a message of the queue carries.
#[derive(Clone, PartialEq, Eq)]
pub enum Carried {
    /// A sealed job, if it opens.
    Job(String),
    /// A tick.
    Tick(Tick),
}

/// Shows no job: it can hold a reply address.
impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Job(text) => f.debug_struct("Job").field("bytes", &text.len()).finish(),
            Self::Tick(tick) => tick.fmt(f),
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Outer<T> {
    catops: T,
}

#[derive(Deserialize, Serialize)]
struct Scheduled {
    schedule: String,
    time: String,
}

impl Carried {
    /// Tells what a message is. What is no tick is a job: its seal says whether it is ours.
    pub fn read(text: String) -> Self {
        match serde_json::from_str::<Outer<Scheduled>>(&text) {
            Ok(Outer { catops: Scheduled { schedule, time } }) => match time.parse() {
                Ok(due) => Self::Tick(Tick { command: schedule, due }),
                Err(_) => Self::Job(text),
            },
            Err(_) => Self::Job(text),
        }
    }
}

impl Tick {
    /// Writes the message.
    ///
    /// It has no seal: whoever may write to the queue may have a scheduled command run, and no other.
    pub fn message(&self) -> String {
        let time = self.due.to_string();
        let time = format!("{}Z", time.trim_end_matches(" UTC").replace(' ', "T"));
        let scheduled = Scheduled { schedule: self.command.clone(), time };
        serde_json::to_string(&Outer { catops: scheduled }).expect("strings can be written")
    }
}
