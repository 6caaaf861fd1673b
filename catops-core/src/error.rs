//! What can go wrong outside a command, for those who act on it.

use std::error::Error as StdError;
use std::fmt;

/// What kind of failure an [`Error`] is; callers branch on this, never on text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or wrong. Trying again cannot help.
    Config,
    /// The other side could not be reached, was busy or failed. Trying again may help.
    Unavailable,
    /// No answer, in time or at all. It may or may not have happened.
    Timeout,
    /// The other side understood and refused. Trying again cannot help.
    Refused,
    /// What it was addressed to is gone, such as a reply address that has expired.
    Gone,
    /// What was given or received is not of the right form.
    Invalid,
    /// What was given is larger than the platform carries.
    TooLarge,
}

/// An adapter, a store or a chat could not do its work.
///
/// `Display` says what was being done and leaves the cause to [`source`](StdError::source), so a chain prints each
/// fact once. Neither holds a secret, a reply address or a job's content.
///
/// ```
/// use catops_core::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::Config, "CATOPS_JOB_KEY is shorter than 32 characters");
/// assert_eq!(error.to_string(), "CATOPS_JOB_KEY is shorter than 32 characters");
/// assert!(!error.is_transient());
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    doing: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind` that happened while `doing`.
    pub fn new(kind: ErrorKind, doing: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns what kind of failure it is.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns whether the same call may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable | ErrorKind::Timeout)
    }

    /// Returns the error and its causes in one line, for a log.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// Joins an error and its causes with colons.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
