//! The local bot as a child process, and the means to disturb it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use catops_core::audit::Record;
use catops_core::conformance::flow::{Bench, Failure, NoSecret, SCHEDULE_CHANNEL, Stored, TIME_LIMIT};
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::job::{JobId, JobKey, SealedJob};
use catops_core::testing::slack::{API, BOT_TOKEN, Workspace};
use catops_core::{Secret, Timestamp};
use rusqlite::{Connection, params};
use tokio::process::{Child, Command};

use crate::common::{Folder, free_port, send};

/// The signing secret of the bot.
pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5-flow";

/// How long a process may take to be ready, and to go.
const PATIENCE: Duration = Duration::from_secs(20);

/// The local bot with the probes, in a folder of its own.
pub(crate) struct Local {
    folder: Folder,
    marks: PathBuf,
    address: SocketAddr,
    slack: Workspace,
    key: JobKey,
    child: tokio::sync::Mutex<Child>,
    locks: Mutex<[Option<Connection>; 2]>,
}

/// Makes the command that starts the bot in `folder`.
pub(crate) fn bot(folder: &Path, address: SocketAddr, slack: &Workspace) -> std::io::Result<Command> {
    let mut command = program(folder, slack)?;
    command.args(["serve", "--addr", &address.to_string()]);
    Ok(command)
}

/// Makes the command that runs the program in `folder`, with nothing of this process's environment.
fn program(folder: &Path, slack: &Workspace) -> std::io::Result<Command> {
    let output = File::options().create(true).append(true).open(folder.join("output"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes-local"));
    command
        .env_clear()
        .env("CATOPS_SLACK_SIGNING_SECRET", SECRET)
        .env("CATOPS_SLACK_BOT_TOKEN", BOT_TOKEN)
        .env("CATOPS_SLACK_API_URL", slack.url(API))
        .env("CATOPS_SCHEDULE_CHANNEL", SCHEDULE_CHANNEL)
        .env("CATOPS_REPLY_HOSTS", slack.host())
        .env("CATOPS_LOG", "trace")
        .env("CATOPS_LOCAL_DIR", folder)
        .env("CATOPS_PROBE_DIR", folder.join("marks"))
        .env("CATOPS_STORE", format!("sqlite:{}", folder.join("store.db").display()))
        .env("CATOPS_TIME_LIMIT", TIME_LIMIT.as_secs().to_string())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .kill_on_drop(true);
    Ok(command)
}

/// Waits until the bot answers, or its process has ended.
pub(crate) async fn ready(child: &mut Child, address: SocketAddr) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Err(format!("the bot ended at once: {status}").into());
        }
        let health = http::Request::get("/healthz").body(Bytes::new())?;
        if send(address, health).await.is_ok_and(|response| response.status() == 200) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err("the bot does not answer".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Local {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let slack = Workspace::start_with(Secret::new(SECRET.to_owned())).await?;
        // After the workspace, which could listen on the port that was free before.
        let (folder, address) = (Folder::new("flow")?, free_port()?);
        let key = JobKey::derive([slack.signer().secret()]);
        let mut child = bot(folder.path(), address, &slack)?.spawn()?;
        ready(&mut child, address).await?;
        let (child, locks) = (tokio::sync::Mutex::new(child), Mutex::default());
        let marks = folder.path().join("marks");
        Ok(Self { folder, marks, address, slack, key, child, locks })
    }

    fn open(&self, file: &str) -> Result<Connection, Failure> {
        let database = Connection::open(self.folder.path().join(file))?;
        database.busy_timeout(Duration::from_secs(10))?;
        Ok(database)
    }

    /// Holds the write lock of a file, so that nobody else can write, or lets go of it.
    fn lock(&self, which: usize, up: bool) -> Result<(), Failure> {
        let held = if up {
            None
        } else {
            let database = self.open(["catops.db", "store.db"][which])?;
            database.execute_batch("BEGIN IMMEDIATE")?;
            Some(database)
        };
        self.locks.lock().map_err(|error| error.to_string())?[which] = held;
        Ok(())
    }

    /// Ends the process with `signal`, starts another, and returns how long the first took to go, and how it ended.
    async fn end(&self, signal: &str) -> Result<(Duration, ExitStatus), Failure> {
        let mut child = self.child.lock().await;
        let pid = child.id().ok_or("the bot has ended")?.to_string();
        let begun = Instant::now();
        Command::new("kill").args([signal, &pid]).status().await?;
        let status = tokio::time::timeout(PATIENCE, child.wait()).await.map_err(|_| "the bot does not go")??;
        let took = begun.elapsed();
        *child = bot(self.folder.path(), self.address, &self.slack)?.spawn()?;
        ready(&mut child, self.address).await?;
        Ok((took, status))
    }
}

#[async_trait]
impl Bench for Local {
    fn target(&self) -> &str {
        "local"
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

    /// Puts the job into the queue's file, as another process would.
    async fn deliver(&self, job: &str) -> Result<(), Failure> {
        let id = SealedJob::from_text(job).map_or_else(|_| "not-a-job".to_owned(), |job| job.id().to_string());
        let sql = "INSERT OR REPLACE INTO jobs (id, label, sealed, state, attempts, visible_at, created, updated) \
                   VALUES (?1, 'probe', ?2, 'queued', 0, ?3, ?3, ?3)";
        let now = i64::try_from(Timestamp::now().as_millis())?;
        self.open("catops.db")?.execute(sql, params![id, job, now])?;
        Ok(())
    }

    /// Runs the program's verb for it beside the server, on the server's store.
    async fn tick(&self, command: &str, tick: Timestamp) -> Result<(), Failure> {
        let mut program = program(self.folder.path(), &self.slack)?;
        // Whether it succeeds is for the row to see: a scheduler does not ask.
        program.arg("tick").args(command.split(' ')).args(["--at", &tick.to_string()]).status().await?;
        Ok(())
    }

    async fn pending(&self) -> Result<usize, Failure> {
        let sql = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')";
        let count: i64 = self.open("catops.db")?.query_row(sql, [], |row| row.get(0))?;
        Ok(usize::try_from(count)?)
    }

    async fn queue(&self, up: bool) -> Result<(), Failure> {
        self.lock(0, up)
    }

    async fn store(&self, up: bool) -> Result<(), Failure> {
        self.lock(1, up)
    }

    async fn kill(&self) -> Result<(), Failure> {
        self.end("-KILL").await.map(|_| ())
    }

    async fn restart(&self) -> Result<(), Failure> {
        self.terminate().await.map(|_| ())
    }

    async fn terminate(&self) -> Result<Duration, Failure> {
        let (took, status) = self.end("-TERM").await?;
        if status.success() { Ok(took) } else { Err(format!("after SIGTERM the bot ended with {status}").into()) }
    }

    async fn without_secret(&self) -> Result<NoSecret, Failure> {
        let (folder, address) = (Folder::new("no-secret")?, free_port()?);
        let mut child = bot(folder.path(), address, &self.slack)?.env_remove("CATOPS_SLACK_SIGNING_SECRET").spawn()?;
        ready(&mut child, address).await?;
        let unsigned = http::Request::post("/slack")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from_static(b"command=%2Fmeow&user_id=U1&text=say"))?;
        let status = send(address, unsigned).await?.status();
        child.kill().await?;
        Ok(NoSecret::MadeOne(status))
    }

    async fn records(&self) -> Result<Vec<Record>, Failure> {
        let database = self.open("store.db")?;
        let mut rows = database.prepare("SELECT record FROM records ORDER BY seq DESC LIMIT 500")?;
        let texts = rows.query_map([], |row| row.get::<_, String>(0))?;
        texts.map(|text| Ok(serde_json::from_str(&text?)?)).collect()
    }

    async fn stored(&self, job: &JobId) -> Result<Stored, Failure> {
        let sql = "SELECT seq, record FROM records WHERE json_extract(record, '$.job') = ?1";
        let found = self.open("store.db")?.query_row(sql, [job.as_str()], |row| {
            Ok(Stored { key: row.get::<_, i64>(0)?.to_string(), text: row.get(1)? })
        });
        Ok(found?)
    }

    async fn tamper(&self, key: &str, text: Option<&str>) -> Result<(), Failure> {
        let (database, seq) = (self.open("store.db")?, key.parse::<i64>()?);
        match text {
            Some(text) => database.execute("INSERT OR REPLACE INTO records VALUES (?1, ?2)", params![seq, text])?,
            None => database.execute("DELETE FROM records WHERE seq = ?1", [seq])?,
        };
        Ok(())
    }

    async fn output(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.folder.path().join("output"))?)
    }
}
