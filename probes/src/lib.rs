//! Probes: plugins that do what the flow suite needs seen, such as panicking, or waiting until they are told to end.
//!
//! They leave a line in a file of `CATOPS_PROBE_DIR` each time they run, so that a test can count runs from outside the
//! process. They are no example to follow; look into `plugins/` for that.

use std::io::Write as _;
use std::path::PathBuf;

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));

/// Returns the path of a mark or a gate. Names with anything but letters, digits, dots and dashes are refused.
fn path(name: &str) -> std::io::Result<PathBuf> {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let folder = std::env::var_os("CATOPS_PROBE_DIR");
    folder.filter(|_| plain).map(|folder| PathBuf::from(folder).join(name)).ok_or_else(|| {
        std::io::Error::other("a probe needs CATOPS_PROBE_DIR, and a mark of letters, digits, dots and dashes")
    })
}

/// Leaves a line in the file `name`, in one write, so that it is there whole or not at all.
fn mark(name: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path(name)?)?;
    file.write_all(b"ran\n")
}
