//! What the app asks of a workspace, and why: the least that its features need.

use super::options::{Feature, Options};
use crate::policy;

/// What kind of thing is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bot scope: what the app may do.
    Scope,
    /// A bot event: what Slack tells the app of.
    Event,
}

/// A scope or an event that the app needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Whether it is a scope or an event.
    pub kind: Kind,
    /// What Slack calls it, such as `chat:write`.
    pub name: &'static str,
    /// What the bot does with it.
    pub why: &'static str,
    /// The feature that it is for; without one it is always needed.
    pub feature: Option<Feature>,
    /// The kind of member of a role that it is for: it is needed where the policy has one.
    pub member: Option<policy::Kind>,
}

/// Slack refuses slash commands without `commands`, and an event without the scope of the same feature.
const NEEDS: [Need; 10] = [
    scope("commands", "slash commands and shortcuts", None),
    scope(
        "chat:write",
        "replies where a reply address is missing or used up: messages, forms, progress, schedules, the audit channel",
        None,
    ),
    scope("app_mentions:read", "messages that begin with @bot, as in threads", Some(Feature::Mentions)),
    scope("im:history", "direct messages to the bot, and no other messages", Some(Feature::DirectMessages)),
    scope("files:write", "long output as a file", Some(Feature::Files)),
    who("usergroups:read", "who is in the user groups that the policy names", policy::Kind::Group),
    who("users:read", "the account of who asks, as the policy names e-mail addresses", policy::Kind::Email),
    who("users:read.email", "the address of that account, if Slack has confirmed it", policy::Kind::Email),
    event("app_mention", "a message that mentions the bot", Some(Feature::Mentions)),
    event("message.im", "a direct message to the bot", Some(Feature::DirectMessages)),
];

const fn scope(name: &'static str, why: &'static str, feature: Option<Feature>) -> Need {
    Need { kind: Kind::Scope, name, why, feature, member: None }
}

const fn event(name: &'static str, why: &'static str, feature: Option<Feature>) -> Need {
    Need { kind: Kind::Event, name, why, feature, member: None }
}

const fn who(name: &'static str, why: &'static str, member: policy::Kind) -> Need {
    Need { kind: Kind::Scope, name, why, feature: None, member: Some(member) }
}

/// Returns what an app needs that is made with these options: scopes, then events.
pub fn needs(options: &Options) -> impl Iterator<Item = &'static Need> {
    NEEDS.iter().filter(|need| {
        need.feature.is_none_or(|feature| !options.without.contains(&feature))
            && need.member.is_none_or(|member| options.members.contains(&member))
    })
}
