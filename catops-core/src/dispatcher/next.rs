//! The steps that are offered with a reply.

use crate::app::App;
use crate::audit::Outcome;
use crate::command::Command;
use crate::command::step::{Piece, pieces};
use crate::line::{escape_line, plain};
use crate::policy::Asker;
use crate::reply::Button;

/// Returns the steps that `command` declares for this end, filled with what was `given` to it.
///
/// Left out is what names a parameter that was not given, what is no command, and what the asker may not run.
pub(super) fn steps(
    app: &App,
    asker: Asker<'_>,
    command: &Command,
    given: &[(&'static str, String)],
    outcome: Outcome,
) -> Vec<Button> {
    let offered = |step: &&str| {
        let line = fill(step, given)?;
        let escaped = escape_line(&line);
        let next = app.commands().addressed(&escaped)?;
        app.policy().offers(asker, &next).then(|| Button { label: plain(&escaped), command: line })
    };
    declared(command, outcome).iter().filter_map(offered).collect()
}

/// Returns whether there can be any.
pub(super) fn has_steps(command: &Command, outcome: Outcome) -> bool {
    !declared(command, outcome).is_empty()
}

fn declared(command: &Command, outcome: Outcome) -> &[&str] {
    match outcome {
        Outcome::Ran => command.next(),
        Outcome::Failed | Outcome::Panicked | Outcome::TimedOut => command.on_failure(),
        _ => &[],
    }
}

/// Puts what was given in its places.
fn fill(step: &str, given: &[(&'static str, String)]) -> Option<String> {
    let mut line = String::with_capacity(step.len());
    for piece in pieces(step).ok()? {
        line.push_str(match piece {
            Piece::Text(text) => text,
            Piece::Param(name) => {
                let is_it = |(param, _): &&(&str, String)| *param == name || *param == name.replace('_', "-");
                &given.iter().find(is_it)?.1
            }
        });
    }
    Some(line)
}
