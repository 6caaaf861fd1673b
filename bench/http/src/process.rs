//! A program in the environment of its target.

use std::ffi::OsStr;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use crate::Failure;
use crate::connection::Connection;
use crate::target::Target;

/// How long to wait between two tries to connect; with what Linux adds to a sleep, a try every 0.1 ms or so.
const BETWEEN: Duration = Duration::from_micros(50);

/// How long a program may take to start or to end. Valgrind makes it some fifty times slower.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of its output an error shows, in bytes.
const TAIL: usize = 4096;

/// The ports given to programs. Linux gives connections a port from 32768 on (`ip_local_port_range`): within those, a try to
/// connect to a port where nobody listens yet can be given that same port, and connect to itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

static NEXT_PORT: AtomicU16 = AtomicU16::new(0);

/// A program that runs. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: Pid,
    /// When it was spawned.
    pub(crate) spawned: Instant,
    target: Target,
    address: SocketAddr,
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts a program. Its output goes to a file.
    pub(crate) fn spawn<S: AsRef<OsStr>>(
        target: Target,
        program: &OsStr,
        arguments: &[S],
        pubsub: SocketAddr,
    ) -> Result<Self, Failure> {
        let port = free_port()?;
        let output = std::env::temp_dir().join(format!("catops-bench-http-{}-{port}", std::process::id()));
        let file = File::create(&output)?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        // For valgrind, and the same for all.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(target.environment(port, pubsub));
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let spawned = Instant::now();
        let child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let pid = Pid::from_raw(child.id().try_into()?);
        Ok(Self { pid, spawned, target, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), child, output })
    }

    /// Waits for the first answer; returns when it was there, and the connection it came by.
    pub(crate) fn first_answer(&mut self) -> Result<(Instant, Connection), Failure> {
        let mut connection = loop {
            match Connection::open(self.address) {
                Ok(connection) => break connection,
                Err(error) => {
                    if let Some(status) = self.child.try_wait()? {
                        return Err(self.failed(&format!("it ended: {status}")));
                    }
                    if self.spawned.elapsed() > PATIENCE {
                        return Err(self.failed(&format!("it does not listen: {error}")));
                    }
                }
            }
            sleep(BETWEEN);
        };
        let answer = connection.exchange(self.target.readiness()).map_err(|error| self.failed(&error.to_string()))?;
        match (self.target, answer.status) {
            // The Functions host takes any answer.
            (Target::Azure, _) | (Target::Gcp, 200) => Ok((answer.at, connection)),
            (Target::Gcp, status) => Err(self.failed(&format!("it answered {status}"))),
        }
    }

    /// Waits until it has ended.
    pub(crate) fn ended(&mut self) -> Result<ExitStatus, Failure> {
        let begun = Instant::now();
        loop {
            match self.child.try_wait()? {
                Some(status) => return Ok(status),
                None if begun.elapsed() > PATIENCE => return Err(self.failed("it did not end within a minute")),
                None => sleep(BETWEEN),
            }
        }
    }

    /// Makes an error that shows the last of its output.
    pub(crate) fn failed(&self, what: &str) -> Failure {
        let output = std::fs::read(&self.output).unwrap_or_default();
        let tail = &output[output.len().saturating_sub(TAIL)..];
        format!("{what}\n{}", String::from_utf8_lossy(tail)).into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is all right, and so is a file that nobody needs any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.output);
    }
}

/// Finds a port on which nobody listens, and which this run has not used yet.
fn free_port() -> Result<u16, Failure> {
    // Two runs at once begin at different places.
    let first = u16::try_from(std::process::id() % u32::from(PORTS.end - PORTS.start))?;
    for _ in PORTS {
        let n = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + (first + n % (PORTS.end - PORTS.start)) % (PORTS.end - PORTS.start);
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(format!("no port of {PORTS:?} is free").into())
}
