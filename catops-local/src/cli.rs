//! The command line: what the program was asked to do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use catops_core::log::Format;
use catops_core::{Commands, Error, Timestamp};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use clap_complete::Shell;

use crate::config::{self, Config};
use crate::exit::Exit;
use crate::invoker::JobInfo;
use crate::terminal::{complain, say};
use crate::{audit, bot, key, manifest, oneshot, policy, recorded, scheduler, serve, watch, words};

/// Reads the command line and the environment, does what is asked, and returns how it went: 0 if it did, 1 if it failed,
/// 2 if it was asked in a wrong way.
///
/// The whole of a local bot's `main`.
pub fn main(commands: &'static Commands) -> ExitCode {
    let matches = match parser().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and the version are errors to clap, with their own exit code and stream.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Success }.into();
        }
    };
    match act(commands, &matches) {
        Ok(exit) => exit.into(),
        Err(error) => {
            complain(&error.chain());
            Exit::Failure.into()
        }
    }
}

fn act(commands: &'static Commands, matches: &ArgMatches) -> Result<Exit, Error> {
    match matches.subcommand() {
        None => served(commands, matches),
        Some(("serve", matches)) => served(commands, matches),
        Some(("invoke", matches)) => {
            let path = matches.get_one::<PathBuf>("path").cloned().unwrap_or_default();
            let log = matches.get_flag("log");
            wait(recorded::run(commands, Config::from_env()?, &path, log))
        }
        Some(("list", _)) => {
            list(commands);
            Ok(Exit::Success)
        }
        Some(("schedules", _)) => {
            say(&scheduler::list(commands)?);
            Ok(Exit::Success)
        }
        Some(("tick", matches)) => {
            let command: Vec<&str> =
                matches.get_many::<String>("command").into_iter().flatten().map(String::as_str).collect();
            let at = matches.get_one::<Timestamp>("at").copied().unwrap_or_else(Timestamp::now);
            wait(tick(commands, Config::from_env()?, command.join(" "), at))
        }
        Some(("slack", matches)) => manifest::run(commands, matches),
        Some(("policy", matches)) => policy::run(commands, matches),
        Some(("audit", matches)) => wait(audit::run(Config::from_env()?, matches)),
        Some(("jobs", _)) => wait(jobs(Config::from_env()?)),
        Some(("completions", matches)) => {
            if let Some(shell) = matches.get_one::<Shell>("shell") {
                let mut script = Vec::new();
                let mut all = parser();
                for name in commands.paths().filter_map(|path| path.split(' ').next()) {
                    if all.find_subcommand(name).is_none() {
                        all = all.subcommand(Command::new(name).disable_help_flag(true));
                    }
                }
                clap_complete::generate(*shell, &mut all, "catops", &mut script);
                say(String::from_utf8_lossy(&script).trim_end());
            }
            Ok(Exit::Success)
        }
        Some(("help", matches)) => help(commands, &rest(matches)),
        Some((name, matches)) => {
            let line: Vec<String> = [name.to_owned()].into_iter().chain(rest(matches)).collect();
            wait(oneshot::run(commands, Config::from_env()?, words::from_shell(&line)))
        }
    }
}

/// The words after a verb that is not ours.
fn rest(matches: &ArgMatches) -> Vec<String> {
    let words = matches.get_many::<std::ffi::OsString>("").into_iter().flatten();
    let named = matches.try_get_many::<String>("words").ok().flatten().into_iter().flatten().cloned();
    words.map(|word| word.to_string_lossy().into_owned()).chain(named).collect()
}

fn parser() -> Command {
    let addr = || {
        let read = |text: &str| config::addr("--addr", text);
        Arg::new("addr")
            .long("addr")
            .value_name("ADDRESS")
            .value_parser(read)
            .help("Where to listen [default: 127.0.0.1:3000]")
    };
    let watching = || {
        let text = "Build and swap the bot whenever a plugin is saved";
        Arg::new("watch").long("watch").action(ArgAction::SetTrue).help(text)
    };
    Command::new("catops")
        .about("The local bot. Without a verb it serves; any other word is a command that is run once, here.")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(
            "Exit codes: 0 it did what was asked, 1 it failed, 2 it was asked in a wrong way.\n\
             Settings are environment variables: see README, \"Settings\".",
        )
        .allow_external_subcommands(true)
        .disable_help_subcommand(true)
        .args_conflicts_with_subcommands(true)
        .arg(addr())
        .arg(watching())
        .subcommand(Command::new("serve").about("Serve chats and the console").arg(addr()).arg(watching()))
        .subcommand(
            Command::new("invoke")
                .about("Send one recorded request or job through both legs, and show the reply here")
                .after_help(
                    "The file is JSON: a request with `path`, `headers` and `body` (or an API gateway's event), which is \
                     signed anew with this bot's secret; or a sealed job. Nothing is sent to the chat.",
                )
                .arg(
                    Arg::new("path")
                        .long("path")
                        .short('p')
                        .value_name("FILE")
                        .required(true)
                        .value_parser(value_parser!(PathBuf))
                        .value_hint(ValueHint::FilePath)
                        .help("The file with the event"),
                )
                .arg(Arg::new("log").long("log").short('l').action(ArgAction::SetTrue).help("Show the log too")),
        )
        .subcommand(Command::new("list").about("List the commands"))
        .subcommand(Command::new("schedules").about("Print when commands run by themselves, as JSON, also for the clouds"))
        .subcommand(
            Command::new("tick")
                .about("Run a scheduled command as its scheduler does, once for each time")
                .after_help("The reply goes to the channel of CATOPS_SCHEDULE_CHANNEL. A time that has been run is not run again.")
                .arg(Arg::new("command").required(true).num_args(1..=2).value_name("COMMAND").help("The command"))
                .arg(
                    Arg::new("at")
                        .long("at")
                        .value_name("TIME")
                        .value_parser(|text: &str| text.parse::<Timestamp>())
                        .help("The time it is due, such as 2026-11-22T03:00:00Z, at most 15 minutes ago [default: now]"),
                ),
        )
        .subcommand(manifest::parser())
        .subcommand(policy::parser())
        .subcommand(audit::parser())
        .subcommand(Command::new("jobs").about("List the jobs of this machine's queue, the dead ones with the reason"))
        .subcommand(
            Command::new("completions")
                .about("Print a script that completes these words in your shell")
                .arg(Arg::new("shell").required(true).value_parser(value_parser!(Shell)).help("Your shell")),
        )
        .subcommand(
            Command::new("help")
                .about("Show this, or the help of a verb or a command")
                .arg(Arg::new("words").num_args(0..).value_name("COMMAND").help("A verb or a command")),
        )
}

fn served(commands: &'static Commands, matches: &ArgMatches) -> Result<Exit, Error> {
    let mut config = Config::from_env()?;
    if let Some(addr) = matches.get_one::<SocketAddr>("addr") {
        config.addr = *addr;
    }
    let served = match matches.get_flag("watch") {
        true => wait(watch::supervise(commands, config)),
        false => wait(serve::serve(commands, config)),
    };
    served.map(|()| Exit::Success)
}

fn list(commands: &'static Commands) {
    let rows: Vec<Vec<String>> = commands.all().map(|command| vec![command.usage(), command.summary()]).collect();
    say(&catops_core::reply::table(&["command".to_owned(), "what it does".to_owned()], &rows));
}

/// Delivers one tick, with the state that the server has.
async fn tick(commands: &'static Commands, config: Config, command: String, at: Timestamp) -> Result<Exit, Error> {
    let (level, format) = config.log.unwrap_or((tracing::Level::ERROR, Format::Text));
    catops_core::log::init(level, format);
    let state = bot::State::open(&config)?;
    let mut settings = config.shared.clone();
    key::complete(&mut settings, &config)?;
    let bot = bot::Bot::new(commands, settings, &state)?;
    Ok(scheduler::tick(&bot.dispatcher, &command, at, config.limit).await)
}

async fn jobs(config: Config) -> Result<Exit, Error> {
    let state = bot::State::open(&config)?;
    let row = |job: JobInfo| {
        let (state, tries) = (job.state.as_str().to_owned(), job.attempts.to_string());
        vec![job.id.to_string(), state, job.label, tries, job.created.to_string(), job.reason.unwrap_or_default()]
    };
    let rows: Vec<Vec<String>> = state.queue.list(None, 100).await?.into_iter().map(row).collect();
    let head = ["job", "state", "command", "tries", "asked", "reason"].map(str::to_owned);
    say(&if rows.is_empty() { "There are no jobs.".to_owned() } else { catops_core::reply::table(&head, &rows) });
    Ok(Exit::Success)
}

/// Shows the program's own help, a verb's, or a command's.
fn help(commands: &'static Commands, about: &[String]) -> Result<Exit, Error> {
    let mut parser = parser();
    match about {
        [] => {
            say(&parser.render_help().to_string());
            say("Commands:\n");
            list(commands);
            Ok(Exit::Success)
        }
        words => {
            // Building gives each verb its full name for the usage line.
            parser.build();
            if let Some(verb) = words.iter().try_fold(&mut parser, |verb, word| verb.find_subcommand_mut(word)) {
                say(&verb.render_help().to_string());
                return Ok(Exit::Success);
            }
            let line: Vec<String> = ["help".to_owned()].into_iter().chain(words.iter().cloned()).collect();
            wait(oneshot::run(commands, Config::from_env()?, words::from_shell(&line)))
        }
    }
}

/// Runs `work` on a runtime of its own, which does not wait for threads that a command left behind.
fn wait<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Error::new(catops_core::ErrorKind::Unavailable, "starting the threads of the program").because(error)
    })?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::parser().debug_assert();
    }
}
