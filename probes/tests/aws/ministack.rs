//! MiniStack as a child process, and the calls that set it up.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use catops_aws::account::Account;
use catops_aws::service::{Call, Service};
use catops_core::client::{Client, Patience};
use catops_core::conformance::flow::Failure;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::common::free_port;

/// How long it may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const REGION: &str = "us-east-1";

/// The server. It ends with this value, and its functions with it.
pub(crate) struct MiniStack {
    pub(crate) address: SocketAddr,
    pub(crate) account: Arc<Account>,
    count: SocketAddr,
    _child: Child,
}

impl MiniStack {
    pub(crate) async fn start(folder: &Path) -> Result<Self, Failure> {
        let program = std::env::var_os("CATOPS_MINISTACK")
            .ok_or("CATOPS_MINISTACK is not set; it is the path of MiniStack's program (PyPI, ministack 1.5.33)")?;
        let python = PathBuf::from(program).with_file_name("python3");
        let (address, count) = (free_port()?, free_port()?);
        let log = File::create(folder.join("ministack.log"))?;
        let mut child = Command::new(&python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/counted.py"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", address.port().to_string())
            .env("COUNT_PORT", count.port().to_string())
            .env("MINISTACK_REGION", REGION)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", python.display()))?;
        let end = Instant::now() + PATIENCE;
        let health = format!("http://{address}/_ministack/health");
        while !Client::shared().get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
            if let Some(status) = child.try_wait()? {
                return Err(format!("MiniStack ended at once: {status}").into());
            }
            if Instant::now() > end {
                return Err("MiniStack does not answer".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let account = Account::read(|name| match name {
            "AWS_REGION" => Some(REGION.to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_ENDPOINT_URL" => Some(format!("http://{address}")),
            _ => None,
        })?;
        Ok(Self { address, account: Arc::new(account), count, _child: child })
    }

    /// Returns how many asynchronous invocations are not finished.
    pub(crate) async fn unfinished(&self) -> Result<usize, Failure> {
        let answer = Client::shared().get(format!("http://{}/", self.count)).send().await?;
        Ok(answer.text().await?.parse()?)
    }

    /// Calls a service that speaks JSON with a target header.
    pub(crate) async fn json(&self, service: &'static str, target: &str, body: &Value) -> Result<Value, Failure> {
        let version = if service == "sqs" || service == "dynamodb" { "1.0" } else { "1.1" };
        let kind = format!("application/x-amz-json-{version}");
        self.call(service, http::Method::POST, "/", &[("content-type", &kind), ("x-amz-target", target)], body).await
    }

    /// Calls Lambda.
    pub(crate) async fn lambda(&self, method: http::Method, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call("lambda", method, path, &[("content-type", "application/json")], body).await
    }

    async fn call(
        &self,
        service: &'static str,
        method: http::Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &Value,
    ) -> Result<Value, Failure> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let call = Call { method, path: path.into(), headers, body };
        let answer = Service::new(self.account.clone(), service).send(&call, &Patience::default()).await?;
        let text = String::from_utf8_lossy(&answer.body);
        if !answer.status.is_success() {
            return Err(format!("{service} {path}: {} {text}", answer.status).into());
        }
        if text.trim().is_empty() { Ok(json!({})) } else { Ok(serde_json::from_str(&text)?) }
    }
}
