//! An account, and whether Slack vouches for its address.
//!
//! Whoever runs a workspace can give its accounts any address, and people of another workspace meet the bot in shared
//! channels. So an address counts for accounts of the bot's own workspace or organisation alone. That an account is no
//! `is_stranger` says nothing: one of another workspace that shares a channel with the bot is none either.
//! docs.slack.dev, "User object", "Slack Connect".

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::request::Actor;

/// Whose bot this is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Own {
    team: String,
    /// The Enterprise organisation that the workspace is part of; empty if it is of none.
    organisation: String,
    /// Whether the app is installed in all of the organisation.
    is_org_wide: bool,
}

impl Own {
    /// Reads what `auth.test` says; `None` if it does not say what is needed.
    pub(super) fn read(told: &Value) -> Option<Self> {
        Some(Self {
            team: text(&told["team_id"]).filter(|team| !team.is_empty())?,
            organisation: text(&told["enterprise_id"]).unwrap_or_default(),
            is_org_wide: told["is_enterprise_install"] == true,
        })
    }
}

/// An account.
#[derive(Debug)]
pub(super) struct User {
    id: String,
    team: String,
    /// Whether it is deleted, a bot or a stranger.
    is_out: bool,
    /// Empty also where the token lacks the scope: that is no error of Slack's.
    address: String,
    is_confirmed: Option<bool>,
    /// In an organisation a person has one id everywhere, and may still be known by the one from before.
    other_id: String,
    organisation: String,
    /// The workspaces of the organisation that it is in.
    teams: Vec<String>,
}

impl User {
    /// Reads what `users.info` says; `None` if it does not say what is needed.
    pub(super) fn read(user: &Value) -> Option<Self> {
        let org = &user["enterprise_user"];
        let flagged = |name: &&str| !matches!(user[*name], Value::Null | Value::Bool(false));
        Some(Self {
            id: text(&user["id"])?,
            team: text(&user["team_id"]).unwrap_or_default(),
            is_out: ["deleted", "is_bot", "is_stranger"].iter().any(flagged),
            address: text(&user["profile"]["email"]).unwrap_or_default(),
            is_confirmed: user["is_email_confirmed"].as_bool(),
            other_id: text(&org["id"]).unwrap_or_default(),
            organisation: text(&org["enterprise_id"]).unwrap_or_default(),
            teams: org["teams"].as_array().into_iter().flatten().filter_map(text).collect(),
        })
    }

    /// Returns whether `address` is that of the account, and Slack vouches for it.
    ///
    /// It is an error if the account says that it is, and Slack does not vouch for it: then it may be who a rule that denies
    /// is about.
    pub(super) fn has(&self, address: &str, actor: &Actor, own: &Own) -> Result<bool, Error> {
        let unknown = |why: &str| {
            Err(Error::new(
                ErrorKind::Refused,
                format!("Slack does not vouch for the address of `{}`: {why}", actor.id),
            ))
        };
        // ASCII alone, since there are letters beyond it that become one of it when they are made small.
        let is_it = self.address.eq_ignore_ascii_case(address);
        if let Some(why) = self.foreign(actor, own) {
            return if is_it { unknown(why) } else { Ok(false) };
        }
        match self.is_confirmed {
            _ if self.address.is_empty() => unknown(
                "it tells none; CATOPS_SLACK_BOT_TOKEN may lack the scope `users:read.email`: add it to your app under \
                 \"OAuth & Permissions\", and install the app anew",
            ),
            None => unknown("it does not say whether the address is confirmed"),
            Some(false) if is_it => unknown("it is not confirmed"),
            Some(is_confirmed) => Ok(is_it && is_confirmed),
        }
    }

    /// Returns why the address of the account counts for nothing, whatever it is.
    fn foreign(&self, actor: &Actor, own: &Own) -> Option<&'static str> {
        let is_in = |team: &str| !team.is_empty() && (self.team == team || self.teams.iter().any(|one| one == team));
        let is_in_org = |id: &str| !id.is_empty() && self.organisation == id;
        if self.id != actor.id && self.other_id != actor.id {
            return Some("it is another account");
        }
        if self.is_out {
            return Some("the account is deleted, a bot or a stranger");
        }
        if !is_in(&actor.team) && !is_in_org(&actor.team) {
            return Some("the account is not of the workspace that the request came from");
        }
        let is_own = is_in(&own.team) || own.is_org_wide && is_in_org(&own.organisation);
        (!is_own).then_some("the account is of another workspace")
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn actor(team: &str) -> Actor {
        Actor { id: "U1".to_owned(), name: String::new(), team: team.to_owned() }
    }

    fn own(team: &str, organisation: &str, is_org_wide: bool) -> Own {
        Own { team: team.to_owned(), organisation: organisation.to_owned(), is_org_wide }
    }

    /// An account of the bot's own workspace, with these fields besides.
    fn user(more: &Value) -> User {
        let mut user = json!({
            "id": "U1", "team_id": "T1", "name": "ann", "deleted": false, "color": "9f69e7", "is_admin": false, "is_bot": false,
            "is_restricted": false, "is_ultra_restricted": false, "is_app_user": false, "is_email_confirmed": true,
            "updated": 1_700_000_000, "profile": {"email": "Ann@Example.com", "display_name": "", "title": null},
        });
        for (name, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(user.as_object_mut().unwrap().remove(name)),
                value => user[name] = value.clone(),
            }
        }
        User::read(&user).unwrap()
    }

    /// `Some(_)` is whether it is known to be theirs, `None` that it is not known.
    fn check(more: Value, actor: &Actor, own: &Own, expected: Option<bool>) {
        assert_eq!(user(&more).has("ann@example.com", actor, own).ok(), expected, "{more} {actor:?} {own:?}");
    }

    #[test]
    fn an_address_counts_where_slack_vouches_for_it() {
        let (ann, own) = (actor("T1"), own("T1", "", false));
        let check = |more: Value, expected| check(more, &ann, &own, expected);
        check(json!({}), Some(true));
        check(json!({"profile": {"email": "bo@example.com"}}), Some(false));
        check(json!({"profile": {"email": "ann@example.com.evil.example"}}), Some(false));
        // A guest whose address is named is meant.
        check(json!({"is_restricted": true}), Some(true));
        check(json!({"is_email_confirmed": false}), None);
        check(json!({"is_email_confirmed": false, "profile": {"email": "bo@example.com"}}), Some(false));
        check(json!({"is_email_confirmed": null}), None);
        for lacking in [json!({"profile": {}}), json!({"profile": {"email": null}}), json!({"profile": {"email": ""}})]
        {
            check(lacking, None);
        }
        for flag in ["deleted", "is_bot", "is_stranger"] {
            check(json!({ flag: true }), None);
            check(json!({ flag: "yes" }), None);
            check(json!({flag: true, "profile": {}}), Some(false));
        }
        check(json!({"id": "U2"}), None);
    }

    #[test]
    fn a_letter_that_becomes_another_when_small_is_not_that_letter() {
        let kelvin = user(&json!({"profile": {"email": "\u{212a}im@example.com"}}));
        assert!(!kelvin.has("kim@example.com", &actor("T1"), &own("T1", "", false)).unwrap());
    }

    #[test]
    fn only_accounts_of_the_bots_own_workspace_or_organisation_have_an_address() {
        let mine = own("T1", "", false);
        // It is no stranger, since it shares a channel with the bot, and its own workspace has confirmed what it likes.
        check(json!({"team_id": "T2", "is_stranger": false}), &actor("T2"), &mine, None);
        check(json!({"team_id": "T2", "profile": {}}), &actor("T2"), &mine, Some(false));
        check(json!({}), &actor("T2"), &mine, None);
        check(json!({}), &actor(""), &mine, None);
        check(json!({"team_id": ""}), &actor(""), &own("", "", false), None);
        let grid = |teams: &[&str]| json!({"team_id": "E1", "enterprise_user": {"id": "W1", "enterprise_id": "E1", "enterprise_name": "X", "teams": teams}});
        check(grid(&["T1", "T2"]), &actor("T1"), &own("T1", "E1", false), Some(true));
        check(grid(&["T1", "T2"]), &actor("T2"), &own("T1", "E1", false), Some(true));
        check(grid(&["T2"]), &actor("T2"), &own("T1", "E1", false), None);
        check(grid(&["T2"]), &actor("T2"), &own("T1", "E1", true), Some(true));
        check(grid(&["T2"]), &actor("E1"), &own("E1", "E1", true), Some(true));
        check(grid(&["T2"]), &actor("T2"), &own("T1", "E2", true), None);
        let w1 = Actor { id: "W1".to_owned(), ..actor("T1") };
        check(grid(&["T1"]), &w1, &own("T1", "E1", false), Some(true));
    }

    #[test]
    fn whose_bot_it_is_is_read_from_what_is_there() {
        let told = json!({
            "ok": true, "url": "https://x.slack.com/", "team": "X", "user": "catops", "team_id": "T1", "user_id": "U0",
            "bot_id": "B1", "is_enterprise_install": false,
        });
        assert_eq!(Own::read(&told), Some(own("T1", "", false)));
        let told = json!({"ok": true, "team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": true});
        assert_eq!(Own::read(&told), Some(own("T1", "E1", true)));
        for odd in [json!({"ok": true}), json!({"team_id": ""}), json!({"team_id": null}), json!([])] {
            assert_eq!(Own::read(&odd), None, "{odd}");
        }
        for odd in [json!(null), json!({}), json!("ann@example.com"), json!({"id": 7})] {
            assert!(User::read(&odd).is_none(), "{odd}");
        }
    }
}
