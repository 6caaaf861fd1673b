//! What the pages are told, as server-sent events.
//!
//! `hello` opens a stream and says whether everything is told again. Then come `sent`, `ack` and `message`, each with an
//! id from which a stream that broke off goes on, and `jobs` whenever the queue changed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use catops_core::app::random_secret;
use catops_core::{Error, Timestamp};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Shared;
use super::workspace::Person;
use crate::invoker::{Counts, JobInfo};

/// How much of the conversation is kept for pages that come later, in events and bytes.
const MAX_EVENTS: usize = 1000;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How many jobs are listed.
const MAX_JOBS: usize = 50;

/// The shortest time between two lists of jobs; a busy queue changes far more often than anybody reads.
const PAUSE: Duration = Duration::from_millis(100);

/// How soon a browser tries again after its stream broke off.
const RETRY: Duration = Duration::from_secs(1);

/// The conversation so far, and whoever follows it.
pub(super) struct Feed {
    /// Names this run of the server; numbers of another run mean nothing.
    boot: String,
    log: Mutex<Log>,
    end: watch::Sender<u64>,
}

#[derive(Default)]
struct Log {
    /// The number of the oldest entry.
    start: u64,
    entries: VecDeque<Entry>,
    bytes: usize,
}

#[derive(Clone)]
struct Entry {
    name: &'static str,
    data: String,
}

impl Feed {
    pub(super) fn new() -> Result<Self, Error> {
        let boot = random_secret()?.expose()[..16].to_owned();
        Ok(Self { boot, log: Mutex::default(), end: watch::Sender::new(0) })
    }

    /// Tells all pages.
    pub(super) fn publish(&self, name: &'static str, data: &impl Serialize) {
        let data = serde_json::to_string(data).expect("what is told has text for keys");
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.bytes += data.len();
        log.entries.push_back(Entry { name, data });
        while log.entries.len() > MAX_EVENTS || (log.bytes > MAX_BYTES && log.entries.len() > 1) {
            let oldest = log.entries.pop_front().map_or(0, |entry| entry.data.len());
            log.bytes -= oldest;
            log.start += 1;
        }
        self.end.send_replace(log.end());
    }

    /// Returns the number of the first event to tell a page that saw `last`, and whether that is a fresh start.
    fn resume(&self, last: Option<&str>) -> (u64, bool) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = last.and_then(|last| last.strip_prefix(&self.boot)?.strip_prefix('-')?.parse::<u64>().ok());
        match seen.and_then(|seen| seen.checked_add(1)) {
            Some(next) if (log.start..=log.end()).contains(&next) => (next, false),
            _ => (log.start, true),
        }
    }

    /// Returns the events from the number `next` on, each with its number.
    fn since(&self, next: u64) -> Vec<(u64, Entry)> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = usize::try_from(next.saturating_sub(log.start)).unwrap_or(usize::MAX);
        (next.max(log.start)..).zip(log.entries.iter().skip(skip).cloned()).collect()
    }
}

impl Log {
    fn end(&self) -> u64 {
        self.start + self.entries.len() as u64
    }
}

/// The first event of a stream.
#[derive(Serialize)]
struct Hello<'a> {
    boot: &'a str,
    fresh: bool,
    /// Whom the page may speak as.
    people: &'static [Person],
}

/// The state of the queue.
#[derive(Serialize)]
struct Jobs<'a> {
    /// The server's clock, by which the page reckons ages.
    now: Timestamp,
    counts: Counts,
    rows: &'a [JobInfo],
}

pub(super) async fn events(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> impl IntoResponse {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (next, fresh) = shared.feed.resume(last);
    let hello = event("hello", &Hello { boot: &shared.feed.boot, fresh, people: shared.people }).retry(RETRY);
    let follower = Follower {
        ready: VecDeque::from([hello]),
        next,
        end: shared.feed.end.subscribe(),
        changes: shared.queue.watch(),
        listed: None,
        due: Some(Instant::now()),
        stop: shared.stop.clone(),
        shared,
    };
    let events = stream::unfold(follower, |mut follower| async {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

fn event(name: &str, data: &impl Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}

/// One open page.
struct Follower {
    shared: Arc<Shared>,
    ready: VecDeque<Event>,
    next: u64,
    end: watch::Receiver<u64>,
    changes: watch::Receiver<u64>,
    /// What the page knows of the queue.
    listed: Option<(Counts, Vec<JobInfo>)>,
    /// When to look at the queue again, if it changed.
    due: Option<Instant>,
    stop: Option<watch::Receiver<bool>>,
}

impl Follower {
    /// Waits for the next event; nothing if the server stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.end.borrow_and_update();
            for (number, entry) in self.shared.feed.since(self.next) {
                let id = format!("{}-{number}", self.shared.feed.boot);
                self.ready.push_back(Event::default().id(id).event(entry.name).data(entry.data));
                self.next = number + 1;
            }
            if self.due.is_some_and(|due| due <= Instant::now()) {
                self.due = None;
                self.changes.borrow_and_update();
                self.list().await;
            }
            if !self.ready.is_empty() {
                continue;
            }
            let (due, stop) = (self.due, self.stop.as_mut());
            tokio::select! {
                Ok(()) = self.end.changed() => {}
                Ok(()) = self.changes.changed(), if due.is_none() => self.due = Some(Instant::now() + PAUSE),
                () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {}
                () = stopped(stop) => return None,
                else => return None,
            }
        }
    }

    /// Looks at the queue and tells what changed.
    async fn list(&mut self) {
        let queue = &self.shared.queue;
        let (Ok(counts), Ok(rows)) = (queue.counts().await, queue.list(None, MAX_JOBS).await) else {
            return tracing::error!("the console could not read the queue");
        };
        let seen = (counts, rows);
        if self.listed.as_ref() != Some(&seen) {
            let jobs = Jobs { now: Timestamp::now(), counts, rows: &seen.1 };
            self.ready.push_back(event("jobs", &jobs));
            self.listed = Some(seen);
        }
    }
}

/// Waits until the server stops, for ever if nobody says so.
async fn stopped(stop: Option<&mut watch::Receiver<bool>>) {
    match stop {
        Some(stop) => drop(stop.wait_for(|stop| *stop).await),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(feed: &Feed, next: u64) -> Vec<(u64, String)> {
        feed.since(next).into_iter().map(|(number, entry)| (number, entry.data)).collect()
    }

    #[test]
    fn a_page_goes_on_where_it_was() {
        let feed = Feed::new().unwrap();
        for n in 0..3 {
            feed.publish("message", &n);
        }
        let id = |n: u64| format!("{}-{n}", feed.boot);
        assert_eq!(feed.resume(Some(&id(1))), (2, false));
        assert_eq!(feed.resume(Some(&id(2))), (3, false));
        assert_eq!(names(&feed, 2), [(2, "2".to_owned())]);
        assert_eq!(names(&feed, 3), []);
    }

    #[test]
    fn what_is_unknown_starts_afresh() {
        let feed = Feed::new().unwrap();
        feed.publish("message", &0);
        let far = format!("{}-7", feed.boot);
        let largest = format!("{}-{}", feed.boot, u64::MAX);
        for last in [None, Some(""), Some("0"), Some("other-0"), Some(far.as_str()), Some(largest.as_str())] {
            assert_eq!(feed.resume(last), (0, true), "{last:?}");
        }
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let feed = Feed::new().unwrap();
        for n in 0..MAX_EVENTS + 5 {
            feed.publish("message", &n);
        }
        let told = names(&feed, 0);
        assert_eq!((told.len(), told[0].0), (MAX_EVENTS, 5));
        assert_eq!(feed.resume(Some(&format!("{}-1", feed.boot))), (5, true));
        feed.publish("message", &"x".repeat(MAX_BYTES));
        assert_eq!(names(&feed, 0).len(), 1);
    }
}
