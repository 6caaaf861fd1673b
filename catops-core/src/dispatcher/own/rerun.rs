//! `rerun`: runs again what a job ran.

use super::{End, LOOKED_AT, Turn, words};
use crate::audit::{Outcome, Record};
use crate::error::Error;
use crate::job::JobId;
use crate::line::escape_line;
use crate::policy::Asker;
use crate::reply::Reply;

impl Turn<'_> {
    /// Returns the line that the job of this id ran, or how it ends if there is none that the asker may see and run again.
    pub(super) async fn earlier(&self, id: &JobId, asker: Asker<'_>) -> Result<Result<String, End>, Error> {
        let records = self.dispatcher.store.records(LOOKED_AT).await?;
        let sees_all = self.dispatcher.app.policy().audits(asker, "rerun").is_ok();
        let found = records.iter().find(|record| record.job == *id && (sees_all || self.may_see(record)));
        let usage = |said: String| Ok(Err((Outcome::Usage, Reply::to_asker(said))));
        let Some(record) = found else {
            return usage(format!(
                "I know of no job `{id}`: it has to be among the newest {LOOKED_AT}, and asked for by you or in this \
                 channel. `history` lists them."
            ));
        };
        let (name, commands) = (words::bare(&record.command), self.dispatcher.app.commands());
        let Some(command) = commands.find(&record.command).filter(|_| was_read(record)) else {
            return usage(format!("Job `{id}` ran no command that I know (`{name}`), so nothing was run."));
        };
        if command.has_secret() && record.arguments.contains('…') {
            return usage(format!("Job `{id}` was given a secret, which I do not keep. Please type `{name}` again."));
        }
        let line = match &record.text {
            Some(text) => text.clone(),
            None => escape_line(format!("{} {}", record.command, record.arguments).trim_end()),
        };
        match commands.addressed(&line) {
            Some(addressed) if addressed.path() == command.path() => Ok(Ok(line)),
            _ => usage(format!("I cannot tell what job `{id}` ran. Please type `{name}` again.")),
        }
    }
}

/// Whether the words of a record were read as those of a command, so that it says what was asked for.
const fn was_read(record: &Record) -> bool {
    match record.outcome {
        Outcome::Help | Outcome::Unknown | Outcome::Forged | Outcome::Skewed => false,
        // A command that ran can refuse words as well.
        Outcome::Usage => record.took.is_some(),
        _ => true,
    }
}
