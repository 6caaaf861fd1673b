//! Mistakes as the author of a plugin sees them: real cargo over little crates of plugins.
//!
//! The crates are the folders of `tests/authors`. A comment `//~ text` is an error that is expected at its line, or at the
//! last line of code above it. What is not expected fails the test, so each mistake is told once.

#![allow(clippy::unwrap_used)] // clippy.toml allows it in test functions; what they call here is test code as well

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

const CRATES: [&str; 6] = ["signatures", "types", "names", "policy", "broken", "sound"];

/// A message of rustc: the file's name, the line, and the text; with the full rendering.
type Messages = Vec<((String, u64, String), String)>;

/// What a run of cargo said.
struct Build {
    workspace: PathBuf,
    stderr: String,
    messages: BTreeMap<String, Messages>,
}

impl Build {
    /// Copies the crates, builds them all at once, and reads what cargo says.
    fn run() -> Self {
        let core = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors");
        let workspace = root.join("workspace");
        // The folder is made anew, the target folder beside it stays.
        if workspace.exists() {
            fs::remove_dir_all(&workspace).unwrap();
        }
        write(
            &workspace.join("Cargo.toml"),
            &format!("[workspace]\nresolver = \"3\"\nmembers = {CRATES:?}\n\n[profile.dev]\ndebug = false\n"),
        );
        fs::copy(core.join("../Cargo.lock"), workspace.join("Cargo.lock")).unwrap();
        for name in CRATES {
            copy(&sources(name), &workspace.join(name));
            let text = format!(
                "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\nbuild = \"src/build.rs\"\n\n\
                 [lib]\npath = \"src/lib.rs\"\n\n\
                 [dependencies]\ncatops-core = {{ path = {core:?}, default-features = false }}\n\n\
                 [build-dependencies]\ncatops-discover = {{ path = {:?} }}\n",
                core.join("discover")
            );
            write(&workspace.join(name).join("Cargo.toml"), &text);
            write(&workspace.join(name).join("src/build.rs"), "fn main() {\n    catops_discover::plugins();\n}\n");
            let library = "include!(concat!(env!(\"OUT_DIR\"), \"/plugins.rs\"));\n\
                           fn _shared() -> String { String::new() }\n";
            write(&workspace.join(name).join("src/lib.rs"), library);
        }
        Self::cargo(&workspace, &["--workspace"], workspace.clone())
    }

    /// Builds one of the crates again.
    fn again(folder: &Path) -> Self {
        Self::cargo(folder, &[], folder.to_owned())
    }

    fn cargo(folder: &Path, more: &[&str], workspace: PathBuf) -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors/target");
        let output = Command::new(env!("CARGO"))
            .args(["check", "--offline", "--keep-going", "--message-format=json"])
            .args(more)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_TERM_COLOR", "never")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .unwrap();
        Self::read(&output, workspace)
    }

    fn read(output: &Output, workspace: PathBuf) -> Self {
        let mut messages: BTreeMap<String, Messages> = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let message = &line["message"];
            // Code that is wrong has warnings as well; code that is right has none.
            if message["level"] != "error" && line["target"]["name"] != "sound" {
                continue;
            }
            let Some(span) =
                message["spans"].as_array().and_then(|spans| spans.iter().find(|span| span["is_primary"] == true))
            else {
                continue;
            };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let file = PathBuf::from(text(&span["file_name"]));
            let file = file.file_name().unwrap().to_string_lossy().into_owned();
            messages.entry(text(&line["target"]["name"])).or_default().push((
                (file, span["line_start"].as_u64().unwrap(), text(&message["message"])),
                text(&message["rendered"]),
            ));
        }
        Self { workspace, stderr: String::from_utf8_lossy(&output.stderr).into_owned(), messages }
    }

    /// Compares what rustc says of a crate with the comments in it.
    fn check(&self, name: &str) {
        let said = self.messages.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut said: Vec<_> = said.iter().map(|(message, _)| message.clone()).collect();
        let mut expected = Vec::new();
        for file in fs::read_dir(sources(name)).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                expected.extend(expectations(&path));
            }
        }
        said.sort();
        expected.sort();
        assert_eq!(said, expected, "{name}\n{}", self.stderr);
    }

    /// Checks that rustc's full text about a crate has lines that end like these.
    fn shows(&self, name: &str, lines: &[&str]) {
        let rendered: Vec<&str> = self.messages[name].iter().map(|(_, rendered)| rendered.as_str()).collect();
        for line in lines {
            let is_there = rendered.iter().any(|text| text.lines().any(|shown| shown.ends_with(line)));
            assert!(is_there, "{line}\n{}", rendered.join("\n"));
        }
    }

    /// The lines of cargo itself that begin like this, as from a build script.
    fn lines(&self, start: &str) -> Vec<&str> {
        let mut lines: Vec<&str> = self.stderr.lines().filter_map(|line| line.strip_prefix(start)).collect();
        lines.sort();
        lines
    }
}

fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/authors").join(name)
}

fn expectations(path: &Path) -> Vec<(String, u64, String)> {
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut out = Vec::new();
    let mut last = 0;
    for (line, number) in fs::read_to_string(path).unwrap().lines().zip(1..) {
        let (code, expected) = line.split_once("//~ ").map_or((line, None), |(code, text)| (code, Some(text)));
        if !code.trim().is_empty() {
            last = number;
        }
        out.extend(expected.map(|text| (file.clone(), last, text.to_owned())));
    }
    out
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            write(&target, &fs::read_to_string(&path).unwrap());
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// One build serves all tests; it takes 20 s where nothing is built yet.
static BUILD: LazyLock<Build> = LazyLock::new(Build::run);

#[test]
fn a_bad_signature_is_told_once_at_its_place() {
    BUILD.check("signatures");
}

#[test]
fn a_type_that_does_not_fit_is_told_in_our_words() {
    BUILD.check("types");
    BUILD.shows(
        "types",
        &[
            "                      ^^^^^^^^^^^^^^^ not a reply",
            "= note: return `Reply`, `String`, `&'static str`, `()`, or `Result` of one of these",
            "             ^^^^^^ one word of chat text cannot be read into this",
            "                  ^^^^^^ one word of chat text cannot be read into this",
            "= note: for an enum of your own, write `#[derive(Choice)]` above it",
            "             ^^^^^^^^^^^^^^^^ not an error",
            "                     ^^^^^ not a list of words",
            "                  ^^^^ not a reply to wait for",
            "                  ^^^^^ not a reply",
            "                           ^^^^^ await occurs here, with `held` maybe used later",
        ],
    );
}

#[test]
fn a_half_typed_file_is_left_to_rustc() {
    BUILD.check("broken");
}

#[test]
fn sound_plugins_build_without_a_warning() {
    BUILD.check("sound");
    let old = "sound/_old.rs:5: `old` is no command, since the file's name starts with `_`; \
               rename the file, or remove `#[command]`";
    assert_eq!(BUILD.lines("warning: sound@0.1.0: "), [old]);
}

#[test]
fn names_that_clash_stop_the_build() {
    let expected = [
        "`service` is a command in names/ops.rs:9 and a group in names/service/list.rs:9; rename one",
        "names/2fa.rs: a plugin's file name is a Rust name (letters, digits, `_`); rename it to `plugin_2fa.rs`",
        "names/aws-tools: the name of a folder of plugins is a Rust name (letters, digits, `_`); rename it to `aws_tools`",
        "names/disk-usage.rs: a plugin's file name is a Rust name (letters, digits, `_`); rename it to `disk_usage_2.rs`",
        "names/loop.rs: a plugin's file name is a Rust name (letters, digits, `_`); rename it to `loop_plugin.rs`",
        "names/ops.rs:13: `help`: the name `help` is kept for help; choose another",
        "names/ops.rs:20: `up` is inside an `impl`; a command is a free function at the file's top level",
        "names/ops.rs:26: `down` is inside `mod inner`; a command is a free function at the file's top level",
        "names/ops.rs:31: nobody could approve `approved`: it takes the role `leads`, and there is no names/catops.toml; write one \
         with `[roles.leads]` and `members` below it",
        "names/own.rs:5: `break-glass`: the name `break-glass` is kept for what every bot does; choose another",
        "names/own.rs:9: `audit show`: the name `audit` is kept for what every bot does; choose another",
        "names/service/list.rs and names/service_list.rs are both the module `service_list`; rename one",
        "two commands are named `restart`: names/ops.rs:5 and names/service/list.rs:5; \
         rename one, or give it `#[command(name = \"…\")]`",
        "two commands are named `service show-all`: names/service/list.rs:9 and names/service/list.rs:13; \
         rename one, or give it `#[command(name = \"…\")]`",
    ];
    assert_eq!(BUILD.lines("error: names@0.1.0: "), expected);
    assert!(!BUILD.stderr.contains("panicked"), "{}", BUILD.stderr);
}

#[test]
fn mistakes_in_the_policy_stop_the_build() {
    let expected = [
        "policy/catops.toml:11:8: the argument `token` of `vault login` is secret, and a rule would tell of it; decide by another",
        "policy/catops.toml:17:8: `restart`, which this rule is about, has no argument `service`; did you mean `service-name`?",
        "policy/catops.toml:1:14: no command requires `ops.wipe`; they require `ops.restart` and `vault.login`",
        "policy/catops.toml:1:1: nobody could approve `wipe`: it takes the role `on-call`, which has no members here; here is \
         `oncall`, so change one of the names",
        "policy/catops.toml:23:8: `now` of `restart` is a flag; write `now` or `not now`",
        "policy/catops.toml:27:11: `vault` is a group; write `vault *` for all commands in it",
        "policy/catops.toml:5:10: no command requires `ops.restrat`; did you mean `ops.restart`?",
    ];
    assert_eq!(BUILD.lines("error: policy@0.1.0: "), expected);
}

#[test]
fn a_new_file_is_noticed_whatever_its_date() {
    let folder = LazyLock::force(&BUILD).workspace.join("sound");
    let file = folder.join("late.rs");
    write(&file, "use catops_core::command;\n\n#[command]\nfn late() {}\n");
    let date = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().append(true).open(&file).unwrap().set_modified(date).unwrap();
    let build = Build::again(&folder);
    let messages: Vec<&str> = build.messages["sound"].iter().map(|((_, _, text), _)| text.as_str()).collect();
    assert!(messages.len() == 1 && messages[0].starts_with("command `late` has no doc comment"), "{messages:?}");
    fs::remove_file(file).unwrap();
    assert!(!Build::again(&folder).messages.contains_key("sound"), "the file is gone");
}
