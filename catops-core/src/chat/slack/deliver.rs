//! Which way a reply takes: the address that came with the request, or the bot's own token.

use std::time::Duration;

use tokio::time::Instant;

use super::address::Address;
use super::api::{Api, changeable, is_direct, thread};
use super::files::{self, Aside};
use super::limits::{REPLY_TIME, REPLY_USES};
use super::{Slack, code, render};
use crate::client::{Client, JSON, Parcel, Patience, Response};
use crate::error::{Error, ErrorKind};
use crate::reply::{Audience, Reply};
use crate::request::ReplyTo;
use crate::responder::{PROGRESS_TIME, Posted};
use crate::secret::Secret;
use crate::time::Timestamp;

/// How long files may hold up the message, and then take to follow it. Without them it is complete, if shorter.
const FILES_TIME: Duration = Duration::from_secs(8);

/// What an attempt to show progress has: a little less than its caller waits, so that the end of it is known.
const ATTEMPT_TIME: Duration = PROGRESS_TIME.saturating_sub(Duration::from_millis(500));

impl Slack {
    /// Posts a reply, with files for what a message cannot hold where everybody who sees it may see them.
    pub(super) async fn deliver(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        let Some(api) = &self.api else { return self.by_address(to, reply, &[], earlier, now, self.patience).await };
        let ends = Instant::now() + self.patience.total;
        let mut aside = Vec::new();
        if reply.audience == Audience::Channel || is_direct(to) {
            let patience = self.patience_for_files(ends);
            aside = files::upload(api, reply, &self.reply_hosts, self.sealing(now), patience)
                .await
                .unwrap_or_else(without_files);
        }
        // A message that cannot be changed must not promise a file before it is there.
        let is_final = changeable(to, reply, earlier).is_none()
            && to.url.as_ref().is_some_and(|url| Address::is_of_press(url.expose()));
        if is_final && !aside.is_empty() {
            let patience = self.patience_for_files(ends);
            if let Err(error) = files::share(api, &aside, &to.channel, thread(to), patience).await {
                aside = without_files(error);
            }
        }
        let posted = self.post(api, to, reply, &aside, earlier, now, ends).await?;
        if is_final || aside.is_empty() {
            return Ok(posted);
        }
        // The id of a person is no channel to this method; where the message went is.
        let channel = posted.message.as_deref().and_then(|name| name.split_once('/')).map(|(channel, _)| channel);
        let channel = channel.unwrap_or(&to.channel);
        match files::share(api, &aside, channel, thread(to), self.patience_for_files(ends)).await {
            Ok(()) => Ok(posted),
            Err(error) => {
                aside = without_files(error);
                // What was promised does not come: the message says again what was cut from it.
                Ok(self.post(api, to, reply, &aside, Some(&posted), now, ends).await.unwrap_or(posted))
            }
        }
    }

    /// Posts how far the work is, as the bot where it can: that message can be changed as often as need be.
    pub(super) async fn show(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        let for_all = reply.audience == Audience::Channel || is_direct(to);
        // What is without a name went to the address before, since the bot was refused.
        let by_token = to.url.is_none() || for_all && earlier.is_none_or(|earlier| earlier.message.is_some());
        if let Some(api) = self.api.as_ref().filter(|_| by_token) {
            match api.progress(to, reply, earlier, self.sealing(now), ATTEMPT_TIME).await {
                Err(refused) if earlier.is_none() && to.url.is_some() && !refused.is_transient() => {
                    tracing::debug!(
                        why = refused.chain(),
                        "the bot cannot post here; progress goes to the reply address"
                    );
                }
                result => return result,
            }
        }
        match (&to.url, earlier) {
            // One message that stays as it is tells more than several.
            (Some(url), Some(earlier)) if Address::is_of_press(url.expose()) => Ok(earlier.clone()),
            _ => {
                let patience = Patience { attempt: ATTEMPT_TIME, total: ATTEMPT_TIME, ..self.patience };
                self.by_address(to, reply, &[], earlier, now, patience).await
            }
        }
    }

    /// Posts a message by the way that fits, and by the other if that one is of no use.
    #[allow(clippy::too_many_arguments)] // one caller, and each says something else
    async fn post(
        &self,
        api: &Api,
        to: &ReplyTo,
        reply: &Reply,
        aside: &[Aside],
        earlier: Option<&Posted>,
        now: Timestamp,
        ends: Instant,
    ) -> Result<Posted, Error> {
        // A message that the bot posted itself is changed by the bot itself.
        let changes = changeable(to, reply, earlier).is_some();
        if to.url.is_some() && !changes {
            match self.by_address(to, reply, aside, earlier, now, self.patience_until(ends)).await {
                Err(gone) if gone.kind() == ErrorKind::Gone => {
                    tracing::debug!(why = gone.chain(), "the reply address is of no use; the bot posts by its token");
                }
                result => return result,
            }
        }
        match api.respond(to, reply, aside, earlier, self.sealing(now), self.patience_until(ends)).await {
            Err(refused) if changes && to.url.is_some() => {
                tracing::debug!(why = refused.chain(), "the bot cannot change its message; the reply address is used");
                let patience = self.patience_until(ends);
                self.by_address(to, reply, aside, earlier, now, patience).await.map_err(|_| refused)
            }
            result => result,
        }
    }

    /// Posts to the address that came with the request.
    async fn by_address(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        aside: &[Aside],
        earlier: Option<&Posted>,
        now: Timestamp,
        patience: Patience,
    ) -> Result<Posted, Error> {
        let uses = earlier.map_or(0, |earlier| earlier.uses);
        let url = self.address(to, uses, now)?;
        // Slack cannot turn a message for one into a message for all, or back; and it changes what came this way alone.
        let mine = earlier.filter(|earlier| earlier.uses > 0 && earlier.message.is_none());
        let replace = mine.is_some_and(|earlier| earlier.audience == reply.audience);
        let replace = match () {
            // Where a button was pressed, it would be the message with the button, never a reply.
            () if Address::is_of_press(url.expose()) => Some(false),
            () if replace => Some(true),
            // "Publishing in thread" asks for it, lest the message be meant that the thread is about.
            () => thread(to).map(|_| false),
        };
        let body = render::message(reply, replace, thread(to), aside, self.sealing(now));
        let parcel = Parcel { token: None, url, content_type: JSON, body };
        accepted(Client::shared().deliver_parcel(&parcel, patience).await?).await?;
        Ok(Posted { audience: reply.audience, uses: uses + 1, message: None })
    }

    /// Returns the address that came with the request, if it can be used once more after `uses`.
    pub(super) fn address<'a>(&self, to: &'a ReplyTo, uses: u8, now: Timestamp) -> Result<&'a Secret, Error> {
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

    fn patience_until(&self, ends: Instant) -> Patience {
        Patience { total: ends.saturating_duration_since(Instant::now()), ..self.patience }
    }

    /// At most half of what is left, so that the message itself keeps its time.
    fn patience_for_files(&self, ends: Instant) -> Patience {
        let patience = self.patience_until(ends);
        Patience { total: (patience.total / 2).min(FILES_TIME), ..patience }
    }
}

/// Says why there are no files.
fn without_files(error: Error) -> Vec<Aside> {
    tracing::warn!(error = error.chain(), "a reply is cut, since no file could be added to it");
    Vec::new()
}

/// Looks into an answer of 200: Slack says there too that it refused.
pub(super) async fn accepted(response: Response) -> Result<(), Error> {
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
