//! From light Markdown to Slack's mrkdwn, one line at a time.
//!
//! Whatever the text holds, only `&amp;`, `&lt;` and `&gt;` and links made here come out: nothing in it can ping.

/// Escapes what Slack gives a meaning, and drops control characters save tab and line break.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(&mut out, text);
    out
}

fn escape_into(out: &mut String, text: &str) {
    let special = |byte: u8| matches!(byte, b'&' | b'<' | b'>') || byte.is_ascii_control();
    let mut rest = text;
    while let Some(at) = rest.bytes().position(special) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'&' => out.push_str("&amp;"),
            b'<' => out.push_str("&lt;"),
            b'>' => out.push_str("&gt;"),
            keep @ (b'\n' | b'\t') => out.push(char::from(keep)),
            _ => {}
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// The longest line whose Markdown is read, in bytes. A longer one fills a section by itself, is cut anywhere, and would
/// take long to search for ends that are not there.
const LONGEST_LINE: usize = 3_000;

/// Turns a line of light Markdown into mrkdwn.
pub(super) fn line(source: &str) -> String {
    if source.len() > LONGEST_LINE {
        return escape(source);
    }
    let mut out = String::with_capacity(source.len() + 8);
    let mut rest = source;
    let mut word_began = true; // whether the last character lets a bare address begin
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'*' | b'`' | b'[' | b'h')) {
        let (before, here) = rest.split_at(at);
        escape_into(&mut out, before);
        if let Some(last) = before.chars().next_back() {
            word_began = !last.is_alphanumeric();
        }
        let taken = match here.as_bytes()[0] {
            b'`' => code(&mut out, here),
            b'*' => bold(&mut out, here),
            b'[' => link(&mut out, here),
            _ if word_began => address(&mut out, here),
            _ => 0,
        };
        if taken == 0 {
            out.push(char::from(here.as_bytes()[0]));
        }
        word_began = here.as_bytes()[0] != b'h';
        rest = &here[taken.max(1)..];
    }
    escape_into(&mut out, rest);
    out
}

/// Turns lines of light Markdown into mrkdwn.
pub(super) fn lines(source: &str) -> String {
    source.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Takes `` `code` `` as it is; returns how many bytes it took.
fn code(out: &mut String, here: &str) -> usize {
    let Some(end) = here[1..].find('`').filter(|end| *end > 0) else { return 0 };
    out.push('`');
    escape_into(out, &here[1..=end]);
    out.push('`');
    end + 2
}

/// Takes `**bold**`, which is `*bold*` in Slack.
fn bold(out: &mut String, here: &str) -> usize {
    let Some(inner) = here.strip_prefix("**") else { return 0 };
    let Some(end) = inner.find("**") else { return 0 };
    let inner = &inner[..end];
    if inner.is_empty() || inner.trim() != inner || inner.starts_with('*') {
        return 0;
    }
    out.push('*');
    out.push_str(&line(inner));
    out.push('*');
    end + 4
}

/// Takes `[label](https://…)`.
fn link(out: &mut String, here: &str) -> usize {
    let Some(middle) = here.find("](") else { return 0 };
    let label = &here[1..middle];
    let target = &here[middle + 2..];
    let mut depth = 0;
    let end = target.bytes().position(|byte| match byte {
        b'(' => {
            depth += 1;
            false
        }
        b')' if depth == 0 => true,
        b')' => {
            depth -= 1;
            false
        }
        _ => false,
    });
    let Some(url) = end.map(|end| &target[..end]).filter(|url| is_url(url)) else { return 0 };
    if label.trim().is_empty() || label.contains('[') {
        return 0;
    }
    out.push_str(&anchor(url, label));
    middle + 2 + url.len() + 1
}

/// Takes a bare `https://…`. Slack would find it by itself, were it not told to leave plain words alone.
fn address(out: &mut String, here: &str) -> usize {
    let end =
        here.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '|' | '`' | '*')).unwrap_or(here.len());
    let url = here[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '_']);
    if !is_url(url) {
        return 0;
    }
    out.push('<');
    escape_into(out, url);
    out.push('>');
    url.len()
}

/// Makes a link; `url` must be one by [`is_url`].
pub(super) fn anchor(url: &str, label: &str) -> String {
    let mut out = String::with_capacity(url.len() + label.len() + 3);
    out.push('<');
    escape_into(&mut out, url);
    out.push('|');
    escape_into(&mut out, label);
    out.push('>');
    out
}

/// Returns whether this is a web address that fits between `<` and `|`.
pub(super) fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '|' | '"');
    host.is_some_and(|host| host.starts_with(|c: char| c.is_alphanumeric() || c == '[')) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(source: &str, expected: &str) {
        assert_eq!(line(source), expected, "{source}");
    }

    #[test]
    fn markdown() {
        check("", "");
        check("plain", "plain");
        check("**bold** and _it_", "*bold* and _it_");
        check("a**b**c", "a*b*c");
        check("**a `b` c**", "*a `b` c*");
        check("** not bold **", "** not bold **");
        check("2 * 3 ** 4", "2 * 3 ** 4");
        check("****", "****");
        check("**open", "**open");
        check("`**code** <b>`", "`**code** &lt;b&gt;`");
        check("`open", "`open");
        check("```", "```");
        check("how high the house", "how high the house");
    }

    #[test]
    fn links() {
        check("[docs](https://a.example/b?c=d&e)", "<https://a.example/b?c=d&amp;e|docs>");
        check("[a](https://e.example/(b)) c", "<https://e.example/(b)|a> c");
        check("see [a] and [b](c)", "see [a] and [b](c)");
        check("[x](javascript:alert)", "[x](javascript:alert)");
        check("[x](https://a b)", "[x](<https://a> b)");
        check("[](https://a.example)", "[](<https://a.example>)");
        check("[<!channel>](https://a.example)", "<https://a.example|&lt;!channel&gt;>");
        check("[x](https://a|<!channel>)", "[x](<https://a>|&lt;!channel&gt;)");
        check("go to https://a.example/x?y&z. Now", "go to <https://a.example/x?y&amp;z>. Now");
        check("(http://a.example)", "(<http://a.example>)");
        check("https://", "https://");
        check("xhttps://a.example", "xhttps://a.example");
    }

    #[test]
    fn nothing_pings() {
        check("<!channel> <@U1> <#C1> & &amp;", "&lt;!channel&gt; &lt;@U1&gt; &lt;#C1&gt; &amp; &amp;amp;");
        check("**<!here>**", "*&lt;!here&gt;*");
        check("a\0b\x1b[31mc\td", "ab[31mc\td");
    }

    /// Returns whether every `<` of a text opens a link, and every `&` an escape.
    fn is_safe(text: &str) -> bool {
        let links = text.match_indices('<').all(|(at, _)| text[at + 1..].starts_with("http"));
        let is_escape = |rest: &str| ["&amp;", "&lt;", "&gt;"].iter().any(|escape| rest.starts_with(escape));
        links && text.match_indices('&').all(|(at, _)| is_escape(&text[at..]))
    }

    proptest! {
        #[test]
        fn any_line_is_safe(source in "([*`_\\[\\]()<>&|!@#h ]|https://|[a-z.é🐱]|<!channel>|<@U1>){0,40}") {
            prop_assert!(is_safe(&line(&source)), "{}", line(&source));
        }

        #[test]
        fn any_text_is_safe(source in any::<String>()) {
            prop_assert!(is_safe(&lines(&source)));
        }
    }
}
