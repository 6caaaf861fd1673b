//! What was given to a command, as the policy sees it: text by the names of parameters.

use std::fmt;

use catops_policy::{Argument, Given};

use super::read::{Settled, Wording, settled};
use super::{Command, Commands, Param, What};
use crate::line::{plain, split};

/// A line that a command takes.
pub struct Line {
    /// The command.
    pub command: Command,
    /// What is given to each of its parameters.
    pub arguments: Vec<Argument>,
}

/// Without the values: one of them may be secret.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("command", &self.command).finish_non_exhaustive()
    }
}

impl Commands {
    /// Reads a whole line, which is in escaped form, for a decision on it. An error says why no command takes it.
    ///
    /// Words of a `Choice` are as the command declares them, mentions are the ids behind them, defaults stand where nothing
    /// was given.
    pub fn line(&self, text: &str) -> Result<Line, String> {
        match self.read("", text, &|_| true).what {
            What::Run(command, _) => {
                let skip = command.path().split(' ').count();
                let arguments = arguments(&command, text, skip).ok_or("its words cannot be read")?;
                Ok(Line { command, arguments })
            }
            What::Help(_) | What::Own(_) => Err("it asks for help".to_owned()),
            What::Unknown(reply) | What::Usage(_, reply) => {
                Err(reply.text().lines().next().unwrap_or_default().to_owned())
            }
        }
    }
}

/// Returns what `text` gives to `command`, whose name is the first `skip` words; `None` if the words are wrong.
fn arguments(command: &Command, text: &str, skip: usize) -> Option<Vec<Argument>> {
    let line = split(text);
    let settled = settled(command, text, &line, skip)?;
    Some(command.params().iter().map(|param| Argument { name: param.name(), given: given(param, &settled) }).collect())
}

fn given(param: &Param, settled: &Settled<'_>) -> Given {
    match settled.wording(param) {
        Wording::Flag(is_given) => Given::Flag(is_given),
        Wording::Words(words) => Given::Words(words.into_iter().map(|word| meant(param, word)).collect()),
    }
}

/// Returns what a word means: the choice as it is declared, the id behind a mention, else the word in plain.
fn meant(param: &Param, word: &str) -> String {
    if let Some(id) = word.strip_prefix('<').and_then(|word| word.strip_suffix('>')).filter(|_| param.is_raw()) {
        let id = id.split('|').next().unwrap_or_default();
        return id.trim_start_matches(['@', '#']).to_owned();
    }
    let word = plain(word);
    param.choice(&word).map_or(word, str::to_owned)
}
