//! `audit verify` and `audit export`, as an operator and a script meet them.

use std::path::Path;
use std::process::{Command, Output};

use rusqlite::Connection;

use crate::common::Folder;

/// Runs the bot once in `folder`, with nothing of this process's environment but `more`.
fn catops(folder: &Path, words: &[&str], more: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes-local"));
    command.args(words).env_clear().env("CATOPS_LOCAL_DIR", folder).env("CATOPS_PROBE_DIR", folder.join("marks"));
    command.env("USER", "ann").envs(more.iter().copied()).current_dir(folder);
    command.output().expect("the program starts")
}

/// Runs it and returns the exit code, and what it printed on standard output and on standard error.
fn run(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = catops(folder, words, &[]);
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// A folder whose audit has five records, each of a process of its own.
fn written() -> Folder {
    let folder = Folder::new("audit").expect("a folder");
    for word in ["one", "two", "=3+4", "four", "five"] {
        let (code, _, said) = run(folder.path(), &["say", word, "it"]);
        assert_eq!(code, 0, "{said}");
    }
    folder
}

fn change(folder: &Folder, sql: &str) {
    let db = Connection::open(folder.path().join("catops.db")).expect("the bot's database");
    assert_eq!(db.execute(sql, []).expect("it is changed"), 1, "{sql}");
}

#[test]
fn an_audit_that_was_left_alone_is_whole() {
    let folder = Folder::new("audit-new").expect("a folder");
    let (code, said, _) = run(folder.path(), &["audit", "verify"]);
    assert!(code == 0 && said.starts_with("There are no records yet."), "{said}");

    let folder = written();
    let (code, said, _) = run(folder.path(), &["audit", "verify"]);
    assert!(code == 0 && said.contains("The audit is whole: 5 records"), "{code}: {said}");
    assert!(said.contains("only the log can tell"), "{said}");
    let (code, said, _) = run(folder.path(), &["audit", "verify", "--since", "1h"]);
    assert!(code == 0 && said.contains("5 records"), "{code}: {said}");
    let (code, said, _) = run(folder.path(), &["audit", "verify", "--since", "0m"]);
    assert!(code == 0 && said.contains("no records"), "{code}: {said}");
}

#[test]
fn what_was_done_to_it_is_found() {
    for (sql, found) in [
        ("DELETE FROM records WHERE seq = 3", "is missing"),
        ("UPDATE records SET record = replace(record, 'two', 'too') WHERE seq = 2", "is not as it was written"),
        ("INSERT INTO records (record) SELECT record FROM records WHERE seq = 4", "more than once"),
        ("UPDATE records SET record = json_remove(record, '$.link') WHERE seq = 5", "has no seal"),
        ("UPDATE records SET record = json_set(record, '$.link.seal', '') WHERE seq = 1", "is not as it was written"),
    ] {
        let folder = written();
        change(&folder, sql);
        let (code, said, faults) = run(folder.path(), &["audit", "verify"]);
        assert!(code == 1 && said.is_empty() && faults.contains(found), "{sql}: {code}: {faults}");
        assert!(faults.contains("The audit is not whole"), "{sql}: {faults}");
    }
    // What cannot be read at all stops it.
    let folder = written();
    change(&folder, "UPDATE records SET record = '{' WHERE seq = 3");
    let (code, _, said) = run(folder.path(), &["audit", "verify"]);
    assert!(code == 1 && said.contains("reading an audit record"), "{code}: {said}");
}

#[test]
fn another_key_says_what_it_may_be() {
    let folder = written();
    let key = [("CATOPS_SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5")];
    let output = catops(folder.path(), &["audit", "verify"], &key);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("CATOPS_JOB_KEY was changed"), "{said}");
}

#[test]
fn it_is_written_out_for_other_programs() {
    let folder = written();
    let (code, lines, _) = run(folder.path(), &["audit", "export"]);
    let records: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let said: Vec<_> = records.iter().map(|record| record["arguments"].as_str().unwrap_or_default()).collect();
    assert_eq!((code, &said[..]), (0, &["one it", "two it", "=3+4 it", "four it", "five it"][..]), "the oldest first");
    assert!(records.iter().all(|record| record["link"]["seal"].as_str().is_some_and(|seal| seal.len() == 64)));

    let (code, table, _) = run(folder.path(), &["audit", "export", "--format", "csv", "--since", "1d"]);
    assert_eq!((code, table.lines().count()), (0, 6), "{table}");
    assert!(table.starts_with("job,asked,ended,actor,") && table.contains(",say,'=3+4 it,ran,"), "{table}");
}

#[test]
fn wrong_words_are_told() {
    let folder = Folder::new("audit-words").expect("a folder");
    for (words, says) in [
        (&["audit"][..], "verify"),
        (&["audit", "verify", "--since", "yesterday"], "such as `90m`, `2h`"),
        (&["audit", "export", "--format", "xls"], "csv"),
    ] {
        let (code, said, complaint) = run(folder.path(), words);
        assert!(code == 2 && (said + &complaint).contains(says), "{words:?}: {code}: {complaint}");
    }
    let (code, said, _) = run(folder.path(), &["help", "audit", "verify"]);
    assert!(code == 0 && said.contains("exit code 1"), "{said}");
}
