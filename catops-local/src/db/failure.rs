//! What SQLite and the file system say, as one clear line with the cure.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use catops_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// Makes the folder and the file if they are not there, and refuses what cannot be our file before SQLite sees it.
pub(super) fn check_place(path: &Path) -> Result<(), Error> {
    let file = path.display();
    if path.is_dir() {
        let text = format!("`{file}` is a folder where a file is expected: move it away, or name another file");
        return Err(Error::new(ErrorKind::Config, text));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        make_folder(folder).map_err(|error| {
            let text = format!("the folder `{}` for `{file}` cannot be made: name another one", folder.display());
            Error::new(ErrorKind::Config, text).because(error)
        })?;
    }
    make_file(path).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem if path.exists() => read_only(path),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            let text = format!("the folder of `{file}` is read-only: make it writable, or name another one");
            Error::new(ErrorKind::Config, text)
        }
        io::ErrorKind::StorageFull => full(path),
        _ => Error::new(ErrorKind::Config, format!("`{file}` cannot be opened")).because(error),
    })
}

/// Jobs hold reply addresses, so nobody else may read them.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut make = fs::DirBuilder::new();
    make.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
    make.create(folder)
}

fn make_file(path: &Path) -> io::Result<()> {
    let mut make = OpenOptions::new();
    make.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut make, 0o600);
    make.open(path).map(drop)
}

pub(super) fn read_only(path: &Path) -> Error {
    let text = format!("`{}` is read-only: make it writable, or name another file", path.display());
    Error::new(ErrorKind::Config, text)
}

fn full(path: &Path) -> Error {
    let text = format!("`{}` cannot grow, since the disk is full: free some space", path.display());
    Error::new(ErrorKind::Unavailable, text)
}

/// Says why the file cannot be worked on.
pub(super) fn at_open(path: &Path, error: rusqlite::Error) -> Error {
    let file = path.display();
    let folder_is_closed = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        let text = format!(
            "the folder of `{file}` is read-only, and files beside it are needed: make `{}` writable, or name another \
             one",
            folder.display()
        );
        Error::new(ErrorKind::Config, text)
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => folder_is_closed(),
        Some(ErrorCode::ReadOnly) if path.metadata().is_ok_and(|meta| !meta.permissions().readonly()) => {
            folder_is_closed()
        }
        Some(ErrorCode::ReadOnly) => read_only(path),
        _ => at_work(path, error),
    }
}

/// Says why one read or write failed.
pub(super) fn at_work(path: &Path, error: rusqlite::Error) -> Error {
    let file = path.display();
    let (kind, text) = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => return full(path),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            let text = format!("`{file}` is busy: another process has been writing to it for a long time");
            return Error::new(ErrorKind::Unavailable, text);
        }
        Some(ErrorCode::NotADatabase) => {
            (ErrorKind::Config, format!("`{file}` is no CatOps file: name another one, or move it away"))
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            let text = format!("`{file}` is damaged: move it away to start afresh, or try `sqlite3 {file} .recover`");
            (ErrorKind::Config, text)
        }
        Some(ErrorCode::SystemIoFailure) => {
            (ErrorKind::Unavailable, format!("the disk failed on `{file}`: look at the system's log"))
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            (ErrorKind::Unavailable, format!("`{file}` cannot be written: make it and its folder writable"))
        }
        _ => (ErrorKind::Unavailable, format!("working on `{file}`")),
    };
    Error::new(kind, text).because(error)
}
