//! What Slack makes of the bot's answer to a request.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::address;
use super::api::views;
use super::call::Call;
use super::check::{self, check_view};
use super::message::Message;
use super::people::asked;
use super::view::View;
use super::workspace::{State, Workspace};
use crate::http::HttpResponse;

/// How long Slack waits for an answer. docs.slack.dev, "Handling user interaction", "Events API".
pub const ANSWER_TIME: Duration = Duration::from_secs(3);

/// What came of the bot's answer.
#[derive(Clone, Debug)]
pub enum Taken {
    /// Slack shows nothing more.
    Nothing,
    /// It is shown as a message.
    Message(Message),
    /// These words stand beside the fields of the view, by block.
    Errors(Vec<(String, String)>),
    /// This view is open now.
    View(View),
    /// The view is closed.
    Closed,
    /// The menu offers these words.
    Options(Vec<String>),
}

/// Measures from sending until the answer.
///
/// # Panics
///
/// Fails the test when it took longer than Slack waits ([`ANSWER_TIME`]).
pub async fn in_time<T>(answer: impl Future<Output = T>) -> T {
    let sent = Instant::now();
    let answer = answer.await;
    let took = sent.elapsed();
    assert!(took <= ANSWER_TIME, "the answer took {took:?}, and Slack waits for {ANSWER_TIME:?}");
    answer
}

impl Workspace {
    /// Takes the bot's answer to `call` as Slack does: shows it as a message, puts errors beside fields, changes the open
    /// view, fills a menu. An error says what Slack could not take; its people see that the app did not respond.
    pub fn take(&self, call: &Call, answer: &HttpResponse) -> Result<Taken, String> {
        if answer.status() != http::StatusCode::OK {
            return Err(format!("it was answered {}", answer.status()));
        }
        let body = answer.body();
        let json = || -> Result<Value, String> {
            serde_json::from_slice(body).map_err(|error| format!("the answer is no JSON: {error}"))
        };
        let mut state = self.state();
        let taken = if call.is_command() {
            if body.is_empty() { Taken::Nothing } else { shown(&mut state, call, json()?)? }
        } else {
            let Some(fields) = call.interaction().and_then(Value::as_object) else { return Ok(Taken::Nothing) };
            match fields["type"].as_str() {
                Some("view_submission") => {
                    let id = fields["view"]["id"].as_str().unwrap_or_default();
                    let json = if body.is_empty() { Value::Null } else { json()? };
                    submitted(&mut state, id, &json)?
                }
                Some("block_suggestion") => {
                    let (view, block) = asked(fields).unwrap_or_default();
                    offered(&mut state, view, block, &json()?)?
                }
                _ => Taken::Nothing,
            }
        };
        drop(state);
        self.tell();
        Ok(taken)
    }
}

/// Shows the answer to a slash command.
fn shown(state: &mut State, call: &Call, json: Value) -> Result<Taken, String> {
    let bare = json.as_object().is_some_and(|fields| fields.keys().all(|name| name == "response_type"));
    if bare {
        return Ok(Taken::Nothing); // it only shows the asker's own words
    }
    check::of_message(&json).map_err(|breaches| breaches.said().refusal.unwrap_or_default())?;
    let uses = state.addresses.get(call.path()).map(|address| address.original.clone());
    address::put(state, call.path(), &json);
    let message = state.messages.last().cloned();
    // An answer is no original for the address: a post in its place is a new message.
    if let (Some(original), Some(address)) = (uses, state.addresses.get_mut(call.path())) {
        address.original = original;
        if let Some(message) = message {
            return Ok(Taken::Message(message));
        }
    }
    Ok(Taken::Nothing)
}

/// Does what the answer to a submission says. docs.slack.dev, "Modals".
fn submitted(state: &mut State, id: &str, json: &Value) -> Result<Taken, String> {
    let Some(at) = state.views.iter().position(|view| view.id == id) else {
        return Err("the view is not open any more".to_owned());
    };
    let view = || {
        check_view(&json["view"]).map_err(|breaches| breaches.join("; "))?;
        Ok::<_, String>(json["view"].clone())
    };
    match json["response_action"].as_str() {
        None if json.is_null() || json.as_object().is_some_and(serde_json::Map::is_empty) => {
            let user = state.views[at].user.clone();
            let mut place = 0..;
            state.views.retain(|view| place.next() < Some(at) || view.user != user);
            Ok(Taken::Closed)
        }
        Some("clear") => {
            let user = state.views[at].user.clone();
            state.views.retain(|view| view.user != user);
            Ok(Taken::Closed)
        }
        Some("errors") => {
            let errors = json["errors"].as_object().filter(|errors| !errors.is_empty());
            let errors = errors.ok_or("`errors` names no field")?.iter();
            let errors =
                errors.map(|(id, said)| Some((id.clone(), said.as_str()?.to_owned()))).collect::<Option<Vec<_>>>();
            let errors = errors.ok_or("an error is not a text")?;
            let inputs = state.views[at].inputs();
            if let Some((id, _)) = errors.iter().find(|(id, _)| !inputs.iter().any(|(input, _)| input == id)) {
                return Err(format!("the view has no input block {id:?}"));
            }
            state.views[at].errors.clone_from(&errors);
            Ok(Taken::Errors(errors))
        }
        Some("update") => {
            views::change(state, at, view()?);
            Ok(Taken::View(state.views[at].clone()))
        }
        Some("push") => {
            let user = state.views[at].user.clone();
            views::put(state, view()?, user).map_err(|said| said.refusal.unwrap_or_default())?;
            state.views.last().cloned().map(Taken::View).ok_or_else(|| "no view is open".to_owned())
        }
        _ => Err(format!("the answer is no `response_action`: {json}")),
    }
}

/// Fills a menu with what the bot offers. docs.slack.dev, "block_suggestion payload".
fn offered(state: &mut State, view: &str, block: &str, json: &Value) -> Result<Taken, String> {
    check::of_offer(json).map_err(|breaches| breaches.join("; "))?;
    let groups = json["option_groups"].as_array().into_iter().flatten();
    let grouped = groups.filter_map(|group| group["options"].as_array()).flatten();
    let all: Vec<Value> = json["options"].as_array().into_iter().flatten().chain(grouped).cloned().collect();
    let words = all.iter().filter_map(|option| option["text"]["text"].as_str()).map(str::to_owned).collect();
    if let Some(view) = state.views.iter_mut().find(|open| open.id == view) {
        view.offered.retain(|(id, _)| id != block);
        view.offered.push((block.to_owned(), all));
    }
    Ok(Taken::Options(words))
}
