//! The file behind the queue and the store: SQLite with one writer.

mod failure;
mod schema;
mod threads;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use catops_core::{Error, ErrorKind};
use rusqlite::{Connection, OpenFlags};

pub(crate) use self::failure::make_folder;
use self::threads::{Reader, Writer};

/// How long to wait for another process that writes to the file. A write waits behind the group before it too, so twice this,
/// and an acknowledgement has 3 s.
const BUSY: Duration = Duration::from_secs(1);

/// How long to try to open a file that is busy.
const OPENING: Duration = Duration::from_secs(2);

/// How long to wait before a file that was busy is opened again.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// How large the write-ahead log stays on disk once its content is in the file, in bytes.
const KEEP_LOG: u32 = 16 * 1024 * 1024;

/// An open file. Clones share it.
///
/// All writes go through one thread, which takes everything that waits into one transaction: as many are made durable
/// by one `fsync` as arrived during the one before. A write returns after its commit only, so what has returned
/// survives a crash and a power cut. Reads go through another thread and see every commit.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    // Dropped before the writer: the last to close moves the log into the file, which a reader cannot.
    reader: Reader,
    writer: Writer,
    counts: Arc<Counts>,
}

/// What the writer did so far.
#[derive(Debug, Default)]
struct Counts {
    commits: AtomicU64,
    operations: AtomicU64,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("path", &self.inner.path).finish()
    }
}

impl Db {
    /// Opens the file at `path`, or makes it and its folder, readable for this user alone.
    ///
    /// Blocks for as long as the disk takes. Whatever is wrong with the file becomes an error of kind
    /// [`ErrorKind::Config`] that names it and the cure; the file is left as it was.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // Several processes that open a new file at once can find it busy in a way that SQLite does not wait for itself,
        // as while another one turns it to WAL.
        let end = Instant::now() + OPENING;
        loop {
            match Self::try_open(path) {
                Err(error) if error.is_transient() && Instant::now() < end => thread::sleep(BUSY_PAUSE),
                opened => return opened,
            }
        }
    }

    fn try_open(path: &Path) -> Result<Self, Error> {
        failure::check_place(path)?;
        let fail = |error| failure::at_open(path, error);
        let mut write = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(fail)?;
        if write.is_readonly("main").map_err(fail)? {
            return Err(failure::read_only(path));
        }
        schema::prepare(&mut write, path)?;
        let read = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(fail)?;
        let counts = Arc::new(Counts::default());
        let writer = Writer::start(write, path, Arc::clone(&counts))?;
        let reader = Reader::start(read, path)?;
        Ok(Self { inner: Arc::new(Inner { path: path.to_owned(), writer, reader, counts }) })
    }

    /// Returns where the file is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Returns how many commits and how many writes there were so far in this process.
    pub fn counts(&self) -> (u64, u64) {
        let Counts { commits, operations } = &*self.inner.counts;
        (commits.load(Ordering::Relaxed), operations.load(Ordering::Relaxed))
    }

    /// Runs `change` in a transaction and returns after its commit.
    ///
    /// If it fails, what it did is undone, and only that.
    pub(crate) async fn write<T, F>(&self, change: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let answer = self.inner.writer.send(change).ok_or_else(|| self.ended())?;
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    /// Runs `look` on the state of the last commit.
    pub(crate) async fn read<T, F>(&self, look: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let answer = self.inner.reader.send(look).ok_or_else(|| self.ended())?;
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    fn ended(&self) -> Error {
        let text = format!("the thread that works on `{}` has ended: restart", self.inner.path.display());
        Error::new(ErrorKind::Unavailable, text)
    }
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

/// Sets what the writer promises: `FULL` makes every commit durable, `secure_delete` leaves nothing of a cleared job
/// in the file.
fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(None, "journal_size_limit", KEEP_LOG)
}

#[cfg(test)]
mod tests;
