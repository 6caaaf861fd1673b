//! Google's emulators as child processes: each starts once for this process and ends with it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use catops_core::client::Client;
use catops_core::conformance::flow::Failure;
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::common::free_port;

/// How long one may take to be ready: a Java machine starts, in four seconds where nothing else runs.
const PATIENCE: Duration = Duration::from_secs(90);

/// An emulator that runs.
pub(crate) struct Emulator {
    pub(crate) address: SocketAddr,
    /// The session that the script and its child are in.
    session: String,
    _watcher: Child,
}

impl Emulator {
    /// Starts the Pub/Sub emulator.
    pub(crate) async fn pubsub(folder: &Path) -> Result<Self, Failure> {
        Self::start("CATOPS_PUBSUB_EMULATOR", "google-cloud-cli-pubsub-emulator", &[], folder).await
    }

    /// Starts the Firestore emulator.
    pub(crate) async fn firestore(folder: &Path) -> Result<Self, Failure> {
        Self::start("CATOPS_FIRESTORE_EMULATOR", "google-cloud-cli-firestore-emulator", &["start"], folder).await
    }

    async fn start(variable: &str, package: &str, words: &[&str], folder: &Path) -> Result<Self, Failure> {
        let program = std::env::var_os(variable).filter(|program| !program.is_empty()).ok_or_else(|| {
            format!(
                "{variable} is not set; it is the path of the script in the package {package} that starts the emulator"
            )
        })?;
        let address = free_port()?;
        let log_file = folder.join(format!("{package}.log"));
        let log = File::create(&log_file)?;
        // The script starts Java as a child of its own, so a shell holds both in a session, and ends it when the pipe from
        // this process closes, whatever the reason.
        let script =
            r#"setsid "$@" & server=$!; echo "$server" >"$0.pid"; read -r _; kill -TERM "-$server"; wait "$server""#;
        let mut watcher = Command::new("sh")
            .args(["-c", script, package])
            .arg(&program)
            .args(words)
            .args(["--host=127.0.0.1".to_owned(), format!("--port={}", address.port())])
            .env("TMPDIR", folder)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let end = Instant::now() + PATIENCE;
        let root = format!("http://{address}/");
        while !Client::shared().get(&root).send().await.is_ok_and(|answer| answer.status().is_success()) {
            let said = || std::fs::read_to_string(&log_file).unwrap_or_default();
            if let Some(status) = watcher.try_wait()? {
                return Err(format!("{package} ended at once: {status}; it said: {}", said()).into());
            }
            if Instant::now() > end {
                return Err(format!("{package} does not answer; it said: {}", said()).into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let session = std::fs::read_to_string(folder.join(format!("{package}.pid")))?.trim().to_owned();
        Ok(Self { address, session, _watcher: watcher })
    }

    /// Stops it where it stands, or lets it go on.
    pub(crate) async fn pause(&self, paused: bool) -> Result<(), Failure> {
        let signal = if paused { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill").args([signal, "--", &format!("-{}", self.session)]).status().await?;
        if sent.success() { Ok(()) } else { Err("the emulator cannot be paused".into()) }
    }
}

/// Calls the REST API of the emulator at `address`, and returns its answer, which must be a success.
pub(crate) async fn call(
    address: SocketAddr,
    method: http::Method,
    path: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let response = Client::shared().request(method, format!("http://{address}{path}")).json(body).send().await?;
    let (status, text) = (response.status(), response.text().await?);
    if status.is_success() { Ok(serde_json::from_str(&text)?) } else { Err(format!("{path}: {status} {text}").into()) }
}
