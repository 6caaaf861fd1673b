//! The words of a command line.
//!
//! Lines arrive in *escaped form*: `&amp;`, `&lt;` and `&gt;` stand for the three characters, and a bare `<` opens a
//! reference, which is one word whatever is in it: `<@U1|ann>`, `<#C1|ops>`, `<https://example.com|example.com>`.
//! [`split`] cuts a line into words that are still escaped, [`quote`] makes a word that it gives back; [`plain`] turns
//! escaped text into what the person typed, [`escape`] goes the other way.

mod reference;

pub use self::reference::plain;

/// A line cut into words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The words, in order.
    pub tokens: Vec<Token>,
    /// Where the quote stands that is never closed. Its word runs to the end of the line.
    pub unclosed: Option<usize>,
}

/// One word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The word, still escaped, without its quotes.
    pub text: String,
    /// Where it begins in the line, in bytes, with its quotes.
    pub start: usize,
    /// Where it ends in the line, in bytes, with its quotes.
    pub end: usize,
}

/// Cuts `text` into words.
///
/// Spaces part words, unless they stand in quotes or in a reference. `"…"` and `'…'` quote as in a shell; so do the curly
/// and angular quotes that phones put in their place. A single quote within or after a word is an apostrophe. A backslash
/// takes the meaning from a following space, quote or backslash, and is itself elsewhere. A long dash that begins a word
/// is `--`.
///
/// ```
/// let line = catops_core::line::split("note “it's up” —now");
/// let words: Vec<&str> = line.tokens.iter().map(|token| token.text.as_str()).collect();
/// assert_eq!(words, ["note", "it's up", "--now"]);
/// ```
pub fn split(text: &str) -> Line {
    let mut words = Words::new(text);
    let tokens = words.by_ref().collect();
    Line { tokens, unclosed: words.unclosed }
}

/// Puts plain text into escaped form.
///
/// ```
/// assert_eq!(catops_core::line::escape("a < b & c"), "a &lt; b &amp; c");
/// ```
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// Puts a word in escaped form into quotes, if it needs them, so that [`split`] gives it back as one word, whatever it holds.
///
/// ```
/// assert_eq!(catops_core::line::quote("api"), "api");
/// assert_eq!(catops_core::line::quote("the \"old\" one"), r#""the \"old\" one""#);
/// ```
pub fn quote(word: &str) -> String {
    let mut alone = Words::new(word);
    let is_same = alone.next().is_some_and(|token| token.text == word && token.end == word.len());
    // A backslash at the end would take the meaning from the space that follows.
    if is_same && alone.unclosed.is_none() && !word.ends_with('\\') {
        return word.to_owned();
    }
    let mut out = String::with_capacity(word.len() + 2);
    out.push('"');
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        // Within a reference nothing has a meaning, so nothing may be put there.
        let reference = reference::length(rest);
        if reference.is_none() && matches!(c, '"' | '\\') {
            out.push('\\');
        }
        let length = reference.unwrap_or(c.len_utf8());
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push('"');
    out
}

/// Puts a line of plain text into escaped form, as one that a command composed. A mention in it, such as `<@U1>` or
/// `<#C1|ops>`, stays a mention.
///
/// ```
/// assert_eq!(catops_core::line::escape_line("page <@U1> <b>"), "page <@U1> &lt;b&gt;");
/// ```
pub fn escape_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&escape(&rest[..at]));
        let length = reference::mention(&rest[at..]);
        let (here, after) = rest[at..].split_at(length.unwrap_or(1));
        out.push_str(length.map_or("&lt;", |_| here));
        rest = after;
    }
    out + &escape(rest)
}

/// Returns whether an escaped word is a mention of a person or a channel, and no more.
pub(crate) fn is_mention(word: &str) -> bool {
    reference::mention(word) == Some(word.len())
}

/// The words of a line, one after the other.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    text: &'a str,
    at: usize,
    unclosed: Option<usize>,
}

impl<'a> Words<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, unclosed: None }
    }
}

impl Iterator for Words<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = &self.text[self.at..];
        let start = self.at + (rest.len() - rest.trim_start_matches(is_space).len());
        if start == self.text.len() {
            self.at = start;
            return None;
        }
        let mut word = String::new();
        let mut quote: Option<(char, usize)> = None;
        // Whether a letter or a digit stands before; a reference counts as one, as in `<@U1|ann>'s`.
        let mut in_word = false;
        let mut at = start;
        while let Some(c) = self.text[at..].chars().next() {
            let rest = &self.text[at..];
            let after = rest[c.len_utf8()..].chars().next();
            let mut length = c.len_utf8();
            let mut is_letter = c.is_alphanumeric();
            match quote {
                None if is_space(c) => break,
                None if at == start && matches!(c, '—' | '–') => word.push_str("--"),
                None if opens(c) && !(is_single(c) && in_word) => quote = Some((c, at)),
                Some((open, _))
                    if closes(open, c) && !(is_single(c) && in_word && after.is_some_and(char::is_alphanumeric)) =>
                {
                    quote = None
                }
                _ if c == '\\' && takes(quote.map(|(open, _)| open), after) => {
                    let next = after.unwrap_or('\\');
                    word.push(next);
                    length += next.len_utf8();
                }
                _ => {
                    let reference = reference::length(rest);
                    length = reference.unwrap_or(length);
                    word.push_str(&rest[..length]);
                    is_letter |= reference.is_some();
                }
            }
            at += length;
            in_word = is_letter;
        }
        if let Some((_, open)) = quote {
            self.unclosed = Some(open);
        }
        self.at = at;
        Some(Token { text: word, start, end: at })
    }
}

/// Whether `c` parts words. `char::is_whitespace` knows the no-break spaces of phone keyboards, but not the zero-width one.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

fn is_single(c: char) -> bool {
    matches!(c, '\'' | '‘' | '’' | '‚')
}

fn opens(c: char) -> bool {
    is_single(c) || matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Whether `c` closes what `open` opened. Straight quotes close themselves; of the others each closes any of its family,
/// since languages disagree about which comes first.
fn closes(open: char, c: char) -> bool {
    match open {
        '"' | '\'' => c == open,
        '‘' | '’' | '‚' => matches!(c, '‘' | '’' | '\''),
        '«' | '»' => matches!(c, '«' | '»'),
        _ => matches!(c, '“' | '”' | '"'),
    }
}

/// Whether a backslash takes the meaning from `next`, in the quote that `open` began.
fn takes(open: Option<char>, next: Option<char>) -> bool {
    let Some(next) = next else { return false };
    match open {
        None => next == '\\' || is_space(next) || opens(next),
        Some(open) if is_single(open) => false,
        Some(open) => next == '\\' || closes(open, next),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        split(text).tokens.into_iter().map(|token| token.text).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let line = split(text);
        assert_eq!(words(text), expected, "{text}");
        assert_eq!(line.unclosed, None, "{text}");
    }

    #[test]
    fn spaces_part_words() {
        check("", &[]);
        check("  \t\n ", &[]);
        check(" restart  api\n", &["restart", "api"]);
        check("restart\u{a0}api\u{202f}now", &["restart", "api", "now"]);
        check("restart\u{200b} api", &["restart", "api"]);
    }

    #[test]
    fn quotes_hold_words_together() {
        check(r#"note "a b" c"#, &["note", "a b", "c"]);
        check("note 'a b' c", &["note", "a b", "c"]);
        check(r#"--why="a b""#, &["--why=a b"]);
        check(r#"a"b c"d"#, &["ab cd"]);
        check(r#"note """#, &["note", ""]);
        check("“a b” „c d“ «e f» »g h« ‘i j’ ”k l” ‚m n‘", &["a b", "c d", "e f", "g h", "i j", "k l", "m n"]);
        check(r#"“a b" c"#, &["a b", "c"]);
        check(r#""say “hi” now""#, &["say “hi” now"]);
    }

    #[test]
    fn an_apostrophe_is_no_quote() {
        check("it's ann’s", &["it's", "ann’s"]);
        check("the boys' club", &["the", "boys'", "club"]);
        check("'it's down' now", &["it's down", "now"]);
        check("‘it’s down’ now", &["it’s down", "now"]);
        check("<@U1|ann>'s turn", &["<@U1|ann>'s", "turn"]);
    }

    #[test]
    fn a_backslash_escapes_little() {
        check(r"a\ b", &["a b"]);
        check(r#"\"a \'b \\c"#, &["\"a", "'b", r"\c"]);
        check(r"C:\temp \d+ \", &[r"C:\temp", r"\d+", r"\"]);
        check(r#""a\"b \\ \n""#, &[r#"a"b \ \n"#]);
        check(r"'a\' b", &[r"a\", "b"]);
    }

    #[test]
    fn long_dashes_begin_options() {
        check("restart —now –force a—b", &["restart", "--now", "--force", "a—b"]);
        check("“—now”", &["—now"]);
    }

    #[test]
    fn a_reference_is_one_word() {
        check("ask <@U1|ann lee> now", &["ask", "<@U1|ann lee>", "now"]);
        check("--to=<#C1|it's ops>", &["--to=<#C1|it's ops>"]);
        check("<https://x.y/?q='|it's it> b", &["<https://x.y/?q='|it's it>", "b"]);
        check("a &lt;b c&gt; < d", &["a", "&lt;b", "c&gt;", "<", "d"]);
    }

    #[test]
    fn a_composed_line_keeps_its_mentions() {
        for (text, expected) in [
            ("page <@U1|ann lee> & <#C1>", "page <@U1|ann lee> &amp; <#C1>"),
            ("a < b <> <!here> <https://x.y> <@>", "a &lt; b &lt;&gt; &lt;!here&gt; &lt;https://x.y&gt; &lt;@&gt;"),
            ("<<@U1>>", "&lt;<@U1>&gt;"),
            ("<@U1", "&lt;@U1"),
            ("", ""),
        ] {
            assert_eq!(escape_line(text), expected);
        }
    }

    #[test]
    fn an_open_quote_is_told() {
        let line = split("lock 'api for me");
        assert_eq!(line.unclosed, Some(5));
        assert_eq!(line.tokens.last().map(|token| token.text.as_str()), Some("api for me"));
        assert_eq!(split("say “hi").unclosed, Some(4));
    }

    #[test]
    fn a_word_is_quoted_if_need_be() {
        for (word, quoted) in [
            ("api", "api"),
            ("--now", "--now"),
            ("it's", "it's"),
            ("<@U1|ann lee>", "<@U1|ann lee>"),
            (r"C:\temp", r"C:\temp"),
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("—now", r#""—now""#),
            (r"C:\", r#""C:\\""#),
            (r"a\\b", r#""a\\\\b""#),
            ("'a", r#""'a""#),
            ("say “hi”", r#""say “hi”""#),
            ("a\nb", "\"a\nb\""),
            (r#"a b <https://x.y/?q=">"#, r#""a b <https://x.y/?q=">""#),
        ] {
            assert_eq!(quote(word), quoted, "{word}");
            check(quoted, &[word]);
        }
    }

    proptest! {
        #[test]
        fn a_quoted_word_comes_back(word in r#"[-a—’'"“” \n\\<>@|&;:/#]{0,16}|\PC{0,16}"#) {
            let line = split(&quote(&word));
            prop_assert_eq!(line.unclosed, None);
            let words: Vec<String> = line.tokens.into_iter().map(|token| token.text).collect();
            prop_assert_eq!(words, [word]);
        }

        #[test]
        fn quoted_words_stand_side_by_side(
            typed in prop::collection::vec(r#"[-a—’'"“” \n\\<>@|&;:/#]{0,12}|\PC{0,12}"#, 0..6),
        ) {
            let words: Vec<String> = typed.iter().map(|word| escape(word)).collect();
            let line = split(&words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" "));
            prop_assert_eq!(line.unclosed, None);
            let read: Vec<String> = line.tokens.into_iter().map(|token| token.text).collect();
            prop_assert_eq!(read, words);
        }

        #[test]
        fn places_are_valid(text in r#"[-a—’'"“”«» \\<>@|&;\u{a0}\u{1f600}\u{5d0}]{0,40}|\PC{0,40}"#) {
            let line = split(&text);
            let mut last = 0;
            for token in &line.tokens {
                prop_assert!(last <= token.start && token.start < token.end && token.end <= text.len());
                prop_assert!(!text[token.start..token.end].is_empty());
                last = token.end;
            }
            if let Some(open) = line.unclosed {
                prop_assert!(text[open..].chars().next().is_some_and(opens));
            }
            let first = Words::new(&text).next();
            prop_assert_eq!(first.as_ref(), line.tokens.first());
        }

        #[test]
        fn quoted_words_come_back(typed in prop::collection::vec(r#"[-a—’'"“” \\<>@|&;#]{0,12}|\PC{0,12}"#, 0..6)) {
            let quote = |word: &String| format!("\"{}\"", escape(word).replace('\\', r"\\").replace('"', "\\\""));
            let text = typed.iter().map(quote).collect::<Vec<_>>().join(" ");
            let line = split(&text);
            prop_assert_eq!(line.unclosed, None);
            let read: Vec<String> = line.tokens.iter().map(|token| plain(&token.text)).collect();
            prop_assert_eq!(read, typed);
        }

        #[test]
        fn a_quoted_word_is_one_word(word in r#"[-a—’'"“” \\<>@|&;#«\u{a0}]{0,12}|\PC{0,12}"#) {
            let quoted = quote(&escape(&word));
            let line = split(&quoted);
            prop_assert_eq!(line.unclosed, None);
            let read: Vec<String> = line.tokens.iter().map(|token| plain(&token.text)).collect();
            prop_assert_eq!(read, [word.clone()]);
            // A program writes plain text; it comes out the same, unless it holds what looks like a mention.
            if !word.match_indices('<').any(|(at, _)| reference::mention(&word[at..]).is_some()) {
                prop_assert_eq!(escape_line(&plain(&quoted)), quoted);
            }
        }
    }
}
