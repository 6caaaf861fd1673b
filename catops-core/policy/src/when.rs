//! Conditions on arguments: `service != "billing" and count <= 3`.

mod parse;

pub(crate) use self::parse::read;
use crate::decide::{Arguments, Given};
use crate::rules::Place;
use crate::truth::Truth;

/// A condition: comparisons that must all hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// As written.
    pub text: &'static str,
    /// Where it stands.
    pub at: Place,
    /// The comparisons.
    pub terms: &'static [Term],
}

/// One comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The argument's name.
    pub argument: &'static str,
    /// Whether it holds where the test does not.
    pub negated: bool,
    /// What is compared.
    pub test: Test,
}

/// What is compared with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is given.
    IsGiven,
    /// It is one of these.
    Is(&'static [&'static str]),
    /// It is like this, where `*` stands for anything.
    Like(&'static str),
    /// It is this number.
    Equals(i64),
    /// It is this number or less.
    AtMost(i64),
    /// It is less than this number.
    Below(i64),
}

impl Condition {
    /// Returns whether it holds for these arguments.
    pub(crate) fn holds(&self, arguments: &Arguments<'_>) -> Truth {
        self.terms.iter().map(|term| term.holds(arguments)).min().unwrap_or(Truth::Yes)
    }
}

impl Term {
    fn holds(&self, arguments: &Arguments<'_>) -> Truth {
        let truth = match arguments {
            Arguments::Known(arguments) => match arguments.iter().find(|argument| argument.name == self.argument) {
                Some(argument) => self.test.holds(&argument.given),
                None => Truth::Unknown,
            },
            Arguments::Unknown | Arguments::Any => Truth::Unknown,
        };
        if self.negated { !truth } else { truth }
    }
}

impl Test {
    /// Holds if it does for every value, fails if it does for none; between these, and of what is not given, nothing can
    /// be told.
    fn holds(&self, given: &Given) -> Truth {
        match (self, given) {
            (Self::IsGiven, Given::Flag(is_given)) => (*is_given).into(),
            (Self::IsGiven, Given::Words(words)) => (!words.is_empty()).into(),
            (_, Given::Flag(_)) => Truth::Unknown,
            (_, Given::Words(words)) => {
                let each = || words.iter().map(|word| self.fits(word));
                match (each().min(), each().max()) {
                    (Some(least), Some(greatest)) if least == greatest => least,
                    _ => Truth::Unknown,
                }
            }
        }
    }

    fn fits(&self, word: &str) -> Truth {
        let compare = |holds: fn(i64, i64) -> bool, number: i64| match word.trim().parse() {
            Ok(value) => holds(value, number).into(),
            Err(_) => Truth::Unknown,
        };
        match self {
            Self::IsGiven => Truth::Yes,
            Self::Is(values) => values.iter().map(|value| same(word, value)).max().unwrap_or(Truth::No),
            Self::Like(pattern) => match (is_like(word, pattern), is_like(&folded(word), &folded(pattern))) {
                (true, _) => Truth::Yes,
                (false, true) => Truth::Unknown,
                (false, false) => Truth::No,
            },
            Self::Equals(number) => compare(|value, number| value == number, *number),
            Self::AtMost(number) => compare(|value, number| value <= number, *number),
            Self::Below(number) => compare(|value, number| value < number, *number),
        }
    }
}

/// Compares a word with a value of the file. What differs only in case, in `_` for `-`, in spaces around it or in how a
/// number is written may be the same thing to the command, so it is neither the same nor another.
fn same(word: &str, value: &str) -> Truth {
    if word == value {
        return Truth::Yes;
    }
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let is_near = folded(word) == folded(value) || (number(word).is_some() && number(word) == number(value));
    if is_near { Truth::Unknown } else { Truth::No }
}

fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace('_', "-")
}

/// Whether a word is like a pattern, in which `*` stands for anything.
fn is_like(word: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = word.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
