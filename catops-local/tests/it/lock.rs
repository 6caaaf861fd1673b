//! One server for one file.

use catops_core::ErrorKind;
use catops_local::lock::ServerLock;

use crate::bench::Folder;

#[test]
fn a_second_server_is_told_who_serves() {
    let folder = Folder::new();
    let first = ServerLock::take(&folder.file()).unwrap();
    let error = ServerLock::take(&folder.file()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(text.contains(&format!("is served by process {}: stop that one first", std::process::id())), "{text}");
    drop(first);
    ServerLock::take(&folder.file()).unwrap();
}

#[test]
fn another_file_has_another_lock() {
    let folder = Folder::new();
    let _first = ServerLock::take(&folder.path().join("one.db")).unwrap();
    let _second = ServerLock::take(&folder.path().join("two.db")).unwrap();
}
