//! 10,000 events as Slack sends them at its worst: twice, out of order, again after no answer, into a process that is
//! killed over and over. Each message runs once, or its writer is told that it did not end.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use catops_core::audit::{Outcome, Record};
use catops_core::conformance::flow::Failure;
use catops_core::http::HttpRequest;
use catops_core::testing::slack::{Call, Workspace};
use catops_core::{Secret, Timestamp};
use rusqlite::Connection;

use crate::bench::{SECRET, bot, ready};
use crate::common::{Folder, free_port, send};
use crate::random::Random;

/// How many events are sent, unless `CATOPS_STORM_EVENTS` says otherwise; retries count.
const EVENTS: usize = 2_000;

/// How many clients send at the same time.
const CLIENTS: u64 = 8;

/// How often Slack sends an event again. docs.slack.dev, "Events API".
const RETRIES: u8 = 3;

/// The longest time between two kills, in microseconds.
const LIFE: u64 = 400_000;

/// How long the last process may take to work off what is left.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_runs_once_or_its_writer_is_told() {
    let _alone = crate::ALONE.lock().await;
    let events = std::env::var("CATOPS_STORM_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(EVENTS);
    let counts = storm(events).await.expect("the storm runs");
    println!("{counts:#?}");
    assert!(counts.events >= events && counts.kills > 5, "too little was sent to mean anything");
    assert!(counts.accepted * 4 > counts.events, "too few were accepted to mean anything");
    assert!(counts.lost.is_empty() && counts.twice == 0, "lost: {:#?}, twice: {}", counts.lost, counts.twice);
}

/// What was counted.
#[derive(Debug, Default)]
struct Counts {
    /// What the random numbers began with.
    seed: u64,
    /// Events sent, with retries and repeats.
    events: usize,
    kills: usize,
    /// Messages of which at least one event was answered with 200.
    accepted: usize,
    /// Accepted messages whose command ran and was answered.
    ran: usize,
    /// Accepted messages whose writer was told that no end was recorded.
    told: usize,
    /// Accepted messages of which nothing was heard: their names, or what was recorded of them.
    lost: Vec<String>,
    /// Messages whose command ran more than once.
    twice: usize,
}

async fn storm(events: usize) -> Result<Counts, Failure> {
    let (folder, address, workspace) =
        (Folder::new("storm")?, free_port()?, Workspace::start_with(Secret::new(SECRET.to_owned())).await?);
    let start = || bot(folder.path(), address, &workspace).map(|mut bot| bot.env("CATOPS_LOG", "warn").spawn());
    let mut child = start()??;
    ready(&mut child, address).await?;

    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let seed = Timestamp::now().as_millis();
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let client = Client { address, workspace: workspace.clone(), sent: sent.clone(), stop: stop.clone() };
        clients.push(tokio::spawn(client.send_all(number, Random::new(seed + number), events)));
    }
    let (mut random, mut kills) = (Random::new(seed ^ 0xca7), 0);
    while !stop.load(Ordering::Relaxed) && sent.load(Ordering::Relaxed) < events {
        tokio::time::sleep(Duration::from_micros(random.below(LIFE))).await;
        child.kill().await?;
        kills += 1;
        child = start()??;
        ready(&mut child, address).await?;
    }
    let mut accepted = Vec::new();
    for client in clients {
        accepted.extend(client.await?);
    }
    let mut counts = count_up(&folder, &accepted).await?;
    (counts.seed, counts.events, counts.kills) = (seed, sent.load(Ordering::Relaxed), kills);
    child.kill().await?;
    Ok(counts)
}

struct Client {
    address: SocketAddr,
    workspace: Workspace,
    sent: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

/// An event on its way, and how often it was sent.
struct Pending {
    name: String,
    call: Call,
    tries: u8,
}

impl Client {
    /// Sends events until enough were sent by all; returns the names of the messages that were accepted.
    async fn send_all(self, number: u64, mut random: Random, events: usize) -> Vec<String> {
        let (mut waiting, mut accepted, mut next) = (Vec::new(), Vec::new(), 0);
        loop {
            let is_enough = self.sent.load(Ordering::Relaxed) >= events;
            if is_enough && waiting.is_empty() {
                self.stop.store(true, Ordering::Relaxed);
                return accepted;
            }
            while !is_enough && waiting.len() < 8 {
                let name = format!("storm-{number}-{next}");
                next += 1;
                let call =
                    self.workspace.mention(&format!("say {name} in the storm")).in_channel(&format!("C{number}"));
                // The same message is told of twice, by two events.
                if random.below(4) == 0 {
                    let again = call.clone().with_event_id(&format!("Ev{name}"));
                    waiting.push(Pending { name: name.clone(), call: again, tries: 0 });
                }
                waiting.push(Pending { name, call, tries: 0 });
            }
            // Out of order.
            let mut pending = waiting.swap_remove(random.below(waiting.len() as u64) as usize);
            let call = match pending.tries {
                0 => pending.call.clone(),
                tries => pending.call.clone().again(tries, "http_timeout"),
            };
            let http: HttpRequest = self.workspace.sign(&call);
            self.sent.fetch_add(1, Ordering::Relaxed);
            let taken = send(self.address, http).await.is_ok_and(|response| response.status() == 200);
            if taken {
                accepted.push(pending.name.clone());
            }
            // Slack sends again what was not answered, and now and then what was: the answer can be lost on the way.
            pending.tries += 1;
            if (!taken || random.below(8) == 0) && pending.tries <= RETRIES {
                waiting.push(pending);
            }
        }
    }
}

async fn count_up(folder: &Folder, accepted: &[String]) -> Result<Counts, Failure> {
    let names: HashSet<&str> = accepted.iter().map(String::as_str).collect();
    let end = Instant::now() + PATIENCE;
    let mut counts = Counts { accepted: names.len(), ..Counts::default() };
    let mut records = records(folder)?;
    // There are records too of messages whose answer was lost.
    while !names.iter().all(|name| records.contains_key(*name)) && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(50)).await;
        records = self::records(folder)?;
    }
    for name in names {
        match records.get(name).map(Vec::as_slice) {
            None => counts.lost.push(name.to_owned()),
            // What was not delivered was told to nobody.
            Some([record]) if record.undelivered.is_some() => counts.lost.push(format!("{record:?}")),
            Some([record]) if record.outcome == Outcome::Died => counts.told += 1,
            Some([_]) => counts.ran += 1,
            Some(_) => counts.twice += 1,
        }
    }
    for entry in std::fs::read_dir(folder.path().join("marks"))? {
        counts.twice += usize::from(std::fs::read_to_string(entry?.path())?.lines().count() > 1);
    }
    Ok(counts)
}

/// Returns the records so far, each under the name of its message.
fn records(folder: &Folder) -> Result<HashMap<String, Vec<Record>>, Failure> {
    let database = Connection::open(folder.path().join("store.db"))?;
    database.busy_timeout(Duration::from_secs(10))?;
    let mut rows = database.prepare("SELECT record FROM records")?;
    let mut records: HashMap<String, Vec<Record>> = HashMap::new();
    for text in rows.query_map([], |row| row.get::<_, String>(0))? {
        let record: Record = serde_json::from_str(&text?)?;
        let name = record.arguments.split(' ').next().unwrap_or_default().to_owned();
        records.entry(name).or_default().push(record);
    }
    Ok(records)
}
