//! Slack: commands, mentions, messages, buttons and forms in, Block Kit out.

mod address;
mod api;
mod blocks;
mod button;
mod canvas;
mod decision;
mod deliver;
mod files;
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
mod view;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use self::api::Api;
use self::button::Sealing;
use self::seals::Seals;
use self::signature::Verifier;
use super::{Ack, Chat, Inbound, Rejection, Submitted};
use crate::client::Patience;
use crate::error::{Error, ErrorKind};
use crate::form::Form;
use crate::http::{self, HttpRequest, HttpResponse};
use crate::job::JobKey;
use crate::reply::{Audience, Reply};
use crate::request::{Actor, Press, ReplyTo};
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

    /// Lets it post as the bot, by `token`, where a request has no reply address or that can no longer be used; show
    /// progress in one message (both with the scope `chat:write`); and put what is too long for a message into a file
    /// (`files:write`).
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
            Ack::Reply(reply) => http::json(render::message(reply, None, None, &[], self.sealing(now))),
        }
    }

    fn opens_forms(&self) -> bool {
        self.api.is_some()
    }

    async fn open_form(&self, form: &Form, trigger: &Secret, limit: Duration) -> Result<(), Error> {
        let Some(api) = &self.api else {
            return Err(Error::new(ErrorKind::Config, "without CATOPS_SLACK_BOT_TOKEN the bot cannot open a form"));
        };
        api.open_view(view::open(form, trigger.expose(), &self.seals)?, limit).await
    }

    async fn groups(
        &self,
        actor: &Actor,
        wanted: &[&str],
        limit: Duration,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let Some(api) = &self.api else {
            let said = "without CATOPS_SLACK_BOT_TOKEN the bot cannot ask Slack who is in a group";
            return Err(Error::new(ErrorKind::Config, said));
        };
        api.groups(actor, wanted, limit, now).await
    }

    fn completions(&self, words: &[String]) -> HttpResponse {
        http::json(view::options(words))
    }

    fn submitted(&self, answer: Submitted<'_>) -> HttpResponse {
        match answer {
            Submitted::Taken => http::status(::http::StatusCode::OK),
            Submitted::Wrong(wrong) => http::json(view::errors(wrong)),
            Submitted::Next(form) => http::json(view::update(form, &self.seals)),
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
        self.deliver(to, reply, earlier, now).await
    }

    async fn progress(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        self.show(to, reply, earlier, now).await
    }

    fn room(&self) -> usize {
        decision::ROOM
    }

    async fn pressed(&self, to: &ReplyTo, press: &Press, note: &str, now: Timestamp) -> Result<(), Error> {
        self.tell_pressed(to, press, note, now).await
    }
}

impl Slack {
    const fn sealing(&self, now: Timestamp) -> Sealing<'_> {
        Sealing { seals: &self.seals, now }
    }
}

/// Returns the code with which Slack refused, if it is one: nothing else of an answer goes into an error.
fn code(error: &str) -> &str {
    let is_code = !error.is_empty() && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_code && error.len() <= 64 { error } else { "no reason given" }
}
