//! References in a line: people, channels, links, groups; and the way back to what was typed.

use std::borrow::Cow;

/// Turns escaped text into what the person typed.
///
/// A mention becomes `@name`, a channel `#name`, each with the id where there is no name. A link becomes its label where
/// the chat made the link by itself, else its address. What is neither a reference nor an escape stays as it is.
///
/// ```
/// use catops_core::line::plain;
/// assert_eq!(plain("ask <@U1|ann> about <http://example.com|example.com> &amp; more"), "ask @ann about example.com & more");
/// assert_eq!(plain("<https://example.com/a|the page>"), "https://example.com/a");
/// ```
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((reference, length)) = read(rest) {
            out.push_str(&reference.typed());
            rest = &rest[length..];
        } else if let Some((c, length)) = entity(rest) {
            out.push(c);
            rest = &rest[length..];
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Returns how many bytes the reference takes that `text` begins with.
pub(super) fn length(text: &str) -> Option<usize> {
    read(text).map(|(_, length)| length)
}

/// Returns how many bytes the mention of a person or a channel takes that `text` begins with.
pub(super) fn mention(text: &str) -> Option<usize> {
    read(text).filter(|(reference, _)| reference.target.starts_with(['@', '#'])).map(|(_, length)| length)
}

/// What stands between `<` and `>`.
struct Reference<'a> {
    target: &'a str,
    label: Option<&'a str>,
}

/// Reads the reference that `text` begins with, and how many bytes it takes.
fn read(text: &str) -> Option<(Reference<'_>, usize)> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find(['<', '>', '\n', '\r'])?;
    if !inner[end..].starts_with('>') {
        return None;
    }
    let (target, label) = match inner[..end].split_once('|') {
        Some((target, label)) => (target, Some(label)),
        None => (&inner[..end], None),
    };
    let valid = match target.as_bytes().first()? {
        b'@' | b'#' => is_id(&target[1..]),
        b'!' => target.len() > 1 && !target.contains(char::is_whitespace),
        _ => is_address(target),
    };
    valid.then_some((Reference { target, label: label.filter(|label| !label.is_empty()) }, end + 2))
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether `target` looks like `scheme:something` without spaces.
fn is_address(target: &str) -> bool {
    let Some((scheme, rest)) = target.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !rest.contains(char::is_whitespace)
}

impl Reference<'_> {
    fn typed(&self) -> String {
        let label = self.label.map(entities);
        match self.target.as_bytes().first() {
            Some(b'@') => signed('@', label.as_deref().unwrap_or(&self.target[1..])),
            Some(b'#') => signed('#', label.as_deref().unwrap_or(&self.target[1..])),
            Some(b'!') => special(&self.target[1..], label.as_deref()),
            _ => {
                let address = entities(self.target);
                match label {
                    Some(label) if made_from(&address, &label) => label.into_owned(),
                    _ => address.into_owned(),
                }
            }
        }
    }
}

/// Whether the chat made the link by itself, from the words that are now its label.
fn made_from(address: &str, label: &str) -> bool {
    let bare = ["https://", "http://", "mailto:", "tel:"].iter().find_map(|scheme| address.strip_prefix(scheme));
    bare.is_some_and(|bare| bare == label || bare.strip_suffix('/') == Some(label))
}

/// `<!here>`, `<!subteam^S1|@oncall>`, `<!date^…|12:00>`.
fn special(target: &str, label: Option<&str>) -> String {
    match (target.split_once('^'), label) {
        (Some(("date", _)), Some(label)) => label.to_owned(),
        (_, Some(label)) => signed('@', label),
        (Some((_, id)), None) => signed('@', id),
        (None, None) => signed('@', target),
    }
}

fn signed(sign: char, name: &str) -> String {
    if name.starts_with(sign) { name.to_owned() } else { format!("{sign}{name}") }
}

/// Reads the escape that `text` begins with, and how many bytes it takes.
fn entity(text: &str) -> Option<(char, usize)> {
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')]
        .into_iter()
        .find_map(|(escape, c)| text.starts_with(escape).then_some((c, escape.len())))
}

/// Turns the three escapes into their characters.
fn entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    // `&amp;` last, so that `&amp;lt;` becomes `&lt;` and not `<`.
    Cow::Owned(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::line::escape;

    #[test]
    fn references_become_what_was_typed() {
        for (text, expected) in [
            ("<@U1|ann>", "@ann"),
            ("<@U1>", "@U1"),
            ("<@U1|>", "@U1"),
            ("<#C1|ops>", "#ops"),
            ("<#C1>", "#C1"),
            ("<http://example.com|example.com>", "example.com"),
            ("<http://example.com/|example.com>", "example.com"),
            ("<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"),
            ("<https://example.com/a|the page>", "https://example.com/a"),
            ("<https://evil.example|bank.example>", "https://evil.example"),
            ("<mailto:ann@x.org|ann@x.org>", "ann@x.org"),
            ("<tel:+15551|+15551>", "+15551"),
            ("<!here>", "@here"),
            ("<!here|here>", "@here"),
            ("<!subteam^S1|@oncall>", "@oncall"),
            ("<!subteam^S1>", "@S1"),
            ("<!date^1^{time}|12:00>", "12:00"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
            assert_eq!(length(text), Some(text.len()), "{text}");
        }
    }

    #[test]
    fn the_rest_stays() {
        for text in
            ["<", "a < b", "<>", "<@>", "<@U 1>", "<x>", "<1:2>", "<a:b c>", "<@U1", "<@U1\n>", "&", "&quot;", "&am"]
        {
            assert_eq!(plain(text), text);
            assert_eq!(length(text), None);
        }
        assert_eq!(plain("<<@U1|ann>>"), "<@ann>");
        assert_eq!(plain("&amp;lt;"), "&lt;");
        assert_eq!(plain("<https://x.y/&amp;lt;>"), "https://x.y/&lt;");
    }

    proptest! {
        #[test]
        fn escaped_text_comes_back(text in r"[-a<>@#!|&;: ]{0,30}|\PC{0,30}") {
            prop_assert_eq!(plain(&escape(&text)), text);
        }

        #[test]
        fn any_text_is_taken(text in r"[-a<>@#!|&;:^/ ]{0,30}|\PC{0,30}") {
            plain(&text);
        }
    }
}
