//! What only shows when a command is built: one test in the plugins' crate looks at all of them.

use super::near::near;
use super::param::is_same;
use super::read::parser;
use super::step::{Piece, pieces};
use super::{Command, Commands, Param, Shape};
use crate::line::{escape_line, split};

/// Builds every command and returns what is wrong with them: options that clash, defaults that their own type cannot
/// read, steps that do not exist or cannot be filled, rules of the policy file beside them that can never apply.
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
        parser(&command, true).debug_assert();
        look_at(&command, commands, &mut problems);
    }
    problems.extend(commands.policy().check(commands).err().map(|error| error.to_string()));
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
    if let Some((lock, near)) = command.exclusive().and_then(|lock| Some((lock, meant(lock, command.params())?))) {
        problems.push(format!(
            "{file}: `{path}`: exclusive names `{lock}`, which is no parameter; write `{near}` for one lock for each \
             value of it, or another name for one lock for all"
        ));
    }
    for (list, steps) in [("next", command.next()), ("on_failure", command.on_failure())] {
        for step in steps {
            if let Err(wrong) = look_at_step(step, command, commands) {
                problems.push(format!("{file}: `{path}`: {list} names `{step}`, {wrong}"));
            }
        }
    }
}

/// Returns the parameter that was meant by the name of a lock that is none; a slip would make one lock of many.
fn meant<'a>(lock: &str, params: &'a [Param]) -> Option<&'a str> {
    let names = || params.iter().map(Param::name);
    let is_long = lock.len() > 3;
    (is_long && !names().any(|name| name == lock)).then(|| near(lock, names()).first().copied()).flatten()
}

/// Returns what is wrong with a step, as the end of a sentence. Words may be missing: the chat then asks for them.
fn look_at_step(step: &str, command: &Command, commands: &Commands) -> Result<(), String> {
    let next = commands.addressed(&escape_line(step)).ok_or("which is no command")?;
    for piece in pieces(step)? {
        let Piece::Param(name) = piece else { continue };
        let param = command.params().iter().find(|param| is_same(param.name(), name));
        let param = param.ok_or_else(|| format!("where `{{{name}}}` is none of its parameters"))?;
        if param.is_secret() || param.shape() == Shape::Flag {
            return Err(format!("where `{{{name}}}` is a secret or a flag"));
        }
    }
    for token in split(step).tokens {
        let option = token.text.strip_prefix("--").map(|text| text.split('=').next().unwrap_or_default());
        let Some(option) = option.filter(|option| !option.is_empty()) else { continue };
        if !next.params().iter().filter_map(Param::long).any(|long| is_same(long, option)) {
            return Err(format!("but `{}` has no --{option}", next.path()));
        }
    }
    Ok(())
}
