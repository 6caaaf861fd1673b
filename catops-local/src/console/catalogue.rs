//! The commands as the page lists and completes them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use catops_core::Reply;
use catops_core::command::{Command, Commands, Param, Shape, What};
use catops_core::line::escape;
use catops_core::reply::Part;
use serde::Serialize;

use super::Shared;
use super::workspace::PREFIX;

/// A command.
#[derive(Serialize)]
pub(super) struct Entry {
    name: String,
    summary: String,
    usage: String,
    help: String,
    params: Vec<Parameter>,
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

pub(super) async fn commands(State(shared): State<Arc<Shared>>) -> Json<Vec<Entry>> {
    Json(shared.commands.all().map(|command| entry(shared.commands, &command)).collect())
}

fn entry(commands: &Commands, command: &Command) -> Entry {
    let name = command.path();
    let help = match commands.read(PREFIX, &format!("help {name}"), &|_| true).what {
        What::Help(reply) => markdown(&reply),
        _ => escape(command.doc()),
    };
    let params = command.params().iter().map(parameter).collect();
    Entry { name, summary: command.summary(), usage: command.usage(), help, params }
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
