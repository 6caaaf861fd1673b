//! The container between the emulators, and the means to disturb it.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catops_core::audit::Record;
use catops_core::client::Client;
use catops_core::conformance::flow::{Bench, Failure, NoSecret, SCHEDULE_CHANNEL, Stored, TIME_LIMIT};
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::job::{JobId, JobKey};
use catops_core::store::Store as _;
use catops_core::testing::slack::{API, BOT_TOKEN, Workspace};
use catops_core::{Secret, Timestamp};
use catops_gcp::credentials::Credentials;
use catops_gcp::store::FirestoreStore;
use http::Method;
use serde_json::json;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, OnceCell};

use crate::common::{Folder, free_port, program, send};
use crate::emulators::{Emulator, call};
use crate::relay::Relay;
use crate::watch::Watch;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5-flow";
const PROJECT: &str = "catops-flow";

/// How long Pub/Sub waits for the answer to a push, in seconds: a command's limit, the longest wait for a reply address,
/// and something over.
const ACK_DEADLINE: u32 = 60;

/// After how many tries Pub/Sub gives a message up: the fewest it takes.
const MAX_ATTEMPTS: u32 = 5;

/// How long a process may take to start or to go.
const PATIENCE: Duration = Duration::from_secs(20);

/// The emulators of this process, and the folder they write into.
struct Emulators {
    pubsub: Emulator,
    firestore: Emulator,
    _folder: Folder,
}

async fn emulators() -> Result<&'static Emulators, Failure> {
    static EMULATORS: OnceCell<Emulators> = OnceCell::const_new();
    EMULATORS
        .get_or_try_init(async || {
            let folder = Folder::new("gcp-emulators")?;
            let (pubsub, firestore) = tokio::join!(Emulator::pubsub(folder.path()), Emulator::firestore(folder.path()));
            Ok(Emulators { pubsub: pubsub?, firestore: firestore?, _folder: folder })
        })
        .await
}

/// The container with the probes, on topics and collections of its own.
pub(crate) struct Gcp {
    folder: Folder,
    marks: PathBuf,
    /// What the topics, subscriptions and collections of this bench begin with.
    name: String,
    pubsub: SocketAddr,
    firestore: SocketAddr,
    /// Where the container listens.
    address: SocketAddr,
    slack: Workspace,
    key: JobKey,
    pub(crate) watch: Watch,
    queue: Relay,
    store: Relay,
    process: Mutex<Child>,
}

impl Gcp {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let pubsub = emulators().await?.pubsub.address;
        Self::start_on(pubsub).await
    }

    /// Starts it on a Pub/Sub emulator that it does not share.
    pub(crate) async fn start_on(pubsub: SocketAddr) -> Result<Self, Failure> {
        let firestore = emulators().await?.firestore.address;
        let folder = Folder::new("gcp")?;
        let slack = Workspace::start_with(Secret::new(SECRET.to_owned())).await?;
        let address = free_port()?;
        let watch = Watch::start(pubsub, address).await?;
        let (queue, store) = (Relay::start(watch.pubsub).await?, Relay::start(firestore).await?);
        let marks = folder.path().join("marks");
        let key = JobKey::derive([slack.signer().secret()]);
        let name = format!("flow-{}", address.port());
        // Replaced below, once the value is there that knows how.
        let process = Mutex::new(Command::new("true").spawn()?);
        let bench = Self { folder, marks, name, pubsub, firestore, address, slack, key, watch, queue, store, process };
        bench.create().await?;
        *bench.process.lock().await = bench.spawn().await?;
        Ok(bench)
    }

    /// Creates the topics and subscriptions, wired as `deploy/gcp` wires them, save that there is no retry policy: the
    /// emulator delivers again a second later without one, and three seconds later with any.
    async fn create(&self) -> Result<(), Failure> {
        let topic = |name: &str| format!("projects/{PROJECT}/topics/{}-{name}", self.name);
        for name in ["jobs", "dead"] {
            call(self.pubsub, Method::PUT, &format!("/v1/{}", topic(name)), &json!({})).await?;
        }
        let subscription = |name: &str, path: &str| {
            let endpoint = format!("http://{}{path}", self.watch.container);
            json!({
                "topic": topic(name), "ackDeadlineSeconds": ACK_DEADLINE, "pushConfig": {"pushEndpoint": endpoint},
            })
        };
        let mut jobs = subscription("jobs", "/push");
        jobs["deadLetterPolicy"] = json!({"deadLetterTopic": topic("dead"), "maxDeliveryAttempts": MAX_ATTEMPTS});
        for (name, subscription) in [("jobs", jobs), ("dead", subscription("dead", "/dead"))] {
            let path = format!("/v1/projects/{PROJECT}/subscriptions/{}-{name}", self.name);
            call(self.pubsub, Method::PUT, &path, &subscription).await?;
        }
        Ok(())
    }

    fn topic(&self) -> String {
        format!("projects/{PROJECT}/topics/{}-jobs", self.name)
    }

    fn command(&self) -> Result<Command, Failure> {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.path().join("log"))?;
        let mut command = Command::new(program(env!("CARGO_BIN_EXE_probes-gcp")));
        command
            .env_clear()
            .envs([
                ("PORT", self.address.port().to_string()),
                ("CATOPS_SLACK_SIGNING_SECRET", SECRET.to_owned()),
                ("CATOPS_SLACK_BOT_TOKEN", BOT_TOKEN.to_owned()),
                ("CATOPS_SLACK_API_URL", self.slack.url(API)),
                ("CATOPS_SCHEDULE_CHANNEL", SCHEDULE_CHANNEL.to_owned()),
                ("CATOPS_REPLY_HOSTS", self.slack.host()),
                ("CATOPS_LOG", "trace".to_owned()),
                ("CATOPS_PROBE_DIR", self.marks.display().to_string()),
                ("CATOPS_QUEUE", format!("pubsub:{}", self.topic())),
                ("CATOPS_STORE", format!("firestore:{}", self.name)),
                ("CATOPS_TIME_LIMIT", TIME_LIMIT.as_secs().to_string()),
                // The emulator sends no tokens.
                ("CATOPS_PUSH_AUTH", "none".to_owned()),
                ("PUBSUB_EMULATOR_HOST", self.queue.host()),
                ("FIRESTORE_EMULATOR_HOST", self.store.host()),
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        Ok(command)
    }

    /// Starts the container and waits until it serves.
    async fn spawn(&self) -> Result<Child, Failure> {
        let mut process = self.command()?.spawn()?;
        let end = Instant::now() + PATIENCE;
        let health = format!("http://{}/healthz", self.address);
        while !Client::shared().get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
            if let Some(status) = process.try_wait()? {
                return Err(format!("the container ended at once: {status}: {}", self.output().await?).into());
            }
            if Instant::now() > end {
                return Err("the container does not answer".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(process)
    }

    /// Sends a signal to the process, starts another when it has gone, and returns how long it took to go.
    async fn end(&self, signal: &str) -> Result<Duration, Failure> {
        let mut process = self.process.lock().await;
        let pid = process.id().ok_or("the container is gone")?;
        let begun = Instant::now();
        Command::new("kill").args([signal, &pid.to_string()]).status().await?;
        tokio::time::timeout(PATIENCE, process.wait()).await.map_err(|_| "the container does not go")??;
        let took = begun.elapsed();
        *process = self.spawn().await?;
        Ok(took)
    }

    /// Publishes a message to the topic, past the relay that can be down.
    pub(crate) async fn publish(&self, data: &str) -> Result<(), Failure> {
        let message = json!({"messages": [{"data": STANDARD.encode(data)}]});
        let path = format!("/v1/{}:publish", self.topic());
        call(self.watch.pubsub, Method::POST, &path, &message).await.map(|_| ())
    }
}

#[async_trait]
impl Bench for Gcp {
    fn target(&self) -> &str {
        "Google Cloud"
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

    async fn send(&self, http: HttpRequest) -> Result<HttpResponse, Failure> {
        send(self.address, http).await
    }

    async fn deliver(&self, job: &str) -> Result<(), Failure> {
        self.publish(job).await
    }

    /// Calls the route that `deploy/gcp` gives to Cloud Scheduler, as it does.
    async fn tick(&self, command: &str, tick: Timestamp) -> Result<(), Failure> {
        let time = tick.to_string();
        let path = command.replace(' ', "%20");
        let response = Client::shared()
            .post(format!("http://{}/tick/{path}", self.address))
            .header("user-agent", "Google-Cloud-Scheduler")
            .header("x-cloudscheduler", "true")
            .header("x-cloudscheduler-jobname", "catops-tick")
            .header("x-cloudscheduler-scheduletime", format!("{}T{}+00:00", &time[..10], &time[11..19]))
            .send()
            .await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(format!("a tick was answered {}", response.status()).into())
    }

    async fn pending(&self) -> Result<usize, Failure> {
        Ok(self.watch.pending())
    }

    async fn queue(&self, up: bool) -> Result<(), Failure> {
        self.queue.set(up);
        Ok(())
    }

    async fn store(&self, up: bool) -> Result<(), Failure> {
        self.store.set(up);
        Ok(())
    }

    /// Kills the process; another starts at once, as on Cloud Run.
    async fn kill(&self) -> Result<(), Failure> {
        self.end("-KILL").await.map(|_| ())
    }

    async fn restart(&self) -> Result<(), Failure> {
        self.end("-TERM").await.map(|_| ())
    }

    async fn terminate(&self) -> Result<Duration, Failure> {
        self.end("-TERM").await
    }

    async fn without_secret(&self) -> Result<NoSecret, Failure> {
        let log = self.folder.path().join("log-without-secret");
        let out = File::create(&log)?;
        let port = free_port()?.port().to_string();
        let mut command = self.command()?;
        command.env_remove("CATOPS_SLACK_SIGNING_SECRET").env("PORT", port).stdout(out.try_clone()?).stderr(out);
        let mut process = command.spawn()?;
        let status =
            tokio::time::timeout(PATIENCE, process.wait()).await.map_err(|_| "it starts without a secret")??;
        let said = std::fs::read_to_string(&log)?;
        if status.success() { Err(format!("it ended well: {said}").into()) } else { Ok(NoSecret::Refused(said)) }
    }

    async fn records(&self) -> Result<Vec<Record>, Failure> {
        let endpoint = Some(format!("http://{}", self.firestore));
        let store = FirestoreStore::new(Arc::new(Credentials::none()), PROJECT, &self.name, endpoint);
        Ok(store.records(500).await?)
    }

    async fn stored(&self, job: &JobId) -> Result<Stored, Failure> {
        crate::documents::stored(self.firestore, PROJECT, &self.name, job).await
    }

    async fn tamper(&self, key: &str, text: Option<&str>) -> Result<(), Failure> {
        crate::documents::tamper(self.firestore, key, text).await
    }

    async fn output(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.folder.path().join("log"))?)
    }

    /// A dead process is noticed when its job has been tried [`MAX_ATTEMPTS`] times, each of which waits for the time a
    /// command may take.
    fn patience(&self) -> Duration {
        Duration::from_secs(90)
    }
}
