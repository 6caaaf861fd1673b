//! What the operator asks of the policy, through the binary.

use std::path::Path;
use std::process::Command;

use crate::common::Folder;

const FILE: &str = r#"[roles.oncall]
members = ["U1", "S1"]
allow = ["ops.guarded"]

[[rule]]
name = "quiet nights"
effect = "deny"
command = "guarded"
roles = ["everybody"]
hours = "22:00-06:00"
when = 'mark != "fire"'
"#;

const TESTS: &str = r#"
[[test]]
name = "by day"
as = "U1"
at = "2026-11-23T12:00Z"
allows = ["guarded x-1", "say it all"]
denies = ["guarded fire"]
"#;

/// Runs the bot with this policy file and returns the exit code, the output and the errors.
fn run(folder: &Path, file: &str, words: &[&str]) -> (i32, String, String) {
    let path = folder.join("catops.toml");
    std::fs::write(&path, file).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes-local"));
    command.args(words).env_clear().env("CATOPS_LOCAL_DIR", folder).env("CATOPS_CONFIG", "catops.toml");
    command.env("CATOPS_PROBE_DIR", folder).env("USER", "ann");
    let output = command.current_dir(folder).output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn check(file: &str, words: &[&str], code: i32, out: &str, error: &str) {
    let folder = Folder::new("policy").expect("a folder");
    assert_eq!(run(folder.path(), file, words), (code, out.to_owned(), error.to_owned()), "{words:?}");
}

#[test]
fn explain_shows_every_step() {
    let words = [
        "policy",
        "explain",
        "--as",
        "U7",
        "--group",
        "S1",
        "--in",
        "C1",
        "--at",
        "2026-11-22T03:00Z",
        "guarded",
        "x-1",
    ];
    let said = "U7 asks for `guarded x-1` in C1 on Sun 03:00 UTC
  groups    S1
  roles     oncall (line 1)
  requires  ops.guarded
  line 3    role `oncall` allows `ops.guarded`: yes
  line 5    rule `quiet nights` denies `guarded` to everybody when `mark != \"fire\"` and at 22:00-06:00 UTC: yes
denied: rule `quiet nights` denies it when `mark != \"fire\"` and at 22:00-06:00 UTC (catops.toml line 5). Nobody may at the moment.
";
    check(FILE, &words, 0, said, "");
    let words = ["policy", "explain", "--as", "ann", "guarded", "x"];
    let error = "--as: `ann` looks like a name, and people choose their own; write the id, such as `U012AB3CD` (in Slack: profile › ⋮ › \
                 Copy member ID), `S0614TZR7` for a user group, `C024BE91L` for a channel, or an e-mail address; an id of another \
                 chat is written `user:ann`\n";
    check(FILE, &words, 1, "", error);
    check(FILE, &["policy", "explain", "--as", "U1", "guarded"], 2, "", "`guarded` needs <mark>\n");
}

#[test]
fn who_asks_for_each_role() {
    let why = "rule `quiet nights` denies it when `mark != \"fire\"` and at 22:00-06:00 UTC, and whether that is so cannot be told \
               (catops.toml line 5)";
    let line = |length: usize| "─".repeat(length);
    let said = format!(
        "who             may run `guarded x`  because\n{}  {}  {}\noncall: U1, S1  depends              {why}\neverybody else  no                   \
         it requires `ops.guarded`, and nothing opens it here and now\n",
        line(14),
        line(19),
        line(why.len())
    );
    check(FILE, &["policy", "who", "guarded", "x"], 0, &said, "");
}

#[test]
fn test_shows_what_is_not_as_expected() {
    let file = format!("{FILE}{TESTS}");
    let error = "catops.toml:18: by day: U1 at 2026-11-23 12:00:00 UTC
- `guarded fire` is denied
+ `guarded fire` is allowed: role `oncall` allows `ops.guarded` (catops.toml line 3)

catops.toml: 1 of 3 answers not as expected
";
    check(&file, &["policy", "test"], 1, "", error);
    let right = file.replace("denies = [\"guarded fire\"]\n", "");
    check(&right, &["policy", "test"], 0, "catops.toml: 2 answers as expected\n", "");
}

/// What waits, and what is limited, above the rest of the file.
const WAITING: &str = r#"break-glass = ["oncall"]

[roles.leads]
members = ["U2", "U3"]

[[rule]]
name = "fire drill"
effect = "approve"
command = "guarded"
roles = ["everybody"]
when = 'mark == "fire"'
by = ["leads"]
count = 2
within = "30m"

[[limit]]
name = "slowly"
command = "guarded"
per = "user"
count = 3
within = "1h"

[[test]]
as = "U1"
at = "2026-11-23T12:00Z"
allows = ["guarded fire"]
approves = ["guarded fire", "guarded x"]

"#;

#[test]
fn what_waits_is_explained_and_tested() {
    let file = format!("{WAITING}{FILE}");
    let words = ["policy", "explain", "--as", "U1", "--at", "2026-11-22T03:00Z", "guarded", "fire"];
    let said = "U1 asks for `guarded fire` on Sun 03:00 UTC
  groups    none
  roles     oncall (line 29)
  requires  ops.guarded
  line 6    rule `fire drill` takes the approval of 2 others with the role `leads` for `guarded` of everybody when `mark == \"fire\"`: yes
  line 16   limit `slowly` lets each person run `guarded` 3 times in 1 hour
  line 31   role `oncall` allows `ops.guarded`: yes
  line 33   rule `quiet nights` denies `guarded` to everybody when `mark != \"fire\"` and at 22:00-06:00 UTC: no
allowed: role `oncall` allows `ops.guarded` (catops.toml line 31)
takes the approval of 2 others with the role `leads` within 30 minutes (rule `fire drill`, catops.toml line 6)
break-glass: at once, with a reason, by role `oncall` (catops.toml line 1)
";
    check(&file, &words, 0, said, "");
    let (why, no) = (
        "role `oncall` allows `ops.guarded` (catops.toml line 31); it takes the approval of 2 others with the role `leads`, or \
         `break-glass`",
        "it requires `ops.guarded`, and nothing opens it here and now",
    );
    let line = |length: usize| "─".repeat(length);
    let said = format!(
        "who             may run `guarded fire`  because\n{}  {}  {}\nleads: U2, U3   no                      {no}\noncall: U1, S1  if \
         approved             {why}\neverybody else  no                      {no}\n",
        line(14),
        line(22),
        line(why.len())
    );
    check(&file, &["policy", "who", "guarded", "fire"], 0, &said, "");
    let error = "catops.toml:27: U1 at 2026-11-23 12:00:00 UTC
- `guarded x` is allowed and waits for approval
+ `guarded x` is allowed: role `oncall` allows `ops.guarded` (catops.toml line 31)

catops.toml: 1 of 3 answers not as expected
";
    check(&file, &["policy", "test"], 1, "", error);
}

#[test]
fn a_mistake_stops_every_start() {
    let wrong = FILE.replace("ops.guarded", "ops.garded").replace("mark !=", "marc !=");
    let mistakes = "catops.toml:3:10: no command requires `ops.garded`; did you mean `ops.guarded`?
catops.toml:11:8: `guarded`, which this rule is about, has no argument `marc`; did you mean `mark`?
";
    check(&wrong, &["policy", "test"], 1, "", mistakes);
    let start = format!("CATOPS_CONFIG names `catops.toml`, which cannot be used: {mistakes}");
    check(&wrong, &["policy", "who", "guarded"], 1, "", &start);
    check(&wrong, &["say", "x"], 1, "", &start);
    check(&wrong, &["serve"], 1, "", &start);
}

#[test]
fn a_role_opens_a_command() {
    let opened = "[roles.oncall]\nmembers = [\"user:ann\"]\nallow = [\"ops.guarded\"]\n";
    let folder = Folder::new("policy").expect("a folder");
    let (exit, _, error) = run(folder.path(), opened, &["guarded", "mark-1"]);
    assert_eq!((exit, error.as_str()), (0, ""));
    assert!(folder.path().join("mark-1").exists(), "it ran");
    let (exit, _, error) = run(folder.path(), &opened.replace("user:ann", "user:bo"), &["guarded", "mark-2"]);
    assert!(exit == 1 && error.contains("ops.guarded"), "{error}");
    assert!(!folder.path().join("mark-2").exists(), "it did not run");
}
