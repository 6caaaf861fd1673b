//! Who people are. docs.slack.dev, "users.info", "usergroups.users.list".

use serde_json::{Value, json};

use super::super::TEAM;
use super::super::post::Said;
use super::super::workspace::Workspace;
use super::{needed, refuse};

/// An account that the Web API tells of: of the bot's workspace, without an address, until told otherwise.
#[derive(Clone, Debug)]
pub struct Person {
    pub(in super::super) id: String,
    user: Value,
}

impl Person {
    /// Somebody with this id.
    pub fn new(id: &str) -> Self {
        let user = json!({
            "id": id, "team_id": TEAM, "name": id.to_lowercase(), "deleted": false, "is_admin": false, "is_owner": false,
            "is_restricted": false, "is_ultra_restricted": false, "is_bot": false, "is_app_user": false,
            "is_email_confirmed": false, "updated": 1_700_000_000, "profile": {"display_name": "", "title": ""},
        });
        Self { id: id.to_owned(), user }
    }

    /// With this address, which is confirmed. Without a call of this, it is as where the token lacks `users:read.email`.
    #[must_use]
    pub fn with_address(mut self, address: &str) -> Self {
        self.user["profile"]["email"] = address.into();
        self.with("is_email_confirmed", true)
    }

    /// Of another workspace, which shares a channel with the bot's.
    #[must_use]
    pub fn of_team(self, team: &str) -> Self {
        self.with("team_id", team)
    }

    /// With a field of the user object set, such as `deleted`.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.user[field] = value.into();
        self
    }
}

impl Workspace {
    /// Lets the Web API tell of an account, in place of what it told of that id before.
    pub fn person(&self, person: Person) {
        self.state().people.insert(person.id.clone(), person);
    }

    /// Makes a user group of these people, or sets who is in it.
    pub fn group(&self, id: &str, users: &[&str]) {
        self.state().groups.insert(id.to_owned(), users.iter().map(|user| (*user).to_owned()).collect());
    }
}

pub(super) fn info(workspace: &Workspace, body: &Value) -> Result<Value, Said> {
    let state = workspace.state();
    match state.people.get(needed(body, "user")?) {
        Some(person) => Ok(json!({"user": person.user})),
        None => refuse("user_not_found"),
    }
}

pub(super) fn members(workspace: &Workspace, body: &Value) -> Result<Value, Said> {
    let state = workspace.state();
    match state.groups.get(needed(body, "usergroup")?) {
        Some(users) => Ok(json!({ "users": users })),
        None => refuse("no_such_subteam"),
    }
}
