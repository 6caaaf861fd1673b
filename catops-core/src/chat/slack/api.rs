//! Slack's Web API: what the bot does by its token.

mod base;
mod people;
mod refusal;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use self::people::People;
use super::blocks::Message;
use super::button::Sealing;
use super::files::Aside;
use super::render;
use crate::client::{Client, JSON, Parcel, Patience, Response};
use crate::error::{Error, ErrorKind};
use crate::reply::{Audience, Reply};
use crate::request::ReplyTo;
use crate::responder::Posted;
use crate::secret::Secret;

/// Where the methods are unless `CATOPS_SLACK_API_URL` says otherwise. docs.slack.dev, "Using the Slack Web API".
const BASE: &str = "https://slack.com/api/";

/// How long to wait when Slack says that it was too much but not for how long: a channel takes about one message a
/// second. docs.slack.dev, "Rate limits".
const CALM: Duration = Duration::from_secs(1);

/// What says that it was too much. Most come with status 429; `chat.postMessage` lists one with 200.
const BUSY: [&str; 2] = ["ratelimited", "rate_limited"];

/// What says that a message cannot be changed, or not any more. docs.slack.dev, "chat.update", "Errors".
const UNCHANGEABLE: [&str; 3] = ["message_not_found", "cant_update_message", "edit_window_closed"];

/// The bot's own way to post.
pub(super) struct Api {
    token: Secret,
    base: String,
    /// Until when Slack wants to hear nothing that can be left out.
    hushed: Mutex<Option<Instant>>,
    people: People,
}

/// Shows where it posts, and no token.
impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What a method answers, with status 200 also where it refused. Of each answer we read a few fields; those of other
/// methods are empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    ok: bool,
    error: String,
    /// Where the message is, and its name there.
    channel: String,
    ts: String,
    /// Where the bytes of a file go, and its name.
    pub(super) upload_url: String,
    pub(super) file_id: String,
    response_metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    /// What is wrong with the arguments.
    messages: Vec<String>,
}

/// Where a message of the bot itself goes.
struct Place<'a> {
    channel: &'a str,
    /// Who alone sees it.
    user: Option<&'a str>,
    thread: Option<&'a str>,
}

/// Returns whether the bot and the asker are alone in the conversation, so that whatever is said there is for the asker
/// alone. Without a channel it is their direct messages.
pub(super) fn is_direct(to: &ReplyTo) -> bool {
    to.channel.is_empty() || to.channel.starts_with('D')
}

/// Returns the thread that replies belong into.
pub(super) fn thread(to: &ReplyTo) -> Option<&str> {
    Some(to.thread.as_str()).filter(|thread| !thread.is_empty())
}

impl Api {
    /// Takes `CATOPS_SLACK_BOT_TOKEN`, and `CATOPS_SLACK_API_URL` if it is set.
    ///
    /// The token goes to that host alone. It may be reached in clear on loopback, or if it is one of `others`.
    pub(super) fn new(token: Secret, base: Option<&str>, others: &[String]) -> Result<Self, Error> {
        // A token that cannot be a header would fail with every reply.
        if token.expose().contains(|c: char| !c.is_ascii_graphic()) {
            let said = "CATOPS_SLACK_BOT_TOKEN has a character that no token has; copy it again: your app, \"OAuth & \
                        Permissions\", \"Bot User OAuth Token\"";
            return Err(Error::new(ErrorKind::Config, said));
        }
        let base = match base {
            Some(url) => base::checked(url, others).map_err(|wrong| {
                let said = format!("CATOPS_SLACK_API_URL {wrong}; it is an address such as `{BASE}`");
                Error::new(ErrorKind::Config, said)
            })?,
            None => BASE.to_owned(),
        };
        Ok(Self { token, base, hushed: Mutex::default(), people: People::default() })
    }

    /// Posts `reply` to the channel of `to`: for all, or for the asker alone; or changes what it posted before.
    pub(super) async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        aside: &[Aside],
        earlier: Option<&Posted>,
        sealing: Sealing<'_>,
        patience: Patience,
    ) -> Result<Posted, Error> {
        let started = Instant::now();
        let left = || Patience { total: patience.total.saturating_sub(started.elapsed()), ..patience };
        let uses = earlier.map_or(0, |earlier| earlier.uses);
        let posted = |message| Posted { audience: reply.audience, uses, message };
        if let Some((channel, ts)) = changeable(to, reply, earlier) {
            let message = Message { channel: Some(channel), ts: Some(ts), ..Message::default() };
            let answer = self.call("chat.update", render::write(reply, message, aside, sealing), left()).await?;
            // Somebody may have removed the message meanwhile, or the workspace forbids to change it so late.
            if !UNCHANGEABLE.contains(&answer.error.as_str()) {
                return answer.into_name("chat.update", channel).map(posted);
            }
        }
        let place = place(to, reply.audience)?;
        let method = place.method();
        let answer = self.call(method, render::write(reply, place.frame(), aside, sealing), left()).await?;
        let name = answer.into_name(method, place.channel)?;
        // What only one person sees cannot be changed.
        Ok(posted(if place.user.is_none() { name } else { None }))
    }

    /// Opens a view, whose `body` has the trigger, in one attempt: a trigger does not live long enough for another.
    pub(super) async fn open_view(&self, body: Bytes, limit: Duration) -> Result<(), Error> {
        const METHOD: &str = "views.open";
        // With a pause as long as all of the time, there is none for a second attempt.
        let once = Patience { attempt: limit, total: limit, pause: limit, longest_pause: limit };
        let url = Secret::new(format!("{}{METHOD}", self.base));
        let parcel = Parcel { token: Some(&self.token), url: &url, content_type: JSON, body };
        let answer: Answer = Client::shared().deliver_parcel(&parcel, once).await?.json().await?;
        answer.taken(METHOD, "").map(drop)
    }

    /// Posts how far the work is, or changes the message that says so, within `limit`: in one attempt, and in none while
    /// Slack wants to be left alone. It never posts a second message in place of one that cannot be changed.
    pub(super) async fn progress(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        sealing: Sealing<'_>,
        limit: Duration,
    ) -> Result<Posted, Error> {
        let (method, frame, channel) = match changeable(to, reply, earlier) {
            Some((channel, ts)) => {
                ("chat.update", Message { channel: Some(channel), ts: Some(ts), ..Message::default() }, channel)
            }
            None => {
                let place = place(to, reply.audience)?;
                (place.method(), place.frame(), place.channel)
            }
        };
        let answer = self.once(method, render::write(reply, frame, &[], sealing), limit).await?;
        let message = answer.into_name(method, channel)?;
        Ok(Posted { audience: reply.audience, uses: earlier.map_or(0, |earlier| earlier.uses), message })
    }

    /// Changes the message of `channel` that `body` names to what it holds.
    pub(super) async fn update(&self, channel: &str, body: Bytes, patience: Patience) -> Result<(), Error> {
        self.call("chat.update", body, patience).await?.taken("chat.update", channel).map(drop)
    }

    /// Calls a method with JSON, and waits and calls again as long as Slack says that it was too much.
    pub(super) async fn call(&self, method: &str, body: Bytes, patience: Patience) -> Result<Answer, Error> {
        self.call_with(method, JSON, body, patience).await
    }

    /// Calls a method with a body of that type.
    pub(super) async fn call_with(
        &self,
        method: &str,
        content_type: &'static str,
        body: Bytes,
        patience: Patience,
    ) -> Result<Answer, Error> {
        let url = Secret::new(format!("{}{method}", self.base));
        let parcel = Parcel { token: Some(&self.token), url: &url, content_type, body };
        let started = Instant::now();
        loop {
            let total = patience.total.saturating_sub(started.elapsed());
            let patience = Patience { total, ..patience };
            let response = match Client::shared().deliver_parcel(&parcel, patience).await {
                Ok(response) => response,
                Err(error) if error.kind() == ErrorKind::Gone => return Err(absent(method, Some(error))),
                Err(error) => return Err(error),
            };
            let wait = response.retry_after().unwrap_or(CALM);
            let answer: Answer = response.json().await?;
            if !answer.is_busy() || wait >= patience.total.saturating_sub(started.elapsed()) {
                return Ok(answer);
            }
            sleep(wait).await;
        }
    }

    /// Calls a method once, unless Slack has asked for silence; if it does so now, that is kept.
    async fn once(&self, method: &str, body: Bytes, limit: Duration) -> Result<Answer, Error> {
        let busy = || Error::new(ErrorKind::Unavailable, "Slack wants fewer calls for now");
        if self.hushed().is_some_and(|until| Instant::now() < until) {
            return Err(busy());
        }
        let url = Secret::new(format!("{}{method}", self.base));
        let parcel = Parcel { token: Some(&self.token), url: &url, content_type: JSON, body };
        let response = parcel.request(Client::shared()).timeout(limit).send().await?;
        let wait = response.retry_after().unwrap_or(CALM);
        let answer = match response.status() {
            http::StatusCode::TOO_MANY_REQUESTS => Answer { error: BUSY[0].to_owned(), ..Answer::default() },
            _ => settled(method, response)?.json().await?,
        };
        if answer.is_busy() {
            *self.hushed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(wait);
            return Err(busy());
        }
        Ok(answer)
    }

    fn hushed(&self) -> Option<Instant> {
        *self.hushed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the channel and the name of the message that `reply` can take the place of.
pub(super) fn changeable<'a>(to: &ReplyTo, reply: &Reply, earlier: Option<&'a Posted>) -> Option<(&'a str, &'a str)> {
    let same = earlier.filter(|earlier| earlier.audience == reply.audience || is_direct(to));
    same?.message.as_deref()?.split_once('/')
}

/// Finds out where a new message goes.
fn place(to: &ReplyTo, audience: Audience) -> Result<Place<'_>, Error> {
    if to.channel.is_empty() {
        if to.user.is_empty() {
            return Err(Error::new(ErrorKind::Refused, "it is not known which channel the reply belongs to"));
        }
        // A person's id stands for the direct messages with them. docs.slack.dev, "chat.postMessage".
        return Ok(Place { channel: &to.user, user: None, thread: None });
    }
    let user = match audience {
        Audience::Channel => None,
        Audience::Asker if is_direct(to) => None,
        Audience::Asker if to.user.is_empty() => {
            return Err(Error::new(ErrorKind::Refused, "the reply is for the asker alone, who is not known"));
        }
        Audience::Asker => Some(to.user.as_str()),
    };
    Ok(Place { channel: &to.channel, user, thread: thread(to) })
}

impl<'a> Place<'a> {
    const fn method(&self) -> &'static str {
        match self.user {
            None => "chat.postMessage",
            Some(_) => "chat.postEphemeral",
        }
    }

    fn frame(&self) -> Message<'a> {
        Message { channel: Some(self.channel), user: self.user, thread_ts: self.thread, ..Message::default() }
    }
}

/// Returns the response if it is an answer of the method, whatever it says; else why there is none.
fn settled(method: &str, response: Response) -> Result<Response, Error> {
    match response.status() {
        http::StatusCode::NOT_FOUND => Err(absent(method, None)),
        status if !status.is_success() => {
            let kind = if status.is_server_error() { ErrorKind::Unavailable } else { ErrorKind::Refused };
            Err(Error::new(kind, format!("Slack answered {} to `{method}`", status.as_u16())))
        }
        _ => Ok(response),
    }
}

fn absent(method: &str, because: Option<Error>) -> Error {
    let said = format!("there is no `{method}` at CATOPS_SLACK_API_URL, which is `{BASE}` unless set");
    let error = Error::new(ErrorKind::Config, said);
    match because {
        Some(because) => error.because(because),
        None => error,
    }
}

impl Answer {
    fn is_busy(&self) -> bool {
        !self.ok && BUSY.contains(&self.error.as_str())
    }

    /// Returns the answer to `method`, or why it was refused.
    pub(super) fn taken(self, method: &str, channel: &str) -> Result<Self, Error> {
        if self.ok { Ok(self) } else { Err(refusal::refusal(method, &self, channel)) }
    }

    /// Returns what the message can be changed by, or why there is none.
    fn into_name(self, method: &str, channel: &str) -> Result<Option<String>, Error> {
        let Self { channel, ts, .. } = self.taken(method, channel)?;
        Ok((!channel.is_empty() && !ts.is_empty()).then(|| format!("{channel}/{ts}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_never_shown() {
        let error = Api::new(Secret::new("xoxb-1 hunter2".to_owned()), None, &[]).unwrap_err();
        assert!(error.to_string().starts_with("CATOPS_SLACK_BOT_TOKEN has a character"), "{error}");
        assert!(!error.chain().contains("hunter2") && error.kind() == ErrorKind::Config, "{error:?}");
        let error = Api::new(Secret::new("xoxb-1".to_owned()), Some("http://slack.com"), &[]).unwrap_err();
        assert!(error.to_string().starts_with("CATOPS_SLACK_API_URL begins with `http://`"), "{error}");
        let api = Api::new(Secret::new("xoxb-hunter2".to_owned()), None, &[]).unwrap();
        assert_eq!(format!("{api:?}"), "Api { base: \"https://slack.com/api/\", .. }");
    }
}
