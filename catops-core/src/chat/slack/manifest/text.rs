//! Text that fits into a manifest.

use super::super::fit;

/// Returns the length of a text as [`limits`](super::limits) count it.
pub(super) fn units(text: &str) -> usize {
    fit::units(text)
}

/// Puts a text into one line, without characters that steer a terminal or break YAML.
pub(super) fn one_line(text: &str) -> String {
    let clean = |word: &str| -> String { word.chars().filter(|c| !is_odd(*c)).collect() };
    let words: Vec<String> = text.split_whitespace().map(clean).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Returns whether a character is no part of a text: a control, a mark of byte order, or none at all.
fn is_odd(c: char) -> bool {
    c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns the text in one line, cut to `max` units if it is longer, at a word if one ends in the second half. An
/// ellipsis marks the cut.
pub(super) fn cut(text: &str, max: usize) -> String {
    let line = one_line(text);
    if units(&line) <= max {
        return line;
    }
    let (mut end, mut count) = (0, 1);
    for (at, c) in line.char_indices() {
        count += c.len_utf16();
        if count > max {
            break;
        }
        end = at + c.len_utf8();
    }
    let start = &line[..end];
    let word = if line[end..].starts_with(' ') { None } else { start.rfind(' ').filter(|at| *at >= end / 2) };
    format!("{}…", start[..word.unwrap_or(end)].trim_end())
}

/// Encodes a text for the query of a URL, spaces as `%20`.
pub(super) fn percent(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cuts_are_at_words() {
        for (text, max, expected) in [
            ("one two three", 13, "one two three"),
            ("one two three", 12, "one two…"),
            ("one two three", 8, "one two…"),
            ("one two three", 7, "one…"),
            ("onetwothree", 6, "onetw…"),
            ("a bcdefghij", 8, "a bcdef…"),
            (" one\n\ttwo\u{2028}three\u{7} ", 20, "one two three"),
            ("🐱🐱🐱", 4, "🐱…"),
            ("", 5, ""),
        ] {
            assert_eq!(cut(text, max), expected, "{text:?} to {max}");
        }
    }

    #[test]
    fn what_is_no_letter_or_digit_is_encoded() {
        assert_eq!(percent(r#"{"a b":"é+&%"}"#), "%7B%22a%20b%22%3A%22%C3%A9%2B%26%25%22%7D");
    }

    proptest! {
        #[test]
        fn a_cut_fits_and_is_a_start(text in any::<String>(), max in 1usize..60) {
            let out = cut(&text, max);
            prop_assert!(units(&out) <= max);
            prop_assert!(out.chars().all(|c| c == ' ' || !c.is_whitespace()), "{out:?}");
            let line = one_line(&text);
            prop_assert!(out == line || line.starts_with(out.strip_suffix('…').expect("a mark")));
        }
    }
}
