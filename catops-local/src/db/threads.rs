//! The thread that writes and the thread that reads.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use catops_core::{Error, ErrorKind};
use rusqlite::{Connection, ffi};
use tokio::sync::oneshot;

use super::{Counts, failure};

/// The most writes in one transaction, so that the first of many does not wait for all.
const GROUP: usize = 512;

/// One read or write on its way to a thread, and its answer on the way back.
trait Operation: Send {
    /// Does it and keeps the result; a failure is returned by its code.
    fn run(&mut self, conn: &Connection) -> Result<(), ffi::Error>;

    /// Sends the result, or `failed` in its place if the transaction did not hold.
    fn answer(self: Box<Self>, path: &Path, failed: Option<Failed>);
}

/// Why a whole transaction did not hold; every write in it gets a copy.
struct Failed {
    kind: ErrorKind,
    text: String,
}

impl Failed {
    fn new(path: &Path, error: rusqlite::Error) -> Self {
        let error = failure::at_work(path, error);
        Self { kind: error.kind(), text: error.chain() }
    }

    fn copy(&self) -> Self {
        Self { kind: self.kind, text: self.text.clone() }
    }
}

struct Call<T, F> {
    work: Option<F>,
    result: Option<rusqlite::Result<T>>,
    to: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Operation for Call<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, conn: &Connection) -> Result<(), ffi::Error> {
        self.result = self.work.take().map(|work| work(conn));
        match &self.result {
            Some(Err(rusqlite::Error::SqliteFailure(code, _))) => Err(*code),
            Some(Err(_)) => Err(ffi::Error::new(ffi::SQLITE_ERROR)),
            _ => Ok(()),
        }
    }

    fn answer(self: Box<Self>, path: &Path, failed: Option<Failed>) {
        let Self { result, to, .. } = *self;
        let answer = match (result, failed) {
            // Its own error says more than that of the transaction.
            (Some(Err(error)), _) => Err(failure::at_work(path, error)),
            (_, Some(Failed { kind, text })) => Err(Error::new(kind, text)),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => return, // never run: dropping `to` tells the caller
        };
        let _ = to.send(answer); // the caller may have gone
    }
}

type Answer<T> = oneshot::Receiver<Result<T, Error>>;

/// The way to one thread. Dropping it waits until the thread has done what was sent and closed its connection.
struct Line {
    to: Option<Mutex<Sender<Box<dyn Operation>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.to.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Line {
    fn start(
        name: &str,
        path: &Path,
        serve: impl FnOnce(&Receiver<Box<dyn Operation>>) + Send + 'static,
    ) -> Result<Self, Error> {
        let (to, from) = channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || serve(&from)).map_err(|error| {
            let text = format!("starting the thread that works on `{}`", path.display());
            Error::new(ErrorKind::Unavailable, text).because(error)
        })?;
        Ok(Self { to: Some(Mutex::new(to)), thread: Some(thread) })
    }

    fn send<T, F>(&self, work: F) -> Option<Answer<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (to, answer) = oneshot::channel();
        let call = Box::new(Call { work: Some(work), result: None, to });
        self.to.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).send(call).ok()?;
        Some(answer)
    }
}

/// Reads, one after the other; each is short.
pub(super) struct Reader(Line);

impl Reader {
    pub(super) fn start(conn: Connection, path: &Path) -> Result<Self, Error> {
        let file = path.to_owned();
        let line = Line::start("catops-read", path, move |from| {
            for mut operation in from {
                let _ = operation.run(&conn); // kept for the answer
                operation.answer(&file, None);
            }
        });
        line.map(Self)
    }

    pub(super) fn send<T, F>(&self, work: F) -> Option<Answer<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.0.send(work)
    }
}

/// Writes, in groups.
pub(super) struct Writer(Line);

impl Writer {
    pub(super) fn start(conn: Connection, path: &Path, counts: Arc<Counts>) -> Result<Self, Error> {
        let group = Group { conn, path: path.to_owned(), counts };
        Line::start("catops-write", path, move |from| group.serve(from)).map(Self)
    }

    pub(super) fn send<T, F>(&self, work: F) -> Option<Answer<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.0.send(work)
    }
}

struct Group {
    conn: Connection,
    path: PathBuf,
    counts: Arc<Counts>,
}

impl Group {
    fn serve(&self, from: &Receiver<Box<dyn Operation>>) {
        // While a group is committed the next one gathers in the channel.
        while let Ok(first) = from.recv() {
            let mut group = vec![first];
            group.extend(from.try_iter().take(GROUP - 1));
            let failed = self.commit(&mut group).err().map(|error| Failed::new(&self.path, error));
            for operation in group {
                operation.answer(&self.path, failed.as_ref().map(Failed::copy));
            }
        }
    }

    /// Runs the group in one transaction. After an error nothing of it holds.
    fn commit(&self, group: &mut [Box<dyn Operation>]) -> rusqlite::Result<()> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        let done = self.run(group).and_then(|()| self.conn.execute_batch("COMMIT"));
        if done.is_err() && !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        done?;
        self.counts.commits.fetch_add(1, Ordering::Relaxed);
        self.counts.operations.fetch_add(group.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn run(&self, group: &mut [Box<dyn Operation>]) -> rusqlite::Result<()> {
        for operation in group {
            self.conn.prepare_cached("SAVEPOINT one")?.execute([])?;
            match operation.run(&self.conn) {
                Ok(()) => {}
                // A full or failing disk ends the whole transaction, not only the statement.
                Err(code) if self.conn.is_autocommit() => return Err(rusqlite::Error::SqliteFailure(code, None)),
                Err(_) => {
                    self.conn.prepare_cached("ROLLBACK TO one")?.execute([])?;
                }
            }
            self.conn.prepare_cached("RELEASE one")?.execute([])?;
        }
        Ok(())
    }
}
