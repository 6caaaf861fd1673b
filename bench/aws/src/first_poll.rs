//! How many instructions a function takes from its start to its first poll.

use std::ffi::OsStr;

use nix::sys::signal::{Signal, kill};

use crate::Failure;
use crate::process::Process;

/// Runs the program under callgrind, ends it at its first poll, and prints what callgrind counted: all threads, the loader
/// included. A program that catches SIGTERM is charged for that too.
pub(crate) async fn count(path: &str) -> Result<(), Failure> {
    let log = std::env::temp_dir().join(format!("catops-bench-callgrind-{}", std::process::id()));
    let log_option = format!("--log-file={}", log.display());
    let arguments = ["--tool=callgrind", "--callgrind-out-file=/dev/null", &log_option, path];
    let mut process = Process::spawn(OsStr::new("valgrind"), &arguments).await?;
    process.first_poll().await?;
    kill(process.pid, Signal::SIGTERM)?;
    process.ended().await?;
    let said = std::fs::read_to_string(&log)?;
    std::fs::remove_file(&log)?;
    let count = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = count.ok_or_else(|| format!("callgrind counted nothing:\n{said}"))?;
    println!("{}", count.trim());
    Ok(())
}
