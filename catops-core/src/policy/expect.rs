//! The answers that a policy file expects of its own rules.

use std::fmt;

use catops_policy::{Expectation, File, Groups, Place, Text};

use super::{declared, question};
use crate::command::{Commands, Line};
use crate::request::Actor;

/// What a file expects of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// It may be run, at once or once it is approved.
    Allowed,
    /// It may be run once others approve it.
    Waits,
    Denied,
}

impl Expected {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Waits => "allowed and waits for approval",
            Self::Denied => "denied",
        }
    }
}

/// An answer that was not as the file expects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surprise {
    /// The file.
    pub file: &'static str,
    /// Where the line stands in the file.
    pub at: Place,
    /// Who asks, where and when.
    pub situation: String,
    /// The command line.
    pub line: &'static str,
    /// What was expected.
    pub expected: String,
    /// What came instead.
    pub got: String,
}

/// Shows the situation, then what was expected and what came, as a diff.
impl fmt::Display for Surprise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.at.line, self.situation)?;
        write!(f, "\n- `{}` is {}\n+ `{0}` is {}", self.line, self.expected, self.got)
    }
}

/// Answers every line of the file's tests and returns how many there are, and those whose answer was not as expected.
///
/// A line that no command takes is a surprise too.
pub fn test(file: &File, commands: &Commands) -> (usize, Vec<Surprise>) {
    let (mut count, mut surprises) = (0, Vec::new());
    for expectation in &file.tests {
        let allows = expectation.allows.iter().map(|line| (line, Expected::Allowed));
        let approves = expectation.approves.iter().map(|line| (line, Expected::Waits));
        let denies = expectation.denies.iter().map(|line| (line, Expected::Denied));
        for (line, expected) in allows.chain(approves).chain(denies) {
            count += 1;
            surprises.extend(surprise(file, commands, expectation, line, expected));
        }
    }
    (count, surprises)
}

fn surprise(
    file: &File,
    commands: &Commands,
    about: &Expectation,
    line: &Text,
    expected: Expected,
) -> Option<Surprise> {
    let got = match commands.line(&escaped(line.text)) {
        Err(reason) => Some(format!("no line to run: {reason}")),
        Ok(Line { command, arguments }) => {
            let first = file.rules.teams.first().map_or("", |team| team.text);
            let team = if about.team.is_empty() { first } else { about.team };
            let actor = Actor { id: about.asker.to_owned(), name: String::new(), team: team.to_owned() };
            let path = command.path();
            let question = catops_policy::Question {
                groups: Groups::Known(&about.groups),
                channel: Some(about.channel),
                arguments: catops_policy::Arguments::Known(&arguments),
                now: about.now,
                ..question(&actor, &path, &command)
            };
            let verdict = file.rules.decide(&question);
            let why = match &verdict {
                catops_policy::Verdict::Allow(why) => file.rules.why(&question, why),
                catops_policy::Verdict::Deny(denial) => file.rules.because(&question, denial),
            };
            let got = match (&verdict, expected) {
                (catops_policy::Verdict::Deny(_), _) => Expected::Denied,
                (_, Expected::Waits) if file.rules.approval(&question, declared(&command)).is_some() => Expected::Waits,
                _ => Expected::Allowed,
            };
            (got != expected).then(|| format!("{}: {why}", got.as_str()))
        }
    };
    let got = got?;
    Some(Surprise {
        file: file.rules.file,
        at: line.at,
        situation: situation(about),
        line: line.text,
        expected: expected.as_str().to_owned(),
        got,
    })
}

/// Puts a line of the file into the form that chats send; mentions such as `<@U012AB3CD>` are written so already.
fn escaped(line: &str) -> String {
    let is_mention = |word: &str| (word.starts_with("<@") || word.starts_with("<#")) && word.ends_with('>');
    let words = line.split(' ').map(|word| if is_mention(word) { word.to_owned() } else { crate::line::escape(word) });
    words.collect::<Vec<_>>().join(" ")
}

fn situation(about: &Expectation) -> String {
    let mut text = if about.name.is_empty() { String::new() } else { format!("{}: ", about.name) };
    text.push_str(about.asker);
    if !about.groups.is_empty() {
        text.push_str(&format!(" of {}", about.groups.join(", ")));
    }
    if !about.channel.is_empty() {
        text.push_str(&format!(" in {}", about.channel));
    }
    if let Some(now) = about.now {
        text.push_str(&format!(" at {}", crate::time::Timestamp::from_secs(now)));
    }
    text
}
