//! What was typed at a terminal or into the console, as a line of the form that chats send.

use catops_core::line;

/// Joins the words of a shell's command line so that each is one word again.
///
/// `@ann` and `#ops` become mentions, whose ids are the names: there is no chat here that knows better.
pub(crate) fn from_shell(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| reference(word).unwrap_or_else(|| quoted(word))).collect();
    words.join(" ")
}

/// Puts what was typed in the console into escaped form, with `@ann` and `#ops` as mentions.
pub(crate) fn from_person(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        let (bare, space) = word.strip_suffix(' ').map_or((word, ""), |bare| (bare, " "));
        out.push_str(&reference(bare).unwrap_or_else(|| line::escape(bare)));
        out.push_str(space);
    }
    out
}

/// Turns `@ann` into `<@ann|ann>`, and leaves a reference as it is.
fn reference(word: &str) -> Option<String> {
    let inside = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let sign = word.chars().next().filter(|sign| matches!(sign, '@' | '#'))?;
    let name = &word[1..];
    let id = name.replace('.', "-");
    (inside(name) && inside(&id)).then(|| format!("<{sign}{id}|{name}>"))
}

/// Quotes a word if it would fall apart or be read otherwise.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,%@#~^*?!()[]{}$&;|".contains(c);
    let escaped = line::escape(word);
    if !word.is_empty() && word.chars().all(plain) {
        return escaped;
    }
    let mut out = String::with_capacity(escaped.len() + 2);
    out.push('"');
    for c in escaped.chars() {
        // The curly quotes close a straight one no more than a letter does, but a backslash and a straight one count.
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mentions() {
        let words = ["set", "@ann.lee", "#ops", "a@b", "@"].map(str::to_owned);
        assert_eq!(from_shell(&words), "set <@ann-lee|ann.lee> <#ops|ops> a@b @");
        assert_eq!(from_person("tell @ann a < b  now"), "tell <@ann|ann> a &lt; b  now");
    }

    proptest! {
        #[test]
        fn every_word_of_the_shell_stays_one_word(words in proptest::collection::vec("[^@#]\\PC{0,12}|\\PC ?[\"'\\\\“” ]", 0..5)) {
            let line = line::split(&from_shell(&words));
            let back: Vec<String> = line.tokens.iter().map(|token| line::plain(&token.text)).collect();
            let there: Vec<String> = words.iter().filter(|word| reference(word).is_none()).cloned().collect();
            prop_assume!(there.len() == words.len());
            prop_assert_eq!(back, words);
        }
    }
}
