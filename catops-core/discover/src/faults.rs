//! Names that clash.

use std::collections::BTreeMap;

use crate::file::{Command, File};
use crate::words::WORDS;

/// Returns every clash between these files.
pub(crate) fn find(files: &[File]) -> Vec<String> {
    let mut faults = modules(files);
    let mut names: BTreeMap<String, Vec<(&File, &Command)>> = BTreeMap::new();
    let mut groups: BTreeMap<&str, (&File, &Command)> = BTreeMap::new();
    for (file, command) in files.iter().flat_map(|file| file.commands.iter().map(move |command| (file, command))) {
        names.entry(command.path()).or_default().push((file, command));
        if let Some(group) = &command.group {
            groups.entry(group).or_insert((file, command));
        }
        let path = command.path();
        if path.split(' ').any(|word| word == "help") {
            faults.push(format!("{}: `{path}`: the name `help` is kept for help; choose another", at(file, command)));
        }
        if let Some(word) = WORDS.into_iter().find(|word| path.split(' ').next() == Some(word)) {
            let at = at(file, command);
            faults.push(format!("{at}: `{path}`: the name `{word}` is kept for what every bot does; choose another"));
        }
    }
    for (name, commands) in &names {
        let Some(((file, first), others)) = commands.split_first() else { continue };
        for (other_file, other) in others.iter().filter(|(_, other)| !are_apart(first, other)) {
            faults.push(format!(
                "two commands are named `{name}`: {} and {}; rename one, or give it `#[command(name = \"…\")]`",
                at(file, first),
                at(other_file, other)
            ));
        }
        if let Some((group_file, member)) = groups.get(name.as_str()) {
            faults.push(format!(
                "`{name}` is a command in {} and a group in {}; rename one",
                at(file, first),
                at(group_file, member)
            ));
        }
    }
    faults
}

fn modules(files: &[File]) -> Vec<String> {
    let mut seen: BTreeMap<&str, &File> = BTreeMap::new();
    let mut faults = Vec::new();
    for file in files {
        if let Some(other) = seen.insert(&file.module, file) {
            faults
                .push(format!("{} and {} are both the module `{}`; rename one", other.shown, file.shown, file.module));
        }
    }
    faults
}

/// Whether two commands are meant for different builds.
fn are_apart(a: &Command, b: &Command) -> bool {
    !a.cfgs.is_empty() && !b.cfgs.is_empty() && a.cfgs != b.cfgs
}

fn at(file: &File, command: &Command) -> String {
    format!("{}:{}", file.shown, command.line)
}
