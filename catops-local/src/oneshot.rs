//! One command in the terminal.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use catops_core::audit::Outcome;
use catops_core::dispatcher::Dispatched;
use catops_core::job::{Job, JobId};
use catops_core::log::Format;
use catops_core::pending::Answer;
use catops_core::reply::{Decision, Part};
use catops_core::request::{Actor, Channel, ReplyTo, Request};
use catops_core::{Commands, Error, Reply, Timestamp};

use crate::bot::{Bot, State};
use crate::config::Config;
use crate::exit::Exit;
use crate::terminal::{TerminalResponder, complain, render, say};
use crate::{key, terminal};

/// What is said below a plan where nobody can answer.
const NO_TERMINAL: &str = "Nothing was run. To apply it, run this in a terminal, which asks.";

/// What is said of what others have to approve.
const NOBODY_ELSE: &str = "Nothing was run. Nobody else is at this terminal to approve it: ask for it in chat.";

/// Returns what stands before a command in the shell that this program was started from.
pub(crate) fn prefix() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "catops" }
}

/// Runs one line through the second leg, with the state and the key that the server has, and shows the reply. A plan is applied
/// if whoever sits at the terminal says so.
pub(crate) async fn run(commands: &'static Commands, config: Config, text: String) -> Result<Exit, Error> {
    let (level, format) = config.log.unwrap_or((tracing::Level::ERROR, Format::Text));
    catops_core::log::init(level, format);
    let state = State::open(&config)?;
    let mut settings = config.shared.clone();
    // Nothing is received, but the record bears the seal that the server's do.
    key::complete(&mut settings, &config)?;
    let bot = Bot::new(commands, settings, &state)?;
    let mut asked = Request { text, ..Request::default() };
    loop {
        let responder = Arc::new(TerminalResponder::default());
        let now = Timestamp::now();
        let dispatched = bot.dispatcher.run(&job(asked, now), responder.clone(), now, config.limit).await;
        let (exit, reply) = (exit(&dispatched), responder.take());
        let Some(decision) = reply.as_ref().and_then(decision).cloned() else {
            print(reply, exit == Exit::Success);
            return Ok(exit);
        };
        let is_plan = decision.answers.contains(&Answer::Apply);
        let asks = is_plan && io::stdin().is_terminal() && io::stdout().is_terminal();
        print(reply, asks);
        if !asks {
            complain(if is_plan { NO_TERMINAL } else { NOBODY_ELSE });
            return Ok(exit);
        }
        asked = decision.press(if terminal::confirm("Apply?") { Answer::Apply } else { Answer::Cancel });
    }
}

/// Shows the last reply: on standard output if the command succeeded, else on standard error.
pub(crate) fn show(dispatched: &Dispatched, responder: &TerminalResponder) -> Exit {
    let exit = exit(dispatched);
    print(responder.take(), exit == Exit::Success);
    exit
}

fn exit(dispatched: &Dispatched) -> Exit {
    match dispatched {
        Dispatched::Ended(record) => match record.outcome {
            Outcome::Ran | Outcome::Help => Exit::Success,
            Outcome::Usage | Outcome::Unknown => Exit::Usage,
            _ => Exit::Failure,
        },
        Dispatched::Repeat => Exit::Success,
        _ => Exit::Failure,
    }
}

/// Shows a reply on standard output or on standard error.
fn print(reply: Option<Reply>, to_output: bool) {
    let Some(mut reply) = reply else { return };
    let (show, is_terminal): (fn(&str), _) = match to_output {
        true => (say, io::stdout().is_terminal()),
        false => (complain, io::stderr().is_terminal()),
    };
    if !is_terminal {
        reply.next.clear(); // for people, not for a program that reads the reply
    }
    show(&render(&reply, prefix(), is_terminal));
}

fn decision(reply: &Reply) -> Option<&Decision> {
    reply.parts.iter().find_map(|part| match part {
        Part::Decision(decision) => Some(decision),
        _ => None,
    })
}

/// Makes the job of what somebody asks at the terminal.
fn job(asked: Request, now: Timestamp) -> Job {
    let name = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
    let name = if name.is_empty() { "somebody".to_owned() } else { name };
    let actor = Actor { id: name.clone(), name, team: "terminal".to_owned() };
    let channel = Channel { id: "terminal".to_owned(), ..Channel::default() };
    let reply_to = ReplyTo { chat: "terminal".to_owned(), ..ReplyTo::default() };
    let request = Request { actor, channel, prefix: prefix().to_owned(), ..asked };
    Job { id: JobId::random(), asked: now, expires: now + catops_core::job::MAX_WAIT, hops: 0, reply_to, request }
}
