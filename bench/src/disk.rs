//! What the disk gives a program that does nothing else.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Failure;

/// Appends a page and syncs it, again and again for `time`; returns how often a second.
pub(crate) fn syncs(folder: &Path, time: Duration) -> Result<f64, Failure> {
    let path = folder.join("syncs");
    let mut file = std::fs::File::create(&path)?;
    let (begun, mut count) = (Instant::now(), 0u32);
    while begun.elapsed() < time {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    std::fs::remove_file(path)?;
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}
