//! Whatever may be wrong with the file: one clear line, and nothing lost.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("catops-db-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("catops.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::set_permissions(&self.0, Permissions::from_mode(0o700));
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn add(db: &Db, key: &str, value: String) -> Result<(), Error> {
    let key = key.to_owned();
    let insert = "INSERT INTO entries (key, value, version) VALUES (?1, ?2, '1')";
    db.write(move |conn| conn.execute(insert, [key, value])).await.map(drop)
}

async fn keys(db: &Db) -> Vec<String> {
    let keys = |conn: &Connection| {
        conn.prepare("SELECT key FROM entries ORDER BY key")?.query_map([], |row| row.get(0))?.collect()
    };
    db.read(keys).await.unwrap()
}

/// Opens, and expects one line that holds all of `parts` and names the file.
fn refused(path: &Path, kind: ErrorKind, parts: &[&str]) {
    let error = Db::open(path).expect_err("it must not open");
    let line = error.chain();
    assert_eq!(error.kind(), kind, "{line}");
    assert!(!line.contains('\n') && line.contains(&path.display().to_string()), "{line}");
    for part in parts {
        assert!(line.contains(part), "`{part}` is not in: {line}");
    }
}

#[tokio::test]
async fn a_new_file_is_for_this_user_alone_and_opens_again() {
    let folder = Folder::new();
    let path = folder.0.join("deep/er/catops.db");
    add(&Db::open(&path).unwrap(), "a", String::new()).await.unwrap();
    assert_eq!(keys(&Db::open(&path).unwrap()).await, ["a"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[test]
fn many_may_open_a_new_file_at_once() {
    let folder = Folder::new();
    let openers: Vec<_> = (0..8)
        .map(|_| {
            let path = folder.file();
            std::thread::spawn(move || Db::open(&path).map(drop).map_err(|error| error.chain()))
        })
        .collect();
    for opener in openers {
        assert_eq!(opener.join().unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn a_failed_write_undoes_itself_alone() {
    let folder = Folder::new();
    let db = Db::open(&folder.file()).unwrap();
    add(&db, "twice", String::new()).await.unwrap();
    // Sent without waiting in between, so that they share a transaction.
    let half = db.write(|conn| {
        conn.execute("INSERT INTO entries (key, value, version) VALUES ('half', '', '1')", [])?;
        conn.execute("INSERT INTO entries (key, value, version) VALUES ('twice', '', '1')", [])
    });
    let (before, half, after) = tokio::join!(add(&db, "before", String::new()), half, add(&db, "after", String::new()));
    before.unwrap();
    after.unwrap();
    assert_eq!(half.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(keys(&db).await, ["after", "before", "twice"]);
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let folder = Folder::new();
    let db = Db::open(&folder.file()).unwrap();
    add(&db, "kept", "x".repeat(10_000)).await.unwrap();
    let pages: i64 = db.write(|conn| conn.pragma_query_value(None, "page_count", |row| row.get(0))).await.unwrap();
    let limit = move |conn: &Connection| conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
    db.write(limit).await.unwrap();
    let error = add(&db, "lost", "x".repeat(100_000)).await.unwrap_err();
    assert!(error.is_transient());
    assert!(error.chain().contains("the disk is full: free some space"), "{}", error.chain());
    // What shares a transaction with it is refused too: none of it is half there.
    let (small, large) = tokio::join!(add(&db, "small", "x".repeat(9_000)), add(&db, "large", "x".repeat(200_000)));
    assert!(small.is_err() && large.is_err());
    let room = |conn: &Connection| conn.pragma_update_and_check(None, "max_page_count", 100_000, |_| Ok(()));
    db.write(room).await.unwrap();
    add(&db, "later", "x".repeat(100_000)).await.unwrap();
    assert_eq!(keys(&Db::open(&folder.file()).unwrap()).await, ["kept", "later"]);
}

#[test]
fn a_folder_in_its_place() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).unwrap();
    refused(&folder.file(), ErrorKind::Config, &["is a folder where a file is expected"]);
}

#[test]
fn a_file_in_place_of_its_folder() {
    let folder = Folder::new();
    fs::write(folder.0.join("state"), "").unwrap();
    refused(&folder.0.join("state/catops.db"), ErrorKind::Config, &["cannot be made"]);
}

#[test]
fn something_else_entirely() {
    let folder = Folder::new();
    let text = "This is my diary. Dear diary, today I wrote far too many tests. ".repeat(40);
    fs::write(folder.file(), &text).unwrap();
    refused(&folder.file(), ErrorKind::Config, &["is no CatOps file", "move it away"]);
    assert_eq!(fs::read_to_string(folder.file()).unwrap(), text);
}

#[test]
fn the_database_of_another_program() {
    let folder = Folder::new();
    Connection::open(folder.file()).unwrap().execute_batch("CREATE TABLE cookies (name TEXT)").unwrap();
    let before = fs::read(folder.file()).unwrap();
    refused(&folder.file(), ErrorKind::Config, &["is the database of another program"]);
    assert_eq!(fs::read(folder.file()).unwrap(), before);
}

#[test]
fn a_file_of_a_newer_version() {
    let folder = Folder::new();
    drop(Db::open(&folder.file()).unwrap());
    Connection::open(folder.file()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    refused(&folder.file(), ErrorKind::Config, &["has the form 99 of a newer CatOps", "run the newer one"]);
}

#[tokio::test]
async fn a_damaged_file() {
    let folder = Folder::new();
    let db = Db::open(&folder.file()).unwrap();
    for n in 0..50 {
        add(&db, &n.to_string(), "x".repeat(3000)).await.unwrap();
    }
    Connection::open(folder.file()).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    let mut bytes = fs::read(folder.file()).unwrap();
    bytes[100..4096].fill(0xa5); // the schema
    let damaged = folder.0.join("damaged.db");
    fs::write(&damaged, &bytes).unwrap();
    refused(&damaged, ErrorKind::Config, &["is damaged", "move it away"]);
    assert_eq!(fs::read(&damaged).unwrap(), bytes);
}

/// Runs the rest of a test as a user whom permissions hold, for root is not. Returns whether this is the rest.
fn as_nobody(test: &str, folder: &Folder) -> Option<PathBuf> {
    const INSIDE: &str = "CATOPS_TEST_FILE";
    const NOBODY: u32 = 65_534;
    if let Some(path) = std::env::var_os(INSIDE) {
        return Some(path.into());
    }
    if fs::OpenOptions::new().append(true).open(folder.file()).is_err() {
        return Some(folder.file()); // permissions hold this user
    }
    for path in [folder.0.clone(), folder.file()] {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    // One test at a time: a program that is being copied while another test starts its own is open for writing in that
    // one's child for a moment, and cannot be started ("text file busy").
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // The build folder may be closed to others.
    let program = folder.0.with_extension("exe");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let run = Command::new(&program)
        .args([&format!("db::tests::{test}"), "--exact", "--nocapture"])
        .env(INSIDE, folder.file())
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output();
    let _ = fs::remove_file(&program);
    let run = run.unwrap();
    let said = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    None
}

#[test]
fn a_read_only_file() {
    let folder = Folder::new();
    drop(Db::open(&folder.file()).unwrap());
    fs::set_permissions(folder.file(), Permissions::from_mode(0o400)).unwrap();
    if let Some(path) = as_nobody("a_read_only_file", &folder) {
        refused(&path, ErrorKind::Config, &["is read-only: make it writable"]);
    }
}

#[test]
fn a_read_only_folder_with_the_file() {
    let folder = Folder::new();
    drop(Db::open(&folder.file()).unwrap());
    close(&folder);
    if let Some(path) = as_nobody("a_read_only_folder_with_the_file", &folder) {
        refused(&path, ErrorKind::Config, &["the folder of", "is read-only", "writable"]);
    }
}

#[test]
fn a_read_only_folder_without_the_file() {
    let folder = Folder::new();
    fs::write(folder.file(), "").unwrap();
    close(&folder);
    if let Some(path) = as_nobody("a_read_only_folder_without_the_file", &folder) {
        refused(&path.with_file_name("other.db"), ErrorKind::Config, &["is read-only: make it writable"]);
    }
}

/// Waits until the threads of closed databases are done with the folder, then closes it to writers.
fn close(folder: &Folder) {
    while folder.0.join("catops.db-wal").exists() {
        std::thread::yield_now();
    }
    fs::set_permissions(&folder.0, Permissions::from_mode(0o500)).unwrap();
}
