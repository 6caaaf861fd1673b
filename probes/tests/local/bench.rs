//! The local bot as a child process, and the means to disturb it.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use catops_core::audit::Record;
use catops_core::conformance::flow::{Bench, Failure, NoSecret, Signer, Sink, TIME_LIMIT};
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::job::{JobKey, SealedJob};
use catops_core::{Secret, Timestamp};
use rusqlite::{Connection, params};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5-flow";

/// How long a process may take to be ready, and to go.
const PATIENCE: Duration = Duration::from_secs(20);

/// The local bot with the probes, in a folder of its own.
pub(crate) struct Local {
    folder: Folder,
    marks: PathBuf,
    address: SocketAddr,
    sink: Sink,
    signer: Signer,
    key: JobKey,
    child: tokio::sync::Mutex<Child>,
    locks: Mutex<[Option<Connection>; 2]>,
}

/// A new folder that is removed with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> std::io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        std::fs::create_dir_all(path.join("marks"))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Finds a port that is free now.
pub(crate) fn free_port() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Makes the command that starts the bot in `folder`, with nothing of this process's environment.
pub(crate) fn bot(folder: &Path, address: SocketAddr, sink: &Sink) -> std::io::Result<Command> {
    let output = File::options().create(true).append(true).open(folder.join("output"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes-local"));
    command
        .args(["serve", "--addr", &address.to_string()])
        .env_clear()
        .env("CATOPS_SLACK_SIGNING_SECRET", SECRET)
        .env("CATOPS_REPLY_HOSTS", sink.host())
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

/// Sends one request over a connection of its own.
pub(crate) async fn send(address: SocketAddr, http: HttpRequest) -> Result<HttpResponse, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    let (head, body) = http.into_parts();
    let mut text = format!("{} {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", head.method, head.uri);
    for (name, value) in &head.headers {
        text.push_str(&format!("{name}: {}\r\n", value.to_str()?));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(text.as_bytes()).await?;
    // A server that refuses a large body may answer and close before it has read it.
    let _ = stream.write_all(&body).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    let split = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(split) = split else { return Err(format!("no whole answer: {read:?}").into()) };
    let head = std::str::from_utf8(&answer[..split])?;
    let status: u16 = head.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok(http::Response::builder().status(status).body(Bytes::copy_from_slice(&answer[split + 4..]))?)
}

impl Local {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let (folder, address, sink) = (Folder::new("flow")?, free_port()?, Sink::start().await?);
        let signer = Signer::new(Secret::new(SECRET.to_owned()));
        let key = JobKey::derive([signer.secret()]);
        let mut child = bot(folder.path(), address, &sink)?.spawn()?;
        ready(&mut child, address).await?;
        let (child, locks) = (tokio::sync::Mutex::new(child), Mutex::default());
        let marks = folder.path().join("marks");
        Ok(Self { folder, marks, address, sink, signer, key, child, locks })
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
        *child = bot(self.folder.path(), self.address, &self.sink)?.spawn()?;
        ready(&mut child, self.address).await?;
        Ok((took, status))
    }
}

#[async_trait]
impl Bench for Local {
    fn target(&self) -> &str {
        "local"
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn signer(&self) -> &Signer {
        &self.signer
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
        let mut child = bot(folder.path(), address, &self.sink)?.env_remove("CATOPS_SLACK_SIGNING_SECRET").spawn()?;
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

    async fn output(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.folder.path().join("output"))?)
    }
}
