//! What only shows when a command is built: one test in the plugins' crate looks at all of them.

use super::read::parser;
use super::{Command, Commands};

/// Builds every command and returns what is wrong with them: options that clash, defaults that their own type cannot
/// read, next steps that do not exist.
///
/// clap's own checks run in a debug build only, which a test is.
///
/// # Panics
///
/// Where clap finds a command impossible; its text names the parameter.
pub fn check(commands: &Commands) -> Vec<String> {
    let mut problems = Vec::new();
    for path in commands.paths() {
        let Some(command) = commands.find(path) else {
            problems.push(format!("`{path}` is in the list of commands and cannot be found"));
            continue;
        };
        if command.path() != path {
            problems.push(format!("`{path}` calls itself `{}`", command.path()));
        }
        parser(&command).debug_assert();
        look_at(&command, commands, &mut problems);
    }
    problems
}

fn look_at(command: &Command, commands: &Commands, problems: &mut Vec<String>) {
    let (file, path) = (command.file(), command.path());
    for param in command.params() {
        let Some(default) = param.default() else { continue };
        if let Err(reason) = param.read(default) {
            problems
                .push(format!("{file}: `{path}`: the default of {} cannot be `{default}`: {reason}", param.label()));
        }
    }
    for next in command.next() {
        if commands.addressed(next).is_none() {
            problems.push(format!("{file}: `{path}`: next names `{next}`, which is no command"));
        }
    }
}
