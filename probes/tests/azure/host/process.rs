//! The handler's process.

use std::fs::File;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use catops_core::client::Client;
use catops_core::conformance::flow::Failure;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Settings, note};
use crate::common::free_port;

/// How long a process may take to be ready, and to go. The real host waits 30 s for the first.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the host asks whether the handler is there.
const LOOK: Duration = Duration::from_millis(25);

/// How long the host waits before it starts a process again that ended.
const PAUSE: Duration = Duration::from_millis(100);

/// The process that serves, if there is one.
pub(super) struct Process(watch::Receiver<Option<Running>>);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Running {
    address: SocketAddr,
    pid: u32,
}

/// Makes the command that starts the handler as the host does.
pub(crate) fn command(settings: &Settings, address: SocketAddr) -> std::io::Result<Command> {
    let output = File::options().create(true).append(true).open(&settings.output)?;
    let mut command = Command::new(&settings.program);
    command
        .env_clear()
        .envs(&settings.environment)
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", address.port().to_string())
        .env("FUNCTIONS_HTTPWORKER_PORT", address.port().to_string())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .kill_on_drop(true);
    Ok(command)
}

/// Starts the process, and starts it again whenever it ends.
pub(super) fn start(settings: &Settings) -> (Process, JoinHandle<()>) {
    let (told, running) = watch::channel(None);
    let (program, environment, output) =
        (settings.program.clone(), settings.environment.clone(), settings.output.clone());
    let settings = Settings { program, environment, output, ..*settings };
    let supervisor = tokio::spawn(async move {
        loop {
            match begin(&settings).await {
                Ok((mut child, running)) => {
                    told.send_replace(Some(running));
                    let _ = child.wait().await;
                    told.send_replace(None);
                }
                Err(failure) => note(&settings.output, &format!("host: {failure:?}")),
            }
            sleep(PAUSE).await;
        }
    });
    (Process(running), supervisor)
}

/// Starts the process and waits until it answers.
async fn begin(settings: &Settings) -> Result<(Child, Running), Failure> {
    let address = free_port()?;
    let mut child = command(settings, address)?.spawn()?;
    let pid = child.id().ok_or("the handler ended at once")?;
    let end = Instant::now() + PATIENCE;
    loop {
        if Client::shared().get(format!("http://{address}/")).send().await.is_ok() {
            return Ok((child, Running { address, pid }));
        }
        if let Some(status) = child.try_wait()? {
            return Err(format!("the handler ended at once: {status}").into());
        }
        if Instant::now() > end {
            return Err("the handler does not answer".into());
        }
        sleep(LOOK).await;
    }
}

impl Process {
    /// Waits until a process serves, and returns where.
    pub(super) async fn ready(&self) -> Result<SocketAddr, Failure> {
        let mut running = self.0.clone();
        let found = timeout(PATIENCE, running.wait_for(Option::is_some)).await;
        let found = found.map_err(|_| "no handler is ready")??;
        found.map(|running| running.address).ok_or_else(|| "no handler is ready".into())
    }

    /// Sends a signal to the process, waits until it is gone, and returns how long that took.
    pub(super) async fn end(&self, signal: &str) -> Result<Duration, Failure> {
        let mut watched = self.0.clone();
        let Some(running) = *watched.borrow() else { return Ok(Duration::ZERO) };
        let begun = Instant::now();
        Command::new("kill").args([signal, &running.pid.to_string()]).status().await?;
        let gone = timeout(PATIENCE, watched.wait_for(|now| *now != Some(running))).await;
        gone.map_err(|_| "the handler does not go")??;
        Ok(begun.elapsed())
    }
}
