//! Slack: slash commands in, Block Kit out.

mod address;
mod blocks;
mod canvas;
mod fit;
mod form;
mod inbound;
mod limits;
mod mrkdwn;
mod render;
mod signature;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use self::address::Address;
use self::limits::{REPLY_TIME, REPLY_USES};
use self::signature::Verifier;
use super::{Ack, Chat, Inbound, Rejection};
use crate::client::{Client, Patience};
use crate::error::{Error, ErrorKind};
use crate::http::{self, HttpRequest, HttpResponse};
use crate::reply::{Audience, Reply};
use crate::request::ReplyTo;
use crate::responder::{Posted, Responder};
use crate::secret::Secret;
use crate::time::Timestamp;

const NAME: &str = "slack";

/// The Slack app that the bot is.
///
/// Slash commands are run. Events, buttons and modals are acknowledged and not handled yet, so that Slack does not
/// switch the endpoint off.
pub struct Slack {
    verifier: Verifier,
    reply_hosts: Vec<String>,
    patience: Patience,
}

impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slack").field("reply_hosts", &self.reply_hosts).finish_non_exhaustive()
    }
}

impl Slack {
    /// Makes one from the app's signing secret.
    ///
    /// Replies go to Slack's own hosts over https, and besides to `reply_hosts`, each `host` or `host:port` just as it
    /// stands in the address; these may be plain http. They are for tests and proxies.
    pub fn new(signing_secret: Secret, reply_hosts: Vec<String>) -> Self {
        let reply_hosts = reply_hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { verifier: Verifier::new(&signing_secret), reply_hosts, patience: Patience::default() }
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
        NAME
    }

    fn route(&self) -> &'static str {
        "/slack"
    }

    async fn receive(&self, http: &HttpRequest, now: Timestamp) -> Result<Inbound, Rejection> {
        inbound::receive(http, now, &self.verifier, &self.reply_hosts)
    }

    fn ack(&self, ack: Ack<'_>) -> HttpResponse {
        match ack {
            // Without any text of ours, Slack shows the asker's own words to the channel.
            Ack::Heard(Audience::Channel) => http::json(Bytes::from_static(br#"{"response_type":"in_channel"}"#)),
            Ack::Heard(Audience::Asker) => {
                http::json(Bytes::from_static(br#"{"response_type":"ephemeral","text":"On it."}"#))
            }
            Ack::Reply(reply) => http::json(render::message(reply, false)),
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
        let gone = |why: &str| Error::new(ErrorKind::Gone, why);
        let url = to.url.as_ref().ok_or_else(|| gone("this request has no reply address"))?;
        // Checked when the request came in, and again here: a job can be older than the list of hosts.
        if Address::check(url.expose(), &self.reply_hosts).is_err() {
            return Err(Error::new(ErrorKind::Refused, "the reply address is not on a host of Slack's"));
        }
        let uses = earlier.map_or(0, |earlier| earlier.uses);
        if uses >= REPLY_USES {
            return Err(gone(&format!("the reply address has been used {uses} times, which is all it can be")));
        }
        if now >= to.expires {
            let minutes = REPLY_TIME.as_secs() / 60;
            return Err(gone(&format!("the reply address has expired, {minutes} minutes after the request")));
        }
        // Slack cannot turn a message for one into a message for all, or back.
        let replace = earlier.is_some_and(|earlier| earlier.audience == reply.audience);
        let response = Client::shared().deliver(url, render::message(reply, replace), self.patience).await?;
        accepted(response).await?;
        Ok(Posted { audience: reply.audience, uses: uses + 1 })
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
            let word = !error.is_empty() && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            let error = if word && error.len() <= 64 { &error } else { "no reason given" };
            Err(Error::new(ErrorKind::Refused, format!("Slack refused the reply: {error}")))
        }
        _ => Ok(()),
    }
}
