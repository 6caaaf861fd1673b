//! From what somebody filled in to a command line.

use super::Input;
use super::make::input;
use crate::command::{Command, Param, Shape, refusal};
use crate::line::{Words, escape, is_space, quote, split};

/// Makes the line that runs `command` with what is in the fields of its form: plain text, or the chat's ids.
///
/// `Err` has the names of fields and what is wrong with each.
pub fn compose(command: &Command, values: &[(String, Vec<String>)]) -> Result<String, Vec<(String, String)>> {
    let mut wrong = Vec::new();
    let mut filled = Vec::with_capacity(command.params().len());
    for param in command.params() {
        let value = values.iter().find(|(name, _)| name == param.name()).map_or(&[][..], |(_, words)| words);
        match words(param, value) {
            Ok(words) => filled.push((param, words)),
            Err(reason) => wrong.push((param.name().to_owned(), reason)),
        }
    }
    if wrong.is_empty() {
        wrong = fill_gaps(&mut filled);
    }
    if wrong.is_empty() { Ok(line(command, &filled)) } else { Err(wrong) }
}

/// Returns the words for one parameter, in escaped form, or what is wrong with them.
fn words(param: &Param, value: &[String]) -> Result<Vec<String>, String> {
    let value = value.iter().map(|text| text.trim_matches(is_space)).filter(|text| !text.is_empty());
    let words: Vec<String> = match input(param) {
        Input::Flag => return Ok(value.filter(|text| *text == "true").take(1).map(str::to_owned).collect()),
        Input::User { .. } => value.map(|id| reference('@', id)).collect(),
        Input::Channel { .. } => value.map(|id| reference('#', id)).collect(),
        Input::Words => {
            let mut words = Vec::new();
            for text in value {
                let text = escape(text);
                let line = split(&text);
                if let Some(open) = line.unclosed {
                    return Err(crate::command::never_closed(&text, open));
                }
                words.extend(line.tokens.into_iter().map(|token| token.text).filter(|word| !word.is_empty()));
            }
            words
        }
        Input::Text { .. } | Input::Choice { .. } | Input::Complete { .. } => value.map(escape).collect(),
    };
    let count = if param.is_list() { words.len() } else { words.len().min(1) };
    if count == 0 && param.is_required() {
        return Err("this must be filled in".to_owned());
    }
    let words: Vec<String> = words.into_iter().take(count).collect();
    match words.iter().find_map(|word| refusal(param, word)) {
        Some(reason) => Err(reason),
        None => Ok(words),
    }
}

fn reference(sign: char, id: &str) -> String {
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_id { format!("<{sign}{id}>") } else { escape(id) }
}

/// A word is known by its place, so one that is left out before one that is not takes its default, or is asked for.
fn fill_gaps(filled: &mut [(&Param, Vec<String>)]) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let mut is_needed = false;
    for (param, words) in filled.iter_mut().rev().filter(|(param, _)| !param.is_option()) {
        is_needed |= !words.is_empty();
        if is_needed && words.is_empty() {
            match param.default() {
                Some(default) => words.push(escape(default)),
                None => wrong
                    .push((param.name().to_owned(), "this must be filled in too, since one after it is".to_owned())),
            }
        }
    }
    wrong.reverse();
    wrong
}

fn line(command: &Command, filled: &[(&Param, Vec<String>)]) -> String {
    let mut parts = vec![command.path()];
    for (param, words) in filled {
        let Some(long) = param.long() else { continue };
        for word in words {
            match word.starts_with('-') {
                _ if param.shape() == Shape::Flag => parts.push(format!("--{long}")),
                true => parts.push(quote(&format!("--{long}={word}"))),
                false => parts.extend([format!("--{long}"), quote(word)]),
            }
        }
    }
    let mut at_place = Vec::new();
    for (param, words) in filled.iter().filter(|(param, _)| !param.is_option()) {
        match param.shape() {
            // It runs to the end of the line, as it is.
            Shape::Rest => at_place.extend(words.iter().cloned()),
            _ => at_place.extend(words.iter().map(|word| quote(word))),
        }
    }
    let is_dashed = |text: &String| Words::new(text).next().is_some_and(|token| token.text.starts_with('-'));
    if at_place.iter().any(is_dashed) {
        parts.push("--".to_owned());
    }
    parts.extend(at_place);
    parts.join(" ")
}
