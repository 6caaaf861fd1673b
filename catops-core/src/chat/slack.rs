//! Slack: commands, mentions, messages, buttons and forms in, Block Kit out.

mod address;
mod api;
mod blocks;
mod button;
mod canvas;
mod fit;
mod form;
mod inbound;
mod limits;
pub mod manifest;
mod mrkdwn;
mod press;
mod render;
#[cfg(any(test, feature = "conformance"))]
mod sealed;
mod seals;
mod signature;

use std::fmt;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;

use self::address::Address;
use self::api::Api;
use self::button::Sealing;
use self::limits::{REPLY_TIME, REPLY_USES};
use self::seals::Seals;
use self::signature::Verifier;
use super::{Ack, Chat, Inbound, Rejection};
use crate::client::{Client, Patience};
use crate::error::{Error, ErrorKind};
use crate::http::{self, HttpRequest, HttpResponse};
use crate::job::JobKey;
use crate::reply::{Audience, Reply};
use crate::request::{Press, ReplyTo};
use crate::responder::{Posted, Responder};
use crate::secret::Secret;
use crate::time::Timestamp;

const NAME: &str = "slack";

const ROUTE: &str = "/slack";

/// The Slack app that the bot is.
///
/// It runs slash commands, lines that begin with a mention of the bot, messages to the bot alone, and its own buttons; it
/// takes its own forms. Whatever else Slack sends is acknowledged and dropped, so that Slack does not switch the endpoint
/// off.
pub struct Slack {
    verifier: Verifier,
    reply_hosts: Vec<String>,
    patience: Patience,
    api: Option<Api>,
    seals: Seals,
    name: &'static str,
    route: &'static str,
}

impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slack").field("reply_hosts", &self.reply_hosts).field("api", &self.api).finish_non_exhaustive()
    }
}

impl Slack {
    /// Makes one from the app's signing secret.
    ///
    /// Replies go to Slack's own hosts over https, and besides to `reply_hosts`, each `host` or `host:port` just as it
    /// stands in the address; these may be plain http. They are for tests and proxies.
    pub fn new(signing_secret: Secret, reply_hosts: Vec<String>) -> Self {
        let reply_hosts = reply_hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self {
            verifier: Verifier::new(&signing_secret),
            reply_hosts,
            patience: Patience::default(),
            api: None,
            seals: Seals::new(JobKey::derive([&signing_secret])),
            name: NAME,
            route: ROUTE,
        }
    }

    /// Seals what Slack keeps for the bot, such as buttons, with `key`; without it, with one made from the signing secret.
    #[must_use]
    pub fn with_key(mut self, key: JobKey) -> Self {
        self.seals = Seals::new(key);
        self
    }

    /// Gives it another name and route, for a second one beside it that speaks as Slack does.
    #[must_use]
    pub const fn named(mut self, name: &'static str, route: &'static str) -> Self {
        self.name = name;
        self.route = route;
        self
    }

    /// Lets it post as the bot, by `token`, where a request has no reply address or that can no longer be used.
    ///
    /// `url` is another base of the Web API than `https://slack.com/api/`; it may be plain http on loopback and on the
    /// reply hosts. An error of kind [`ErrorKind::Config`] names the setting that is wrong.
    pub fn with_token(mut self, token: Secret, url: Option<&str>) -> Result<Self, Error> {
        self.api = Some(Api::new(token, url, &self.reply_hosts)?);
        Ok(self)
    }

    /// Sets how much trouble the delivery of a reply takes.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }
}

#[async_trait]
impl Chat for Slack {
    fn name(&self) -> &'static str {
        self.name
    }

    fn route(&self) -> &'static str {
        self.route
    }

    async fn receive(&self, http: &HttpRequest, now: Timestamp) -> Result<Inbound, Rejection> {
        inbound::receive(self, http, now)
    }

    fn ack(&self, ack: Ack<'_>, now: Timestamp) -> HttpResponse {
        match ack {
            // Without any text of ours, Slack shows the asker's own words to the channel.
            Ack::Heard(Audience::Channel) => http::json(Bytes::from_static(br#"{"response_type":"in_channel"}"#)),
            Ack::Heard(Audience::Asker) => {
                http::json(Bytes::from_static(br#"{"response_type":"ephemeral","text":"On it."}"#))
            }
            Ack::Reply(reply) => http::json(render::message(reply, None, self.sealing(now))),
        }
    }
}

#[async_trait]
impl Responder for Slack {
    async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        let started = Instant::now();
        let Some(api) = &self.api else { return self.by_address(to, reply, earlier, now).await };
        // A message that the bot posted itself is changed by the bot itself.
        if to.url.is_some() && earlier.is_none_or(|earlier| earlier.message.is_none()) {
            match self.by_address(to, reply, earlier, now).await {
                Err(gone) if gone.kind() == ErrorKind::Gone => {
                    tracing::debug!(why = gone.chain(), "the reply address is of no use; the bot posts by its token");
                }
                result => return result,
            }
        }
        let total = self.patience.total.saturating_sub(started.elapsed());
        api.respond(to, reply, earlier, self.sealing(now), Patience { total, ..self.patience }).await
    }

    async fn pressed(&self, to: &ReplyTo, press: &Press, note: &str, now: Timestamp) -> Result<(), Error> {
        self.tell_pressed(to, press, note, now).await
    }
}

impl Slack {
    const fn sealing(&self, now: Timestamp) -> Sealing<'_> {
        Sealing { seals: &self.seals, now }
    }

    /// Posts to the address that came with the request.
    async fn by_address(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        let uses = earlier.map_or(0, |earlier| earlier.uses);
        let url = self.address(to, uses, now)?;
        // Slack cannot turn a message for one into a message for all, or back.
        let replace = earlier.is_some_and(|earlier| earlier.audience == reply.audience);
        // Where a button was pressed, it would be the message with the button, never a reply.
        let replace = if Address::is_of_press(url.expose()) { Some(false) } else { replace.then_some(true) };
        let body = render::message(reply, replace, self.sealing(now));
        accepted(Client::shared().deliver(url, body, self.patience).await?).await?;
        Ok(Posted { audience: reply.audience, uses: uses + 1, message: None })
    }

    /// Returns the address that came with the request, if it can be used once more after `uses`.
    fn address<'a>(&self, to: &'a ReplyTo, uses: u8, now: Timestamp) -> Result<&'a Secret, Error> {
        let gone = |why: &str| Error::new(ErrorKind::Gone, why);
        let Some(url) = &to.url else {
            let said = "this request has no reply address, and without CATOPS_SLACK_BOT_TOKEN the bot cannot post to a \
                        channel";
            return Err(Error::new(ErrorKind::Config, said));
        };
        // Checked when the request came in, and again here: a job can be older than the list of hosts.
        if Address::check(url.expose(), &self.reply_hosts).is_err() {
            return Err(Error::new(ErrorKind::Refused, "the reply address is not on a host of Slack's"));
        }
        if uses >= REPLY_USES {
            return Err(gone(&format!("the reply address has been used {uses} times, which is all it can be")));
        }
        if now >= to.expires {
            let minutes = REPLY_TIME.as_secs() / 60;
            return Err(gone(&format!("the reply address has expired, {minutes} minutes after the request")));
        }
        Ok(url)
    }
}

/// Looks into an answer of 200: Slack says there too that it refused.
async fn accepted(response: crate::client::Response) -> Result<(), Error> {
    /// `{"ok":false,"error":"invalid_blocks"}`
    #[derive(serde::Deserialize)]
    struct Answer {
        ok: bool,
        #[serde(default)]
        error: String,
    }
    // The status has said that the message was taken; a body that breaks off, or is none of these, changes nothing.
    let Ok(body) = response.bytes().await else { return Ok(()) };
    match serde_json::from_slice(&body) {
        Ok(Answer { ok: false, error }) => {
            Err(Error::new(ErrorKind::Refused, format!("Slack refused the reply: {}", code(&error))))
        }
        _ => Ok(()),
    }
}

/// Returns the code with which Slack refused, if it is one: nothing else of an answer goes into an error.
fn code(error: &str) -> &str {
    let is_code = !error.is_empty() && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_code && error.len() <= 64 { error } else { "no reason given" }
}
