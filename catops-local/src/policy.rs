//! What the policy says, for its operator: why somebody may, who may, and whether that is as expected.

use std::path::PathBuf;

use catops_core::command::Line;
use catops_core::policy::{self, Arguments, Groups, Kind, Policy, Question, Rules};
use catops_core::request::Actor;
use catops_core::settings::Settings;
use catops_core::{Command, Commands, Error, ErrorKind, Timestamp};
use clap::{Arg, ArgAction, ArgMatches, ValueHint, value_parser};

use crate::exit::Exit;
use crate::terminal::{complain, say};
use crate::words;

/// Returns the verb and what it takes.
pub(crate) fn parser() -> clap::Command {
    let place = || Arg::new("in").long("in").value_name("CHANNEL").help("Where it is asked, such as C024BE91L");
    let time = |default: &str| {
        let help = format!("When it is asked, such as 2026-11-22T03:00Z [default: {default}]");
        Arg::new("at").long("at").value_name("TIME").value_parser(|text: &str| policy::moment(text)).help(help)
    };
    let line = || {
        let line = Arg::new("line").required(true).num_args(1..).trailing_var_arg(true).allow_hyphen_values(true);
        line.value_name("COMMAND").help("A command line, as somebody would type it")
    };
    let each = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).action(ArgAction::Append).help(help)
    };
    clap::Command::new("policy")
        .about("Show and test who may run what")
        .after_help("The policy is plugins/catops.toml as it was built in, or the file that CATOPS_CONFIG names.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            clap::Command::new("explain")
                .about("Show why somebody may run a command or may not, who has to approve it, and how often it may be run")
                .arg(
                    Arg::new("as")
                        .long("as")
                        .value_name("USER")
                        .required(true)
                        .help("Who asks: an id such as U012AB3CD"),
                )
                .arg(each("group", "GROUP", "A group that they are in, such as S0614TZR7"))
                .arg(each("email", "ADDRESS", "An address of theirs that the chat has verified"))
                .arg(
                    Arg::new("team")
                        .long("team")
                        .value_name("TEAM")
                        .help("Their workspace [default: the file's first]"),
                )
                .arg(place())
                .arg(time("now"))
                .arg(line()),
        )
        .subcommand(
            clap::Command::new("who")
                .about("Show which roles may run a command, and who has to approve it")
                .arg(place())
                .arg(time("any time"))
                .arg(line()),
        )
        .subcommand(
            clap::Command::new("test")
                .about("Check the file, and whether its answers are as its tests expect; exit code 1 if not")
                .arg(
                    Arg::new("file")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .value_hint(ValueHint::FilePath)
                        .help("The policy file [default: the one in use]"),
                ),
        )
}

/// Does what the verb's words ask for.
pub(crate) fn run(commands: &'static Commands, matches: &ArgMatches) -> Result<Exit, Error> {
    let config = Settings::from_env()?.config;
    match matches.subcommand() {
        Some(("test", matches)) => test(commands, matches.get_one::<PathBuf>("file").cloned().or(config)),
        Some((verb, matches)) => {
            let policy = Policy::configured(commands, config.as_deref())?;
            policy.check(commands)?;
            let line: Vec<String> = matches.get_many::<String>("line").into_iter().flatten().cloned().collect();
            let asked =
                Asked { rules: policy.rules(), commands, shown: line.join(" "), text: words::from_shell(&line) };
            if verb == "explain" { asked.explain(matches) } else { asked.who(matches) }
        }
        None => Ok(Exit::Usage),
    }
}

/// A command line about which something is to be shown.
struct Asked {
    rules: &'static Rules,
    commands: &'static Commands,
    shown: String,
    text: String,
}

impl Asked {
    fn explain(&self, matches: &ArgMatches) -> Result<Exit, Error> {
        let one = |name: &str| matches.get_one::<String>(name).map(String::as_str);
        let each = |name: &str| matches.get_many::<String>(name).into_iter().flatten();
        let user = id("--as", one("as").unwrap_or_default(), Kind::User)?;
        let mut groups = Vec::new();
        for group in each("group") {
            groups.push(id("--group", group, Kind::Group)?);
        }
        for address in each("email") {
            groups.push(id("--email", address, Kind::Email)?);
        }
        let Line { command, arguments } = match self.commands.line(&self.text) {
            Ok(line) => line,
            Err(reason) => {
                complain(&reason);
                return Ok(Exit::Usage);
            }
        };
        let team = one("team").or(self.rules.teams.first().map(|team| team.text)).unwrap_or_default().to_owned();
        let (actor, path) = (Actor { id: user, name: String::new(), team }, command.path());
        let at = matches.get_one::<u64>("at").copied().unwrap_or_else(|| Timestamp::now().as_secs());
        let channel = place(matches)?.unwrap_or_default();
        let question = Question {
            groups: Groups::Known(&groups),
            channel: Some(&channel),
            arguments: Arguments::Known(&arguments),
            now: Some(at),
            ..policy::question(&actor, &path, &command)
        };
        say(&self.rules.trace(&self.shown, &question, policy::declared(&command)));
        Ok(Exit::Success)
    }

    fn who(&self, matches: &ArgMatches) -> Result<Exit, Error> {
        // Without its arguments a line is a question too: what needs them is said to depend on them.
        let (command, arguments): (Command, _) = match self.commands.line(&self.text) {
            Ok(Line { command, arguments }) => (command, Some(arguments)),
            Err(reason) => match self.commands.addressed(&self.text) {
                Some(command) => (command, None),
                None => {
                    complain(&reason);
                    return Ok(Exit::Usage);
                }
            },
        };
        let channel = place(matches)?;
        let team = self.rules.teams.first().map_or("", |team| team.text).to_owned();
        let (actor, path) = (Actor { team, ..Actor::default() }, command.path());
        let question = Question {
            groups: Groups::Known(&[]),
            channel: channel.as_deref(),
            arguments: arguments.as_deref().map_or(Arguments::Unknown, Arguments::Known),
            now: matches.get_one("at").copied(),
            ..policy::question(&actor, &path, &command)
        };
        let rows: Vec<Vec<String>> =
            self.rules.who(&question, policy::declared(&command)).into_iter().map(Vec::from).collect();
        let head = ["who", &format!("may run `{}`", self.shown), "because"].map(str::to_owned);
        say(&catops_core::reply::table(&head, &rows));
        Ok(Exit::Success)
    }
}

fn place(matches: &ArgMatches) -> Result<Option<String>, Error> {
    matches.get_one::<String>("in").map(|text| id("--in", text, Kind::Channel)).transpose()
}

/// Reads an id of this kind.
fn id(option: &str, text: &str, kind: Kind) -> Result<String, Error> {
    let wrong = |said: &str| Error::new(ErrorKind::Config, format!("{option}: {said}"));
    match policy::member(text) {
        Ok((found, id)) if found == kind => Ok(id),
        Ok(_) => Err(wrong(&format!("`{text}` is an id of another kind"))),
        Err(said) => Err(wrong(&said)),
    }
}

fn test(commands: &'static Commands, path: Option<PathBuf>) -> Result<Exit, Error> {
    let built_in = commands.policy().rules().file;
    let Some(path) = path.or_else(|| (!built_in.is_empty()).then(|| PathBuf::from(built_in))) else {
        say("There is no policy file: what requires a permission is closed, everything else is open.");
        return Ok(Exit::Success);
    };
    let file = policy::open(&path)?;
    policy::check(&file, commands)?;
    let (count, surprises) = policy::test(&file, commands);
    for surprise in &surprises {
        complain(&format!("{surprise}\n"));
    }
    let answers = if count == 1 { "1 answer".to_owned() } else { format!("{count} answers") };
    if surprises.is_empty() {
        say(&format!("{}: {answers} as expected", path.display()));
        return Ok(Exit::Success);
    }
    complain(&format!("{}: {} of {answers} not as expected", path.display(), surprises.len()));
    Ok(Exit::Failure)
}
