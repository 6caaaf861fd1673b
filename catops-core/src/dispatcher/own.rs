//! The bot's own words.

mod glass;
mod history;
mod rerun;
mod why;

use std::future::Future;
use std::pin::Pin;

use super::turn::{Ending, Notes, Turn};
use super::{Dispatched, Dispatcher, words};
use crate::audit::report::verified;
use crate::audit::{Outcome, Record};
use crate::command::{Asked, Command, Own, Since, What, own};
use crate::error::Error;
use crate::job::Job;
use crate::policy::Asker;
use crate::reply::Reply;
use crate::request::{Request, Via};

/// How many of the newest records are looked through for what somebody did.
const LOOKED_AT: usize = 1000;

/// How a turn ends that runs no command.
type End = (Outcome, Reply);

impl Turn<'_> {
    /// Does what one of the bot's own words asks for. `name` and `arguments` are for the record.
    pub(super) async fn own(&self, own: Own, asker: Asker<'_>, name: String, arguments: String) -> Dispatched {
        let ended = match own {
            Own::Wrong(reply) => Ok((Outcome::Usage, reply)),
            Own::Why(line) => Ok(self.why(&line, asker)),
            Own::History(sought) => self.history(&sought, asker).await,
            Own::Verify(since) => self.verify(since, asker).await,
            Own::Rerun(id) => match self.earlier(&id, asker).await {
                Ok(Ok(line)) => return self.start_with(line, Notes { origin: Some(id), ..Notes::default() }).await,
                Ok(Err(end)) => Ok(end),
                Err(error) => Err(error),
            },
            Own::BreakGlass { reason, line } => match self.may_break_glass(&line, asker) {
                Ok(()) => return self.start_with(line, Notes { reason: Some(reason), ..Notes::default() }).await,
                Err(end) => Ok(end),
            },
        };
        match ended {
            Ok((outcome, reply)) => {
                self.tell(Ending { command: name, arguments, outcome, reply, notes: Notes::default() }).await
            }
            Err(error) => self.unclaimed(&error).await,
        }
    }

    /// Reads `line` in the place of the one that was typed, and does what it asks for. All that holds for a line holds for
    /// it.
    fn start_with(&self, line: String, notes: Notes) -> Pin<Box<dyn Future<Output = Dispatched> + Send + '_>> {
        let job = self.job_of(line);
        Box::pin(async move { Turn { job: &job, ..self.clone() }.start(notes).await })
    }

    /// Returns the job with `line` in the place of the one that was typed.
    fn job_of(&self, line: String) -> Job {
        let Request { via, .. } = &self.job.request;
        // A button stays one: it is used up by what it runs.
        let via = if via.is_line() { Via::Meant } else { via.clone() };
        let request = Request { text: line, via, ..self.job.request.clone() };
        Job { request, ..self.job.clone() }
    }

    /// Returns the command that takes `line`, and the line as it may be shown; or how it ends if there is none that the
    /// asker may know of. `word` is the one that asks for it.
    fn meant(&self, word: &str, line: &str, asker: Asker<'_>) -> Result<(Command, String), End> {
        let (app, prefix) = (&self.dispatcher.app, &self.job.request.prefix);
        let may = |command: &Command| app.policy().offers(asker, command);
        let Asked { command: name, arguments, what, .. } = app.commands().read(prefix, line, &may);
        match what {
            What::Run(command, _) => Ok((command, words::bare(&format!("{name} {arguments}")))),
            // How a command is used is for those who may use it.
            What::Usage(command, _) if !may(&command) => {
                let why = app.policy().admit(asker, &command, None, &name).err();
                Err((Outcome::Denied, Reply::to_asker(why.unwrap_or_default())))
            }
            What::Usage(_, reply) | What::Unknown(reply) => Err((Outcome::Usage, reply)),
            What::Help(_) | What::Own(_) => {
                let reason =
                    format!("`{}` is no line that runs a command", words::bare(&format!("{name} {arguments}")));
                Err((Outcome::Usage, own::usage(word, prefix, &reason)))
            }
        }
    }

    /// Returns whether the asker may see a record: it is theirs, or of what everybody saw in the channel where they ask.
    fn may_see(&self, record: &Record) -> bool {
        let command = || self.dispatcher.app.commands().find(&record.command);
        // Of what is no command only the asker saw the words.
        self.is_mine(record) || self.is_here(record) && command().is_some_and(|command| !command.is_ephemeral())
    }

    fn is_mine(&self, record: &Record) -> bool {
        let me = &self.job.request.actor;
        record.actor.is_same(me) && record.chat == self.job.reply_to.chat
    }

    fn is_here(&self, record: &Record) -> bool {
        let here = &self.job.request.channel.id;
        !here.is_empty() && record.channel.id == *here && record.chat == self.job.reply_to.chat
    }

    /// Says whether the audit is whole.
    async fn verify(&self, since: Option<Since>, asker: Asker<'_>) -> Result<End, Error> {
        let Dispatcher { app, store, .. } = self.dispatcher;
        if let Err(why) = app.policy().audits(asker, "audit verify") {
            return Ok((Outcome::Denied, Reply::to_asker(why)));
        }
        let since = since.map(|since| since.time(self.clock.now()));
        Ok((Outcome::Help, verified(&**store, app.key(), since).await?))
    }
}
