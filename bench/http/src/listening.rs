//! How many instructions a program takes from its start to its first answer.

use std::ffi::OsStr;

use nix::sys::signal::{Signal, kill};

use crate::Failure;
use crate::process::Process;
use crate::pubsub::PubSub;
use crate::target::Target;

/// Runs the program under callgrind, ends it at its first answer, and prints what callgrind counted: all threads, the loader
/// included. A program that catches SIGTERM is charged for that too.
pub(crate) fn count(target: Target, path: &str) -> Result<(), Failure> {
    let pubsub = PubSub::start()?;
    let log = std::env::temp_dir().join(format!("catops-bench-callgrind-{}", std::process::id()));
    let log_option = format!("--log-file={}", log.display());
    let arguments = ["--tool=callgrind", "--callgrind-out-file=/dev/null", &log_option, path];
    let mut process = Process::spawn(target, OsStr::new("valgrind"), &arguments, pubsub.address)?;
    // The connection ends here, so that a program which drains does not wait for it.
    drop(process.first_answer()?);
    kill(process.pid, Signal::SIGTERM)?;
    process.ended()?;
    let said = std::fs::read_to_string(&log)?;
    std::fs::remove_file(&log)?;
    let count = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = count.ok_or_else(|| format!("callgrind counted nothing:\n{said}"))?;
    println!("{}", count.trim());
    Ok(())
}
