//! `why`: whether and why somebody may run a line, and what else it takes.

use super::{End, Turn, words};
use crate::audit::Outcome;
use crate::policy::Asker;
use crate::reply::Reply;

impl Turn<'_> {
    /// Explains what is decided on `line`. Also what is not listed for the asker is explained, as a denial of it would.
    pub(super) fn why(&self, line: &str, asker: Asker<'_>) -> End {
        let app = &self.dispatcher.app;
        let (command, shown) = match self.meant("why", line, asker) {
            Ok(meant) => meant,
            // To be told why not is what was asked for.
            Err((Outcome::Denied, reply)) => return (Outcome::Help, reply),
            Err(end) => return end,
        };
        let read = app.commands().line(line).ok();
        let known = read.as_ref().map(|line| line.arguments.as_slice());
        let reply = Reply::to_asker(app.policy().explain(asker, &command, known, &shown));
        if app.policy().admit(asker, &command, known, &shown).is_err() {
            return (Outcome::Help, reply);
        }
        let mut more = Vec::new();
        if command.plan().is_some() {
            more.push("It shows first what it would change, and runs when that is applied or approved.".to_owned());
        }
        if let Some(lock) = command.exclusive() {
            let job = self.job_of(line.to_owned());
            let locks = Turn { job: &job, ..self.clone() }.locks(lock, &command);
            let names: Vec<String> = locks.iter().map(|lock| format!("`{}`", words::bare(&lock.name))).collect();
            more.push(format!(
                "It holds {} while it runs, so that nothing else does that takes the same.",
                names.join(", ")
            ));
        }
        (Outcome::Help, if more.is_empty() { reply } else { reply.and(more.join(" ")) })
    }
}
