//! Finds the commands in a folder of plugins, for a build script.
//!
//! ```no_run
//! // build.rs
//! catops_discover::plugins();
//! ```
//!
//! Each `*.rs` file beside `Cargo.toml`, and in folders below it, becomes a module; each function marked `#[command]` at
//! the top of such a file becomes a command. The list is written to `$OUT_DIR/plugins.rs`, which the library includes:
//!
//! ```text
//! include!(concat!(env!("OUT_DIR"), "/plugins.rs"));
//! ```
//!
//! That declares the modules and `pub static COMMANDS: catops_core::Commands`. The policy file `catops.toml` beside
//! `Cargo.toml`, if there is one, is checked and becomes a part of it. Left out are the folders `src`, `tests`,
//! `examples`, `benches`, `target` and `runbooks`, and every name that starts with `_` or `.`. A mistake stops the build
//! and names the file and the cure.

mod faults;
mod file;
mod folder;
mod output;
mod policy;
// What a bot understands by itself, and no command is called by.
#[path = "../../src/command/own/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};

/// Scans the folder of the crate that is being built and writes the list of its commands. Call it from `build.rs`.
#[expect(clippy::print_stdout, reason = "a build script talks to cargo through its output")]
pub fn plugins() {
    let scan = match (std::env::var_os("CARGO_MANIFEST_DIR"), std::env::var_os("OUT_DIR")) {
        (Some(root), Some(out)) => scan(Path::new(&root), &PathBuf::from(out).join("plugins.rs")),
        _ => Scan {
            faults: vec!["`catops_discover::plugins` is for a build script, which cargo runs".to_owned()],
            ..Scan::default()
        },
    };
    for path in &scan.watched {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    for warning in &scan.warnings {
        println!("cargo::warning={warning}");
    }
    // Not a panic: cargo shows these as they are, and a panic with all that the script has printed.
    for fault in &scan.faults {
        println!("cargo::error={fault}");
    }
}

/// What came of looking at a folder.
#[derive(Debug, Default)]
struct Scan {
    watched: Vec<PathBuf>,
    warnings: Vec<String>,
    faults: Vec<String>,
}

/// Looks at the folder `root` and writes what it finds to `out`, unless there are faults.
fn scan(root: &Path, out: &Path) -> Scan {
    let mut scan = Scan::default();
    let found = folder::read(root, &mut scan);
    let files: Vec<_> = found.iter().filter_map(|place| file::read(place, &mut scan)).collect();
    scan.faults.extend(faults::find(&files));
    let rules = policy::read(root, &files, &mut scan);
    if scan.faults.is_empty() {
        let text = output::write(&files, rules.as_ref());
        // An unchanged list keeps its date, so that nothing is built for it.
        let is_same = fs::read_to_string(out).is_ok_and(|old| old == text);
        if !is_same && let Err(error) = fs::write(out, text) {
            scan.faults.push(format!("{} cannot be written: {error}", out.display()));
        }
    }
    scan
}

#[cfg(test)]
mod tests;
