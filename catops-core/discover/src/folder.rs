//! The files of a folder of plugins.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Scan;

/// Folders beside `Cargo.toml` that hold no plugins.
const OTHERS: [&str; 6] = ["src", "tests", "examples", "benches", "target", "runbooks"];

/// A file that may hold commands.
#[derive(Debug)]
pub(crate) struct Place {
    /// Where it is, absolute.
    pub(crate) path: PathBuf,
    /// How it is called in messages: from the folder above the plugins'.
    pub(crate) shown: String,
    /// Its module: the folders and the file's name, joined by `_`.
    pub(crate) module: String,
    /// Whether its name starts with `_`, so that it is not built.
    pub(crate) is_private: bool,
}

/// Returns the files below `root`, in the order of their names.
pub(crate) fn read(root: &Path, scan: &mut Scan) -> Vec<Place> {
    let mut places = Vec::new();
    let name = root.file_name().map_or_else(|| "plugins".to_owned(), |name| name.to_string_lossy().into_owned());
    enter(root, &name, "", scan, &mut places);
    places
}

fn enter(folder: &Path, shown: &str, prefix: &str, scan: &mut Scan, places: &mut Vec<Place>) {
    scan.watched.push(folder.to_owned());
    let mut entries: Vec<PathBuf> = match fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
        Err(error) => {
            scan.faults.push(format!("{shown} cannot be read: {error}"));
            return;
        }
    };
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        let shown = format!("{shown}/{name}");
        if name.starts_with('.') {
            continue;
        }
        // A link to a folder is not followed: it may lead back here.
        if path.is_dir() {
            let is_other = (prefix.is_empty() && OTHERS.contains(&name.as_str())) || name.starts_with('_');
            if is_other || path.is_symlink() || path.join("Cargo.toml").exists() {
                continue;
            }
            let fits = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if fits {
                enter(&path, &shown, &format!("{prefix}{name}_"), scan, places);
            } else if holds_source(&path) {
                scan.faults.push(format!(
                    "{shown}: the name of a folder of plugins is a Rust name (letters, digits, `_`); rename it to `{}`",
                    proposal(&name, &path, "")
                ));
            }
            continue;
        }
        let Some(stem) = name.strip_suffix(".rs") else { continue };
        scan.watched.push(path.clone());
        let module = format!("{prefix}{stem}");
        let is_private = stem.starts_with('_');
        if !is_private && syn::parse_str::<syn::Ident>(&module).is_err() {
            scan.faults.push(format!(
                "{shown}: a plugin's file name is a Rust name (letters, digits, `_`); rename it to `{}`",
                proposal(stem, &path, ".rs")
            ));
            continue;
        }
        places.push(Place { path, shown, module, is_private });
    }
}

fn holds_source(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.path().extension().is_some_and(|ending| ending == "rs")))
    })
}

/// Returns a name near `name` that is a Rust name and not taken.
fn proposal(name: &str, path: &Path, ending: &str) -> String {
    let letters = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect::<String>();
    let mut name = letters.trim_matches('_').to_owned();
    if !name.starts_with(char::is_alphabetic) {
        name = if name.is_empty() { "plugin".to_owned() } else { format!("plugin_{name}") };
    }
    let fits = |name: &str| syn::parse_str::<syn::Ident>(name).is_ok();
    if !fits(&name) {
        name.push_str("_plugin");
    }
    let is_free = |name: &str| !path.with_file_name(format!("{name}{ending}")).exists();
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| is_free(name));
    format!("{}{ending}", free.unwrap_or(name))
}
