//! The local bot as a child process.

use std::fs::File;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use catops_core::Secret;
use catops_core::http::{HttpRequest, HttpResponse};
use tokio::process::{Child, Command};

use crate::common::{Folder, free_port, send};

/// How long the bot may take to be ready, and then for anything else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The local bot with the probes, in a folder of its own. It ends with this value.
pub(crate) struct Bot {
    folder: Folder,
    address: SocketAddr,
    secret: Secret,
    _process: Child,
}

impl Bot {
    /// Starts it with a signing secret of its own, and `more` variables.
    pub(crate) async fn start(more: &[(&str, &str)]) -> Self {
        let (folder, address) = (Folder::new("slack").unwrap(), free_port().unwrap());
        let secret = Secret::new(format!("0123456789abcdef-{}", address.port()));
        let output = File::create(folder.path().join("output")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_probes-local"))
            .args(["serve", "--addr", &address.to_string()])
            .env_clear()
            .env("CATOPS_SLACK_SIGNING_SECRET", secret.expose())
            .env("CATOPS_LOG", "debug")
            .env("CATOPS_LOCAL_DIR", folder.path())
            .env("CATOPS_PROBE_DIR", folder.path().join("marks"))
            .envs(more.iter().copied())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let started = Instant::now();
        loop {
            assert!(process.try_wait().unwrap().is_none(), "the bot ended at once");
            let health = http::Request::get("/healthz").body(Bytes::new()).unwrap();
            if send(address, health).await.is_ok_and(|response| response.status() == 200) {
                return Self { folder, address, secret, _process: process };
            }
            assert!(started.elapsed() < PATIENCE, "the bot does not answer");
            tokio::time::sleep(Duration::from_millis(10)).await; // between two looks
        }
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(crate) async fn send(&self, http: HttpRequest) -> HttpResponse {
        send(self.address, http).await.unwrap()
    }

    /// Waits until the bot has written `words`.
    pub(crate) async fn says(&self, words: &str) {
        let begun = Instant::now();
        while !self.output().contains(words) {
            assert!(begun.elapsed() < PATIENCE, "not said: {words}; but {}", self.output());
            tokio::time::sleep(Duration::from_millis(20)).await; // between two looks
        }
    }

    /// Returns how often a probe left this mark.
    pub(crate) fn marks(&self, name: &str) -> usize {
        let file = self.folder.path().join("marks").join(name);
        std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
    }

    /// Returns everything the bot wrote.
    pub(crate) fn output(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("output")).unwrap()
    }
}
