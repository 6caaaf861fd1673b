//! What the rules are held against: the commands, in the words of the policy.

use catops_policy::{Facts, Parameter};

use crate::command::{Command, Commands, Param, Shape};

/// Describes every command. It builds each once, so it is for the start with a file of its own, and for tests.
pub(super) fn all(commands: &Commands) -> Vec<Facts> {
    commands.all().map(|command| one(&command)).collect()
}

fn one(command: &Command) -> Facts {
    Facts {
        path: command.path(),
        requires: command.requires().map(str::to_owned),
        approve: command.approve().map(|approve| (approve.role.to_owned(), approve.count)),
        parameters: command.params().iter().map(parameter).collect(),
    }
}

fn parameter(param: &Param) -> Parameter {
    Parameter {
        name: param.name().to_owned(),
        is_flag: Some(param.shape() == Shape::Flag),
        is_secret: param.is_secret(),
        choices: param.choices().iter().map(|(word, _)| (*word).to_owned()).collect(),
    }
}
