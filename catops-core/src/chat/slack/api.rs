//! Slack's Web API: posts as the bot, where there is no `response_url` or it can no longer be used.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::button::Sealing;
use super::render;
use crate::client::{Client, Patience};
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

/// The bot's own way to post.
pub(super) struct Api {
    token: Secret,
    base: String,
}

/// Shows where it posts, and no token.
impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What a method answers, with status 200 also where it refused.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: String,
    /// Where the message is, and its name there.
    #[serde(default)]
    channel: String,
    #[serde(default)]
    ts: String,
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
            Some(url) => checked(url, others).map_err(|wrong| {
                let said = format!("CATOPS_SLACK_API_URL {wrong}; it is an address such as `{BASE}`");
                Error::new(ErrorKind::Config, said)
            })?,
            None => BASE.to_owned(),
        };
        Ok(Self { token, base })
    }

    /// Posts `reply` to the channel of `to`: for all, or for the asker alone; or changes what it posted before.
    pub(super) async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        sealing: Sealing<'_>,
        patience: Patience,
    ) -> Result<Posted, Error> {
        let started = Instant::now();
        let left = || Patience { total: patience.total.saturating_sub(started.elapsed()), ..patience };
        let uses = earlier.map_or(0, |earlier| earlier.uses);
        let posted = |message| Posted { audience: reply.audience, uses, message };
        let same = earlier.filter(|earlier| earlier.audience == reply.audience);
        if let Some((channel, ts)) = same.and_then(|earlier| earlier.message.as_deref()?.split_once('/')) {
            let answer =
                self.call("chat.update", render::post(reply, channel, None, Some(ts), sealing), left()).await?;
            // Somebody may have removed the message meanwhile, or the workspace forbids to change it so late.
            if !matches!(answer.error.as_str(), "message_not_found" | "cant_update_message" | "edit_window_closed") {
                return answer.into_name(channel).map(posted);
            }
        }
        if to.channel.is_empty() {
            return Err(Error::new(ErrorKind::Refused, "it is not known which channel the reply belongs to"));
        }
        let (method, user) = match reply.audience {
            Audience::Channel => ("chat.postMessage", None),
            Audience::Asker if to.user.is_empty() => {
                return Err(Error::new(ErrorKind::Refused, "the reply is for the asker alone, who is not known"));
            }
            Audience::Asker => ("chat.postEphemeral", Some(to.user.as_str())),
        };
        let answer = self.call(method, render::post(reply, &to.channel, user, None, sealing), left()).await?;
        let name = answer.into_name(&to.channel)?;
        // What only one person sees cannot be changed.
        Ok(posted(if user.is_none() { name } else { None }))
    }

    /// Changes the message of `channel` that `body` names to what it holds.
    pub(super) async fn update(&self, channel: &str, body: bytes::Bytes, patience: Patience) -> Result<(), Error> {
        self.call("chat.update", body, patience).await?.into_name(channel).map(|_| ())
    }

    /// Calls a method, and waits and calls again as long as Slack says that it was too much.
    async fn call(&self, method: &str, body: bytes::Bytes, patience: Patience) -> Result<Answer, Error> {
        let url = Secret::new(format!("{}{method}", self.base));
        let started = Instant::now();
        loop {
            let total = patience.total.saturating_sub(started.elapsed());
            let patience = Patience { total, ..patience };
            let response = match Client::shared().deliver_as(&self.token, &url, body.clone(), patience).await {
                Ok(response) => response,
                Err(error) if error.kind() == ErrorKind::Gone => {
                    let said = format!("there is no `{method}` at CATOPS_SLACK_API_URL, which is `{BASE}` unless set");
                    return Err(Error::new(ErrorKind::Config, said).because(error));
                }
                Err(error) => return Err(error),
            };
            let wait = response.retry_after().unwrap_or(CALM);
            let answer: Answer = response.json().await?;
            // Most come with status 429, which the client waits for; `chat.postMessage` lists one with 200.
            let is_busy = !answer.ok && matches!(answer.error.as_str(), "ratelimited" | "rate_limited");
            if !is_busy || wait >= patience.total.saturating_sub(started.elapsed()) {
                return Ok(answer);
            }
            sleep(wait).await;
        }
    }
}

impl Answer {
    /// Returns what the message can be changed by, or why there is none.
    fn into_name(self, channel: &str) -> Result<Option<String>, Error> {
        if self.ok {
            return Ok(
                (!self.channel.is_empty() && !self.ts.is_empty()).then(|| format!("{}/{}", self.channel, self.ts))
            );
        }
        Err(refusal(&self.error, channel))
    }
}

/// Says why Slack refused, and what helps. The codes are those of docs.slack.dev, "chat.postMessage", "Errors".
fn refusal(code: &str, channel: &str) -> Error {
    let (kind, said) = match code {
        "channel_not_found" => (
            ErrorKind::Refused,
            format!(
                "Slack has no channel `{channel}` that the bot can see; check the id (CATOPS_SCHEDULE_CHANNEL, for a \
                 schedule), and invite the bot if the channel is private"
            ),
        ),
        "not_in_channel" => (
            ErrorKind::Refused,
            format!(
                "the bot is not in the channel `{channel}`; invite it there, or give it the scope `chat:write.public`"
            ),
        ),
        "is_archived" => (ErrorKind::Refused, format!("the channel `{channel}` is archived; choose another")),
        "user_not_in_channel" => (ErrorKind::Refused, format!("the asker is no longer in the channel `{channel}`")),
        "missing_scope" => (
            ErrorKind::Config,
            "CATOPS_SLACK_BOT_TOKEN lacks the scope `chat:write`; add it to your app under \"OAuth & Permissions\", and \
             install the app anew"
                .to_owned(),
        ),
        "invalid_auth" | "not_authed" | "account_inactive" | "token_expired" | "token_revoked"
        | "not_allowed_token_type" => (
            ErrorKind::Config,
            format!(
                "Slack does not take CATOPS_SLACK_BOT_TOKEN ({code}); copy it again: your app, \"OAuth & Permissions\", \
                 \"Bot User OAuth Token\""
            ),
        ),
        "ratelimited" | "rate_limited" => {
            (ErrorKind::Unavailable, "Slack takes no more messages for now, longer than we can wait".to_owned())
        }
        // These may have posted all the same, so they are not tried again here.
        "fatal_error" | "internal_error" | "request_timeout" | "service_unavailable" | "team_added_to_org" => {
            (ErrorKind::Unavailable, format!("Slack could not take the reply: {code}"))
        }
        _ => (ErrorKind::Refused, format!("Slack refused the reply: {}", super::code(code))),
    };
    Error::new(kind, said)
}

/// Returns the address with a slash at its end, or what is wrong with it.
fn checked(url: &str, others: &[String]) -> Result<String, &'static str> {
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err("does not begin with `https://`"),
    };
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '\\' | '?' | '#' | '@');
    let parsed: http::Uri = match url.parse() {
        Ok(parsed) if !url.contains(odd) => parsed,
        _ => return Err("is not a plain address"),
    };
    let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
    // The parser that checks and the one that connects have to agree on the host.
    if parsed.authority().is_none_or(|parsed| parsed.as_str() != authority) {
        return Err("is not a plain address");
    }
    let host = parsed.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if !secure && !is_loopback && !others.iter().any(|other| other == authority) {
        return Err("begins with `http://`, which is for loopback and for what CATOPS_REPLY_HOSTS lists");
    }
    Ok(if url.ends_with('/') { url.to_owned() } else { format!("{url}/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Result<&str, &str>) {
        let others = ["proxy.example.com:8080".to_owned()];
        assert_eq!(checked(url, &others).as_deref().map_err(|wrong| *wrong), expected, "{url}");
    }

    #[test]
    fn addresses() {
        check(BASE, Ok(BASE));
        check("https://slack-gov.com/api", Ok("https://slack-gov.com/api/"));
        check("http://127.0.0.1:4000/api", Ok("http://127.0.0.1:4000/api/"));
        check("http://[::1]:4000", Ok("http://[::1]:4000/"));
        check("http://localhost/api/", Ok("http://localhost/api/"));
        check("http://proxy.example.com:8080/api/", Ok("http://proxy.example.com:8080/api/"));
        let clear = Err("begins with `http://`, which is for loopback and for what CATOPS_REPLY_HOSTS lists");
        check("http://slack.com/api/", clear);
        check("http://proxy.example.com/api/", clear);
        check("http://127.0.0.1.evil.example/api/", clear);
        check("http://localhost.evil.example/api/", clear);
        check("slack.com/api/", Err("does not begin with `https://`"));
        check("", Err("does not begin with `https://`"));
        check("ftp://slack.com/", Err("does not begin with `https://`"));
        for url in [
            "https://",
            "https:///api/",
            "https://user@slack.com/api/",
            "https://slack.com/api/?x=",
            "https://slack.com/api/#x",
            "https://slack.com\\evil.example/",
            "https://sl ack.com/",
            "https://sl\u{e4}ck.com/",
            "http://127.0.0.1:4000@evil.example/",
        ] {
            check(url, Err("is not a plain address"));
        }
    }

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
