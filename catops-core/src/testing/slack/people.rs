//! What people do in the workspace, each as the request that Slack makes of it.

use std::fmt;

use serde_json::{Map, Value, json};

use super::address::Address;
use super::api::views::Trigger;
use super::call::Call;
use super::message::{Message, elements, words};
use super::view::View;
use super::workspace::Workspace;
use crate::http::HttpRequest;

/// Something that was to be pressed, filled or picked is not there; what is there instead.
#[derive(Clone, Debug)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

fn missing<T>(said: impl Into<String>) -> Result<T, Missing> {
    Err(Missing(said.into()))
}

impl Workspace {
    /// Somebody types `/meow` and this text, escaped as Slack escapes it (`&amp;`, `<@U1|ann>`).
    pub fn command(&self, text: &str) -> Call {
        self.given(Call::command(text), None)
    }

    /// Somebody writes a message in the channel that begins with a mention of the bot.
    pub fn mention(&self, text: &str) -> Call {
        self.given(Call::mention(text), None)
    }

    /// Somebody writes to the bot alone.
    pub fn direct(&self, text: &str) -> Call {
        self.given(Call::direct(text), None)
    }

    /// Somebody picks the bot's global shortcut.
    pub fn shortcut(&self, callback_id: &str) -> Call {
        self.given(Call::shortcut(callback_id), None)
    }

    /// Somebody picks the bot's shortcut on a message with this text.
    pub fn message_shortcut(&self, callback_id: &str, text: &str) -> Call {
        self.given(Call::message_shortcut(callback_id, text), None)
    }

    /// Somebody presses the button with these words: of the open view if there is one, else of the latest message that
    /// has it. An overflow menu is pressed by the words of its option.
    pub fn press(&self, label: &str) -> Result<Call, Missing> {
        if let Some(view) = self.view() {
            let Some(action) = action(&view.body, label) else {
                return missing(format!("the view {:?} has no button {label:?}: {}", view.title(), view.all()));
            };
            let values = view.values(&[]).map_err(Missing)?;
            return Ok(self.given(Call::press_in_view(&view, action, values), None));
        }
        let state = self.state();
        let mut all = state.messages.iter().rev().filter(|message| !message.is_deleted);
        let Some(message) = all.find(|message| action(&message.body, label).is_some()).cloned() else {
            let all: Vec<_> = state.messages.iter().flat_map(Message::buttons).collect();
            return missing(format!("no message has a button {label:?}; there are {all:?}"));
        };
        drop(state);
        self.press_in(&message, label)
    }

    /// Somebody presses the button with these words in `message`, as it was when they saw it.
    pub fn press_in(&self, message: &Message, label: &str) -> Result<Call, Missing> {
        let Some(action) = action(&message.body, label) else {
            return missing(format!("the message has no button {label:?}, but {:?}", message.buttons()));
        };
        let call = Call::press_in_message(message, action);
        let call = match &message.only_for {
            Some(user) => call.by(user),
            None => call,
        };
        Ok(self.given(call, Some(message)))
    }

    /// Somebody types into the menu with this label (or block id) of the open view, which asks the bot what there is.
    pub fn typing(&self, field: &str, typed: &str) -> Result<Call, Missing> {
        let view = self.open_view()?;
        let inputs = view.inputs();
        let found = inputs.iter().find(|(id, block)| id == field || block["label"]["text"] == *field);
        let Some((id, block)) = found.filter(|(_, block)| {
            block["element"]["type"].as_str().is_some_and(|kind| kind.ends_with("external_select"))
        }) else {
            return missing(format!("the view {:?} has no menu {field:?} that asks: {}", view.title(), view.all()));
        };
        let least = block["element"]["min_query_length"].as_u64().unwrap_or(3);
        if (typed.chars().count() as u64) < least {
            return missing(format!("Slack asks nothing before {least} characters were typed into {field:?}"));
        }
        let action = block["element"]["action_id"].as_str().unwrap_or_default();
        Ok(self.given(Call::suggestion(&view, id, action, typed), None))
    }

    /// Somebody fills the open view, each field by its label or its block id, and sends it off. What is picked from a menu
    /// is named by its words or its value; several with commas between them. Fields that must be filled have to be.
    pub fn submit(&self, typed: &[(&str, &str)]) -> Result<Call, Missing> {
        let view = self.open_view()?;
        if view.body["submit"].is_null() {
            return missing(format!("the view {:?} cannot be sent off", view.title()));
        }
        let values = view.values(typed).map_err(Missing)?;
        for (id, block) in view.inputs() {
            let empty = |state: &Value| {
                let fields = state.as_object().into_iter().flatten();
                fields
                    .filter(|(name, _)| *name != "type")
                    .all(|(_, value)| value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty))
            };
            let state = values[&id].as_object().and_then(|actions| actions.values().next());
            if block["optional"] != true && state.is_none_or(empty) {
                let label = block["label"]["text"].as_str().unwrap_or(&id);
                return missing(format!("Slack does not send the view off before {label:?} is filled"));
            }
        }
        Ok(self.given(Call::submission(&view, values), None))
    }

    /// Somebody closes the open view. Slack says so only of a view with `notify_on_close`.
    pub fn close(&self) -> Result<Call, Missing> {
        let view = self.open_view()?;
        self.state().views.pop();
        if view.body["notify_on_close"] != true {
            return missing(format!("the view {:?} has no `notify_on_close`, so Slack says nothing", view.title()));
        }
        Ok(self.given(Call::closing(&view, false), None))
    }

    /// Signs a request, as sent now; the three seconds of its trigger begin.
    pub fn sign(&self, call: &Call) -> HttpRequest {
        let mut state = self.state();
        let now = state.now();
        if let Some(trigger) = state.triggers.get_mut(call.trigger_id()) {
            trigger.born = now;
            call.user().clone_into(&mut trigger.user);
        }
        if let Some(address) = state.addresses.get_mut(call.path()) {
            (address.born, address.channel, address.user) = (now, call.channel().to_owned(), call.user().to_owned());
        }
        call.signed(self.signer(), now)
    }

    fn open_view(&self) -> Result<View, Missing> {
        self.view().map_or_else(|| missing("no view is open"), Ok)
    }

    /// Gives a request what only Slack can: a trigger, a reply address, the name of its message.
    fn given(&self, call: Call, original: Option<&Message>) -> Call {
        let mut state = self.state();
        let (now, number) = (state.now(), state.next());
        let word = self.word(number);
        let (trigger, address) = call.is_given();
        let mut call = call;
        if trigger {
            let id = format!("{}.{number}.{word}", now.as_millis());
            state.triggers.insert(id.clone(), Trigger { born: now, user: call.user().to_owned(), is_used: false });
            call = call.with_trigger(&id);
        }
        if address {
            let kind = if call.is_command() { "commands" } else { "actions" };
            let path = format!("/{kind}/{}/{number}/{word}", call.team());
            call = call.with_address(&self.url(&path));
            let address = Address {
                born: now,
                uses: 0,
                channel: call.channel().to_owned(),
                user: call.user().to_owned(),
                thread_ts: original.and_then(|message| message.thread_ts.clone()),
                original: original.map(|message| message.ts.clone()),
            };
            state.addresses.insert(path, address);
        }
        if call.is_event() {
            let ts = state.ts();
            call = call.with_ts(&ts).with_event_id(&format!("Ev{word}"));
        }
        call
    }
}

/// Finds what these words stand on, and returns what Slack sends of it when it is pressed.
fn action(body: &Value, label: &str) -> Option<Value> {
    elements(body).find_map(|(block, element)| {
        let mut action = json!({
            "type": element["type"], "action_id": element["action_id"], "block_id": block,
            "action_ts": "1700000005.000200",
        });
        if words(element) == label {
            for name in ["text", "value"] {
                if !element[name].is_null() {
                    action[name] = element[name].clone();
                }
            }
            return Some(action);
        }
        // A pick from a menu of a message is a press, too.
        let options = element["options"].as_array().into_iter().flatten();
        let picked = options.filter(|option| option["text"]["text"] == *label).map(Value::clone).next()?;
        action["selected_option"] = picked;
        Some(action)
    })
}

/// Returns what a suggestion was asked for: the view, the block.
pub(super) fn asked(fields: &Map<String, Value>) -> Option<(&str, &str)> {
    Some((fields["view"]["id"].as_str()?, fields["block_id"].as_str()?))
}
