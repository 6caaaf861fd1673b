//! A policy file at run time.

use std::path::Path;

use catops_policy::{File, Mistake};

use super::wrong;
use crate::error::Error;

/// Reads a policy file and checks what can be checked without the commands; [`Policy::check`](super::Policy::check) does
/// the rest.
///
/// What is read stays in memory as long as the process lives, so read a file once. An error is of kind
/// [`ErrorKind::Config`](crate::ErrorKind::Config) and names every mistake with file, line, column and the cure.
pub fn open(path: &Path) -> Result<File, Error> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong(format!("the policy file `{shown}` cannot be read")).because(error))?;
    catops_policy::read(&shown, &text).map_err(|mistakes| error(&shown, &mistakes))
}

/// Reads the text of a policy file, which the error calls `shown`. What is read stays in memory.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn of_text(shown: &str, text: &str) -> Result<super::Policy, Error> {
    let file = catops_policy::read(shown, text).map_err(|mistakes| error(shown, &mistakes))?;
    Ok(super::Policy::new(Box::leak(Box::new(file.rules))))
}

/// Returns the error of these mistakes, if there are any.
pub(super) fn refused(file: &str, mistakes: &[Mistake]) -> Result<(), Error> {
    if mistakes.is_empty() { Ok(()) } else { Err(error(file, mistakes)) }
}

/// One mistake a line.
fn error(file: &str, mistakes: &[Mistake]) -> Error {
    let lines: Vec<String> = mistakes.iter().map(|mistake| mistake.in_file(file)).collect();
    wrong(lines.join("\n"))
}
