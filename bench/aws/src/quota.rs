//! The CPU share of a small function, set by a cgroup as Lambda does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::unistd::Pid;

/// What of each 100 ms a function of 128 MB may run, in microseconds: Lambda gives one core to 1,769 MB (developer guide,
/// "Configure Lambda function memory"), and 128 / 1,769 is 7.2 %.
const QUOTA: &str = "7200";

/// The period of the quota, in microseconds.
const PERIOD: &str = "100000";

static GROUPS: AtomicU64 = AtomicU64::new(0);

/// A place where cgroups with a CPU quota can be made.
#[derive(Debug)]
pub(crate) struct Quota {
    parent: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, Debug)]
enum Version {
    One,
    Two,
}

/// A cgroup with the quota.
#[derive(Debug)]
pub(crate) struct Group(PathBuf);

impl Quota {
    /// Finds such a place and proves it by making a group; or says of each place why not.
    pub(crate) fn find() -> Result<Self, String> {
        let mounts = fs::read_to_string("/proc/self/mounts").map_err(|error| format!("/proc/self/mounts: {error}"))?;
        let mut reasons = Vec::new();
        for quota in mounts.lines().filter_map(Self::of) {
            match quota.group().map(drop) {
                Ok(()) => return Ok(quota),
                Err(error) => reasons.push(format!("{}: {error}", quota.parent.display())),
            }
        }
        if reasons.is_empty() {
            reasons.push("no cgroup with a CPU controller is mounted".to_owned());
        }
        Err(reasons.join("; "))
    }

    /// Reads a line of the mount table: device, mount point, type, options.
    fn of(mount: &str) -> Option<Self> {
        let [_, point, kind, options] = mount.split(' ').take(4).collect::<Vec<_>>().try_into().ok()?;
        let parent = PathBuf::from(point);
        match kind {
            "cgroup" if options.split(',').any(|option| option == "cpu") => {
                Some(Self { parent, version: Version::One })
            }
            "cgroup2" => {
                let controllers = fs::read_to_string(parent.join("cgroup.controllers")).ok()?;
                let has_cpu = controllers.split_whitespace().any(|controller| controller == "cpu");
                has_cpu.then_some(Self { parent, version: Version::Two })
            }
            _ => None,
        }
    }

    /// Makes a group of its own for one process, so that none begins with what another has used up.
    pub(crate) fn group(&self) -> io::Result<Group> {
        let n = GROUPS.fetch_add(1, Ordering::Relaxed);
        let path = self.parent.join(format!("catops-bench-{}-{n}", std::process::id()));
        if matches!(self.version, Version::Two) {
            write(&self.parent.join("cgroup.subtree_control"), "+cpu")?;
        }
        fs::create_dir(&path).map_err(|error| named(&path, &error))?;
        let group = Group(path);
        match self.version {
            Version::One => {
                write(&group.0.join("cpu.cfs_period_us"), PERIOD)?;
                write(&group.0.join("cpu.cfs_quota_us"), QUOTA)?;
            }
            Version::Two => write(&group.0.join("cpu.max"), &format!("{QUOTA} {PERIOD}"))?,
        }
        Ok(group)
    }
}

impl Group {
    /// Moves a process with all its threads into the group.
    pub(crate) fn add(&self, pid: Pid) -> io::Result<()> {
        write(&self.0.join("cgroup.procs"), &pid.to_string())
    }
}

/// Its processes must have ended.
impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // Without `create`: a folder that is no cgroup has no such file.
    let file = fs::OpenOptions::new().write(true).open(path);
    file.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes())).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
