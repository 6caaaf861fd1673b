//! The messages of the console's channel: what a press quotes, and what `chat.update` changes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use catops_core::{JobId, Timestamp};
use serde_json::{Map, Value};

use super::workspace::Person;

/// How many messages are kept; of more, the oldest can no longer be changed or pressed.
const MAX_KEPT: usize = 1000;

/// What of a message is shown, under Slack's names.
const SHOWN: [&str; 4] = ["text", "blocks", "attachments", "files"];

/// A message, as the channel has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    /// Its text, blocks, attachments and files.
    pub(super) fields: Map<String, Value>,
    /// The typed line that it answers by that line's own address.
    pub(super) turn: Option<String>,
    /// The message that it stands under.
    pub(super) thread: Option<String>,
    /// Who alone sees it; nobody if the channel does.
    pub(super) only: Option<&'static Person>,
    /// Who wrote it; nobody if the bot did.
    pub(super) from: Option<&'static Person>,
}

impl Message {
    /// Takes what is shown from what the bot sent.
    pub(super) fn of(mut sent: Map<String, Value>) -> Self {
        sent.retain(|name, _| SHOWN.contains(&name.as_str()));
        let mut message = Self { fields: sent, ..Self::default() };
        message.name_elements();
        message
    }

    /// Gives names to the blocks and elements that have none, as Slack does when it takes a message.
    fn name_elements(&mut self) {
        name_blocks(self.fields.get_mut("blocks"));
        let attachments = self.fields.get_mut("attachments").and_then(Value::as_array_mut);
        for attachment in attachments.into_iter().flatten() {
            name_blocks(attachment.get_mut("blocks"));
        }
    }

    /// Returns the element of that name in the block of that name.
    pub(super) fn element(&self, block: &str, action: &str) -> Option<&Value> {
        let own = self.fields.get("blocks").into_iter();
        let attachments = self.fields.get("attachments").and_then(Value::as_array).into_iter().flatten();
        let blocks = own.chain(attachments.filter_map(|attachment| attachment.get("blocks")));
        let found = blocks.filter_map(Value::as_array).flatten().find(|found| found["block_id"] == block)?;
        let elements = found.get("elements").and_then(Value::as_array).into_iter().flatten();
        elements.chain(found.get("accessory")).find(|element| element["action_id"] == action)
    }
}

/// Gives names to the blocks of a list, and to the elements in them, that have none.
pub(super) fn name_blocks(blocks: Option<&mut Value>) {
    let name = |value: &mut Value, key: &str| {
        if let Some(object) = value.as_object_mut()
            && !object.get(key).is_some_and(Value::is_string)
        {
            object.insert(key.to_owned(), JobId::random().as_str().into());
        }
    };
    for block in blocks.and_then(Value::as_array_mut).into_iter().flatten() {
        name(block, "block_id");
        let is_row = block["type"] == "actions";
        let elements = block.get_mut("elements").and_then(Value::as_array_mut);
        elements.into_iter().flatten().filter(|_| is_row).for_each(|element| name(element, "action_id"));
        for part in ["accessory", "element"] {
            block.get_mut(part).into_iter().for_each(|element| name(element, "action_id"));
        }
    }
}

/// The messages by their names, which are times as Slack writes them and sort as text.
#[derive(Default)]
pub(super) struct Messages {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The latest name, in microseconds.
    last: u64,
    messages: BTreeMap<String, Message>,
}

impl Messages {
    /// Keeps a message and returns its name.
    pub(super) fn add(&self, message: Message, now: Timestamp) -> String {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last = (kept.last + 1).max(now.as_millis() * 1000);
        let ts = format!("{}.{:06}", kept.last / 1_000_000, kept.last % 1_000_000);
        kept.messages.insert(ts.clone(), message);
        while kept.messages.len() > MAX_KEPT {
            kept.messages.pop_first();
        }
        ts
    }

    /// Puts other content into a message and returns it; nothing if it is not there.
    pub(super) fn change(&self, ts: &str, content: Message) -> Option<Message> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let message = kept.messages.get_mut(ts)?;
        message.fields = content.fields;
        Some(message.clone())
    }

    pub(super) fn get(&self, ts: &str) -> Option<Message> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).messages.get(ts).cloned()
    }

    /// Takes a message away; returns whether it was there.
    pub(super) fn remove(&self, ts: &str) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).messages.remove(ts).is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::workspace::PEOPLE;
    use super::*;

    fn message(fields: &Value) -> Message {
        Message::of(fields.as_object().unwrap().clone())
    }

    #[test]
    fn every_element_can_be_named() {
        let row = json!({"type": "actions", "elements": [{"type": "button", "value": "a"}, {"action_id": "x"}]});
        let said = json!({"type": "section", "block_id": "s", "accessory": {"type": "button"}});
        let message = message(&json!({"blocks": [row, said], "attachments": [{"blocks": [row]}], "channel": "C1"}));
        assert!(!message.fields.contains_key("channel"));
        let inner = &message.fields["attachments"][0]["blocks"][0];
        for block in [&message.fields["blocks"][0], inner] {
            let (block_id, action_id) = (block["block_id"].as_str().unwrap(), &block["elements"][0]["action_id"]);
            assert_eq!(message.element(block_id, action_id.as_str().unwrap()).unwrap()["value"], "a");
            assert!(message.element(block_id, "x").is_some() && message.element(block_id, "y").is_none());
        }
        assert!(message.element("t", "x").is_none());
        let accessory = message.fields["blocks"][1]["accessory"]["action_id"].as_str().unwrap();
        assert!(message.element("s", accessory).is_some());
    }

    #[test]
    fn names_are_times_that_grow() {
        let messages = Messages::default();
        let now = Timestamp::from_millis(1_700_000_000_123);
        let names: Vec<_> = (0..3).map(|_| messages.add(Message::default(), now)).collect();
        assert_eq!(names, ["1700000000.123000", "1700000000.123001", "1700000000.123002"]);
        assert_eq!(messages.add(Message::default(), Timestamp::from_secs(1)), "1700000000.123003");
    }

    #[test]
    fn a_change_keeps_the_place() {
        let messages = Messages::default();
        let first =
            Message { thread: Some("1.0".to_owned()), only: Some(&PEOPLE[1]), ..message(&json!({"text": "a"})) };
        let ts = messages.add(first.clone(), Timestamp::from_secs(1));
        let changed = messages.change(&ts, message(&json!({"text": "b"}))).unwrap();
        assert_eq!(changed, Message { fields: message(&json!({"text": "b"})).fields, ..first });
        assert_eq!(messages.get(&ts), Some(changed));
        assert!(messages.remove(&ts) && !messages.remove(&ts));
        assert_eq!(messages.change(&ts, Message::default()), None);
    }

    #[test]
    fn the_oldest_of_too_many_is_forgotten() {
        let messages = Messages::default();
        let names: Vec<_> = (0..=MAX_KEPT).map(|_| messages.add(Message::default(), Timestamp::from_secs(1))).collect();
        assert_eq!(messages.get(&names[0]), None);
        assert!(messages.get(&names[1]).is_some());
    }
}
