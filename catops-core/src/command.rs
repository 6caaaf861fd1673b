//! A command: plain data made by `#[command]`, built when it is addressed.
//!
//! The attribute keeps the function as it is and adds one beside it that returns a [`Command`]. The build script finds
//! these by name, so nothing is registered and nothing runs at start.

#[cfg(any(test, feature = "testing"))]
mod check;
mod failure;
mod given;
pub(crate) mod help;
mod list;
pub(crate) mod near;
pub(crate) mod own;
mod param;
mod read;
pub(crate) mod step;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

#[cfg(any(test, feature = "testing"))]
pub use self::check::check;
pub use self::failure::{CommandError, usage};
pub use self::given::Line;
pub use self::list::{Asked, Commands, What};
pub use self::own::{OWN, Own, Since, Sought};
pub use self::param::{Param, Reference, Shape};
pub use self::read::Values;
pub(crate) use self::read::{never_closed, refusal};
use crate::context::Context;
use crate::reply::Reply;

/// What an async command gives before it has an answer.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Reply, CommandError>> + Send + 'a>>;

/// How a command is run.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// An `async fn`.
    Async(for<'a> fn(&'a Context, Values) -> Running<'a>),
    /// A plain `fn`, which may block and so belongs on a thread of its own.
    Blocking(fn(&Context, Values) -> Result<Reply, CommandError>),
}

/// What lists the words that may stand for a parameter, given what is typed so far.
pub type Completer = for<'a> fn(&'a Context, &'a str) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>>;

/// A command: what it is called, what it takes, what it says of itself, and how it is run.
pub struct Command {
    name: &'static str,
    group: Option<&'static str>,
    plugin: &'static str,
    file: &'static str,
    doc: &'static str,
    run: Run,
    requires: Option<&'static str>,
    next: &'static [&'static str],
    on_failure: &'static [&'static str],
    inline: bool,
    repeatable: bool,
    ephemeral: bool,
    schedule: Option<&'static str>,
    plan: Option<Run>,
    approve: Option<Approve>,
    exclusive: Option<&'static str>,
    params: Vec<Param>,
}

/// Who has to approve a command, as its author declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approve {
    /// The role that an approver has.
    pub role: &'static str,
    /// How many have to, the asker not among them.
    pub count: u8,
}

impl Command {
    /// Returns how it is called, as shown: `restart`, or `deploys start` in a group.
    pub fn path(&self) -> String {
        match self.group {
            Some(group) => format!("{group} {}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// Returns its own name, without the group's.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the group it is in.
    pub const fn group(&self) -> Option<&'static str> {
        self.group
    }

    /// Returns the name of its file without the ending, folders joined by `_`. Its state is kept under this name.
    pub const fn plugin(&self) -> &'static str {
        self.plugin
    }

    /// Returns its file, as a path from the folder above the plugins'.
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// Returns the permission that the asker needs.
    pub const fn requires(&self) -> Option<&'static str> {
        self.requires
    }

    /// Returns the lines that usually follow. In them `{name}` stands for what was given for the parameter `name`.
    pub const fn next(&self) -> &'static [&'static str] {
        self.next
    }

    /// Returns the lines that usually follow when it failed, in the same form.
    pub const fn on_failure(&self) -> &'static [&'static str] {
        self.on_failure
    }

    /// Returns whether it is quick enough to be answered at once, without a second leg.
    pub const fn is_inline(&self) -> bool {
        self.inline
    }

    /// Returns whether it may run again for the same request.
    pub const fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// Returns whether only the asker sees the words and the reply.
    pub const fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// Returns when it runs by itself: a cron line in UTC, which [`Cron::parse`](crate::schedule::Cron::parse) reads.
    pub const fn schedule(&self) -> Option<&'static str> {
        self.schedule
    }

    /// Returns what says beforehand what it would change: it takes the same parameters and changes nothing.
    pub const fn plan(&self) -> Option<Run> {
        self.plan
    }

    /// Returns who has to approve it; rules of the policy may ask for more.
    pub const fn approve(&self) -> Option<Approve> {
        self.approve
    }

    /// Returns the lock that it holds while it runs: the name of a parameter, whose value is the lock, or else of the one
    /// lock.
    pub const fn exclusive(&self) -> Option<&'static str> {
        self.exclusive
    }

    /// Returns how it is run.
    pub const fn run(&self) -> Run {
        self.run
    }

    /// Returns its doc comment.
    pub const fn doc(&self) -> &'static str {
        self.doc
    }

    /// Returns the first sentence of its doc comment.
    pub fn summary(&self) -> String {
        help::first_sentence(self.doc)
    }

    /// Returns what to type, such as `restart [OPTIONS] <service>`.
    pub fn usage(&self) -> String {
        help::usage(self)
    }

    /// Returns what it takes, in the order of the function's parameters.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Returns whether its steps name parameters.
    fn fills_steps(&self) -> bool {
        self.next.iter().chain(self.on_failure).any(|step| step.contains('{'))
    }

    /// Returns what `text`, which addresses it, gives it, if something that must be given is not there: the names of the
    /// parameters with their words, still escaped. `None` also where the words are wrong as they are.
    pub fn lacking(&self, text: &str) -> Option<Vec<(String, Vec<String>)>> {
        read::lacking(self, text, 1 + usize::from(self.group.is_some()))
    }

    /// Returns whether one of its parameters is marked `secret`.
    pub(crate) fn has_secret(&self) -> bool {
        self.params.iter().any(Param::is_secret)
    }
}

/// What generated code builds a command with.
#[doc(hidden)]
impl Command {
    #[must_use]
    pub fn new(name: &'static str, doc: &'static str, run: Run) -> Self {
        Self {
            name,
            group: None,
            plugin: "",
            file: "",
            doc,
            run,
            requires: None,
            next: &[],
            on_failure: &[],
            inline: false,
            repeatable: false,
            ephemeral: false,
            schedule: None,
            plan: None,
            approve: None,
            exclusive: None,
            params: Vec::new(),
        }
    }

    #[must_use]
    pub fn set_requires(mut self, permission: &'static str) -> Self {
        self.requires = Some(permission);
        self
    }

    #[must_use]
    pub fn set_next(mut self, next: &'static [&'static str]) -> Self {
        self.next = next;
        self
    }

    #[must_use]
    pub fn set_on_failure(mut self, steps: &'static [&'static str]) -> Self {
        self.on_failure = steps;
        self
    }

    #[must_use]
    pub fn set_inline(mut self) -> Self {
        self.inline = true;
        self
    }

    #[must_use]
    pub fn set_repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    #[must_use]
    pub fn set_ephemeral(mut self) -> Self {
        self.ephemeral = true;
        self
    }

    #[must_use]
    pub fn set_schedule(mut self, line: &'static str) -> Self {
        self.schedule = Some(line);
        self
    }

    #[must_use]
    pub fn set_plan(mut self, plan: Run) -> Self {
        self.plan = Some(plan);
        self
    }

    #[must_use]
    pub fn set_approve(mut self, role: &'static str, count: u8) -> Self {
        self.approve = Some(Approve { role, count });
        self
    }

    #[must_use]
    pub fn set_exclusive(mut self, lock: &'static str) -> Self {
        self.exclusive = Some(lock);
        self
    }

    #[must_use]
    pub fn param(mut self, param: Param) -> Self {
        self.params.push(param);
        self
    }

    #[must_use]
    pub fn in_group(mut self, group: &'static str) -> Self {
        self.group = Some(group);
        self
    }

    #[must_use]
    pub fn from_file(mut self, plugin: &'static str, file: &'static str) -> Self {
        self.plugin = plugin;
        self.file = file;
        self
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("path", &self.path()).field("file", &self.file).finish_non_exhaustive()
    }
}

/// What the code that `#[command]` writes refers to. Not for people: it changes without notice.
#[doc(hidden)]
pub mod private {
    use std::marker::PhantomData;

    pub use super::Run;
    pub use super::failure::{Completions, IntoFailure, IntoReply, completions, done, planned, planned_later};
    pub use super::param::{Arg, Described, Description, Param};

    /// Asks a type for its [`Description`], whether or not it has one: the inherent constant wins where `T` is
    /// [`Described`], else the one of the trait [`Undescribed`] is found.
    #[derive(Debug)]
    pub struct Probe<T>(PhantomData<T>);

    impl<T: Described> Probe<T> {
        pub const DESCRIPTION: Description = Description { words: T::WORDS, reference: T::REFERENCE };
    }

    pub trait Undescribed {
        const DESCRIPTION: Description = Description { words: &[], reference: None };
    }

    impl<T> Undescribed for Probe<T> {}
}

#[cfg(test)]
mod tests;
