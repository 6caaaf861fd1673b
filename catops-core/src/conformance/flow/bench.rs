//! What a target supplies, and the stage each row plays on.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::StatusCode;
use serde_json::Value;

use super::{Failure, ensure};
use crate::audit::Record;
use crate::chat::Incoming;
use crate::http::{HttpRequest, HttpResponse};
use crate::job::{Job, JobId, JobKey};
use crate::request::{Actor, Channel, ReplyTo, Request};
use crate::secret::Secret;
use crate::testing::slack::{Call, Post, Workspace};
use crate::time::Timestamp;

/// A target under test: its real binary with the probe plugins, and the means to disturb it.
///
/// The binary runs with the workspace's signing secret, the workspace's host in `CATOPS_REPLY_HOSTS`,
/// [`BOT_TOKEN`](crate::testing::slack::BOT_TOKEN) in `CATOPS_SLACK_BOT_TOKEN`, the workspace's address of
/// [`API`](crate::testing::slack::API) in `CATOPS_SLACK_API_URL`, [`SCHEDULE_CHANNEL`] in `CATOPS_SCHEDULE_CHANNEL`,
/// `CATOPS_LOG=trace`, the folder of [`Bench::probes`] in `CATOPS_PROBE_DIR`, and [`TIME_LIMIT`] for a command.
#[async_trait]
pub trait Bench: Sync {
    /// Returns the name of the target, for the report.
    fn target(&self) -> &str;

    /// Returns the Slack workspace that the target's bot is installed in.
    fn workspace(&self) -> &Workspace;

    /// Returns the key that seals jobs.
    fn key(&self) -> &JobKey;

    /// Returns the folder where probes leave their marks.
    fn probes(&self) -> &Path;

    /// Sends a request to the target's public entry.
    async fn send(&self, http: HttpRequest) -> Result<HttpResponse, Failure>;

    /// Delivers `job` to the worker's entry, as the target's queue would; also once more, whatever became of it before.
    async fn deliver(&self, job: &str) -> Result<(), Failure>;

    /// Delivers one tick of the scheduled command `command`, as the target's scheduler does; also once more. Returns when
    /// the target has it, whatever becomes of it.
    async fn tick(&self, command: &str, tick: Timestamp) -> Result<(), Failure>;

    /// Returns the number of jobs that the queue still holds, waiting or running.
    async fn pending(&self) -> Result<usize, Failure>;

    /// Makes the queue refuse new jobs, or take them again.
    async fn queue(&self, up: bool) -> Result<(), Failure>;

    /// Makes the store unreachable, or reachable again.
    async fn store(&self, up: bool) -> Result<(), Failure>;

    /// Kills the process that runs commands at once, as the platform or the kernel would, and lets the platform do what
    /// it then does.
    async fn kill(&self) -> Result<(), Failure>;

    /// Ends the process in good order, and starts another.
    async fn restart(&self) -> Result<(), Failure>;

    /// Sends the platform's signal to end, and returns how long the process took to go; then starts another.
    async fn terminate(&self) -> Result<Duration, Failure>;

    /// Starts the binary without a signing secret, and returns what it did.
    async fn without_secret(&self) -> Result<NoSecret, Failure>;

    /// Returns the audit records, the latest first.
    async fn records(&self) -> Result<Vec<Record>, Failure>;

    /// Returns the audit record of `job` as it lies in the target's own store, which the bot knows nothing of here.
    async fn stored(&self, job: &JobId) -> Result<Stored, Failure>;

    /// Puts a record there, or takes it away if it has no text, past the bot: as whoever has access to the store can.
    async fn tamper(&self, key: &str, text: Option<&str>) -> Result<(), Failure>;

    /// Returns everything that the target has printed so far.
    async fn output(&self) -> Result<String, Failure>;

    /// Returns how long to wait for what should come soon. A target that learns of a dead process only when its claim runs
    /// out, [`TIME_LIMIT`] and a minute after it began, needs more than others.
    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }

    /// Returns the rows that this bench cannot show.
    fn gaps(&self) -> &[Gap] {
        &[]
    }
}

/// The time limit of a command on the bench.
pub const TIME_LIMIT: Duration = Duration::from_secs(4);

/// The channel for the replies of scheduled commands.
pub const SCHEDULE_CHANNEL: &str = "C0038";

/// An audit record as it lies in a target's store.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What it is found by there.
    pub key: String,
    /// The record as JSON.
    pub text: String,
}

/// What a target does without a signing secret.
#[derive(Debug)]
pub enum NoSecret {
    /// It ended with an error; what it printed.
    Refused(String),
    /// It made a secret of its own and told the operator; the status of an unsigned request to it.
    MadeOne(StatusCode),
}

/// A row that a bench cannot show, and why.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The number of the row.
    pub row: u8,
    /// Why it cannot be shown here.
    pub reason: &'static str,
}

/// The bench, and what makes the names of one row its own.
pub struct Stage<'a> {
    pub(super) bench: &'a dyn Bench,
    row: u8,
    count: AtomicU32,
}

impl std::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("row", &self.row).finish_non_exhaustive()
    }
}

/// A command that was sent.
pub(super) struct Sent {
    pub(super) id: JobId,
    pub(super) path: String,
    pub(super) ack: Value,
    pub(super) call: Call,
}

impl<'a> Stage<'a> {
    pub(super) fn new(bench: &'a dyn Bench, row: u8) -> Self {
        Self { bench, row, count: AtomicU32::new(0) }
    }

    /// Makes a name that nothing else uses.
    pub(super) fn name(&self) -> String {
        let run = Timestamp::now().as_millis();
        format!("row{}-{run}-{}", self.row, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a command with a reply address and a trigger of its own.
    pub(super) fn command(&self, text: &str) -> Call {
        self.bench.workspace().command(text)
    }

    /// Sends a command and expects it to be acknowledged.
    pub(super) async fn send(&self, text: &str) -> Result<Sent, Failure> {
        self.send_as(self.command(text)).await
    }

    pub(super) async fn send_as(&self, call: Call) -> Result<Sent, Failure> {
        let workspace = self.bench.workspace();
        let response = self.bench.send(workspace.sign(&call)).await?;
        ensure!(response.status() == StatusCode::OK, "`{}` was answered {}", call.text(), response.status());
        workspace.take(&call, &response)?;
        let ack = match response.body() {
            body if body.is_empty() => Value::Null,
            body => serde_json::from_slice(body)?,
        };
        Ok(Sent { id: id(&call), path: call.path().to_owned(), ack, call })
    }

    /// Makes the job that the first leg makes of the command `call`.
    pub(super) fn job(&self, call: &Call) -> Job {
        let now = Timestamp::now();
        let actor = Actor { id: call.user().to_owned(), name: "ann".to_owned(), team: call.team().to_owned() };
        let channel = Channel { id: call.channel().to_owned(), name: "ops".to_owned() };
        let request =
            Request { actor, channel, prefix: "/meow".to_owned(), text: call.text().to_owned(), ..Request::default() };
        let reply_to = ReplyTo {
            chat: "slack".to_owned(),
            url: call.response_url().map(|url| Secret::new(url.to_owned())),
            channel: call.channel().to_owned(),
            user: call.user().to_owned(),
            expires: now + Duration::from_secs(1800),
            ..ReplyTo::default()
        };
        Job::new(Incoming::new(id(call), request, reply_to), now)
    }

    /// Delivers the job of `sent` once more.
    pub(super) async fn redeliver(&self, sent: &Sent) -> Result<(), Failure> {
        self.deliver(&self.job(&sent.call)).await
    }

    /// Seals a job and delivers it to the worker's entry.
    pub(super) async fn deliver(&self, job: &Job) -> Result<(), Failure> {
        self.bench.deliver(job.seal(self.bench.key())?.as_str()).await
    }

    /// Looks again and again, for as long as the bench has patience, until there is something to see outside this process.
    pub(super) async fn until<T>(
        &self,
        mut look: impl AsyncFnMut() -> Result<Option<T>, Failure>,
    ) -> Result<Option<T>, Failure> {
        let end = Instant::now() + self.bench.patience();
        loop {
            if let Some(found) = look().await? {
                return Ok(Some(found));
            }
            if Instant::now() > end {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// Waits for the first reply.
    pub(super) async fn reply(&self, sent: &Sent) -> Result<Post, Failure> {
        let posts = self.bench.workspace().wait(&sent.path, 1, self.bench.patience()).await;
        posts.into_iter().next().ok_or_else(|| format!("no reply to `{}`", sent.call.text()).into())
    }

    /// Sends a command and waits for its one reply and its one record.
    pub(super) async fn ask(&self, text: &str) -> Result<(Sent, Post, Record), Failure> {
        let sent = self.send(text).await?;
        let reply = self.reply(&sent).await?;
        let record = self.record(&sent).await?;
        let count = self.bench.workspace().posts(&sent.path).len();
        ensure!(count == 1, "`{text}` got {count} replies");
        Ok((sent, reply, record))
    }

    /// Waits for the record of a job, and checks that there is only one.
    pub(super) async fn record(&self, sent: &Sent) -> Result<Record, Failure> {
        self.record_of(&sent.id).await?.ok_or_else(|| format!("no record of `{}`", sent.call.text()).into())
    }

    /// Waits for the record of the job `id`, and checks that there is only one.
    pub(super) async fn record_of(&self, id: &JobId) -> Result<Option<Record>, Failure> {
        let find = async || -> Result<Option<Record>, Failure> {
            let mut found: Vec<_> = self.bench.records().await?.into_iter().filter(|r| r.job == *id).collect();
            ensure!(found.len() <= 1, "job {id} has {} records", found.len());
            Ok(found.pop())
        };
        self.until(find).await
    }

    /// Waits until the queue holds nothing.
    pub(super) async fn settled(&self) -> Result<(), Failure> {
        let empty = self.until(async || Ok((self.bench.pending().await? == 0).then_some(()))).await?;
        empty.ok_or_else(|| "the queue still holds jobs".into())
    }

    /// Returns how often a probe left `mark`.
    pub(super) fn marks(&self, mark: &str) -> usize {
        std::fs::read_to_string(self.bench.probes().join(mark)).map_or(0, |text| text.lines().count())
    }

    /// Waits until a probe has left `mark` `count` times.
    pub(super) async fn marked(&self, mark: &str, count: usize) -> Result<(), Failure> {
        let there = self.until(async || Ok((self.marks(mark) >= count).then_some(()))).await?;
        there.ok_or_else(|| format!("the mark {mark} is there {} times, not {count}", self.marks(mark)).into())
    }

    /// Opens the gate that a probe waits at.
    pub(super) fn open(&self, gate: &str) -> Result<(), Failure> {
        Ok(std::fs::write(self.bench.probes().join(gate), "open")?)
    }
}

/// Returns the id of the job that the command `call` becomes.
pub(super) fn id(call: &Call) -> JobId {
    JobId::of(&["slack", call.team(), call.trigger_id()])
}
