//! `slack manifest`: the manifest of the Slack app on standard output, and on standard error what to do with it.

use std::path::PathBuf;

use catops_core::chat::slack::manifest::{Feature, Kind, Manifest, Options, needs};
use catops_core::policy::Policy;
use catops_core::reply::table;
use catops_core::settings::variable;
use catops_core::{Commands, Error};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use crate::exit::Exit;
use crate::terminal::{complain, say};

/// The verb `slack`, with the one thing it does.
pub(crate) fn parser() -> Command {
    let manifest = Command::new("manifest")
        .about("Print the manifest of the Slack app: its commands, scopes and events, made from this bot's commands")
        .after_help(
            "The manifest goes to standard output. Scopes to ask who is in a user group or has an address are among them where \
             the policy names some: plugins/catops.toml as it was built in, or the file that CATOPS_CONFIG names. Why it asks for each scope and event, and the link that opens Slack's \
             page with the manifest filled in, go to standard error.",
        )
        .arg(
            Arg::new("url")
                .long("url")
                .value_name("URL")
                .required(true)
                .value_hint(ValueHint::Url)
                .help("Where Slack finds the bot, such as https://host.example/slack"),
        )
        .arg(Arg::new("name").long("name").value_name("NAME").help("The name of the app [default: CatOps]"))
        .arg(
            Arg::new("main")
                .long("main")
                .value_name("COMMAND")
                .help("The slash command that any command can follow [default: /meow]"),
        )
        .arg(
            Arg::new("command")
                .long("command")
                .value_name("COMMAND")
                .action(ArgAction::Append)
                .help("A further slash command: a command or a group of the bot, such as /oncall, or another word like --main; repeatable"),
        )
        .arg(
            Arg::new("without")
                .long("without")
                .value_name("FEATURE")
                .action(ArgAction::Append)
                .value_delimiter(',')
                .value_parser(PossibleValuesParser::new(Feature::ALL.map(Feature::as_str)))
                .help("Leave a feature out, with its scopes and events"),
        )
        .arg(Arg::new("yaml").long("yaml").action(ArgAction::SetTrue).help("Print YAML instead of JSON"));
    Command::new("slack")
        .about("What Slack has to know of the bot")
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommand(manifest)
}

/// Does what the words after `slack` say. A manifest that Slack would refuse is wrong use; an error is one of the policy.
pub(crate) fn run(commands: &Commands, matches: &ArgMatches) -> Result<Exit, Error> {
    let Some(("manifest", matches)) = matches.subcommand() else { return Ok(Exit::Usage) };
    let config = variable("CATOPS_CONFIG")?.map(PathBuf::from);
    let options = options(matches).with_policy(&Policy::configured(commands, config.as_deref())?);
    match Manifest::new(commands, &options) {
        Ok(manifest) => {
            say(&if matches.get_flag("yaml") { manifest.yaml() } else { manifest.json() });
            complain(&format!("\n{}", explained(&manifest, &options)));
            Ok(Exit::Success)
        }
        Err(error) => {
            complain(&error.chain());
            Ok(Exit::Usage)
        }
    }
}

fn options(matches: &ArgMatches) -> Options {
    let one = |name: &str| matches.get_one::<String>(name).cloned();
    let mut options = Options::new(one("url").unwrap_or_default());
    options.name = one("name").unwrap_or(options.name);
    options.main = one("main").unwrap_or(options.main);
    let many = |name: &str| matches.get_many::<String>(name).into_iter().flatten();
    options.more = many("command").cloned().collect();
    options.without =
        Feature::ALL.into_iter().filter(|feature| many("without").any(|name| name == feature.as_str())).collect();
    options
}

/// Says why the manifest asks for what it does, and where it goes.
fn explained(manifest: &Manifest, options: &Options) -> String {
    let row = |name: &str, kind, why: &str| {
        let kind = if kind == Kind::Scope { "scope" } else { "event" };
        vec![kind.to_owned(), name.to_owned(), why.to_owned()]
    };
    let rows: Vec<Vec<String>> = needs(options).map(|need| row(need.name, need.kind, need.why)).collect();
    let reasons = table(&["kind".to_owned(), "name".to_owned(), "what the bot does with it".to_owned()], &rows);
    let paste = "at https://api.slack.com/apps: \"Create New App\", \"From a manifest\"; or in an app that is there already, \
                 \"App Manifest\"";
    let how = match manifest.link() {
        _ if manifest.is_loopback() => {
            "warning: this URL is on your machine, where Slack cannot reach it; Slack needs an address of its own for the \
             bot, such as a tunnel's, with https"
                .to_owned()
        }
        Some(link) => format!(
            "This link opens Slack's page with the manifest filled in:\n\n{link}\n\nIf the editor there is empty, paste \
             the manifest {paste}."
        ),
        None => format!("The manifest is too long for a link. Paste it {paste}."),
    };
    format!("{reasons}\n\n{how}")
}
