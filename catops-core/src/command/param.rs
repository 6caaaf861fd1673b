//! One parameter of a command.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::Completer;
use crate::line::plain;
use crate::request::{ChannelRef, UserRef};

/// What a word is read into: anything with `FromStr` whose error can be shown.
#[diagnostic::on_unimplemented(
    message = "a command cannot take a parameter of type `{Self}`",
    label = "one word of chat text cannot be read into this",
    note = "for an enum of your own, write `#[derive(Choice)]` above it",
    note = "for another type, implement `std::str::FromStr` with an error that implements `Display`"
)]
pub trait Arg: Sized + Send + 'static {
    /// Reads one word.
    fn read(word: &str) -> Result<Self, String>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr<Err: fmt::Display> + Send + 'static> Arg for T {
    fn read(word: &str) -> Result<Self, String> {
        word.parse().map_err(|error: T::Err| error.to_string())
    }
}

/// A type that says more of itself than `FromStr` does.
pub trait Described {
    /// The words it can be read from, each with its help; empty if there are too many to list.
    const WORDS: &'static [(&'static str, &'static str)] = &[];
    /// What it refers to. Then it reads escaped text, with references as the chat sent them.
    const REFERENCE: Option<Reference> = None;
}

impl Described for UserRef {
    const REFERENCE: Option<Reference> = Some(Reference::User);
}

impl Described for ChannelRef {
    const REFERENCE: Option<Reference> = Some(Reference::Channel);
}

/// What a word that the chat resolved refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A person, as in `<@U1>`.
    User,
    /// A channel, as in `<#C1>`.
    Channel,
}

/// What a type says of itself.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Description {
    pub words: &'static [(&'static str, &'static str)],
    pub reference: Option<Reference>,
}

/// A value on its way into the function.
pub(super) type Value = Box<dyn Any + Send>;

/// How a parameter is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One word at its place.
    Word,
    /// All remaining words.
    Words,
    /// The rest of the line, with quotes and spaces as typed.
    Rest,
    /// `--name value`.
    Option,
    /// `--name value`, as often as wanted.
    Options,
    /// `--name`.
    Flag,
}

/// One parameter of a command.
#[derive(Clone)]
pub struct Param {
    pub(super) name: &'static str,
    help: &'static str,
    shape: Shape,
    long: &'static str,
    short: Option<char>,
    required: bool,
    default: Option<&'static str>,
    secret: bool,
    description: Description,
    read: fn(&str) -> Result<Value, String>,
    complete: Option<Completer>,
}

impl Param {
    /// Returns its name, as shown.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns its doc comment.
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// Returns how it is given.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Returns whether it is named in the line, as in `--name`.
    pub const fn is_option(&self) -> bool {
        matches!(self.shape, Shape::Option | Shape::Options | Shape::Flag)
    }

    /// Returns the word after `--`, for an option or a flag.
    pub fn long(&self) -> Option<&'static str> {
        self.is_option().then_some(self.long)
    }

    /// Returns the letter after `-`.
    pub const fn short(&self) -> Option<char> {
        self.short
    }

    /// Returns whether it must be given.
    pub const fn is_required(&self) -> bool {
        self.required
    }

    /// Returns the words it can be, each with its help; empty if it may be anything.
    pub const fn choices(&self) -> &'static [(&'static str, &'static str)] {
        self.description.words
    }

    /// Returns what it refers to, if it takes references only.
    pub const fn reference(&self) -> Option<Reference> {
        self.description.reference
    }

    /// Returns whether it takes more than one word.
    pub const fn is_list(&self) -> bool {
        matches!(self.shape, Shape::Words | Shape::Options)
    }

    /// Returns what it is when it is not given.
    pub const fn default(&self) -> Option<&'static str> {
        self.default
    }

    /// Returns whether its value must not be recorded.
    pub const fn is_secret(&self) -> bool {
        self.secret
    }

    /// Returns what lists the words it can be.
    pub const fn completer(&self) -> Option<Completer> {
        self.complete
    }

    /// Returns whether it reads escaped text, with mentions as the chat sent them.
    pub(super) const fn is_raw(&self) -> bool {
        self.description.reference.is_some()
    }

    /// Returns how it is shown in errors: `<service>`, `--count <count>`, `--now`.
    pub fn label(&self) -> String {
        match self.shape {
            Shape::Word | Shape::Words | Shape::Rest => format!("<{}>", self.name),
            Shape::Option | Shape::Options => format!("--{} <{}>", self.long, self.name),
            Shape::Flag => format!("--{}", self.long),
        }
    }

    /// Returns which of the choices a plain word is meant for.
    pub(crate) fn choice(&self, word: &str) -> Option<&'static str> {
        self.choices().iter().map(|(choice, _)| *choice).find(|choice| is_same(choice, word))
    }

    /// Reads one value, which is still escaped, or says why it cannot be read.
    pub(super) fn read(&self, word: &str) -> Result<Value, String> {
        let text = if self.description.reference.is_some() { Cow::Borrowed(word) } else { Cow::Owned(plain(word)) };
        (self.read)(self.choice(&text).unwrap_or(&text))
    }
}

/// What generated code builds a parameter with.
#[doc(hidden)]
impl Param {
    fn new<T: Arg>(name: &'static str, help: &'static str, shape: Shape, description: Description) -> Self {
        Self {
            name,
            help,
            shape,
            long: name,
            short: None,
            required: matches!(shape, Shape::Word | Shape::Rest | Shape::Option),
            default: None,
            secret: false,
            description,
            read: |word| T::read(word).map(|value| Box::new(value) as Value),
            complete: None,
        }
    }

    #[must_use]
    pub fn word<T: Arg>(name: &'static str, help: &'static str, description: Description) -> Self {
        Self::new::<T>(name, help, Shape::Word, description)
    }

    #[must_use]
    pub fn words(mut self) -> Self {
        self.shape = Shape::Words;
        self.required = false;
        self
    }

    #[must_use]
    pub fn rest(mut self) -> Self {
        self.shape = Shape::Rest;
        self
    }

    #[must_use]
    pub fn flag(name: &'static str, help: &'static str) -> Self {
        let mut flag = Self::new::<bool>(name, help, Shape::Flag, Description { words: &[], reference: None });
        flag.required = false;
        flag
    }

    #[must_use]
    pub fn set_long(mut self, long: &'static str) -> Self {
        self.long = long;
        if self.shape == Shape::Word {
            self.shape = Shape::Option;
        }
        self
    }

    #[must_use]
    pub fn set_short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    #[must_use]
    pub fn repeated(mut self) -> Self {
        self.shape = Shape::Options;
        self.required = false;
        self
    }

    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    #[must_use]
    pub fn set_default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self.required = false;
        self
    }

    #[must_use]
    pub fn set_secret(mut self) -> Self {
        self.secret = true;
        self
    }

    #[must_use]
    pub fn set_complete(mut self, complete: Completer) -> Self {
        self.complete = Some(complete);
        self
    }
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Param").field("label", &self.label()).finish_non_exhaustive()
    }
}

/// Compares two names as people type them: case does not matter, `_` is `-`.
pub(super) fn is_same(name: &str, typed: &str) -> bool {
    name == typed
        || (name.len() == typed.len() && typed.replace('_', "-").eq_ignore_ascii_case(&name.replace('_', "-")))
}
