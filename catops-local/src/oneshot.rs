//! One command in the terminal.

use std::io::IsTerminal;
use std::sync::Arc;

use catops_core::audit::Outcome;
use catops_core::dispatcher::Dispatched;
use catops_core::job::{Job, JobId};
use catops_core::log::Format;
use catops_core::request::{Actor, Channel, ReplyTo, Request};
use catops_core::{Commands, Error, Timestamp};

use crate::bot::{Bot, State};
use crate::config::Config;
use crate::exit::Exit;
use crate::terminal::{TerminalResponder, complain, render, say};

/// Returns what stands before a command in the shell that this program was started from.
pub(crate) fn prefix() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "catops" }
}

/// Runs one line through the second leg, with the state that the server has, and shows the reply.
pub(crate) async fn run(commands: &'static Commands, config: Config, text: String) -> Result<Exit, Error> {
    let (level, format) = config.log.unwrap_or((tracing::Level::ERROR, Format::Text));
    catops_core::log::init(level, format);
    let state = State::open(&config)?;
    let mut settings = config.shared;
    // Nothing is received and nothing is sealed: any secret will do.
    settings.slack_signing_secret = Some(catops_core::app::random_secret()?);
    let bot = Bot::new(commands, settings, &state)?;
    let responder = Arc::new(TerminalResponder::default());
    let now = Timestamp::now();
    let dispatched = bot.dispatcher.run(&job(text, now), responder.clone(), now, config.limit).await;
    Ok(show(&dispatched, &responder))
}

/// Shows the last reply: on standard output if the command succeeded, else on standard error.
pub(crate) fn show(dispatched: &Dispatched, responder: &TerminalResponder) -> Exit {
    let exit = match dispatched {
        Dispatched::Ended(record) => match record.outcome {
            Outcome::Ran | Outcome::Help => Exit::Success,
            Outcome::Usage | Outcome::Unknown => Exit::Usage,
            _ => Exit::Failure,
        },
        Dispatched::Repeat => Exit::Success,
        _ => Exit::Failure,
    };
    if let Some(mut reply) = responder.take() {
        let (show, is_terminal): (fn(&str), _) = match exit {
            Exit::Success => (say, std::io::stdout().is_terminal()),
            _ => (complain, std::io::stderr().is_terminal()),
        };
        if !is_terminal {
            reply.next.clear(); // for people, not for a program that reads the reply
        }
        show(&render(&reply, prefix(), is_terminal));
    }
    exit
}

fn job(text: String, now: Timestamp) -> Job {
    let name = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
    let name = if name.is_empty() { "somebody".to_owned() } else { name };
    let actor = Actor { id: name.clone(), name, team: "terminal".to_owned() };
    let channel = Channel { id: "terminal".to_owned(), ..Channel::default() };
    let reply_to = ReplyTo { chat: "terminal".to_owned(), ..ReplyTo::default() };
    let request = Request { actor, channel, prefix: prefix().to_owned(), text, ..Request::default() };
    Job { id: JobId::random(), asked: now, expires: now + catops_core::job::MAX_WAIT, hops: 0, reply_to, request }
}
