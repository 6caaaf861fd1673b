//! `kill -9` at any moment: nothing accepted is lost, nothing unrepeatable runs twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use catops_core::conformance::flow::Failure;
use catops_core::testing::slack::{Call, Signer, Workspace};
use catops_core::{Secret, Timestamp};

use crate::bench::{bot, ready};
use crate::common::{Folder, free_port, send};
use crate::random::Random;

/// How often the process is killed, unless `CATOPS_CRASH_KILLS` says otherwise.
const KILLS: usize = 25;

/// How many clients send commands all the time.
const CLIENTS: usize = 6;

/// How long the last process may take to work off what is left.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_and_nothing_runs_twice() {
    let _alone = crate::ALONE.lock().await;
    let kills = std::env::var("CATOPS_CRASH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let counts = crash(kills).await.expect("the crash test runs");
    println!("{counts:#?}");
    assert_eq!(counts.kills, kills);
    assert!(counts.accepted >= kills, "too few commands were accepted to mean anything");
    assert_eq!((counts.lost, counts.twice), (0, 0));
}

/// What was counted.
#[derive(Debug, Default)]
struct Counts {
    kills: usize,
    /// Commands whose acknowledgement said that they were accepted.
    accepted: usize,
    /// Accepted commands that ran once and whose reply arrived.
    ran: usize,
    /// Accepted commands whose asker was told that the process died.
    told: usize,
    /// Accepted commands of which nothing was heard.
    lost: usize,
    /// Commands that ran more than once.
    twice: usize,
}

async fn crash(kills: usize) -> Result<Counts, Failure> {
    let (folder, address, slack) = (Folder::new("crash")?, free_port()?, Workspace::start().await?);
    let start = || bot(folder.path(), address, &slack).map(|mut bot| bot.env("CATOPS_LOG", "warn").spawn());
    let mut child = start()??;
    ready(&mut child, address).await?;

    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let (stop, count, slack) = (stop.clone(), count.clone(), slack.clone());
        clients.push(tokio::spawn(async move {
            let signer = Signer::new(Secret::new("8f742231b10e8888abcd99yyyzzz85a5-flow".to_owned()));
            let mut accepted = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let name = format!("crash-{}", count.fetch_add(1, Ordering::Relaxed));
                if is_accepted(address, &signer, &slack, &name).await {
                    accepted.push(name);
                } else {
                    tokio::task::yield_now().await; // the process is down
                }
            }
            accepted
        }));
    }

    let mut random = Random::new(Timestamp::now().as_millis());
    for _ in 0..kills {
        // From the middle of the start-up to the middle of the work.
        tokio::time::sleep(Duration::from_micros(random.below(80_000))).await;
        child.kill().await?;
        child = start()??;
        if random.below(3) > 0 {
            ready(&mut child, address).await?;
        }
    }
    ready(&mut child, address).await?;
    stop.store(true, Ordering::Relaxed);
    let mut accepted = Vec::new();
    for client in clients {
        accepted.extend(client.await?);
    }
    let counts = count_up(&folder, &slack, kills, &accepted).await?;
    child.kill().await?;
    Ok(counts)
}

/// Sends one command and returns whether it was acknowledged as accepted.
async fn is_accepted(address: std::net::SocketAddr, signer: &Signer, slack: &Workspace, name: &str) -> bool {
    let text = format!("say {name} x");
    let call = Call::command(&text).with_address(&slack.url(&format!("/{name}"))).with_trigger(name);
    let response = send(address, call.signed(signer, Timestamp::now())).await;
    response.is_ok_and(|response| {
        response.status() == 200 && response.body().starts_with(b"{\"response_type\":\"in_channel\"}")
    })
}

async fn count_up(folder: &Folder, slack: &Workspace, kills: usize, accepted: &[String]) -> Result<Counts, Failure> {
    let end = Instant::now() + PATIENCE;
    let mut counts = Counts { kills, accepted: accepted.len(), ..Counts::default() };
    for name in accepted {
        let left = end.saturating_duration_since(Instant::now());
        let posts = slack.wait(&format!("/{name}"), 1, left).await;
        match posts.first() {
            None => counts.lost += 1,
            Some(post) if post.text().contains("no end was recorded") => counts.told += 1,
            Some(_) => counts.ran += 1,
        }
    }
    let mut runs: HashMap<String, usize> = HashMap::new();
    for entry in std::fs::read_dir(folder.path().join("marks"))? {
        let entry = entry?;
        let lines = std::fs::read_to_string(entry.path())?.lines().count();
        runs.insert(entry.file_name().to_string_lossy().into_owned(), lines);
    }
    counts.twice = runs.values().filter(|lines| **lines > 1).count();
    Ok(counts)
}
