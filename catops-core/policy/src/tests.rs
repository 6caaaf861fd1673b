//! Tables over policy files, and laws that hold for every file.

mod decisions;
mod laws;
mod mistakes;
mod toml;
mod waiting;
mod words;

use crate::{Arguments, Facts, File, Given, Groups, Parameter, Question, read};

/// A parameter: its name, with `--` before a flag, `!` before a secret, and `=a|b` after one that has choices.
fn parameter(text: &str) -> Parameter {
    let (name, choices) = text.split_once('=').unwrap_or((text, ""));
    Parameter {
        name: name.trim_start_matches(['-', '!']).to_owned(),
        is_flag: Some(name.starts_with("--")),
        is_secret: name.starts_with('!'),
        choices: choices.split('|').filter(|choice| !choice.is_empty()).map(str::to_owned).collect(),
    }
}

/// The commands of the bot that these tests are about.
fn commands() -> Vec<Facts> {
    let facts = |path: &str, requires: &str, parameters: &[&str]| Facts {
        path: path.to_owned(),
        requires: Some(requires.to_owned()).filter(|permission| !permission.is_empty()),
        approve: None,
        parameters: parameters.iter().copied().map(parameter).collect(),
    };
    vec![
        facts("deploys list", "", &[]),
        facts("deploys start", "deploy.start", &["env=dev|prod", "tags"]),
        facts("login", "ops.login", &["user", "!token"]),
        facts("logs", "ops.logs", &["service", "count"]),
        facts("ping", "", &[]),
        facts("restart", "ops.restart", &["service", "--now"]),
        facts("scale", "ops.scale", &["service", "count"]),
        facts("status", "", &["service"]),
        facts("wipe", "ops.delete-everything", &[]),
    ]
}

/// Reads a file and holds it against the commands; returns it or every mistake as the operator sees it.
fn load(text: &str) -> Result<File, Vec<String>> {
    let file = read("plugins/catops.toml", text).and_then(|file| match file.rules.check(&commands()) {
        mistakes if mistakes.is_empty() => Ok(file),
        mistakes => Err(mistakes),
    });
    file.map_err(|mistakes| mistakes.iter().map(|mistake| mistake.in_file("plugins/catops.toml")).collect())
}

/// A question about a line, such as `restart api --now`: names, then words in the order of the parameters, then flags.
struct Asked {
    path: String,
    permission: Option<String>,
    arguments: Vec<crate::Argument>,
}

impl Asked {
    fn new(line: &str) -> Self {
        let command =
            commands().into_iter().filter(|command| (line.to_owned() + " ").starts_with(&format!("{} ", command.path)));
        let command = command.max_by_key(|command| command.path.len()).unwrap_or_else(|| panic!("{line}"));
        let words: Vec<&str> = line[command.path.len()..].split_whitespace().collect();
        let mut plain = words.iter().filter(|word| !word.starts_with("--"));
        let arguments = command.parameters.iter().map(|parameter| {
            let name: &'static str = parameter.name.clone().leak();
            let flag = format!("--{name}");
            let given = match parameter.is_flag {
                Some(true) => Given::Flag(words.contains(&flag.as_str())),
                // What is written with commas is several values.
                _ => Given::Words(plain.next().map_or(Vec::new(), |word| word.split(',').map(str::to_owned).collect())),
            };
            crate::Argument { name, given }
        });
        let arguments = arguments.collect();
        Self { path: command.path, permission: command.requires, arguments }
    }

    fn question<'a>(&'a self, user: &'a str, groups: &'a [String]) -> Question<'a> {
        Question {
            user,
            team: "T1",
            groups: Groups::Known(groups),
            channel: Some("C1"),
            command: &self.path,
            permission: self.permission.as_deref(),
            arguments: Arguments::Known(&self.arguments),
            now: Some(crate::moment("2026-11-23T10:00Z").unwrap()),
        }
    }
}
