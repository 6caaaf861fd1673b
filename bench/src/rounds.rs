//! The servers take turns.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use catops_core::testing::slack::Workspace;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::load::{Measured, requests, send};
use crate::{Failure, SECRET, disk};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;

/// A row of the table.
struct Subject {
    name: &'static str,
    queue: Option<&'static str>,
    workers: &'static str,
    requests: usize,
    measured: Vec<Measured>,
    starts: Vec<Duration>,
}

impl Subject {
    fn new(name: &'static str, queue: Option<&'static str>, workers: &'static str, requests: usize) -> Self {
        Self { name, queue, workers, requests, measured: Vec::new(), starts: Vec::new() }
    }
}

/// Measures all and prints the table.
#[tokio::main]
pub(crate) async fn run(catops: &str) -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("catops-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let slack = Workspace::start().await?;
    let mut subjects = [
        Subject::new("bare axum, HMAC only", None, "", 40_000),
        Subject::new("catops, queue in memory", Some("memory"), "0", 40_000),
        Subject::new("catops, durable queue", Some("durable"), "0", 20_000),
        Subject::new("catops, durable, every command run and answered", Some("durable"), "16", 2_000),
    ];
    let mut syncs = Vec::new();
    for round in 0..ROUNDS {
        syncs.push(disk::syncs(&folder, Duration::from_millis(500))?);
        for subject in &mut subjects {
            let state = folder.join(format!("{round}-{}", subject.name.len()));
            let (mut child, address) = start(catops, subject, &state, &slack).await?;
            // A few requests first, so that no connection pays for the server's first of everything.
            send(address, requests(200, &format!("warm{round}"), &slack.url("/r")), CONNECTIONS).await?;
            let requests = requests(subject.requests, &format!("{round}"), &slack.url("/r"));
            subject.measured.push(send(address, requests, CONNECTIONS).await?);
            child.kill().await?;
        }
    }
    std::fs::remove_dir_all(&folder)?;
    print(&subjects, median(syncs));
    Ok(())
}

/// Sends `count` commands to the server at `address`, which runs already.
#[tokio::main]
pub(crate) async fn load(address: &str, count: &str) -> Result<(), Failure> {
    let run = format!("load{:?}", std::time::SystemTime::now());
    let requests = requests(count.parse()?, &run, "http://127.0.0.1:9/r");
    let Measured { rate, p99 } = send(address.parse()?, requests, CONNECTIONS).await?;
    println!("{rate:.0} acks/s, p99 {:.2} ms", p99.as_secs_f64() * 1e3);
    Ok(())
}

async fn start(
    catops: &str,
    subject: &mut Subject,
    state: &Path,
    slack: &Workspace,
) -> Result<(Child, SocketAddr), Failure> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = match subject.queue {
        None => {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["bare", &address.to_string()]);
            command
        }
        Some(queue) => {
            std::fs::create_dir_all(state)?;
            let mut command = Command::new(catops);
            command.args(["serve", "--addr", &address.to_string()]);
            command.env_clear();
            command
                .env("CATOPS_SLACK_SIGNING_SECRET", SECRET)
                .env("CATOPS_LOCAL_DIR", state)
                .env("CATOPS_LOG", "error");
            command.env("CATOPS_LOCAL_QUEUE", queue).env("CATOPS_WORKERS", subject.workers);
            command.env("CATOPS_REPLY_HOSTS", slack.host());
            command
        }
    };
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn()?;
    while !is_healthy(address).await {
        if begun.elapsed() > Duration::from_secs(10) {
            return Err(format!("{} does not answer", subject.name).into());
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    subject.starts.push(begun.elapsed());
    Ok((child, address))
}

async fn is_healthy(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else { return false };
    let mut answer = [0; 12];
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").await;
    asked.is_ok() && stream.read_exact(&mut answer).await.is_ok() && answer == *b"HTTP/1.1 200"
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(subjects: &[Subject], syncs: f64) {
    println!("| at {CONNECTIONS} connections, median of {ROUNDS} rounds | acks/s | of bare | p99 ms | start ms |");
    println!("|---|---|---|---|---|");
    let rate = |subject: &Subject| median(subject.measured.iter().map(|measured| measured.rate).collect());
    let bare = rate(&subjects[0]);
    for subject in subjects {
        let p99 = median(subject.measured.iter().map(|measured| measured.p99.as_secs_f64() * 1e3).collect());
        let start = median(subject.starts.iter().map(|start| start.as_secs_f64() * 1e3).collect());
        let rate = rate(subject);
        println!("| {} | {rate:.0} | {:.2} | {p99:.2} | {start:.1} |", subject.name, rate / bare);
    }
    println!("\nthe disk alone: {syncs:.0} fsync/s");
}
