//! What the Lambda function costs, beside peers in the same run. `bench/aws.sh` is the way to start it.

#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod emulator;
mod event;
#[path = "../../common/figures.rs"]
mod figures;
mod first_poll;
mod function;
mod process;
mod quota;
mod rounds;
mod table;
#[path = "../../common/usage.rs"]
mod usage;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::function::{Kind, Subject};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USE: &str = "use bench/aws.sh, or one of
  rounds [--rounds N] [--commands N] [--bare PATH] [--hand-written PATH] [--catops PATH] [--row NAME=FIGURE,...]...
      measures the programs that are named, in turns; each round is a fresh process of each, which runs N commands.
      A row is added to the table as it is, with a figure for each program in the order above
  first-poll PATH
      counts the instructions from start to the first poll, with valgrind";

// One thread: the function under test has the other core to itself.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["first-poll", path] => first_poll::count(path).await.map_err(|error| format!("{path}: {error}").into()),
        ["rounds", ref options @ ..] => match plan(options) {
            Ok(plan) => rounds::run(plan).await,
            Err(error) => Err(error),
        },
        _ => Err(USE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn plan(options: &[&str]) -> Result<rounds::Plan, Failure> {
    let mut plan = rounds::Plan { rounds: 31, commands: 41, subjects: Vec::new(), rows: Vec::new() };
    for pair in options.chunks(2) {
        let &[option, value] = pair else { return Err(format!("{} has no value\n{USE}", pair[0]).into()) };
        match option {
            "--rounds" => plan.rounds = value.parse()?,
            "--commands" => plan.commands = value.parse()?,
            "--row" => plan.rows.push(value.parse()?),
            _ => {
                let kind = Kind::ALL.into_iter().find(|kind| option.strip_prefix("--") == Some(kind.name()));
                let kind = kind.ok_or_else(|| format!("there is no option {option}\n{USE}"))?;
                plan.subjects.push(Subject { kind, path: PathBuf::from(value) });
            }
        }
    }
    plan.subjects.sort_by_key(|subject| subject.kind);
    if plan.rows.iter().any(|row| row.figures.len() != plan.subjects.len()) {
        return Err(format!("expected a figure for each program in every row\n{USE}").into());
    }
    if plan.subjects.is_empty() || plan.rounds == 0 || plan.commands < 2 {
        return Err(format!("expected a program, a round and two commands at the least\n{USE}").into());
    }
    Ok(plan)
}
