//! The handler behind the stand-in host, and the means to disturb it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use catops_azure::envelope::Tick;
use catops_azure::storage::Storage;
use catops_azure::store::TableStore;
use catops_core::audit::Record;
use catops_core::conformance::flow::{Bench, Failure, Gap, NoSecret, SCHEDULE_CHANNEL, Stored, TIME_LIMIT};
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::job::{JobId, JobKey};
use catops_core::store::Store as _;
use catops_core::testing::slack::{API, BOT_TOKEN, Workspace};
use catops_core::{Secret, Timestamp};

use crate::azurite::Azurite;
use crate::common::{Folder, free_port, program, send_as};
use crate::host::{Host, Settings, command};
use crate::queue::Queue;
use crate::relay::Relay;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5-flow";
const TABLE: &str = "catopsflow";
const QUEUE: &str = "catops-jobs";

/// More than a command's limit and the longest wait for a reply address.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(60);

const GAPS: [Gap; 1] = [Gap {
    row: 17,
    reason: "the host writes the job after our answer; if it cannot, it answers 500 in our place, of which the chat tells \
             the asker: `a_queue_that_is_down_is_a_500` shows that nothing runs or is pending",
}];

/// The handler with the probes, behind a host of its own, with an Azurite of its own.
pub(crate) struct Azure {
    pub(crate) azurite: Azurite,
    pub(crate) host: Host,
    storage: Arc<Storage>,
    jobs: Queue,
    poison: Queue,
    slack: Workspace,
    key: JobKey,
    queue: Relay,
    store: Relay,
    marks: PathBuf,
    folder: Folder,
}

fn url(relay: &Relay) -> String {
    format!("http://{}", relay.host())
}

impl Azure {
    pub(crate) async fn start() -> Result<Self, Failure> {
        Self::start_with(FUNCTION_TIMEOUT).await
    }

    /// Starts one whose functions have this time-out.
    pub(crate) async fn start_with(function_timeout: Duration) -> Result<Self, Failure> {
        Self::start_with_program(&program(env!("CARGO_BIN_EXE_probes-azure")), function_timeout).await
    }

    /// Starts one with another handler: the path of its program, which may be relative to the package.
    pub(crate) async fn start_with_program(program: &Path, function_timeout: Duration) -> Result<Self, Failure> {
        let folder = Folder::new("azure")?;
        let slack = Workspace::start_with(Secret::new(SECRET.to_owned())).await?;
        let azurite = Azurite::start(folder.path()).await?;
        let (queue, store) = (Relay::start(azurite.queue).await?, Relay::start(azurite.table).await?);
        let (queue_url, table_url) = (format!("http://{}", azurite.queue), format!("http://{}", azurite.table));
        let storage = Azurite::storage(&queue_url, &table_url)?;
        let [jobs, poison] = [QUEUE.to_owned(), format!("{QUEUE}-poison")];
        for name in [&jobs, &poison] {
            Queue::new(storage.clone(), name).create().await?;
        }
        let marks = folder.path().join("marks");
        let mut settings = settings(folder.path(), &slack, Azurite::connection(&url(&queue), &url(&store)));
        settings.function_timeout = function_timeout;
        settings.program = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
        let relayed = Azurite::storage(&url(&queue), &table_url)?;
        let host = Host::start(settings, Queue::new(relayed.clone(), &jobs), Queue::new(relayed, &poison)).await?;
        let (jobs, poison) = (Queue::new(storage.clone(), &jobs), Queue::new(storage.clone(), &poison));
        let key = JobKey::derive([slack.signer().secret()]);
        Ok(Self { azurite, host, storage, jobs, poison, slack, key, queue, store, marks, folder })
    }

    pub(crate) fn poison(&self) -> &Queue {
        &self.poison
    }

    pub(crate) fn table(&self) -> TableStore {
        TableStore::new(self.storage.clone(), TABLE)
    }

    fn output_file(&self) -> PathBuf {
        self.folder.path().join("output")
    }
}

fn settings(folder: &Path, slack: &Workspace, connection: String) -> Settings {
    let environment = BTreeMap::from([
        ("CATOPS_SLACK_SIGNING_SECRET", SECRET.to_owned()),
        ("CATOPS_SLACK_BOT_TOKEN", BOT_TOKEN.to_owned()),
        ("CATOPS_SLACK_API_URL", slack.url(API)),
        ("CATOPS_SCHEDULE_CHANNEL", SCHEDULE_CHANNEL.to_owned()),
        ("CATOPS_REPLY_HOSTS", slack.host()),
        ("CATOPS_LOG", "trace".to_owned()),
        ("CATOPS_PROBE_DIR", folder.join("marks").display().to_string()),
        ("CATOPS_STORE", format!("tables:{TABLE}")),
        ("CATOPS_TIME_LIMIT", TIME_LIMIT.as_secs().to_string()),
        ("AzureWebJobsStorage", connection),
        ("CALLS", folder.join("marks/calls").display().to_string()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
    ]);
    Settings {
        program: program(env!("CARGO_BIN_EXE_probes-azure")),
        environment,
        output: folder.join("output"),
        function_timeout: FUNCTION_TIMEOUT,
        visibility_timeout: Duration::from_secs(1),
        max_dequeue_count: 3,
        batch_size: 16,
        lock: Duration::from_secs(6),
    }
}

#[async_trait]
impl Bench for Azure {
    fn target(&self) -> &str {
        "Azure"
    }

    fn workspace(&self) -> &Workspace {
        &self.slack
    }

    fn key(&self) -> &JobKey {
        &self.key
    }

    fn probes(&self) -> &Path {
        &self.marks
    }

    /// Goes to the host.
    async fn send(&self, http: HttpRequest) -> Result<HttpResponse, Failure> {
        send_as(self.host.front, "bot.azurewebsites.net", http).await
    }

    async fn deliver(&self, job: &str) -> Result<(), Failure> {
        self.jobs.put(job.as_bytes()).await
    }

    /// Puts what the timer's function puts into the queue.
    async fn tick(&self, command: &str, tick: Timestamp) -> Result<(), Failure> {
        self.jobs.put(Tick { command: command.to_owned(), due: tick }.message().as_bytes()).await
    }

    async fn pending(&self) -> Result<usize, Failure> {
        // Messages go from either queue to the other, and are in both for a moment: so one of them is asked twice.
        Ok(self.poison.count().await? + self.jobs.count().await? + self.poison.count().await?)
    }

    async fn queue(&self, up: bool) -> Result<(), Failure> {
        self.queue.set(up);
        Ok(())
    }

    async fn store(&self, up: bool) -> Result<(), Failure> {
        self.store.set(up);
        Ok(())
    }

    async fn kill(&self) -> Result<(), Failure> {
        self.host.end("-KILL").await.map(drop)
    }

    async fn restart(&self) -> Result<(), Failure> {
        self.host.end("-TERM").await.map(drop)
    }

    async fn terminate(&self) -> Result<Duration, Failure> {
        self.host.end("-TERM").await
    }

    async fn without_secret(&self) -> Result<NoSecret, Failure> {
        let mut settings = settings(self.folder.path(), &self.slack, String::new());
        settings.environment.remove("CATOPS_SLACK_SIGNING_SECRET");
        let mut command = command(&settings, free_port()?)?;
        let output = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).output().await?;
        let said = [output.stdout, output.stderr].concat();
        match output.status.success() {
            true => Err("it ended without an error".into()),
            false => Ok(NoSecret::Refused(String::from_utf8_lossy(&said).into_owned())),
        }
    }

    async fn records(&self) -> Result<Vec<Record>, Failure> {
        // A row may look before the handler has had a reason to create the table.
        let table = self.table();
        table.create().await?;
        Ok(table.records(500).await?)
    }

    async fn stored(&self, job: &JobId) -> Result<Stored, Failure> {
        crate::rows::stored(&self.storage, TABLE, job).await
    }

    async fn tamper(&self, key: &str, text: Option<&str>) -> Result<(), Failure> {
        crate::rows::tamper(&self.storage, TABLE, key, text).await
    }

    async fn output(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.output_file())?)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn gaps(&self) -> &[Gap] {
        &GAPS
    }
}
