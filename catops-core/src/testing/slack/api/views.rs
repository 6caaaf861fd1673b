//! Modal views. docs.slack.dev, "views.open", "views.push", "views.update".

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::check;
use super::super::post::Said;
use super::super::view::View;
use super::super::workspace::{State, Workspace};
use super::{needed, refuse};
use crate::time::Timestamp;

/// How long a trigger can be exchanged for a view. docs.slack.dev, "Handling user interaction".
pub const TRIGGER_TIME: Duration = Duration::from_secs(3);

/// How many views lie on each other at most. docs.slack.dev, "views.push", `push_limit_reached`.
const STACK: usize = 3;

/// What a request can open a view with, once.
#[derive(Debug)]
pub(in super::super) struct Trigger {
    pub(in super::super) born: Timestamp,
    pub(in super::super) user: String,
    pub(in super::super) is_used: bool,
}

/// Returns the view among the arguments, which may be JSON in a string.
fn view(body: &Value) -> Result<Value, Said> {
    let view = match &body["view"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        view => view.clone(),
    };
    check::of_view(&view).map_err(check::Breaches::said)?;
    Ok(view)
}

/// Uses a trigger up, and returns who gave it.
fn exchange(state: &mut State, id: &str) -> Result<String, Said> {
    let now = state.now();
    match state.triggers.get_mut(id) {
        None => refuse("invalid_trigger_id"),
        Some(trigger) if trigger.is_used => refuse("exchanged_trigger_id"),
        Some(trigger) if now.since(trigger.born) > TRIGGER_TIME => refuse("expired_trigger_id"),
        Some(trigger) => {
            trigger.is_used = true;
            Ok(trigger.user.clone())
        }
    }
}

pub(super) fn open(workspace: &Workspace, body: &Value, over: bool) -> Result<Value, Said> {
    let mut state = workspace.state();
    let trigger = needed(body, "trigger_id")?;
    let view = view(body)?;
    let user = exchange(&mut state, trigger)?;
    if !over {
        state.views.retain(|view| view.user != user);
    }
    put(&mut state, view, user)
}

/// Opens a view on top of those that are open before the same person.
pub(in super::super) fn put(state: &mut State, body: Value, user: String) -> Result<Value, Said> {
    let external = &body["external_id"];
    if external.as_str().is_some_and(|id| !id.is_empty())
        && state.views.iter().any(|v| v.body["external_id"] == *external)
    {
        return refuse("duplicate_external_id");
    }
    if state.views.iter().filter(|view| view.user == user).count() >= STACK {
        return refuse("push_limit_reached");
    }
    let number = state.next();
    let (id, hash) = (format!("V{number:04}"), hash(state));
    let mut stack = state.views.iter().filter(|view| view.user == user);
    let root = stack.next().map_or_else(|| id.clone(), |view| view.id.clone());
    let below = state.views.iter().rev().find(|view| view.user == user).map(|view| view.id.clone());
    let view = View { id, root, below, user, hash, body, errors: Vec::new(), offered: Vec::new() };
    let shown = view.to_json(Map::new());
    state.views.push(view);
    Ok(json!({"view": shown}))
}

/// Changes the view at a place.
pub(in super::super) fn change(state: &mut State, at: usize, body: Value) -> Value {
    let hash = hash(state);
    let view = &mut state.views[at];
    (view.hash, view.body) = (hash, body);
    view.errors.clear();
    json!({"view": view.to_json(Map::new())})
}

fn hash(state: &mut State) -> String {
    let seconds = state.now().as_secs();
    format!("{seconds}.{:08x}", state.next())
}

pub(super) fn update(workspace: &Workspace, body: &Value) -> Result<Value, Said> {
    let mut state = workspace.state();
    let meant = |view: &View| {
        let external = &body["external_id"];
        body["view_id"] == view.id || external.is_string() && view.body["external_id"] == *external
    };
    let Some(at) = state.views.iter().position(meant) else { return refuse("not_found") };
    if body["hash"].as_str().is_some_and(|hash| hash != state.views[at].hash) {
        return refuse("hash_conflict");
    }
    let view = view(body)?;
    Ok(change(&mut state, at, view))
}
