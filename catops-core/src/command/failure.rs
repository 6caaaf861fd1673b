//! What a command gives back, and what becomes of it.

use std::error::Error as StdError;

use super::Running;
use crate::error::chain;
use crate::reply::Reply;

/// Why a command has no reply.
///
/// It is made by [`usage`], whose text the asker reads, or by `?` from any error, which is logged; the asker sees the
/// job's id and no more.
#[derive(Debug)]
pub struct CommandError {
    shown: bool,
    text: String,
}

/// Makes an error that the asker reads as written: what was wrong with the request, and what to type instead.
///
/// ```
/// let error = catops_core::usage("say why, in more than a word");
/// assert_eq!(error.usage_text(), Some("say why, in more than a word"));
/// ```
pub fn usage(text: impl Into<String>) -> CommandError {
    CommandError { shown: true, text: text.into() }
}

impl CommandError {
    /// Makes an error that is logged and not shown, from what `?` cannot take: an `anyhow::Error`, or plain text.
    ///
    /// ```
    /// # fn f() -> catops_core::Result<()> {
    /// # let found: Option<u8> = Some(1);
    /// found.ok_or("the list is empty").map_err(catops_core::CommandError::failed)?;
    /// # Ok(()) }
    /// # f().unwrap();
    /// ```
    pub fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { shown: false, text: chain(&*error.into()) }
    }

    /// Returns what the asker reads, if the command said so by [`usage`].
    pub fn usage_text(&self) -> Option<&str> {
        self.shown.then_some(&self.text)
    }

    /// Returns the error and its causes in one line, for the log.
    pub fn detail(&self) -> &str {
        &self.text
    }
}

// `CommandError` is not an `Error` itself, so that this can stand for all of them.
impl<E: StdError + Send + Sync + 'static> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self { shown: false, text: chain(&error) }
    }
}

/// What a command may return.
#[diagnostic::on_unimplemented(
    message = "a command cannot return `{Self}`",
    label = "not a reply",
    note = "return `Reply`, `String`, `&'static str`, `()`, or `Result` of one of these"
)]
pub trait IntoReply {
    /// Turns it into a reply.
    fn into_reply(self) -> Result<Reply, CommandError>;
}

impl IntoReply for Reply {
    fn into_reply(self) -> Result<Reply, CommandError> {
        Ok(self)
    }
}

impl IntoReply for String {
    fn into_reply(self) -> Result<Reply, CommandError> {
        Ok(Reply::to_channel(self))
    }
}

impl IntoReply for &'static str {
    fn into_reply(self) -> Result<Reply, CommandError> {
        Ok(Reply::to_channel(self))
    }
}

impl IntoReply for () {
    fn into_reply(self) -> Result<Reply, CommandError> {
        Ok(Reply::to_channel("Done."))
    }
}

impl<T: IntoReply, E: IntoFailure> IntoReply for Result<T, E> {
    fn into_reply(self) -> Result<Reply, CommandError> {
        self.map_err(E::into_failure)?.into_reply()
    }
}

/// What a command may fail with.
#[diagnostic::on_unimplemented(
    message = "a command's error must be a `std::error::Error`, which `{Self}` is not",
    label = "not an error",
    note = "return `catops_core::Result`, or an error that implements `std::error::Error + Send + Sync`"
)]
pub trait IntoFailure {
    /// Turns it into the one error type.
    fn into_failure(self) -> CommandError;
}

impl IntoFailure for CommandError {
    fn into_failure(self) -> CommandError {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn StdError + Send + Sync>>> IntoFailure for E {
    fn into_failure(self) -> CommandError {
        CommandError::failed(self)
    }
}

/// Turns what a command returned into a reply; a function, so that an error shows the author's own return type.
#[doc(hidden)]
pub fn done<T: IntoReply>(out: T) -> Result<Reply, CommandError> {
    out.into_reply()
}

/// What the plan of a command that is no `async fn` may return.
#[diagnostic::on_unimplemented(
    message = "the plan of a command that is no `async fn` is none either, and returns what a command may, not `{Self}`",
    label = "not a reply"
)]
pub trait Plan: IntoReply {}

#[diagnostic::do_not_recommend]
impl<T: IntoReply> Plan for T {}

/// Turns what a plan returned into a reply.
#[doc(hidden)]
pub fn planned<T: Plan>(out: T) -> Result<Reply, CommandError> {
    out.into_reply()
}

/// What the plan of an `async` command may return.
#[diagnostic::on_unimplemented(
    message = "the plan of an `async` command is an `async fn` too, and returns what a command may; this gives `{Self}`",
    label = "not a reply to wait for"
)]
pub trait PlanLater: Future<Output: IntoReply> {}

#[diagnostic::do_not_recommend]
impl<T: Future<Output: IntoReply>> PlanLater for T {}

/// Turns what an async plan returns into a reply. What it gives does not depend on `T`, so that a mistake is told once.
#[doc(hidden)]
pub fn planned_later<'a, T: PlanLater + Send + 'a>(out: T) -> Running<'a> {
    Box::pin(async move { out.await.into_reply() })
}

/// What a completer may return.
#[diagnostic::on_unimplemented(
    message = "a completer gives `Vec<String>`, not `{Self}`",
    label = "not a list of words"
)]
pub trait Completions {
    /// Turns it into words.
    fn into_words(self) -> Vec<String>;
}

impl Completions for Vec<String> {
    fn into_words(self) -> Vec<String> {
        self
    }
}

#[doc(hidden)]
pub fn completions<T: Completions>(words: T) -> Vec<String> {
    words.into_words()
}
