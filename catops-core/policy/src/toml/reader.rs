//! From characters to keys and values.

use super::{Data, Origin, Table, Value, insert};
use crate::rules::{Mistake, Place};

/// How deep lists and inline tables may lie in each other.
const DEEPEST: u8 = 16;

/// The text and how far it is read.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u16,
    /// Where the line begins.
    begin: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1, begin: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.line = self.line.saturating_add(1);
            self.begin = self.at;
        }
        Some(c)
    }

    /// Skips spaces, then takes `sign` if it is next.
    pub(super) fn take(&mut self, sign: char) -> bool {
        self.skip_spaces();
        let is_next = self.peek() == Some(sign);
        if is_next {
            self.bump();
        }
        is_next
    }

    pub(super) fn place(&self) -> Place {
        let column = self.text[self.begin..self.at].chars().count() + 1;
        Place { line: self.line, column: u16::try_from(column).unwrap_or(u16::MAX) }
    }

    pub(super) fn mistake(&self, text: impl Into<String>) -> Mistake {
        Mistake::new(self.place(), text)
    }

    pub(super) fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.bump();
        }
    }

    /// Skips spaces, comments and ends of lines.
    pub(super) fn skip_lines(&mut self) -> Result<(), Mistake> {
        loop {
            self.skip_spaces();
            match self.peek() {
                Some('\n') => {}
                Some('\r') if self.text[self.at..].starts_with("\r\n") => {}
                Some('#') => {
                    self.comment()?;
                    continue;
                }
                _ => return Ok(()),
            }
            self.bump();
        }
    }

    fn comment(&mut self) -> Result<(), Mistake> {
        while let Some(c) = self.peek() {
            if c == '\n' || self.text[self.at..].starts_with("\r\n") {
                break;
            }
            if is_control(c) {
                return Err(self.mistake("a control character; remove it"));
            }
            self.bump();
        }
        Ok(())
    }

    pub(super) fn end_of_line(&mut self) -> Result<(), Mistake> {
        self.skip_spaces();
        match self.peek() {
            None | Some('\n') => Ok(()),
            Some('#') => self.comment(),
            Some('\r') if self.text[self.at..].starts_with("\r\n") => Ok(()),
            Some(_) => Err(self.mistake("here the line should end; write the next key into a line of its own")),
        }
    }

    /// Reads `a`, `"a b"` or `a.b`.
    pub(super) fn keys(&mut self) -> Result<Vec<(String, Place)>, Mistake> {
        let mut keys = Vec::new();
        loop {
            self.skip_spaces();
            let at = self.place();
            let key = match self.peek() {
                Some(quote @ ('"' | '\'')) => self.string(quote)?,
                _ => {
                    let rest = &self.text[self.at..];
                    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                    let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
                    if length == 0 {
                        return Err(
                            self.mistake("here a key is expected: letters, digits, `-` and `_`, or a text in quotes")
                        );
                    }
                    self.at += length;
                    rest[..length].to_owned()
                }
            };
            keys.push((key, at));
            if !self.take('.') {
                return Ok(keys);
            }
        }
    }

    pub(super) fn value(&mut self, depth: u8) -> Result<Value, Mistake> {
        let at = self.place();
        if depth > DEEPEST {
            return Err(self.mistake("lists and tables lie too deep in each other"));
        }
        let data = match self.peek() {
            Some(quote @ ('"' | '\'')) => Data::Text(self.string(quote)?),
            Some('[') => self.list(depth)?,
            Some('{') => self.inline(depth)?,
            _ => self.word()?,
        };
        Ok(Value { at, data })
    }

    fn list(&mut self, depth: u8) -> Result<Data, Mistake> {
        let begin = self.place();
        self.bump();
        let mut values = Vec::new();
        loop {
            self.skip_lines()?;
            match self.peek() {
                Some(']') => {
                    self.bump();
                    return Ok(Data::List(values));
                }
                None => return Err(Mistake::new(begin, "this list is never closed; write `]` after its last value")),
                Some(_) => values.push(self.value(depth + 1)?),
            }
            self.skip_lines()?;
            match self.peek() {
                Some(',') => {
                    self.bump();
                }
                Some(']') => {}
                None => return Err(Mistake::new(begin, "this list is never closed; write `]` after its last value")),
                Some(_) => return Err(self.mistake("the values of a list are separated by commas, and `]` ends it")),
            }
        }
    }

    fn inline(&mut self, depth: u8) -> Result<Data, Mistake> {
        let at = self.place();
        self.bump();
        let mut table = Table { at, entries: Vec::new(), origin: Origin::Inline };
        if self.take('}') {
            return Ok(Data::Table(table));
        }
        loop {
            let keys = self.keys()?;
            if !self.take('=') {
                return Err(self.mistake("a key is followed by `=` and its value, as in `effect = \"deny\"`"));
            }
            self.skip_spaces();
            let value = self.value(depth + 1)?;
            insert(&mut table, &keys, value)?;
            if self.take('}') {
                return Ok(Data::Table(table));
            }
            if !self.take(',') {
                return Err(
                    self.mistake("the entries of `{ … }` are separated by commas, all in one line, and `}` ends it")
                );
            }
        }
    }

    /// Reads what is not in quotes.
    fn word(&mut self) -> Result<Data, Mistake> {
        let rest = &self.text[self.at..];
        let length = rest.find([' ', '\t', ',', ']', '}', '#', '\n', '\r', '=']).unwrap_or(rest.len());
        let word = &rest[..length];
        let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let has_zero = digits.len() > 1 && digits.starts_with('0');
        let data = match word {
            "true" => Data::Bool(true),
            "false" => Data::Bool(false),
            "" => return Err(self.mistake("here a value is expected, such as a text in quotes")),
            _ => match word.parse() {
                Ok(number) if is_number && !has_zero => Data::Number(number),
                _ => return Err(self.mistake(format!("`{}` belongs in quotes: `\"{0}\"`", shown(word)))),
            },
        };
        self.at += length;
        Ok(data)
    }

    /// Reads a text in one line: with `"` a backslash escapes, with `'` it is itself.
    fn string(&mut self, quote: char) -> Result<String, Mistake> {
        let begin = self.place();
        self.bump();
        if self.peek() == Some(quote) && self.text[self.at + 1..].starts_with(quote) {
            return Err(Mistake::new(begin, "a text over several lines is not read here; write it in one line"));
        }
        let mut text = String::new();
        loop {
            match self.peek() {
                None | Some('\n' | '\r') => {
                    return Err(Mistake::new(begin, format!("this text is never closed; write {quote} where it ends")));
                }
                Some(c) if c == quote => {
                    self.bump();
                    return Ok(text);
                }
                Some('\\') if quote == '"' => text.push(self.escape()?),
                Some(c) if is_control(c) => return Err(self.mistake("a control character; remove it")),
                Some(c) => {
                    self.bump();
                    text.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Mistake> {
        let wrong = self.mistake("`\\` escapes what follows it; write `\\\\`, or put the text between `'`");
        self.bump();
        let digits = match self.bump() {
            Some('"') => return Ok('"'),
            Some('\\') => return Ok('\\'),
            Some('b') => return Ok('\u{8}'),
            Some('t') => return Ok('\t'),
            Some('n') => return Ok('\n'),
            Some('f') => return Ok('\u{c}'),
            Some('r') => return Ok('\r'),
            Some('u') => 4,
            Some('U') => 8,
            _ => return Err(wrong),
        };
        let code = self.text.get(self.at..self.at + digits).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let c = code.and_then(|code| char::from_u32(u32::from_str_radix(code, 16).ok()?));
        self.at += digits;
        c.ok_or(wrong)
    }
}

fn is_control(c: char) -> bool {
    c.is_control() && c != '\t' && !('\u{80}'..='\u{9f}').contains(&c)
}

/// What was written, short enough to stand in a message.
fn shown(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(40).collect()
}
