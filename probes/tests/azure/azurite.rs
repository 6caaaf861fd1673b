//! Azurite as a child process: a real queue and a real table.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use catops_azure::storage::Storage;
use catops_core::conformance::flow::Failure;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::common::free_port;

/// How long it may take to be ready. A second or two on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// How often it is started anew: a port that was free may be taken by the time it listens there.
const TRIES: usize = 3;

/// The account that every Azurite has, and its key, as Microsoft publishes them for it.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Starts a program that ends when the pipe to its standard input does, which it does with this process.
const UNTIL_CLOSED: &str = r#""$@" </dev/null & read -r _; kill $!; wait"#;

/// The server. It ends with this value.
pub(crate) struct Azurite {
    pub(crate) queue: SocketAddr,
    pub(crate) table: SocketAddr,
    child: Child,
}

impl Azurite {
    pub(crate) async fn start(folder: &Path) -> Result<Self, Failure> {
        let mut failed = Failure::from("");
        for _ in 0..TRIES {
            match Self::try_start(folder).await {
                Ok(started) => return Ok(started),
                Err(failure) => failed = failure,
            }
        }
        Err(failed)
    }

    async fn try_start(folder: &Path) -> Result<Self, Failure> {
        let script = std::env::var_os("CATOPS_AZURITE").ok_or(
            "CATOPS_AZURITE is not set; it is the path of azurite.js (npm, azurite 3.35.0, dist/src/azurite.js)",
        )?;
        let (blob, queue, table) = (free_port()?, free_port()?, free_port()?);
        let log = File::create(folder.join("azurite.log"))?;
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_CLOSED, "sh", "node"]).arg(script);
        command.args(["--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]);
        for (name, address) in [("blob", blob), ("queue", queue), ("table", table)] {
            command.args([format!("--{name}Host"), address.ip().to_string()]);
            command.args([format!("--{name}Port"), address.port().to_string()]);
        }
        command.current_dir(folder).stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        let mut child = command.spawn()?;
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(queue).await.is_err() || TcpStream::connect(table).await.is_err() {
            if let Some(status) = child.try_wait()? {
                return Err(format!("Azurite ended at once: {status}").into());
            }
            let said = std::fs::read_to_string(folder.join("azurite.log"))?;
            if Instant::now() > end || said.contains("EADDRINUSE") {
                return Err(format!("Azurite does not answer: {said}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { queue, table, child })
    }

    /// Ends it, and waits until it is gone.
    pub(crate) async fn stop(&mut self) -> Result<(), Failure> {
        drop(self.child.stdin.take());
        self.child.wait().await?;
        Ok(())
    }

    /// Returns the connection string of an account whose services are at these URLs.
    pub(crate) fn connection(queue: &str, table: &str) -> String {
        format!(
            "DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};\
             QueueEndpoint={queue}/{ACCOUNT};TableEndpoint={table}/{ACCOUNT};"
        )
    }

    /// Returns the account, reached through these URLs.
    pub(crate) fn storage(queue: &str, table: &str) -> Result<Arc<Storage>, Failure> {
        let connection = Self::connection(queue, table);
        let storage = Storage::read(|name| (name == "AzureWebJobsStorage").then(|| connection.clone()))?;
        Ok(Arc::new(storage))
    }
}
