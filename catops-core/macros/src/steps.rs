//! The steps in `next` and `on_failure`.

use syn::ext::IdentExt;
use syn::{Error, Ident, LitStr};

use crate::arg::{Fill, Parameter};
use crate::command::shown;
use crate::step::{Piece, pieces};

/// Checks that what a step of `command` has in braces are parameters whose words may be shown. Whether there is a command
/// of that name, the test of all plugins tells.
pub(crate) fn check(step: &LitStr, command: &Ident, parameters: &[Parameter]) -> syn::Result<()> {
    let wrong = |text: String| Err(Error::new(step.span(), text));
    let text = step.value();
    let pieces = match pieces(&text) {
        Ok(pieces) => pieces,
        Err(why) => return wrong(why.to_owned()),
    };
    for piece in pieces {
        let Piece::Param(name) = piece else { continue };
        let found = parameters.iter().find(|parameter| is_read(parameter) && parameter.name() == shown(name));
        match found {
            None => {
                let choices = parameters.iter().filter(|parameter| may_be_named(parameter));
                let choices: Vec<String> = choices.map(|parameter| format!("`{{{}}}`", parameter.name())).collect();
                let known = if choices.is_empty() { "none that could be".to_owned() } else { choices.join(", ") };
                return wrong(format!("`{{{name}}}` is no parameter of `{}`; there is {known}", command.unraw()));
            }
            Some(parameter) if parameter.options.secret.is_some() => {
                return wrong(format!("`{{{name}}}` is secret, and everybody sees a step; leave it out"));
            }
            Some(parameter) if parameter.fill == Fill::Flag => {
                return wrong(format!("`{{{name}}}` is a flag, which has no words; write `--{}`", shown(name)));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whether it is read from the line.
fn is_read(parameter: &Parameter) -> bool {
    parameter.fill != Fill::Context
}

fn may_be_named(parameter: &Parameter) -> bool {
    is_read(parameter) && parameter.fill != Fill::Flag && parameter.options.secret.is_none()
}
