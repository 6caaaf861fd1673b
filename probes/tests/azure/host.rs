//! A stand-in for the Azure Functions host.
//!
//! It is not Microsoft's: that one cannot be installed from a package. It is written from the host's source and
//! documentation, as far as a custom handler in default mode can tell the two apart:
//!
//! - the handler is started with `FUNCTIONS_CUSTOMHANDLER_PORT`, is ready once `GET /` has any answer, and is started again
//!   when it ends;
//! - each function is called as `POST /{FunctionName}` with `Data` and `Metadata`, scalars encoded twice;
//! - an answer must be 2xx and JSON; one that is empty or `null` is waited for until the function's time-out, at which the
//!   handler is killed;
//! - outputs are written before a caller is answered, who gets 500 if that fails;
//! - a queue's message is held while its function runs, deleted when it succeeds, visible again after
//!   `visibilityTimeout` when it fails, and in the poison queue after `maxDequeueCount` failures.

mod front;
mod outputs;
mod process;
mod trigger;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use catops_core::client::Client;
use catops_core::conformance::flow::Failure;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use self::process::Process;
pub(crate) use self::process::command;
use crate::queue::Queue;

/// What `host.json` and the environment of the app say.
pub(crate) struct Settings {
    pub(crate) program: PathBuf,
    pub(crate) environment: BTreeMap<&'static str, String>,
    /// Where the handler's lines go, and what answers carry as `Logs`.
    pub(crate) output: PathBuf,
    /// `functionTimeout`.
    pub(crate) function_timeout: Duration,
    /// `extensions.queues.visibilityTimeout`.
    pub(crate) visibility_timeout: Duration,
    /// `extensions.queues.maxDequeueCount`.
    pub(crate) max_dequeue_count: u32,
    /// `extensions.queues.batchSize`, here without fetching more while half of a batch runs.
    pub(crate) batch_size: usize,
    /// How long a message is held before it must be held anew. The real host takes ten minutes.
    pub(crate) lock: Duration,
}

/// The host. Its handler ends with this value.
pub(crate) struct Host {
    pub(crate) front: SocketAddr,
    app: Arc<App>,
    tasks: Vec<JoinHandle<()>>,
}

/// What the parts of the host share.
struct App {
    settings: Settings,
    process: Process,
    client: Client,
    jobs: Queue,
    poison: Queue,
    invocations: AtomicU32,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Host {
    /// Starts the handler, and listens to the queue of jobs and its poison queue. Returns when the handler is ready.
    pub(crate) async fn start(settings: Settings, jobs: Queue, poison: Queue) -> Result<Self, Failure> {
        let (process, supervisor) = process::start(&settings);
        let (client, invocations) = (Client::default(), AtomicU32::default());
        let app = Arc::new(App { settings, process, client, jobs, poison, invocations });
        let (front, served) = front::start(app.clone()).await?;
        let mut tasks = vec![supervisor, served];
        tasks.push(tokio::spawn(trigger::listen(app.clone(), app.jobs.clone(), "job")));
        tasks.push(tokio::spawn(trigger::listen(app.clone(), app.poison.clone(), "dead")));
        let host = Self { front, app, tasks };
        host.app.process.ready().await?;
        Ok(host)
    }

    /// Fires the timer as if it were `utc`, in RFC 3339.
    pub(crate) async fn minute(&self, utc: &str) -> Result<(), Failure> {
        let tick = json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": false});
        let sys = json!({"MethodName": "minute", "UtcNow": utc, "RandGuid": "g"});
        self.app.invoke("minute", &json!({"Data": {"tick": tick}, "Metadata": {"sys": sys}})).await.map(drop)
    }

    /// Sends a signal to the handler, waits until it is gone, and returns how long that took. It is started again.
    pub(crate) async fn end(&self, signal: &str) -> Result<Duration, Failure> {
        let took = self.app.process.end(signal).await?;
        self.app.process.ready().await?;
        Ok(took)
    }

    /// Returns the address of the handler itself, which only the host knows.
    pub(crate) async fn handler(&self) -> Result<SocketAddr, Failure> {
        self.app.process.ready().await
    }
}

impl App {
    /// Calls a function, writes its outputs, and returns what it has for the caller.
    async fn invoke(&self, function: &str, envelope: &Value) -> Result<Value, Failure> {
        let end = Instant::now() + self.settings.function_timeout;
        let handler = self.process.ready().await?;
        let id = format!("00000000-0000-4000-8000-{:012}", self.invocations.fetch_add(1, Ordering::Relaxed));
        let call = self
            .client
            .post(format!("http://{handler}/{function}"))
            .header("x-azure-functions-invocationid", &id)
            .header("x-azure-functions-hostversion", "4.0.0-stand-in")
            .header("user-agent", "stand-in Azure-Functions-Host/4.0.0")
            .json(envelope)
            .timeout(self.settings.function_timeout * 2);
        let answered = timeout_at(end, async {
            let answer = call.send().await?;
            let (status, kind) = (answer.status(), answer.headers().get("content-type").cloned());
            let text = answer.text().await?;
            Ok::<_, Failure>((status, kind, text))
        });
        let Ok(answered) = answered.await else {
            self.process.end("-KILL").await?;
            return Err(format!("{function} did not answer in time").into());
        };
        let (status, kind, text) = answered?;
        if !status.is_success() {
            return Err(format!("{function} answered {status}").into());
        }
        if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json")) {
            return Err(format!("{function} answered with another type than JSON").into());
        }
        let answer: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
        if answer.is_null() {
            // The real host waits for a result that never comes.
            sleep_until(end).await;
            self.process.end("-KILL").await?;
            return Err(format!("{function} answered nothing").into());
        }
        self.log(&answer["Logs"]);
        outputs::write(&self.jobs, &answer["Outputs"]["job"]).await?;
        Ok(answer["Outputs"]["res"].clone())
    }

    /// Keeps what an answer wants logged.
    fn log(&self, lines: &Value) {
        for line in lines.as_array().into_iter().flatten() {
            note(&self.settings.output, &format!("Logs: {}", line.as_str().unwrap_or_default()));
        }
    }

    /// Keeps what went wrong with `what`.
    fn failed(&self, what: &str, failure: &Failure) {
        note(&self.settings.output, &format!("host: {what}: {failure:?}"));
    }
}

/// Adds a line to the handler's own.
fn note(output: &Path, line: &str) {
    // The folder may be gone at the end of a test.
    if let Ok(mut file) = File::options().append(true).open(output) {
        let _ = writeln!(file, "{line}");
    }
}
