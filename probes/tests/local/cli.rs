//! The command line, as a person and as a script meet it.

use std::path::Path;
use std::process::{Command, Output};

use catops_core::conformance::flow::Failure;
use catops_core::testing::slack::{Call, Signer, Workspace};
use catops_core::{Secret, Timestamp};

use crate::bench::{bot, ready};
use crate::common::{Folder, free_port, send};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5-flow";

/// Runs the bot once in `folder`, with nothing of this process's environment.
fn catops(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes-local"));
    command.args(words).env_clear().env("CATOPS_LOCAL_DIR", folder).env("CATOPS_PROBE_DIR", folder.join("marks"));
    command.env("CATOPS_SLACK_SIGNING_SECRET", SECRET).env("USER", "ann").current_dir(folder);
    command.output().expect("the program starts")
}

/// Runs it and returns the exit code and everything it printed.
fn run(folder: &Path, words: &[&str]) -> (i32, String) {
    let output = catops(folder, words);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn check(words: &[&str], code: i32, says: &str) {
    let folder = Folder::new("cli").expect("a folder");
    let (exit, text) = run(folder.path(), words);
    assert_eq!(exit, code, "{words:?}: {text}");
    assert!(text.contains(says), "{words:?} said: {text}");
}

#[test]
fn exit_codes_tell_success_failure_and_wrong_use_apart() {
    check(&["say", "hello", "you", "there"], 0, "you said: you there");
    check(&["fail"], 1, "failed");
    check(&["panic"], 1, "broke down");
    check(&["guarded", "x"], 1, "ops.guarded");
    check(&["sya"], 2, "did you mean say");
    check(&["typed", "mars"], 2, "eu-west");
    check(&["serve", "--adr", "x"], 2, "--addr");
    check(&["--version"], 0, env!("CARGO_PKG_VERSION"));
}

#[test]
fn help_is_everywhere() {
    check(&["--help"], 0, "invoke");
    check(&["help"], 0, "Say something where all can see it.");
    check(&["help", "invoke"], 0, "--path");
    check(&["invoke", "--help"], 0, "signed anew");
    check(&["help", "say"], 0, "The words to say");
    check(&["say", "--help"], 0, "The words to say");
    check(&["list"], 0, "Say something where all can see it.");
    check(&["completions", "bash"], 0, "complete");
    check(&["jobs"], 0, "There are no jobs.");
}

#[test]
fn without_a_terminal_nothing_that_waits_is_run() {
    let folder = Folder::new("waits").expect("a folder");
    for (words, shown, said) in [
        (["replace", "v7"], "v7 takes the place of nothing", "To apply it, run this in a terminal, which asks."),
        (["replace", "v7"], "v7 takes the place of nothing", "To apply it, run this in a terminal, which asks."),
        (
            ["wipe", "sda"],
            "the approval of somebody else",
            "Nobody else is at this terminal to approve it: ask for it in chat.",
        ),
    ] {
        let output = catops(folder.path(), &words);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true), "{text}");
        assert!(text.contains(shown) && text.ends_with(&format!("Nothing was run. {said}\n")), "{text}");
    }
}

/// Runs it in a terminal of its own, in which somebody types `input`, and returns the exit code and what is on the screen.
#[cfg(target_os = "linux")]
fn in_terminal(folder: &Path, words: &str, input: &str) -> (i32, String) {
    use std::io::Write as _;
    use std::process::Stdio;

    let line = format!("{} {words}", env!("CARGO_BIN_EXE_probes-local"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(folder);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("CATOPS_LOCAL_DIR", folder).env("USER", "ann").env("SHELL", "/bin/sh");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("`script` of util-linux, which makes a terminal");
    child.stdin.take().expect("an input").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"))
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_a_plan_is_applied_by_a_yes_and_by_nothing_else() {
    let folder = Folder::new("apply").expect("a folder");
    for (input, code, says) in
        [("n\n", 1, "ann took back"), ("\n", 1, "ann took back"), ("y\n", 0, "v7 took the place of nothing")]
    {
        let (exit, screen) = in_terminal(folder.path(), "replace v7", input);
        assert_eq!(exit, code, "{input:?}: {screen}");
        let (_, end) = screen.split_once("v7 takes the place of nothing").expect("the plan");
        let (_, end) = end.split_once("Apply? [y/N] ").expect("the question");
        assert!(plain(end).contains(says), "{input:?}: {screen}");
    }
    let (_, screen) = in_terminal(folder.path(), "replace v8", "n\n");
    assert!(screen.contains("v8 takes the place of v7"), "{screen}");
}

/// What is on the screen, without its colours.
#[cfg(target_os = "linux")]
fn plain(screen: &str) -> String {
    let mut parts = screen.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.map(|part| part.split_once('m').map_or("", |(_, rest)| rest)).collect::<String>()
}

#[test]
fn schedules_are_listed_and_run_by_hand() {
    let line = r#"[{"command":"clock chime","cron":"0 0 29 2 *","aws":"cron(0 0 29 2 ? *)","azure":"0 0 0 29 2 *"}]"#;
    check(&["schedules"], 0, line);
    check(&["tick", "say"], 2, "no command `say` has a schedule");
    check(&["tick", "clock", "chime", "--at", "tomorrow"], 2, "2026-11-22T12:03:09Z");
    // It runs, and nobody is told where no channel is set.
    check(&["tick", "clock", "chime"], 0, "CATOPS_SCHEDULE_CHANNEL is not set");
    check(&["tick", "clock chime", "--at", "2026-11-22T03:00:00Z"], 1, "ended as expired");
    let (folder, at) = (Folder::new("tick").expect("a folder"), Timestamp::now().to_string());
    for (times, says) in [(1, "ended as ran"), (2, "nothing to do")] {
        let (code, text) = run(folder.path(), &["tick", "clock", "chime", "--at", &at]);
        assert!(code == 0 && text.contains(says), "{times}: {code}: {text}");
    }
    check(&["help", "clock", "chime"], 0, "Runs by itself at 0 0 29 2 *, in UTC.");
}

#[test]
fn the_manifest_can_be_piped_and_what_slack_refuses_is_wrong_use() {
    let folder = Folder::new("manifest").expect("a folder");
    let manifest = |more: &[&str]| catops(folder.path(), &[&["slack", "manifest"], more].concat());
    let output = manifest(&["--url", "https://host.example", "--command", "/clock", "--without", "files,mentions"]);
    assert_eq!(output.status.code(), Some(0));
    let made: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
    let slash = |at: usize, field: &str| made["features"]["slash_commands"][at][field].as_str().unwrap_or_default();
    assert_eq!((slash(0, "command"), slash(0, "url")), ("/meow", "https://host.example/slack"));
    assert_eq!((slash(1, "command"), slash(1, "usage_hint")), ("/clock", "chime ..."));
    // The last one is for the user group that the policy names.
    let scopes = r#"["commands","chat:write","im:history","usergroups:read"]"#;
    assert_eq!(made["oauth_config"]["scopes"]["bot"].to_string(), scopes);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("https://api.slack.com/apps?new_app=1&manifest_json=%7B%22_metadata%22"), "{text}");
    assert!(text.contains("im:history") && !text.contains("files:write"), "{text}");

    let url = ["slack", "manifest", "--url", "https://host.example"];
    check(&[&url[..], &["--yaml"]].concat(), 0, "_metadata:\n  major_version: 1\n");
    check(&[&url[..], &["--name", "Ops", "--main", "ops"]].concat(), 0, r#""command": "/ops""#);
    check(&["slack", "manifest", "--url", "http://127.0.0.1:3000"], 0, "Slack cannot reach");
    check(&["slack", "manifest", "--url", "http://host.example"], 2, "https");
    check(&["slack", "manifest"], 2, "--url");
    check(&["slack"], 2, "manifest");
    check(&[&url[..], &["--command", "/status"]].concat(), 2, "Slack's own");
    check(&[&url[..], &["--without", "all"]].concat(), 2, "direct-messages");
    check(&["help", "slack", "manifest"], 0, "Usage: catops slack manifest [OPTIONS] --url <URL>");
}

#[test]
fn a_failure_shows_its_detail_to_whoever_ran_it() {
    check(&["fail"], 1, "the disk is full of mice");
}

#[test]
fn words_of_the_shell_stay_words() {
    check(&["words", "a b", "c\"d", "e\\f", "<g>&h", "it's", "--", "-x"], 0, "[a b][c\"d][e\\f][<g>&h][it's][-x]");
    check(&["who", "@ann", "#ops"], 0, "ann ops");
}

#[test]
fn a_setting_that_is_wrong_is_named() {
    let folder = Folder::new("settings").expect("a folder");
    for (name, value) in [
        ("CATOPS_ADDR", "nowhere"),
        ("CATOPS_STORE", "redis:x"),
        ("CATOPS_LOCAL_QUEUE", "both"),
        ("CATOPS_TIME_LIMIT", "0"),
        ("CATOPS_WORKERS", "many"),
        ("CATOPS_LOG", "loud"),
        ("CATOPS_JOB_KEY", "short"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probes-local"));
        let output = command.arg("serve").env_clear().env("CATOPS_LOCAL_DIR", folder.path()).env(name, value).output();
        let output = output.expect("the program starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {text}");
        assert!(text.contains(name) && text.trim_end().lines().count() == 1, "{name}: {text}");
    }
}

#[test]
fn a_place_that_cannot_hold_the_state_is_named() {
    let folder = Folder::new("places").expect("a folder");
    let place = folder.path().join("place");
    std::fs::write(&place, "a file").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes-local"));
    let output = command.args(["say", "x", "y"]).env_clear().env("CATOPS_LOCAL_DIR", &place).output().expect("starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("CATOPS_LOCAL_DIR") && text.trim_end().lines().count() == 1, "{text}");

    std::fs::write(
        folder.path().join("catops.db"),
        "this is no database, and long enough to be told from one\n".repeat(20),
    )
    .expect("a file");
    let (code, text) = run(folder.path(), &["say", "x", "y"]);
    assert!(code == 1 && text.contains("catops.db") && text.trim_end().lines().count() == 1, "{code}: {text}");
}

#[test]
fn a_recorded_request_goes_through_both_legs() {
    let folder = Folder::new("invoke").expect("a folder");
    let file = folder.path().join("event.json");
    let body = "team_id=T1&channel_id=C1&user_id=U1&command=%2Fmeow&text=say+hello+from+a+file&trigger_id=1.1";
    let write = |text: String| std::fs::write(&file, text).expect("a file");
    let path = file.to_str().expect("a path");

    write(format!(r#"{{"method":"POST","path":"/slack","headers":{{"X-Slack-Signature":"v0=old"}},"body":"{body}"}}"#));
    let (code, text) = run(folder.path(), &["invoke", "--path", path, "--log"]);
    assert!(code == 0 && text.contains("in_channel") && text.contains("you said: from a file"), "{code}: {text}");
    assert!(text.contains("ended"), "--log shows the log: {text}");

    let (code, text) = run(folder.path(), &["invoke", "--path", path]);
    assert!(code == 0 && text.contains("you said: from a file"), "the same event again: {code}: {text}");

    write(r#"{"body":"text=unsigned"}"#.to_owned());
    let (code, text) = run(folder.path(), &["invoke", "--path", path]);
    assert!(code == 1 && text.contains("400"), "{code}: {text}");
    for wrong in ["", "{}", "[1]"] {
        write(wrong.to_owned());
        let (code, text) = run(folder.path(), &["invoke", "--path", path]);
        assert!(code == 1 && text.contains("event.json") && text.contains("body"), "{wrong}: {code}: {text}");
    }
    let (code, text) = run(folder.path(), &["invoke", "--path", "nowhere.json"]);
    assert!(code == 1 && text.contains("nowhere.json"), "{code}: {text}");
}

#[tokio::test]
async fn beside_a_server() -> Result<(), Failure> {
    let (folder, address, slack) = (Folder::new("beside")?, free_port()?, Workspace::start().await?);
    let mut first = bot(folder.path(), address, &slack)?.env_remove("CATOPS_STORE").spawn()?;
    ready(&mut first, address).await?;

    // A one-shot command shares the server's state.
    let (code, text) = run(folder.path(), &["remember", "color", "tabby"]);
    assert_eq!(code, 0, "{text}");
    let recall = Call::command("recall color").with_address(&slack.url("/recall")).with_trigger("1.1");
    let signer = Signer::new(Secret::new(SECRET.to_owned()));
    send(address, recall.signed(&signer, Timestamp::now())).await?;
    let posts = slack.wait("/recall", 1, std::time::Duration::from_secs(10)).await;
    assert_eq!(posts.first().map(|post| post.text()), Some("tabby"));

    // A second server on the same file says so and stops, and so does one on a port that is taken.
    let second = bot(folder.path(), free_port()?, &slack)?.stderr(std::process::Stdio::piped()).output().await?;
    let text = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{text}");
    let pid = first.id().map(|pid| format!("process {pid}")).unwrap_or_default();
    assert!(text.contains(&pid) && text.trim_end().lines().count() == 1, "{text}");

    let other = Folder::new("beside-port")?;
    let third = bot(other.path(), address, &slack)?.stderr(std::process::Stdio::piped()).output().await?;
    let text = String::from_utf8_lossy(&third.stderr);
    assert_eq!(third.status.code(), Some(1), "{text}");
    assert!(text.contains("is taken") && text.contains("--addr"), "{text}");
    first.kill().await?;
    Ok(())
}
