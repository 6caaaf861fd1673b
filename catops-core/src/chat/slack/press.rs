//! The message that held a button, once somebody pressed it: without its buttons, and with a line that says who did.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Slack;
use super::canvas::OURS;
use super::deliver::accepted;
use super::fit::{clip, units};
use super::limits::{BLOCKS, NOTE_TEXT};
use super::mrkdwn::{escape, lines};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::request::{Press, ReplyTo};
use crate::time::Timestamp;

/// What Slack adds to an image and does not take back (slackapi/bolt-js, issue 1841).
const OF_IMAGES: [&str; 5] = ["image_width", "image_height", "image_bytes", "is_animated", "fallback"];

impl Slack {
    /// Changes the message that held the button: by the address that came with the press, or by the bot's token.
    ///
    /// A message that only one person sees is not in the payload, so it stays as it is.
    pub(super) async fn tell_pressed(
        &self,
        to: &ReplyTo,
        press: &Press,
        note: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(message) = press.message.as_ref().and_then(|message| changed(message, note)) else { return Ok(()) };
        let by_address = match self.address(to, 0, now) {
            Ok(url) => {
                let body =
                    with(message.clone(), [("response_type", json!("in_channel")), ("replace_original", json!(true))]);
                let delivered = Client::shared().deliver(url, body, self.patience).await;
                match delivered {
                    Ok(response) => accepted(response).await,
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        let ts = press.message.as_ref().and_then(|message| message.get("ts")).filter(|ts| ts.is_string());
        match (by_address, &self.api, ts) {
            // The address is used up, or there is none.
            (Err(error), Some(api), Some(ts)) if matches!(error.kind(), ErrorKind::Gone | ErrorKind::Config) => {
                let body = with(message, [("channel", json!(to.channel)), ("ts", ts.clone())]);
                api.update(&to.channel, body, self.patience).await
            }
            (result, ..) => result,
        }
    }
}

fn with<const N: usize>(mut message: Map<String, Value>, more: [(&str, Value); N]) -> Bytes {
    message.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(message).to_string().into()
}

/// Makes the message that takes the place of `message`, which is as Slack sent it: `text`, `blocks`, `attachments`.
fn changed(message: &Value, note: &str) -> Option<Map<String, Value>> {
    let message = message.as_object()?;
    let list = |name: &str| message.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (mut blocks, mut attachments) = (list("blocks"), list("attachments"));
    let note = context(note);
    // It goes where the buttons were, so that a message with a colour has it beside that colour.
    let mut is_noted = without_buttons(&mut blocks);
    if is_noted {
        add(&mut blocks, note.clone());
    }
    for attachment in &mut attachments {
        repair(attachment);
        let Some(inner) = attachment.get_mut("blocks").and_then(Value::as_array_mut) else { continue };
        if without_buttons(inner) && !is_noted {
            add(inner, note.clone());
            is_noted = true;
        }
    }
    attachments.retain(|attachment| attachment.get("blocks").is_none_or(|blocks| blocks != &json!([])));
    if !is_noted {
        add(&mut blocks, note);
    }
    for block in &mut blocks {
        repair(block);
    }
    let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
    let mut out = Map::new();
    out.insert("text".to_owned(), text.into());
    if !blocks.is_empty() {
        out.insert("blocks".to_owned(), blocks.into());
    }
    if !attachments.is_empty() {
        out.insert("attachments".to_owned(), attachments.into());
    }
    Some(out)
}

/// Writes the note as small print.
fn context(note: &str) -> Value {
    let mut text = lines(note.trim());
    if units(&text) > NOTE_TEXT {
        text = clip(escape(note.trim()), NOTE_TEXT);
    }
    json!({"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": true}]})
}

/// Adds a block at the end; in a full message the last one makes room.
fn add(blocks: &mut Vec<Value>, block: Value) {
    blocks.truncate(BLOCKS - 1);
    blocks.push(block);
}

/// Takes our buttons out; returns whether there were any.
fn without_buttons(blocks: &mut Vec<Value>) -> bool {
    let is_ours = |element: &Value| element["action_id"].as_str().is_some_and(|id| id.starts_with(OURS));
    let mut found = false;
    blocks.retain_mut(|block| {
        if block["type"] != "actions" {
            return true;
        }
        let Some(elements) = block.get_mut("elements").and_then(Value::as_array_mut) else { return true };
        let before = elements.len();
        elements.retain(|element| !is_ours(element));
        found |= elements.len() < before;
        elements.len() == before || !elements.is_empty()
    });
    found
}

/// Makes of a part of a message that Slack sent one that Slack takes.
fn repair(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(repair),
        Value::Object(map) => {
            if map.get("type").is_some_and(|kind| kind == "image") {
                map.retain(|name, _| !OF_IMAGES.contains(&name.as_str()));
            }
            // The colour of an attachment comes without the sign that its documentation writes.
            let is_bare = |color: &str| color.len() == 6 && color.bytes().all(|byte| byte.is_ascii_hexdigit());
            match map.get_mut("color") {
                Some(Value::String(color)) if is_bare(color) => color.insert(0, '#'),
                _ => {}
            }
            map.values_mut().for_each(repair);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: Value, expected: Value) {
        assert_eq!(Value::from(changed(&message, "**ann** pressed <x>").unwrap()), expected);
    }

    fn button(id: &str) -> Value {
        json!({"type": "button", "action_id": id, "text": {"type": "plain_text", "text": "x", "emoji": true}, "value": "v"})
    }

    fn actions(ids: &[&str]) -> Value {
        json!({"type": "actions", "block_id": "b", "elements": ids.iter().map(|id| button(id)).collect::<Vec<_>>()})
    }

    fn note() -> Value {
        json!({"type": "context", "elements": [{"type": "mrkdwn", "text": "*ann* pressed &lt;x&gt;", "verbatim": true}]})
    }

    fn section() -> Value {
        json!({"type": "section", "block_id": "a", "text": {"type": "mrkdwn", "text": "a &amp; b", "verbatim": true}})
    }

    #[test]
    fn our_buttons_make_room_for_the_note() {
        check(
            json!({
                "type": "message", "bot_id": "B1", "ts": "1.2", "text": "a &amp; b",
                "blocks": [section(), actions(&["run:1", "run:2"]), section(), actions(&["run:3"])],
            }),
            json!({"text": "a &amp; b", "blocks": [section(), section(), note()]}),
        );
    }

    #[test]
    fn buttons_of_others_stay() {
        check(
            json!({"text": "", "blocks": [actions(&["run:1", "other"]), actions(&["x"])]}),
            json!({"text": "", "blocks": [actions(&["other"]), actions(&["x"]), note()]}),
        );
    }

    #[test]
    fn a_message_with_a_colour_keeps_it() {
        check(
            json!({"text": "x", "attachments": [
                {"id": 1, "color": "36a64f", "blocks": [section(), actions(&["run:1"])]},
                {"id": 2, "color": "#d40e0d", "text": "old"},
                {"id": 3, "color": "good", "blocks": [actions(&["run:2"])]},
            ]}),
            json!({"text": "x", "attachments": [
                {"id": 1, "color": "#36a64f", "blocks": [section(), note()]},
                {"id": 2, "color": "#d40e0d", "text": "old"},
            ]}),
        );
    }

    #[test]
    fn what_slack_adds_to_images_is_left_out() {
        let image = json!({"type": "image", "image_url": "https://x.example/1.png", "alt_text": "a cat"});
        let mut added = image.clone();
        added.as_object_mut().unwrap().extend(
            [
                ("image_width", json!(1)),
                ("image_bytes", json!(2)),
                ("is_animated", json!(true)),
                ("fallback", json!("1x1")),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let nested = |image: &Value| json!({"type": "context", "elements": [image]});
        check(
            json!({"text": "", "blocks": [added, nested(&added)]}),
            json!({"text": "", "blocks": [image, nested(&image), note()]}),
        );
    }

    #[test]
    fn a_full_message_stays_within_the_limit() {
        let message = json!({"text": "", "blocks": vec![section(); BLOCKS]});
        let blocks = changed(&message, "x").unwrap()["blocks"].as_array().unwrap().len();
        assert_eq!(blocks, BLOCKS);
    }

    #[test]
    fn what_is_no_message_is_left_alone() {
        for message in [json!(null), json!([]), json!("text")] {
            assert_eq!(changed(&message, "x"), None);
        }
        let odd =
            json!([null, 1, [], {}, {"type": "actions"}, {"type": "actions", "elements": [null, {"action_id": 1}]}]);
        check(
            json!({"text": "x", "blocks": odd, "attachments": [null, {"color": 1, "blocks": {}}, {"blocks": odd}]}),
            json!({
                "text": "x",
                "blocks": odd.as_array().unwrap().iter().cloned().chain([note()]).collect::<Vec<_>>(),
                "attachments": [null, {"color": 1, "blocks": {}}, {"blocks": odd}],
            }),
        );
        assert_eq!(
            Value::from(changed(&json!({"blocks": 1, "attachments": {}, "text": []}), "x").unwrap())["text"],
            ""
        );
    }
}
