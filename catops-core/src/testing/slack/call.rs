//! What Slack sends to the bot: slash commands, events, interactions.

mod event;
mod interaction;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::Value;

use self::event::Event;
use super::form::{self, FORM};
use super::signer::Signer;
use super::{APP, CHANNEL, TEAM, USER};
use crate::http::HttpRequest;
use crate::time::Timestamp;

/// The old token that Slack still puts into each body; a bot trusts the signature alone.
const LEGACY_TOKEN: &str = "legacy-verification-token";

const JSON: &str = "application/json";

/// One request of Slack's to the bot, to be signed and sent.
///
/// Make it with a [`Workspace`](super::Workspace), which gives it a reply address and a trigger, or by itself where only
/// the first leg is looked at. It comes from [`USER`] named ann in [`CHANNEL`] named ops, unless told otherwise.
#[derive(Clone, Debug)]
pub struct Call {
    scene: Scene,
    trigger_id: String,
    response_url: Option<String>,
    retry: Option<(u8, &'static str)>,
    body: Body,
}

/// Who does something, and where.
#[derive(Clone, Debug)]
struct Scene {
    user: String,
    name: String,
    /// The workspace of the person, which differs from the bot's in a channel shared with another.
    team: String,
    enterprise: Option<String>,
    is_org_wide: bool,
    channel: String,
    channel_name: String,
}

#[derive(Clone, Debug)]
enum Body {
    Probe,
    Command { command: String, text: String },
    Handshake { challenge: String },
    Limited,
    Event(Box<Event>),
    Interaction { fields: Value, in_channel: bool },
}

impl Call {
    fn new(body: Body) -> Self {
        let scene = Scene {
            user: USER.to_owned(),
            name: "ann".to_owned(),
            team: TEAM.to_owned(),
            enterprise: None,
            is_org_wide: false,
            channel: CHANNEL.to_owned(),
            channel_name: "ops".to_owned(),
        };
        Self { scene, trigger_id: String::new(), response_url: None, retry: None, body }
    }

    /// A slash command: `/meow` and this text, escaped as Slack escapes it (`&amp;`, `<@U1|ann>`).
    pub fn command(text: &str) -> Self {
        Self::new(Body::Command { command: "/meow".to_owned(), text: text.to_owned() })
    }

    /// A look at the certificate, which may come without a sound signature.
    pub fn probe() -> Self {
        Self::new(Body::Probe)
    }

    /// The handshake when the address of events is saved.
    pub fn handshake(challenge: &str) -> Self {
        Self::new(Body::Handshake { challenge: challenge.to_owned() })
    }

    /// The news that too many events came for one workspace.
    pub fn rate_limited() -> Self {
        Self::new(Body::Limited)
    }

    /// Sets who does it, by id.
    #[must_use]
    pub fn by(mut self, user: &str) -> Self {
        user.clone_into(&mut self.scene.user);
        self
    }

    /// Sets the name that Slack sends along.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.scene.name);
        self
    }

    /// Sets where it is done: the id of a channel, of a private one (`G`), or of a conversation with the bot (`D`).
    #[must_use]
    pub fn in_channel(mut self, channel: &str) -> Self {
        channel.clone_into(&mut self.scene.channel);
        channel.to_lowercase().clone_into(&mut self.scene.channel_name);
        self
    }

    /// Lets the person be of another workspace, with which the channel is shared.
    #[must_use]
    pub fn from_team(mut self, team: &str) -> Self {
        team.clone_into(&mut self.scene.team);
        self
    }

    /// Puts the workspace into an organisation (Enterprise Grid).
    #[must_use]
    pub fn in_enterprise(mut self, enterprise: &str) -> Self {
        self.scene.enterprise = Some(enterprise.to_owned());
        self
    }

    /// Lets the bot be installed for the whole organisation, and not for one workspace of it.
    #[must_use]
    pub const fn org_wide(mut self) -> Self {
        self.scene.is_org_wide = true;
        self
    }

    /// Sets the slash command, such as `/deploy`.
    #[must_use]
    pub fn at_command(mut self, word: &str) -> Self {
        if let Body::Command { command, .. } = &mut self.body {
            word.clone_into(command);
        }
        self
    }

    /// Marks an event as sent again: the 1st to 3rd time, because of `http_timeout`, `http_error` and so on. All else is
    /// the same, but the signature.
    #[must_use]
    pub const fn again(mut self, number: u8, reason: &'static str) -> Self {
        self.retry = Some((number, reason));
        self
    }

    /// Sets the reply address.
    #[must_use]
    pub fn with_address(mut self, url: &str) -> Self {
        self.response_url = Some(url.to_owned());
        self
    }

    /// Leaves out the reply address.
    #[must_use]
    pub fn without_address(mut self) -> Self {
        self.response_url = None;
        self
    }

    /// Sets the trigger: unique each time somebody does something.
    #[must_use]
    pub fn with_trigger(mut self, id: &str) -> Self {
        id.clone_into(&mut self.trigger_id);
        self
    }

    /// Returns the words of a slash command, or of the message of an event.
    pub fn text(&self) -> &str {
        match &self.body {
            Body::Command { text, .. } => text,
            Body::Event(event) => event.text(),
            _ => "",
        }
    }

    /// Returns the id of the person.
    pub fn user(&self) -> &str {
        &self.scene.user
    }

    /// Returns the id of the channel.
    pub fn channel(&self) -> &str {
        &self.scene.channel
    }

    /// Returns the id of the person's workspace.
    pub fn team(&self) -> &str {
        &self.scene.team
    }

    /// Returns the trigger.
    pub fn trigger_id(&self) -> &str {
        &self.trigger_id
    }

    /// Returns the reply address.
    pub fn response_url(&self) -> Option<&str> {
        self.response_url.as_deref()
    }

    /// Returns the path of the reply address, which [`Workspace::posts`](super::Workspace::posts) takes; empty without
    /// one.
    pub fn path(&self) -> &str {
        let url = self.response_url.as_deref().unwrap_or_default();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.find('/').map_or("", |at| &rest[at..])
    }

    /// Returns whether the answer to it is a message that Slack shows.
    pub(super) const fn is_command(&self) -> bool {
        matches!(self.body, Body::Command { .. })
    }

    /// Returns the content of an interaction that has not got what all have.
    pub(super) const fn interaction(&self) -> Option<&Value> {
        match &self.body {
            Body::Interaction { fields, .. } => Some(fields),
            _ => None,
        }
    }

    /// Returns whether Slack gives a trigger, and a reply address.
    pub(super) fn is_given(&self) -> (bool, bool) {
        match &self.body {
            Body::Command { .. } => (true, true),
            Body::Interaction { fields, in_channel } => {
                let kind = fields["type"].as_str().unwrap_or_default();
                (!matches!(kind, "block_suggestion" | "view_closed"), *in_channel && kind != "block_suggestion")
            }
            _ => (false, false),
        }
    }

    /// Returns the body: a form or JSON.
    pub fn body(&self) -> String {
        match &self.body {
            Body::Probe => form::write(&[("ssl_check", "1"), ("token", LEGACY_TOKEN)]),
            Body::Command { command, text } => self.command_form(command, text),
            Body::Interaction { fields, in_channel } => {
                form::write(&[("payload", &self.payload(fields, *in_channel).to_string())])
            }
            Body::Handshake { challenge } => serde_json::json!({
                "token": LEGACY_TOKEN, "challenge": challenge, "type": "url_verification",
            })
            .to_string(),
            Body::Limited => serde_json::json!({
                "token": LEGACY_TOKEN, "type": "app_rate_limited", "team_id": self.scene.team,
                "minute_rate_limited": 1_700_000_040, "api_app_id": APP,
            })
            .to_string(),
            Body::Event(event) => self.envelope(event).to_string(),
        }
    }

    fn command_form(&self, command: &str, text: &str) -> String {
        let scene = &self.scene;
        let mut fields = vec![
            ("token", LEGACY_TOKEN),
            ("team_id", &scene.team),
            ("team_domain", "example"),
            ("channel_id", &scene.channel),
            ("channel_name", &scene.channel_name),
            ("user_id", &scene.user),
            ("user_name", &scene.name),
            ("command", command),
            ("text", text),
            ("api_app_id", APP),
            ("is_enterprise_install", if scene.is_org_wide { "true" } else { "false" }),
        ];
        if let Some(enterprise) = &scene.enterprise {
            fields.extend([("enterprise_id", enterprise.as_str()), ("enterprise_name", "Example Org")]);
        }
        if let Some(url) = &self.response_url {
            fields.push(("response_url", url));
        }
        fields.push(("trigger_id", &self.trigger_id));
        form::write(&fields)
    }

    /// Makes the request as Slack would send it at `at`.
    pub fn signed(&self, signer: &Signer, at: Timestamp) -> HttpRequest {
        let kind = match self.body {
            Body::Probe | Body::Command { .. } | Body::Interaction { .. } => FORM,
            Body::Handshake { .. } | Body::Limited | Body::Event(_) => JSON,
        };
        let mut http = signer.post(kind, Bytes::from(self.body()), at);
        if let Some((number, reason)) = self.retry {
            http.headers_mut().insert("x-slack-retry-num", HeaderValue::from(u16::from(number)));
            http.headers_mut().insert("x-slack-retry-reason", HeaderValue::from_static(reason));
        }
        http
    }
}
