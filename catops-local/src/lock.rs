//! One server for one file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use catops_core::{Error, ErrorKind};

/// Held by the process that serves a file; a second server finds it and stops.
///
/// The operating system holds the lock, so it ends with the process however that ends. A one-shot command needs none
/// and works on the same file beside the server.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    /// Takes the lock of the database at `path`, which is on the file `<path>.lock` beside it.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let lock = lock_path(path);
        let fail = |error: std::io::Error| {
            let text = format!("`{}` cannot be locked: make its folder writable, or name another one", lock.display());
            Error::new(ErrorKind::Config, text).because(error)
        };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&lock).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(path, &mut file)),
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        // For the message of the second server; a full disk is no reason not to serve.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn taken(path: &Path, file: &mut File) -> Error {
    let mut pid = String::new();
    let _ = file.take(20).read_to_string(&mut pid);
    let who = pid.trim().parse::<u32>().map_or_else(|_| "another process".to_owned(), |pid| format!("process {pid}"));
    let text = format!("`{}` is served by {who}: stop that one first, or give this one another file", path.display());
    Error::new(ErrorKind::Config, text)
}
