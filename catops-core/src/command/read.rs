//! From words to values: clap finds out which word belongs where, the parameters' own types read them.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches};

use super::near::{nearest, one_of};
use super::param::{Param, Shape, Value};
use super::{Command, help};
use crate::line::{Line, Token, Words, escape, is_mention, plain, quote, split};

/// How much of what was typed an error repeats, in characters.
const REPEATED: usize = 60;

/// What the parameters of one command are to be, in their order.
#[derive(Debug, Default)]
pub struct Values(Vec<Slot>);

#[derive(Debug)]
enum Slot {
    Flag(bool),
    Values(Vec<Value>),
}

/// What generated code takes the values out with. Types and counts were settled when they were read, by the same
/// generated code.
#[doc(hidden)]
impl Values {
    fn slot(&mut self, index: usize) -> Vec<Value> {
        match self.0.get_mut(index) {
            Some(Slot::Values(values)) => std::mem::take(values),
            _ => Vec::new(),
        }
    }

    pub fn one<T: 'static>(&mut self, index: usize) -> T {
        self.option(index).expect("a required parameter was read before the command is run")
    }

    pub fn option<T: 'static>(&mut self, index: usize) -> Option<T> {
        self.slot(index).pop().map(take)
    }

    pub fn many<T: 'static>(&mut self, index: usize) -> Vec<T> {
        self.slot(index).into_iter().map(take).collect()
    }

    pub fn flag(&mut self, index: usize) -> bool {
        matches!(self.0.get(index), Some(Slot::Flag(true)))
    }
}

fn take<T: 'static>(value: Value) -> T {
    *value.downcast().expect("a value has the type that its parameter reads")
}

/// What came of reading the words after a command's name.
pub(super) enum Reading {
    /// They are right.
    Right {
        values: Values,
        /// What may be recorded of them.
        recorded: String,
        /// What was given for each parameter, for the steps that name it.
        given: Vec<(&'static str, String)>,
    },
    /// They ask for help.
    Help,
    /// They are wrong, for this reason.
    Wrong(String),
}

/// Reads the words of `line` after the first `skip`, which name the command. `text` is what `line` was split from.
pub(super) fn read(command: &Command, text: &str, line: &Line, skip: usize) -> Reading {
    let tokens = &line.tokens[skip..];
    match parser(command, true).try_get_matches_from(options(command, tokens)) {
        Ok(matches) => settle(command, text, line, tokens, matches),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => Reading::Help,
        Err(error) => match line.unclosed {
            Some(open) => Reading::Wrong(unclosed(command, text, open)),
            None => Reading::Wrong(explain(command, tokens, &error)),
        },
    }
}

/// Returns what clap needs to know of `command`. It sees plain strings only; the typed reading comes after. Without
/// `strict` nothing must be given.
pub(super) fn parser(command: &Command, strict: bool) -> clap::Command {
    // Our own `--help`, since clap's wants its feature `help`. clap then knows where it counts and where it is text.
    let help = Arg::new("help").long("help").action(ArgAction::Help);
    let parser = clap::Command::new(command.name)
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .arg(help);
    command.params.iter().fold(parser, |parser, param| parser.arg(argument(param, strict)))
}

fn argument(param: &Param, strict: bool) -> Arg {
    let mut arg = Arg::new(param.name).required(strict && param.is_required());
    if let Some(long) = param.long() {
        arg = arg.long(long);
    }
    if let Some(short) = param.short() {
        arg = arg.short(short);
    }
    if param.shape() == Shape::Flag {
        return arg.action(ArgAction::SetTrue);
    }
    // A number may be negative; no option is a digit.
    arg = arg.value_name(param.name).allow_negative_numbers(true);
    match param.shape() {
        Shape::Words => arg.action(ArgAction::Append).num_args(0..),
        Shape::Options => arg.action(ArgAction::Append),
        Shape::Rest => arg.trailing_var_arg(true).allow_negative_numbers(false).allow_hyphen_values(true).num_args(1..),
        _ => arg,
    }
}

/// The words as clap gets them: as many, but `--dry_run` is `--dry-run`, since the parameter's name in the source has the
/// underscore, and `-n5` is `--batch=5`, which clap would count to the rest of the line where there is one.
fn options(command: &Command, tokens: &[Token]) -> Vec<String> {
    let mut only_words = false;
    let option = |token: &Token| {
        let text = &token.text;
        only_words |= text == "--";
        if only_words {
            return text.clone();
        }
        if text.starts_with("--") {
            let (name, value) = text.split_at(text.find('=').unwrap_or(text.len()));
            return name.replace('_', "-") + value;
        }
        let mut letters = text.chars();
        let short = letters.next().filter(|c| *c == '-').and_then(|_| letters.next());
        let value = letters.as_str();
        let takes_value = |param: &&Param| param.short() == short && param.shape() != Shape::Flag;
        match command.params.iter().find(takes_value).and_then(Param::long) {
            Some(long) if short.is_some() && !value.is_empty() => {
                format!("--{long}={}", value.strip_prefix('=').unwrap_or(value))
            }
            _ => text.clone(),
        }
    };
    tokens.iter().map(option).collect()
}

/// The words after a command's name, by the parameters that they were given for.
pub(super) struct Settled<'a> {
    text: &'a str,
    matches: ArgMatches,
    /// Where the rest of the line begins, which one parameter may take as it is.
    rest: Option<usize>,
}

/// What was given for one parameter: whether the flag is there, or the words, which are still escaped.
pub(super) enum Wording<'a> {
    Flag(bool),
    Words(Vec<&'a str>),
}

impl<'a> Settled<'a> {
    fn new(command: &Command, text: &'a str, tokens: &[Token], matches: ArgMatches) -> Self {
        // The rest runs to the end of the line, so its first word is found by counting from there.
        let rest = command.params.iter().find(|param| param.shape() == Shape::Rest).and_then(|param| {
            let count = matches.get_many::<String>(param.name).map_or(0, Iterator::count);
            tokens.get(tokens.len() - count).map(|token| token.start)
        });
        Self { text, matches, rest }
    }

    /// Returns what was typed for `param`.
    fn typed(&self, param: &Param) -> Vec<&str> {
        match (param.shape(), self.rest) {
            (Shape::Rest, Some(start)) => vec![self.text[start..].trim_end()],
            _ => self.matches.get_many::<String>(param.name).into_iter().flatten().map(String::as_str).collect(),
        }
    }

    /// Returns what counts for `param`: what was typed, else its default.
    pub(super) fn wording(&self, param: &Param) -> Wording<'_> {
        if param.shape() == Shape::Flag {
            return Wording::Flag(self.matches.get_flag(param.name));
        }
        let words = self.typed(param);
        Wording::Words(if words.is_empty() { param.default().into_iter().collect() } else { words })
    }
}

/// Returns the words of `line` after the first `skip` by parameters, without reading them; `None` if they are wrong.
pub(super) fn settled<'a>(command: &Command, text: &'a str, line: &Line, skip: usize) -> Option<Settled<'a>> {
    let tokens = &line.tokens[skip..];
    let matches = parser(command, true).try_get_matches_from(options(command, tokens)).ok()?;
    Some(Settled::new(command, text, tokens, matches))
}

fn settle(command: &Command, text: &str, line: &Line, tokens: &[Token], matches: ArgMatches) -> Reading {
    let settled = Settled::new(command, text, tokens, matches);
    let rest = settled.rest;
    if let Some(open) = line.unclosed.filter(|open| rest.is_none_or(|rest| *open < rest)) {
        return Reading::Wrong(unclosed(command, text, open));
    }
    let mut slots = Vec::with_capacity(command.params.len());
    let mut secrets = Vec::new();
    let mut again = Vec::new();
    for param in &command.params {
        let words = match settled.wording(param) {
            Wording::Flag(is_given) => {
                slots.push(Slot::Flag(is_given));
                continue;
            }
            Wording::Words(words) => words,
        };
        if param.is_secret() {
            secrets.extend(settled.typed(param));
        }
        if command.fills_steps() && !param.is_secret() {
            again.extend(said_again(param, &words).map(|words| (param.name, words)));
        }
        let mut values = Vec::with_capacity(words.len());
        for word in words {
            match param.read(word) {
                Ok(value) => values.push(value),
                Err(reason) => return Reading::Wrong(cannot_be(&param.label(), param, word, &reason)),
            }
        }
        slots.push(Slot::Values(values));
    }
    let secret_rest = rest.filter(|_| command.params.iter().any(|p| p.is_secret() && p.shape() == Shape::Rest));
    let recorded = recorded(text, tokens, &secrets, secret_rest);
    Reading::Right { values: Values(slots), recorded, given: again }
}

/// Returns what was given for a parameter as it can stand in another line of plain text; `None` if nothing was given, or
/// if it would be an option there.
fn said_again(param: &Param, words: &[&str]) -> Option<String> {
    let is_number = |digits: &str| digits.starts_with(|c: char| c.is_ascii_digit());
    let is_option = |word: &str| word.strip_prefix('-').is_some_and(|rest| !is_number(rest));
    if words.is_empty() || words.iter().any(|word| is_option(word)) {
        return None;
    }
    if param.shape() == Shape::Rest {
        // Its quotes and spaces were taken as typed, so they are said as typed.
        return words.first().filter(|text| !text.starts_with(['—', '–'])).map(|text| plain(text));
    }
    let word = |word: &&str| match param.is_raw() && is_mention(word) {
        true => (*word).to_owned(),
        false => plain(&quote(&escape(&plain(word)))),
    };
    Some(words.iter().map(word).collect::<Vec<_>>().join(" "))
}

/// Returns what is given after the first `skip` words of `text`, if it is right as far as it goes and something that must be
/// given is not there: the names of the parameters with their words, still escaped.
pub(super) fn lacking(command: &Command, text: &str, skip: usize) -> Option<Vec<(String, Vec<String>)>> {
    let params = &command.params;
    // This is on the way to every acknowledgement; the first words show of most lines that they lack nothing.
    if !params.iter().any(Param::is_required) || has_enough(params, text, skip) {
        return None;
    }
    let line = split(text);
    let tokens = line.tokens.get(skip..)?;
    let matches = parser(command, false).try_get_matches_from(options(command, tokens)).ok()?;
    let settled = Settled::new(command, text, tokens, matches);
    if line.unclosed.is_some_and(|open| settled.rest.is_none_or(|rest| open < rest)) {
        return None;
    }
    let words = |param: &Param| match param.shape() {
        Shape::Flag => Vec::from_iter(settled.matches.get_flag(param.name).then(|| "true".to_owned())),
        _ => settled.typed(param).into_iter().map(str::to_owned).collect(),
    };
    let all: Vec<_> = params.iter().map(|param| (param.name.to_owned(), words(param))).collect();
    let lacks = params.iter().zip(&all).any(|(param, (_, words))| param.is_required() && words.is_empty());
    lacks.then_some(all)
}

/// Whether the first words are as many as must be given, without an option among them that could take one.
fn has_enough(params: &[Param], text: &str, skip: usize) -> bool {
    if params.iter().any(|param| param.is_required() && param.is_option()) {
        return false;
    }
    let needed = params.iter().filter(|param| param.is_required()).count();
    // In most lines nothing but a space parts or joins words; there they need not be taken apart.
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'.' | b'/' | b':' | b'_'))
    {
        are_words(text.split(' ').filter(|word| !word.is_empty()), skip, needed)
    } else {
        are_words(Words::new(text).map(|token| token.text), skip, needed)
    }
}

/// Whether the first `needed` tokens after `skip` are there and no options.
fn are_words(tokens: impl Iterator<Item: AsRef<str>>, skip: usize, needed: usize) -> bool {
    tokens.skip(skip).take(needed).take_while(|token| !token.as_ref().starts_with('-')).count() == needed
}

/// Says why `word`, which is escaped, cannot be what `param` takes.
pub(crate) fn refusal(param: &Param, word: &str) -> Option<String> {
    param.read(word).err().map(|reason| cannot_be("this", param, word, &reason))
}

/// What may be recorded of the words: all of them, except that `secrets` and what follows `secret_rest` are "…".
fn recorded(text: &str, tokens: &[Token], secrets: &[&str], secret_rest: Option<usize>) -> String {
    let Some(first) = tokens.first() else { return String::new() };
    let mut out = String::new();
    let mut at = first.start;
    for token in tokens {
        if secret_rest.is_some_and(|rest| token.start >= rest) {
            out.push_str(&plain(&text[at..token.start]));
            out.push('…');
            return out;
        }
        // A value is a whole word, or the end of one as in `--token=value` and `-tvalue`.
        let is_end =
            |secret: &&&str| token.text == **secret || (token.text.starts_with('-') && token.text.ends_with(**secret));
        let Some(secret) = secrets.iter().filter(|secret| !secret.is_empty()).find(is_end) else { continue };
        out.push_str(&plain(&text[at..token.start]));
        out.push_str(&plain(&token.text[..token.text.len() - secret.len()]));
        out.push('…');
        at = token.end;
    }
    out.push_str(&plain(text[at..].trim_end()));
    out
}

/// Turns clap's finding into our words; its own texts address people at a terminal.
fn explain(command: &Command, tokens: &[Token], error: &clap::Error) -> String {
    let path = command.path();
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) => vec![name.as_str()],
        Some(ContextValue::Strings(names)) => names.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let first = named.first().copied().unwrap_or_default();
    match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            let missing: Vec<&str> = named.iter().map(|name| name.trim_end_matches("...")).collect();
            match missing.split_last() {
                Some((last, [])) => format!("`{path}` needs {last}"),
                Some((last, rest)) => format!("`{path}` needs {} and {last}", rest.join(", ")),
                None => format!("`{path}` needs more words"),
            }
        }
        ErrorKind::UnknownArgument if first.starts_with('-') => {
            let meant = options_near(command, tokens, first);
            let meant: Vec<&str> = meant.iter().map(String::as_str).collect();
            match meant.is_empty() {
                true => format!("`{path}` has no {}", shown(first)),
                false => format!("`{path}` has no {}; did you mean {}?", shown(first), one_of(&meant)),
            }
        }
        // A secret without its option is such a word.
        ErrorKind::UnknownArgument if command.has_secret() => {
            format!("there is one word too many for `{path}`; put quotes around words that belong together")
        }
        ErrorKind::UnknownArgument => {
            let word = shown(first);
            format!("`{word}` is one word too many for `{path}`; put quotes around words that belong together")
        }
        ErrorKind::ArgumentConflict => format!("{first} is given twice"),
        ErrorKind::TooManyValues => format!("{first} takes no value"),
        ErrorKind::InvalidValue => format!("{first} needs a value"),
        _ => format!("`{path}` cannot be run with these words"),
    }
}

fn options_near(command: &Command, tokens: &[Token], typed: &str) -> Vec<String> {
    let longs = || command.params.iter().filter_map(Param::long);
    // `-now` reaches us as an unknown `-n`: look for the whole word.
    let word = match typed.strip_prefix("--") {
        Some(word) => word,
        None => match tokens.iter().find(|token| token.text.starts_with(typed)) {
            Some(token) if token.text.chars().count() > 2 => token.text.trim_start_matches('-'),
            _ => return Vec::new(),
        },
    };
    nearest(word, longs()).into_iter().map(|name| format!("--{name}")).collect()
}

fn cannot_be(label: &str, param: &Param, word: &str, reason: &str) -> String {
    let typed = if param.is_secret() { "…".to_owned() } else { shown(word) };
    let words: Vec<&str> = param.choices().iter().map(|(word, _)| *word).collect();
    if words.is_empty() {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        return format!("{label} cannot be `{typed}`{reason}");
    }
    match nearest(&plain(word), words.iter().copied()).as_slice() {
        [] => format!("{label} cannot be `{typed}`; it is one of {}", words.join(", ")),
        meant => format!("{label} cannot be `{typed}`; did you mean {}?", one_of(meant)),
    }
}

/// Says which quote of the words of `command` is never closed, unless what it encloses may be secret.
fn unclosed(command: &Command, text: &str, open: usize) -> String {
    if command.has_secret() { "a quote is never closed".to_owned() } else { never_closed(text, open) }
}

pub(crate) fn never_closed(text: &str, open: usize) -> String {
    format!("this quote is never closed: {}", shown(&text[open..]))
}

/// What was typed, short and in one line, to stand within backquotes.
pub(super) fn shown(word: &str) -> String {
    let word = plain(word.trim_end()).replace(['\n', '\r'], " ").replace('`', "'");
    help::cut(&word, REPEATED)
}
