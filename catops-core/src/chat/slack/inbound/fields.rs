//! Members of a JSON body, found by their path.
//!
//! Bodies are looked into rather than read into types: the bot uses few of their many members, Slack adds to them as it
//! likes, and a type for each kind is code that every function must carry, where what reads plain JSON is there anyway.

use serde_json::Value;

use crate::chat::Rejection;

/// Returns the text at a path such as `/user/id`; empty if there is none, or something else.
pub(super) fn text<'a>(json: &'a Value, path: &str) -> &'a str {
    json.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the text at a path where there must be one.
pub(super) fn needed<'a>(json: &'a Value, path: &str) -> Result<&'a str, Rejection> {
    Some(text(json, path)).filter(|text| !text.is_empty()).ok_or(Rejection::Malformed)
}

/// Returns the first text that is not empty, of several paths.
pub(super) fn first<'a>(json: &'a Value, paths: &[&str]) -> &'a str {
    paths.iter().map(|path| text(json, path)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// Returns the items of the list at a path.
pub(super) fn items<'a>(json: &'a Value, path: &str) -> &'a [Value] {
    json.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns whether there is anything at a path; `null` and `false` are nothing.
pub(super) fn has(json: &Value, path: &str) -> bool {
    json.pointer(path).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
}

/// Returns a word of Slack's own as it may stand in a log line.
pub(super) fn word(text: &str) -> &str {
    let is_word = text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_word { text } else { "unknown" }
}

/// Cuts `text` to `limit` characters.
pub(super) fn clipped(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}
