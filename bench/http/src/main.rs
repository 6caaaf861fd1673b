//! What the Cloud Run service and the Azure handler cost, beside a peer in the same run. `bench/gcp.sh` and
//! `bench/azure.sh` are the ways to start it.

#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod azure;
mod connection;
#[path = "../../common/figures.rs"]
mod figures;
mod gcp;
mod listening;
mod machine;
mod process;
mod pubsub;
mod rounds;
mod table;
mod target;
#[path = "../../common/usage.rs"]
mod usage;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::rounds::{Plan, Subject};
use crate::target::Target;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USE: &str = "use bench/azure.sh or bench/gcp.sh, or one of
  rounds azure|gcp [--rounds N] [--acks N] [--bare PATH] [--catops PATH] [--row NAME=FIGURE,...]...
      measures the programs that are named, in turns; each round is a fresh process of each, which acknowledges N commands.
      A row is added to the table as it is, with a figure for each program in the order above
  listening azure|gcp PATH
      counts the instructions from start to the first answer, with valgrind";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Failure> {
    let target = |name: &str| Target::named(name).ok_or_else(|| Failure::from(format!("no target is {name}\n{USE}")));
    match *arguments {
        ["listening", name, path] => listening::count(target(name)?, path),
        ["rounds", name, ref options @ ..] => rounds::run(&plan(target(name)?, options)?),
        _ => Err(USE.into()),
    }
}

fn plan(target: Target, options: &[&str]) -> Result<Plan, Failure> {
    let (mut bare, mut catops) = (None, None);
    let mut plan = Plan { target, rounds: 101, acks: 41, subjects: Vec::new(), rows: Vec::new() };
    for pair in options.chunks(2) {
        let &[option, value] = pair else { return Err(format!("{} has no value\n{USE}", pair[0]).into()) };
        match option {
            "--rounds" => plan.rounds = value.parse()?,
            "--acks" => plan.acks = value.parse()?,
            "--row" => plan.rows.push(value.parse()?),
            "--bare" => bare = Some(Subject { is_bare: true, path: PathBuf::from(value) }),
            "--catops" => catops = Some(Subject { is_bare: false, path: PathBuf::from(value) }),
            _ => return Err(format!("there is no option {option}\n{USE}").into()),
        }
    }
    plan.subjects.extend(bare.into_iter().chain(catops));
    if plan.rows.iter().any(|row| row.figures.len() != plan.subjects.len()) {
        return Err(format!("expected a figure for each program in every row\n{USE}").into());
    }
    if plan.subjects.is_empty() || plan.rounds == 0 || plan.acks < 2 {
        return Err(format!("expected a program, a round and two acknowledgements at the least\n{USE}").into());
    }
    Ok(plan)
}
