//! The commands as the page lists and completes them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};

use catops_core::command::{Command, Commands, OWN, Param, Shape, What};
use catops_core::line::{escape, plain};
use catops_core::reply::Part;
use catops_core::{Reply, Timestamp};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::send::nobody;
use super::workspace::{CHANNEL, NAME, PREFIX};

/// A command.
#[derive(Serialize)]
pub(super) struct Entry {
    name: String,
    summary: String,
    usage: String,
    help: String,
    params: Vec<Parameter>,
    /// Whether it is one of the words that every bot has, and no command.
    own: bool,
}

/// A parameter of a command.
#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    kind: &'static str,
    long: Option<&'static str>,
    about: &'static str,
    required: bool,
    choices: &'static [(&'static str, &'static str)],
    default: Option<&'static str>,
    /// Whether the bot can be asked which words may stand there.
    completes: bool,
}

/// Who looks at the list.
#[derive(Deserialize)]
pub(super) struct Reader {
    /// Their id.
    #[serde(default)]
    who: String,
}

/// Lists what somebody may run, and what every bot knows.
pub(super) async fn commands(State(shared): State<Arc<Shared>>, Query(reader): Query<Reader>) -> Response {
    let Some(who) = shared.person(&reader.who) else { return nobody() };
    let offered = shared.ingress.offered(NAME, &who.actor(), CHANNEL, Timestamp::now()).await;
    let entries = offered.iter().map(|command| entry(shared.commands, command));
    Json(entries.chain(OWN.iter().map(|word| own(shared.commands, word))).collect::<Vec<_>>()).into_response()
}

/// Describes one of the bot's own words by its help, whose first sentence says what it does.
fn own(commands: &Commands, word: &str) -> Entry {
    let help = read_help(commands, word).unwrap_or_default();
    let about = help.parts.iter().find_map(|part| match part {
        Part::Text(text) => Some(plain(text.split_inclusive(". ").next().unwrap_or_default().trim_end())),
        _ => None,
    });
    let (name, summary) = (word.to_owned(), about.unwrap_or_default());
    Entry { name, summary, usage: String::new(), help: markdown(&help), params: Vec::new(), own: true }
}

/// Reads what the bot answers to `help <name>`.
fn read_help(commands: &Commands, name: &str) -> Option<Reply> {
    match commands.read(PREFIX, &format!("help {name}"), &|_| true).what {
        What::Help(reply) => Some(reply),
        _ => None,
    }
}

fn entry(commands: &Commands, command: &Command) -> Entry {
    let name = command.path();
    let help = read_help(commands, &name).map_or_else(|| escape(command.doc()), |reply| markdown(&reply));
    let params = command.params().iter().map(parameter).collect();
    Entry { name, summary: command.summary(), usage: command.usage(), help, params, own: false }
}

/// The help as escaped Markdown, in which the page shows it.
fn markdown(help: &Reply) -> String {
    let parts = help.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(escape(text)),
        Part::Code(code) => Some(format!("```\n{}\n```", escape(code))),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("\n")
}

fn parameter(param: &Param) -> Parameter {
    let kind = match param.shape() {
        Shape::Word => "word",
        Shape::Words => "words",
        Shape::Rest => "rest",
        Shape::Option => "option",
        Shape::Options => "options",
        Shape::Flag => "flag",
    };
    Parameter {
        name: param.name(),
        kind,
        long: param.long(),
        about: param.help(),
        required: param.is_required(),
        choices: param.choices(),
        default: param.default(),
        completes: param.completer().is_some(),
    }
}
