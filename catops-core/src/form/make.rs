//! From a command's signature to a form.

use super::{COMMAND, Draft, Field, Form, Input};
use crate::command::{Command, Param, Reference, Shape, help};
use crate::line::{plain, quote};
use crate::request::{ChannelRef, UserRef};

/// How many words a menu lists at most; where there are more, they are searched while somebody types. Slack's menus are the
/// smallest (docs.slack.dev, "Select menu element").
pub const MENU: usize = 100;

impl Form {
    /// Makes the form that asks for what `command` takes.
    ///
    /// `given` stands in it when it opens: the names of parameters with their words in escaped form, as
    /// [`Command::lacking`] returns them. A secret is asked for anew. [`Draft::about`] goes into the first field for a long
    /// text, else the first for any text, if nothing is given for that.
    pub fn of(command: &Command, given: &[(String, Vec<String>)], draft: Draft) -> Self {
        let words = |param: &Param| match given.iter().find(|(name, _)| name == param.name()) {
            Some((_, words)) if !param.is_secret() => words.as_slice(),
            _ => &[],
        };
        let mut fields: Vec<Field> = command.params().iter().map(|param| field(param, words(param))).collect();
        let is_long = |field: &Field| field.input == Input::Text { long: true };
        let is_text = |field: &Field| matches!(field.input, Input::Text { .. });
        let at = fields.iter().position(is_long).or_else(|| fields.iter().position(is_text));
        if let Some(at) = at.filter(|at| !draft.about.is_empty() && fields[*at].initial.is_empty()) {
            fields[at].initial.push(plain(&draft.about));
        }
        let mut about = command.summary();
        if about != help::unwrapped(command.doc()) {
            let more = help::typed(&draft.prefix, &format!("help {}", command.path()));
            about.push_str(&format!(" `{more}` tells more."));
        }
        Self {
            title: command.path(),
            about,
            submit: "Run",
            fields,
            asks_channel: draft.channel.id.is_empty(),
            draft: Draft { command: command.path(), about: String::new(), ..draft },
        }
    }

    /// Makes the form that asks which command is meant.
    pub fn which(draft: Draft) -> Self {
        let field = Field {
            name: COMMAND.to_owned(),
            label: "Command".to_owned(),
            hint: String::new(),
            input: Input::Complete { many: false },
            required: true,
            initial: Vec::new(),
        };
        Self {
            title: "Run a command".to_owned(),
            about: format!("`{}` lists what there is.", help::typed(&draft.prefix, "help")),
            submit: "Next",
            fields: vec![field],
            asks_channel: draft.channel.id.is_empty(),
            draft: Draft { command: String::new(), ..draft },
        }
    }
}

fn field(param: &Param, given: &[String]) -> Field {
    let input = input(param);
    let choice = |word: &String| param.choice(&plain(word)).map(str::to_owned);
    let given = given.iter().filter(|word| !word.is_empty());
    let mut initial: Vec<String> = match &input {
        Input::User { .. } => given.filter_map(|word| Some(word.parse::<UserRef>().ok()?.id)).collect(),
        Input::Channel { .. } => given.filter_map(|word| Some(word.parse::<ChannelRef>().ok()?.id)).collect(),
        Input::Choice { .. } => given.filter_map(choice).collect(),
        Input::Words => given.map(|word| plain(&quote(word))).collect(),
        Input::Flag | Input::Text { .. } | Input::Complete { .. } => given.map(|word| plain(word)).collect(),
    };
    let mut hint = help::unwrapped(param.help());
    let mut add = |note: String| {
        let end = if hint.is_empty() || hint.ends_with(['.', '!', '?']) { "" } else { "." };
        hint = format!("{hint}{end} {note}").trim_start().to_owned();
    };
    if input == Input::Words {
        add("One a line, or with spaces between them.".to_owned());
    }
    match (param.default(), &input) {
        (None, _) => {}
        (Some(default), Input::Choice { .. }) if initial.is_empty() => {
            initial.extend(param.choice(default).map(str::to_owned));
        }
        (Some(default), _) => add(format!("Left empty, it is {default}.")),
    }
    if param.is_secret() {
        add("It is not recorded.".to_owned());
    }
    Field {
        name: param.name().to_owned(),
        label: label(param.name()),
        hint,
        input,
        required: param.is_required(),
        initial,
    }
}

/// Chooses what a parameter is put into.
pub(super) fn input(param: &Param) -> Input {
    let many = param.is_list();
    let choices = param.choices();
    match (param.reference(), param.shape()) {
        (_, Shape::Flag) => Input::Flag,
        (Some(Reference::User), _) => Input::User { many },
        (Some(Reference::Channel), _) => Input::Channel { many },
        _ if (1..=MENU).contains(&choices.len()) => {
            let word = |(word, help): &(&str, &str)| ((*word).to_owned(), help::first_sentence(help));
            Input::Choice { words: choices.iter().map(word).collect(), many }
        }
        _ if param.completer().is_some() || !choices.is_empty() => Input::Complete { many },
        _ if many => Input::Words,
        (_, shape) => Input::Text { long: shape == Shape::Rest },
    }
}

/// `dry-run` is "Dry run".
fn label(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.map(|c| if c == '-' { ' ' } else { c })).collect()
}
