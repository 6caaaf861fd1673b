//! Makes text fit: measures, cuts and says what was cut.

/// Returns the length of a text as Slack may count it; see [`super::limits`].
pub(super) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// Returns the longest start of a rendered text that has at most `max` units, without half an escape or half a link at
/// its end.
pub(super) fn head(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text; // a byte is at least a unit
    }
    let mut end = 0;
    let mut count = 0;
    for (at, c) in text.char_indices() {
        count += c.len_utf16();
        if count > max {
            break;
        }
        end = at + c.len_utf8();
    }
    let start = &text[..end];
    if end == text.len() {
        return start;
    }
    // Every `<` of a rendered text begins a link, and every `&` an escape.
    let half = open_link(start).or_else(|| start.rfind('&').filter(|at| !start[*at..].contains(';')));
    half.map_or(start, |at| &text[..at])
}

/// Returns the longest start of a rendered line that has at most `max` units and ends with a word, if one of at least
/// half that length does.
pub(super) fn head_of_words(text: &str, max: usize) -> &str {
    let start = head(text, max);
    let ends = start.match_indices(' ').map(|(at, _)| at + 1).rev();
    let mut ends = ends.take_while(|at| *at > start.len() / 2).filter(|at| open_link(&text[..*at]).is_none());
    ends.next().map_or(start, |at| &text[..at])
}

/// Returns where the link begins that is not closed at the end of `start`.
fn open_link(start: &str) -> Option<usize> {
    start.rfind('<').filter(|at| !start[*at..].contains('>'))
}

/// Returns how many bytes an escaped text had before.
pub(super) fn unescaped(text: &str) -> usize {
    let more = |escape: &str| text.matches(escape).count() * (escape.len() - 1);
    text.len() - more("&amp;") - more("&lt;") - more("&gt;")
}

/// Cuts an escaped text to `max` units; a cut is marked by an ellipsis.
pub(super) fn clip(text: String, max: usize) -> String {
    if units(&text) <= max {
        return text;
    }
    let mut out = head(&text, max - 1).to_owned();
    out.push('…');
    out
}

/// Says how much of a text is not shown: `… 1,234 more lines (198 kB) were cut`.
pub(super) fn note(lines: usize, bytes: usize) -> String {
    let size = match bytes {
        1 => "1 byte".to_owned(),
        bytes @ ..1000 => format!("{bytes} bytes"),
        bytes => format!("{} kB", thousands(bytes.div_ceil(1000))),
    };
    match lines {
        1 => format!("… 1 more line ({size}) was cut"),
        _ => format!("… {} more lines ({size}) were cut", thousands(lines)),
    }
}

/// Says how much of a text is not shown, and which file has it: `… 1,234 more lines: all of it is in log.txt`.
pub(super) fn note_aside(lines: usize, name: &str) -> String {
    match lines {
        1 => format!("… 1 more line: all of it is in {name}"),
        _ => format!("… {} more lines: all of it is in {name}", thousands(lines)),
    }
}

/// Says how many things are not shown: `… 12 more fields were cut`.
pub(super) fn note_of(count: usize, thing: &str) -> String {
    match count {
        1 => format!("… 1 more {thing} was cut"),
        _ => format!("… {} more {thing}s were cut", thousands(count)),
    }
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_and_no_escape_is_split() {
        assert_eq!(head("a&amp;b", 3), "a");
        assert_eq!(head("a&amp;b", 5), "a");
        assert_eq!(head("a&amp;b", 6), "a&amp;");
        assert_eq!(head("a&amp;b", 7), "a&amp;b");
        assert_eq!(head("&lt;", 2), "");
        assert_eq!(head("🐱🐱", 3), "🐱");
        assert_eq!(head("üü", 1), "ü");
        assert_eq!(head("abc", 0), "");
        assert_eq!(head("a <https://b|c d> e", 12), "a ");
        assert_eq!(head("a <https://b|c d> e", 18), "a <https://b|c d> ");
        assert_eq!(head_of_words("one two <https://b|c d>", 23), "one two <https://b|c d>");
        assert_eq!(head_of_words("one two <https://b|c d> e", 24), "one two <https://b|c d> ");
        assert_eq!(head_of_words("12345678901234567890", 10), "1234567890");
        assert_eq!(unescaped("a&amp;&lt;b&gt;ü"), "a&<b>ü".len());
        assert_eq!(clip("abc".to_owned(), 3), "abc");
        assert_eq!(clip("abcd".to_owned(), 3), "ab…");
    }

    #[test]
    fn notes() {
        assert_eq!(note(1, 1), "… 1 more line (1 byte) was cut");
        assert_eq!(note(2, 4), "… 2 more lines (4 bytes) were cut");
        assert_eq!(note(18_000, 198_000), "… 18,000 more lines (198 kB) were cut");
        assert_eq!(note_aside(1, "log.txt"), "… 1 more line: all of it is in log.txt");
        assert_eq!(note_aside(1234, "log.txt"), "… 1,234 more lines: all of it is in log.txt");
        assert_eq!(note_of(1, "field"), "… 1 more field was cut");
        assert_eq!(note_of(1_234_567, "button"), "… 1,234,567 more buttons were cut");
    }
}
