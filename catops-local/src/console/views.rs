//! The forms that are open on a page.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use catops_core::JobId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::messages::name_blocks;
use super::workspace::{APP, CHANNEL, Person, TEAM};

/// How many open forms are kept; of more, the oldest can no longer be sent off.
const MAX_OPEN: usize = 100;

/// A form and the window that it is shown in.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) window: String,
    /// Who fills it in.
    pub(super) who: &'static Person,
    /// The view as Slack returns it.
    pub(super) view: Value,
}

/// The open forms by their ids.
#[derive(Default)]
pub(super) struct Views {
    open: Mutex<(u64, BTreeMap<String, Open>)>,
}

impl Views {
    /// Opens a form in a window and returns it with its id; or Slack's word for what is wrong with it.
    pub(super) fn open(&self, view: Value, window: String, who: &'static Person) -> Result<Value, &'static str> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0 += 1;
        let id = format!("V{:08}-{}", open.0, JobId::random());
        let view = complete(view, &id)?;
        open.1.insert(id, Open { window, who, view: view.clone() });
        while open.1.len() > MAX_OPEN {
            open.1.pop_first();
        }
        Ok(view)
    }

    /// Puts another form in the place of an open one.
    pub(super) fn update(&self, id: &str, view: Value) -> Result<Open, &'static str> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.1.get_mut(id).ok_or("not_found")?;
        held.view = complete(view, id)?;
        Ok(held.clone())
    }

    pub(super) fn get(&self, id: &str) -> Option<Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).1.get(id).cloned()
    }

    pub(super) fn close(&self, id: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).1.remove(id);
    }
}

/// Adds what Slack adds to a view.
fn complete(mut view: Value, id: &str) -> Result<Value, &'static str> {
    let sound = view["type"] == "modal" && view["title"]["text"].is_string() && view["blocks"].is_array();
    if !sound {
        return Err("invalid_arguments");
    }
    name_blocks(view.get_mut("blocks"));
    let hash = JobId::random();
    for (name, value) in [
        ("id", json!(id)),
        ("root_view_id", json!(id)),
        ("previous_view_id", Value::Null),
        ("hash", json!(hash.as_str())),
        ("team_id", json!(TEAM)),
        ("app_id", json!(APP)),
        ("state", json!({"values": {}})),
    ] {
        view[name] = value;
    }
    for (name, value) in
        [("private_metadata", json!("")), ("callback_id", json!("")), ("notify_on_close", json!(false))]
    {
        if view.get(name).is_none() {
            view[name] = value;
        }
    }
    Ok(view)
}

/// What is in a field of the page's form.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Filled {
    /// Text as typed.
    Text(String),
    /// The options that were picked, whole.
    Options(Vec<Value>),
}

/// Writes what was filled in as Slack does: by block and element, in the words of the element's type.
pub(super) fn state(view: &Value, mut filled: BTreeMap<String, Filled>) -> Value {
    let mut values = Map::new();
    for (block, element) in inputs(view) {
        let text = |name: &Value| name.as_str().unwrap_or_default().to_owned();
        let value = of_element(element, filled.remove(&text(block)));
        values.insert(text(block), json!({ text(&element["action_id"]): value }));
    }
    values.into()
}

/// Returns the names of the blocks that take input, with the elements in them.
pub(super) fn inputs(view: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let blocks = view["blocks"].as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == "input").map(|block| (&block["block_id"], &block["element"]))
}

fn of_element(element: &Value, filled: Option<Filled>) -> Value {
    let kind = element["type"].as_str().unwrap_or_default();
    let options = match filled {
        Some(Filled::Text(text)) => {
            let text = Some(text).filter(|text| !text.is_empty());
            return json!({"type": kind, "value": text});
        }
        Some(Filled::Options(options)) => options,
        None => Vec::new(),
    };
    // People and channels are named by their ids alone.
    let ids = || options.iter().map(|option| option["value"].clone()).collect::<Vec<_>>();
    let one = |list: Vec<Value>| list.into_iter().next().unwrap_or_default();
    let (name, value) = match kind {
        "users_select" => ("selected_user", one(ids())),
        "multi_users_select" => ("selected_users", ids().into()),
        "conversations_select" => ("selected_conversation", one(ids())),
        "multi_conversations_select" => ("selected_conversations", ids().into()),
        "channels_select" => ("selected_channel", one(ids())),
        "multi_channels_select" => ("selected_channels", ids().into()),
        "static_select" | "external_select" | "radio_buttons" => ("selected_option", one(options)),
        "multi_static_select" | "multi_external_select" | "checkboxes" => ("selected_options", options.into()),
        _ => ("value", Value::Null),
    };
    json!({"type": kind, name: value})
}

/// Returns the block and the element that ask where the reply goes, if the form does and the channel was picked.
pub(super) fn reply_place(view: &Value, state: &Value) -> Option<(String, String)> {
    let text = |name: &Value| name.as_str().unwrap_or_default().to_owned();
    let (block, element) = inputs(view).find(|(_, element)| element["response_url_enabled"] == true)?;
    let (block, action) = (text(block), text(&element["action_id"]));
    let value = &state[&block][&action];
    let picked = value["selected_conversation"] == CHANNEL || value["selected_channel"] == CHANNEL;
    picked.then_some((block, action))
}

#[cfg(test)]
mod tests {
    use super::super::workspace::PEOPLE;
    use super::*;

    fn modal(elements: &[&str]) -> Value {
        let blocks: Vec<_> = elements
            .iter()
            .map(|kind| json!({"type": "input", "block_id": kind, "element": {"type": kind, "action_id": "a"}}))
            .collect();
        json!({"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": blocks})
    }

    #[test]
    fn a_form_is_opened_changed_and_closed() {
        let views = Views::default();
        let view = views.open(modal(&["plain_text_input"]), "w".to_owned(), &PEOPLE[0]).unwrap();
        let id = view["id"].as_str().unwrap();
        assert_eq!((&view["state"]["values"], &view["root_view_id"]), (&json!({}), &view["id"]));
        let other = views.update(id, modal(&[])).unwrap();
        assert_eq!((other.window.as_str(), &other.view["id"]), ("w", &view["id"]));
        assert_ne!(other.view["hash"], view["hash"]);
        views.close(id);
        assert!(views.get(id).is_none());
        assert_eq!(views.update(id, modal(&[])).err(), Some("not_found"));
        assert_eq!(views.open(json!({"type": "home"}), "w".to_owned(), &PEOPLE[0]).err(), Some("invalid_arguments"));
    }

    #[test]
    fn each_element_has_its_own_words() {
        let option = json!({"text": {"type": "plain_text", "text": "A"}, "value": "a"});
        let picked = || Filled::Options(vec![option.clone()]);
        for (kind, filled, expected) in [
            ("plain_text_input", Filled::Text("x".to_owned()), json!({"value": "x"})),
            ("plain_text_input", Filled::Text(String::new()), json!({"value": null})),
            ("static_select", picked(), json!({"selected_option": option})),
            ("external_select", Filled::Options(vec![]), json!({"selected_option": null})),
            ("multi_static_select", picked(), json!({"selected_options": [option]})),
            ("multi_external_select", Filled::Options(vec![]), json!({"selected_options": []})),
            ("checkboxes", picked(), json!({"selected_options": [option]})),
            ("users_select", picked(), json!({"selected_user": "a"})),
            ("multi_users_select", picked(), json!({"selected_users": ["a"]})),
            ("conversations_select", picked(), json!({"selected_conversation": "a"})),
            ("multi_channels_select", picked(), json!({"selected_channels": ["a"]})),
        ] {
            let mut expected = expected;
            expected["type"] = kind.into();
            let state = state(&modal(&[kind]), BTreeMap::from([(kind.to_owned(), filled)]));
            assert_eq!(state, json!({ kind: {"a": expected} }));
        }
        let untouched = state(&modal(&["plain_text_input"]), BTreeMap::new());
        assert_eq!(untouched["plain_text_input"]["a"]["value"], Value::Null);
    }

    #[test]
    fn a_form_that_asks_for_the_channel_gets_a_reply_address() {
        let mut view = modal(&["conversations_select"]);
        let filled = |id: &str| {
            let picked = Filled::Options(vec![json!({"value": id})]);
            BTreeMap::from([("conversations_select".to_owned(), picked)])
        };
        let place = |view: &Value, id: &str| reply_place(view, &state(view, filled(id)));
        assert_eq!(place(&view, CHANNEL), None);
        view["blocks"][0]["element"]["response_url_enabled"] = true.into();
        assert_eq!(place(&view, CHANNEL), Some(("conversations_select".to_owned(), "a".to_owned())));
        assert_eq!(place(&view, "C-other"), None);
    }
}
