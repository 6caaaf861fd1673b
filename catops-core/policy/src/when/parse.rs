//! From the text of a condition to its comparisons.

use super::{Term, Test};
use crate::keep::{keep, keep_all};
use crate::pattern::is_letter;

/// A word of a condition and the byte where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'a> {
    Name(&'a str),
    Quoted(&'a str),
    Number(i64),
    Sign(&'a str),
}

/// What was wrong in a condition, and at which byte.
pub(crate) type Wrong = (usize, String);

/// Reads a condition.
pub(crate) fn read(text: &str) -> Result<Vec<Term>, Wrong> {
    let words = words(text)?;
    let mut parser = Parser { words: &words, end: text.len() };
    let mut terms = vec![parser.term()?];
    while let Some((at, word)) = parser.next() {
        match word {
            Word::Name("and") => terms.push(parser.term()?),
            Word::Name("or") => {
                let cure = "a condition has no `or`: write two rules, or `in [\"a\", \"b\"]` for one argument";
                return Err((at, cure.to_owned()));
            }
            Word::Sign("&&" | "&" | ",") => return Err((at, "write `and` between two comparisons".to_owned())),
            _ => return Err((at, "here `and` is expected, or the end".to_owned())),
        }
    }
    Ok(terms)
}

struct Parser<'a, 'b> {
    words: &'b [(usize, Word<'a>)],
    end: usize,
}

impl<'a> Parser<'a, '_> {
    fn next(&mut self) -> Option<(usize, Word<'a>)> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(*first)
    }

    fn take(&mut self, wanted: Word<'_>) -> bool {
        let is_next = self.words.first().is_some_and(|(_, word)| *word == wanted);
        if is_next {
            self.next();
        }
        is_next
    }

    fn term(&mut self) -> Result<Term, Wrong> {
        let is_not = self.take(Word::Name("not"));
        let (at, name) = self.next().unwrap_or((self.end, Word::Sign("")));
        let Word::Name(name) = name else {
            return Err((at, "here the name of an argument is expected, as in `service != \"billing\"`".to_owned()));
        };
        let argument = keep(name.to_lowercase().replace('_', "-"));
        let ends = self
            .words
            .first()
            .is_none_or(|(_, word)| matches!(word, Word::Name("and" | "or") | Word::Sign("&&" | "&" | ",")));
        if is_not || ends {
            return match ends {
                true => Ok(Term { argument, negated: is_not, test: Test::IsGiven }),
                false => {
                    let said = format!(
                        "`not` stands before a flag; compare as in `{name} != \"…\"` or `{name} not in [\"…\"]`"
                    );
                    Err((at, said))
                }
            };
        }
        let (at, sign) = self.next().unwrap_or((self.end, Word::Sign("")));
        let negated = sign == Word::Name("not");
        let (at, sign) = if negated { self.next().unwrap_or((self.end, Word::Sign(""))) } else { (at, sign) };
        let (test, turned) = match sign {
            Word::Name("in") => (Test::Is(self.list()?), false),
            Word::Name("like") => (Test::Like(keep(self.text("like \"prod-*\"")?.to_owned())), false),
            Word::Sign("==") if !negated => (self.value(name, "==")?, false),
            Word::Sign("!=") if !negated => (self.value(name, "!=")?, true),
            Word::Sign("<=") if !negated => (Test::AtMost(self.number("<=")?), false),
            Word::Sign("<") if !negated => (Test::Below(self.number("<")?), false),
            Word::Sign(">") if !negated => (Test::AtMost(self.number(">")?), true),
            Word::Sign(">=") if !negated => (Test::Below(self.number(">=")?), true),
            Word::Sign("=") => return Err((at, "to compare write `==`".to_owned())),
            _ => {
                let said = format!(
                    "`{name}` is followed by `==`, `!=`, `in`, `not in`, `like`, `not like`, `<`, `<=`, `>` or `>=`"
                );
                return Err((at, said));
            }
        };
        Ok(Term { argument, negated: negated != turned, test })
    }

    fn value(&mut self, name: &str, sign: &str) -> Result<Test, Wrong> {
        match self.next() {
            Some((_, Word::Quoted(text))) => Ok(Test::Is(keep_all(vec![keep(text.to_owned())]))),
            Some((_, Word::Number(number))) => Ok(Test::Equals(number)),
            Some((at, Word::Name(word))) => Err((at, format!("a value stands in quotes: `{name} {sign} \"{word}\"`"))),
            Some((at, _)) => {
                Err((at, format!("after `{sign}` a value is expected, as in `{name} {sign} \"billing\"`")))
            }
            None => Err((self.end, format!("after `{sign}` a value is expected, as in `{name} {sign} \"billing\"`"))),
        }
    }

    fn number(&mut self, sign: &str) -> Result<i64, Wrong> {
        match self.next() {
            Some((_, Word::Number(number))) => Ok(number),
            other => Err((
                other.map_or(self.end, |(at, _)| at),
                format!("after `{sign}` a whole number is expected, without quotes"),
            )),
        }
    }

    fn text(&mut self, example: &str) -> Result<&'a str, Wrong> {
        match self.next() {
            Some((_, Word::Quoted(text))) => Ok(text),
            other => Err((
                other.map_or(self.end, |(at, _)| at),
                format!("here a text in quotes is expected, as in `{example}`"),
            )),
        }
    }

    fn list(&mut self) -> Result<&'static [&'static str], Wrong> {
        let example = "in [\"api\", \"web\"]";
        let wrong = |at: usize| (at, format!("here a list is expected, as in `{example}`"));
        let at = self.words.first().map_or(self.end, |(at, _)| *at);
        if !self.take(Word::Sign("[")) {
            return Err(wrong(at));
        }
        let mut values = Vec::new();
        loop {
            values.push(keep(self.text(example)?.to_owned()));
            let at = self.words.first().map_or(self.end, |(at, _)| *at);
            if self.take(Word::Sign("]")) {
                return Ok(keep_all(values));
            }
            if !self.take(Word::Sign(",")) {
                return Err(wrong(at));
            }
        }
    }
}

fn words(text: &str) -> Result<Vec<(usize, Word<'_>)>, Wrong> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (word, length) = if matches!(c, '"' | '\'') {
            let Some(length) = rest[1..].find(c) else {
                return Err((at, format!("this text is never closed; write {c} where it ends")));
            };
            (Word::Quoted(&rest[1..=length]), length + 2)
        } else if c.is_ascii_digit() || (c == '-' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let length = 1 + rest[1..].find(|c: char| !is_letter(c) && c != '.').unwrap_or(rest.len() - 1);
            let number = rest[..length]
                .parse()
                .map_err(|_| (at, format!("`{}` is no whole number; a text stands in quotes", &rest[..length])))?;
            (Word::Number(number), length)
        } else if is_letter(c) || c == '_' {
            let length = rest.find(|c: char| !is_letter(c) && c != '_' && c != '-').unwrap_or(rest.len());
            (Word::Name(&rest[..length]), length)
        } else {
            let signs = ["==", "!=", "<=", ">=", "&&", "||"];
            let sign = signs.into_iter().find(|sign| rest.starts_with(sign)).unwrap_or(&rest[..c.len_utf8()]);
            (if sign == "||" { Word::Name("or") } else { Word::Sign(sign) }, sign.len())
        };
        words.push((at, word));
        at += length;
    }
    Ok(words)
}
