//! Views that show a form of ours: what is typed into them, and what they are sent off with.

use serde_json::Value;

use super::fields::{items, text};
use super::interaction::Payload;
use super::reply_address;
use crate::chat::slack::limits::REPLY_TIME;
use crate::chat::slack::seals::Kind;
use crate::chat::slack::view::{ACTION, CALLBACK, CHANNEL};
use crate::chat::{Inbound, Rejection, Submission, Typing};
use crate::form::Draft;
use crate::http;
use crate::job::JobId;
use crate::request::Channel;

/// Reads what somebody types into a menu that asks us for its words.
pub(super) fn typing(payload: &Payload<'_>) -> Result<Inbound, Rejection> {
    if !is_ours(payload) {
        tracing::debug!(chat = payload.slack.name, "a menu that is none of the bot's forms asks for words");
        return Ok(Inbound::Answer(http::json(r#"{"options":[]}"#)));
    }
    let actor = payload.actor()?;
    let field = payload.needed("/block_id")?.to_owned();
    let (draft, typed) = (draft(payload)?, payload.text("/value").to_owned());
    Ok(Inbound::Complete(Box::new(Typing { actor, draft, field, typed })))
}

/// Reads what somebody filled in.
pub(super) fn submission(payload: &Payload<'_>) -> Result<Inbound, Rejection> {
    if !is_ours(payload) {
        return Ok(payload.not_for_us("it is none of the bot's forms"));
    }
    let actor = payload.actor()?;
    let id = JobId::of(&[payload.slack.name, &actor.team, "view", payload.needed("/view/id")?]);
    let mut draft = draft(payload)?;
    let mut values = Vec::new();
    let blocks = payload.json.pointer("/view/state/values").and_then(Value::as_object);
    for (block, elements) in blocks.into_iter().flatten() {
        let words = elements.get(ACTION).map(filled_in).unwrap_or_default();
        match words.first() {
            Some(channel) if block == CHANNEL => reply_there(payload, &mut draft, channel)?,
            _ if block == CHANNEL => {}
            _ => values.push((block.clone(), words)),
        }
    }
    Ok(Inbound::Submit(Box::new(Submission { id, actor, draft, values })))
}

fn is_ours(payload: &Payload<'_>) -> bool {
    payload.text("/view/callback_id") == CALLBACK
}

/// Opens what the form carries.
fn draft(payload: &Payload<'_>) -> Result<Draft, Rejection> {
    let opened = payload.slack.seals.open(Kind::Form, payload.text("/view/private_metadata"));
    let draft: Option<Draft> = opened.and_then(|json| serde_json::from_str(json).ok());
    // The console beside Slack seals with the same key.
    draft.filter(|draft| draft.reply_to.chat == payload.slack.name).ok_or_else(|| {
        let said = "refused a form: its seal is not the bot's own, so it was altered, or is from another bot";
        tracing::warn!(chat = payload.slack.name, "{said}");
        Rejection::Malformed
    })
}

/// Sends the replies to the channel that was chosen in the form.
fn reply_there(payload: &Payload<'_>, draft: &mut Draft, channel: &str) -> Result<(), Rejection> {
    let url = items(payload.json, "/response_urls").first().map_or("", |first| text(first, "/response_url"));
    draft.reply_to.url = reply_address(payload.slack, url.to_owned())?;
    draft.reply_to.expires = payload.now + REPLY_TIME;
    draft.reply_to.channel = channel.to_owned();
    draft.channel = Channel { id: channel.to_owned(), name: String::new() };
    Ok(())
}

/// Returns the words in an element: it has them under `value`, or under `selected_` with the kind of what is selected.
fn filled_in(element: &Value) -> Vec<String> {
    let members = element.as_object().into_iter().flatten();
    let mut answers = members.filter(|(name, _)| *name == "value" || name.starts_with("selected_"));
    answers.next().map(|(_, answer)| words(answer)).unwrap_or_default()
}

fn words(answer: &Value) -> Vec<String> {
    match answer {
        Value::String(word) if !word.is_empty() => vec![word.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(answers) => answers.iter().flat_map(words).collect(),
        Value::Object(option) => option.get("value").map(words).unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_element_has_its_words() {
        let option = |value: &str| json!({"text": {"type": "plain_text", "text": "shown"}, "value": value});
        let none: [&str; 0] = [];
        for (element, expected) in [
            (json!({"type": "plain_text_input", "value": "a b"}), &["a b"][..]),
            (json!({"type": "plain_text_input", "value": null}), &none),
            (json!({"type": "plain_text_input", "value": ""}), &none),
            (json!({"type": "number_input", "value": "3"}), &["3"]),
            (json!({"type": "url_text_input", "value": "https://a"}), &["https://a"]),
            (json!({"type": "email_text_input", "value": "a@b"}), &["a@b"]),
            (json!({"type": "static_select", "selected_option": option("a")}), &["a"]),
            (json!({"type": "external_select", "selected_option": null}), &none),
            (json!({"type": "multi_static_select", "selected_options": [option("a"), option("b")]}), &["a", "b"]),
            (json!({"type": "multi_external_select", "selected_options": []}), &none),
            (json!({"type": "checkboxes", "selected_options": [option("true")]}), &["true"]),
            (json!({"type": "radio_buttons", "selected_option": option("a")}), &["a"]),
            (json!({"type": "users_select", "selected_user": "U1"}), &["U1"]),
            (json!({"type": "multi_users_select", "selected_users": ["U1", "U2"]}), &["U1", "U2"]),
            (json!({"type": "conversations_select", "selected_conversation": "C1"}), &["C1"]),
            (json!({"type": "multi_conversations_select", "selected_conversations": ["C1"]}), &["C1"]),
            (json!({"type": "channels_select", "selected_channel": null}), &none),
            (json!({"type": "multi_channels_select", "selected_channels": ["C1", "C2"]}), &["C1", "C2"]),
            (json!({"type": "datepicker", "selected_date": "2026-01-02"}), &["2026-01-02"]),
            (json!({"type": "datetimepicker", "selected_date_time": 1_800_000_000}), &["1800000000"]),
            (json!({"type": "rich_text_input"}), &none),
            (json!("value"), &none),
            (json!(null), &none),
        ] {
            assert_eq!(filled_in(&element), expected, "{element}");
        }
    }
}
