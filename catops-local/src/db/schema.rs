//! The tables, and how an older file becomes a new one.

use std::path::Path;

use catops_core::{Error, ErrorKind};
use rusqlite::{Connection, TransactionBehavior};

use super::{failure, set_up};

/// Marks the file as ours: `CatO`.
const APPLICATION_ID: i32 = 0x4361_744f;

/// What brings a file from each version to the next; the length is the newest version.
///
/// Times are milliseconds since 1970. `visible_at` is null once a job is done or dead.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        label TEXT NOT NULL,
        sealed TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        visible_at INTEGER,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        reason TEXT
    ) STRICT;
    CREATE INDEX jobs_due ON jobs (visible_at) WHERE visible_at IS NOT NULL;
    CREATE INDEX jobs_updated ON jobs (updated);
    CREATE TABLE entries (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL,
        version TEXT NOT NULL,
        expires INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX entries_expire ON entries (expires) WHERE expires IS NOT NULL;
    CREATE TABLE records (
        seq INTEGER PRIMARY KEY,
        record TEXT NOT NULL
    ) STRICT;
"];

/// Makes the tables, brings an older file up to date, or says why the file is not ours to work on.
pub(super) fn prepare(conn: &mut Connection, path: &Path) -> Result<(), Error> {
    let newest = i64::try_from(MIGRATIONS.len()).expect("there are few migrations");
    let fail = |error| failure::at_open(path, error);
    let found = version(conn).map_err(fail)?;
    check(conn, path, found, newest)?;
    conn.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
    set_up(conn).map_err(fail)?;
    if found == newest {
        return Ok(());
    }
    let change = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    // Another process may have done it in between.
    let found = version(&change).map_err(fail)?;
    check(&change, path, found, newest)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        change.execute_batch(step).map_err(fail)?;
    }
    change.pragma_update(None, "application_id", APPLICATION_ID).map_err(fail)?;
    change.pragma_update(None, "user_version", newest).map_err(fail)?;
    change.commit().map_err(fail)
}

fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn check(conn: &Connection, path: &Path, found: i64, newest: i64) -> Result<(), Error> {
    let fail = |error| failure::at_open(path, error);
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fail)?;
    let owner: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(fail)?;
    let file = path.display();
    if tables > 0 && owner != APPLICATION_ID {
        let text = format!("`{file}` is the database of another program: name another file, or move it away");
        return Err(Error::new(ErrorKind::Config, text));
    }
    if found > newest {
        let text = format!(
            "`{file}` has the form {found} of a newer CatOps and this one knows up to {newest}: run the newer one, or \
             move the file away"
        );
        return Err(Error::new(ErrorKind::Config, text));
    }
    Ok(())
}
