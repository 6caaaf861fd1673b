//! What a process has used so far.

use std::time::Duration;

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

use crate::Failure;

/// Returns the CPU time of all threads of a process, those that have ended too. The kernel counts it in nanoseconds,
/// whereas `/proc/<pid>/stat` has hundredths of a second.
pub(crate) fn cpu(pid: Pid) -> Result<Duration, Failure> {
    Ok(clock_getcpuclockid(pid)?.now()?.into())
}

/// Returns the most memory that a process had resident at any time, in KiB.
pub(crate) fn peak(pid: Pid) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("the kernel does not say VmHWM")?.parse()?)
}
