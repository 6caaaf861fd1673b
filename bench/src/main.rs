//! What CatOps costs, beside a peer in the same run. `bench/run.sh` is the way to start it.

#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod bare;
mod disk;
mod load;
mod path;
mod rounds;

use std::process::ExitCode;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The signing secret of every server here.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5-bench";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["bare", address] => bare::serve(address),
        ["ack", count] => path::ack(count),
        ["path", count] => path::run(count),
        ["rounds", catops] => rounds::run(catops),
        ["load", address, count] => rounds::load(address, count),
        _ => Err("use bench/run.sh, or `ack <count>`, `bare <address>`, `load <address> <count>`, `path <count>`, `rounds <path of catops>`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
