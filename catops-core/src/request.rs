//! What was asked, by whom, and where the answer goes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::job::JobId;
use crate::pending::{Answer, Pending};
use crate::secret::Secret;
use crate::time::Timestamp;

/// One line that somebody gave the bot, free of the chat it came from.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Who asked.
    pub actor: Actor,
    /// Where it was asked.
    pub channel: Channel,
    /// How the bot was addressed, such as `/meow`; what help tells the reader to type.
    pub prefix: String,
    /// The rest of the line in escaped form: `&amp;`, `&lt;` and `&gt;` stand for themselves, a bare `<` opens a mention
    /// or a link. See [`crate::line`].
    pub text: String,
    /// How the line came to be.
    #[serde(default, skip_serializing_if = "Via::is_line")]
    pub via: Via,
}

/// Without the line: an argument in it may be secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, channel, via, .. } = self;
        f.debug_struct("Request")
            .field("actor", actor)
            .field("channel", channel)
            .field("via", via)
            .finish_non_exhaustive()
    }
}

/// How the line of a [`Request`] came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Somebody typed it; whoever sees a public reply sees these words too.
    #[default]
    Line,
    /// Somebody pressed a button of one of the bot's messages.
    Button(Press),
    /// Somebody pressed a button that is too old: nothing is run.
    Expired,
    /// Somebody filled in a form.
    Form,
    /// It is the one that somebody meant with a word of the bot's own, such as `rerun`.
    Meant,
    /// Somebody decided on what waits.
    Decision(Box<Decided>),
}

impl Via {
    /// Returns whether the line was typed, so that the chat itself shows it to whoever sees a public reply.
    pub const fn is_line(&self) -> bool {
        matches!(self, Self::Line)
    }
}

/// A button that was pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Press {
    /// Names this one button of this one message: it runs once, whoever presses it and however often.
    pub ticket: JobId,
    /// The words on it, for display only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The message that holds it in the chat's own form, from which the chat makes the one that says who pressed. Absent
    /// where the chat does not tell, or where the message would not fit into a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<serde_json::Value>,
}

/// A button of a [`Decision`](crate::reply::Decision) that was pressed. The line of its request is the one that waits, or
/// empty where that is in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The button. Its ticket is that of what waits, so both buttons have one.
    pub press: Press,
    /// What was decided.
    pub answer: Answer,
    /// What the button carried.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub carried: String,
}

impl Decided {
    /// Returns the job that asked for what waits, if the button says so.
    pub(crate) fn origin(&self) -> Option<JobId> {
        serde_json::from_str(&self.carried).ok().map(|pending: Pending| pending.origin)
    }
}

/// A person or a program that asks.
///
/// Shown as the name where there is one. Decide nothing by the name: people choose their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The chat's id for the person.
    pub id: String,
    /// The name the chat sent along, for display only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The workspace or team the id belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub team: String,
}

impl Actor {
    /// Returns whether both are one person: by id and workspace, never by name.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.team == other.team
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.name.is_empty() { &self.id } else { &self.name })
    }
}

/// A place where people talk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The chat's id for the place.
    pub id: String,
    /// The name the chat sent along, for display only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.name.is_empty() { &self.id } else { &self.name })
    }
}

/// Where replies to a request go. Part of the sealed job's stable head: fields may be added, never changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The name of the chat, such as `slack`.
    pub chat: String,
    /// The one-request address the chat gave us, a bearer secret.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exposed")]
    pub url: Option<Secret>,
    /// The id of the channel.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// The id of the asker, for replies that only they see.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Until when `url` can be used.
    #[serde(default)]
    pub expires: Timestamp,
    /// What the chat calls the thread in `channel` that the replies belong into; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thread: String,
}

/// Writes a secret out in clear: for the sealed job, which must carry it to the second leg, and for nothing else.
mod exposed {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::secret::Secret;

    pub(super) fn serialize<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => to.serialize_str(secret.expose()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::new))
    }
}

/// A person mentioned in a command line, as the chat resolved them: `@ann` becomes the id behind it.
///
/// As a parameter it takes mentions only; a plain word is refused with a hint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRef {
    /// The chat's id for the person.
    pub id: String,
    /// The name shown in the mention, for display only.
    pub name: Option<String>,
}

/// A channel mentioned in a command line, as the chat resolved it: `#ops` becomes the id behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRef {
    /// The chat's id for the channel.
    pub id: String,
    /// The name shown in the mention, for display only.
    pub name: Option<String>,
}

/// Reads `<@U1|ann>` with `sign` being `@`: the id and the name after the bar.
fn mention(word: &str, sign: char) -> Option<(String, Option<String>)> {
    let inner = word.strip_prefix('<')?.strip_suffix('>')?.strip_prefix(sign)?;
    let (id, name) = match inner.split_once('|') {
        Some((id, name)) => (id, Some(crate::line::plain(name)).filter(|name| !name.is_empty())),
        None => (inner, None),
    };
    let valid = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    valid.then(|| (id.to_owned(), name))
}

impl FromStr for UserRef {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (id, name) = mention(word, '@').ok_or("pick a person from the list that opens after @")?;
        Ok(Self { id, name })
    }
}

impl FromStr for ChannelRef {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (id, name) = mention(word, '#').ok_or("pick a channel from the list that opens after #")?;
        Ok(Self { id, name })
    }
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.name.as_ref().unwrap_or(&self.id))
    }
}

impl fmt::Display for ChannelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.name.as_ref().unwrap_or(&self.id))
    }
}
