//! What the tests of this crate share: a folder of one's own, jobs to put in.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use catops_core::chat::Incoming;
use catops_core::job::{Job, JobKey, SealedJob};
use catops_core::request::{ReplyTo, Request};
use catops_core::{JobId, Secret, Timestamp};
use catops_local::db::Db;

/// A folder that ends with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("catops-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("catops.db")
    }

    pub(crate) fn db(&self) -> Db {
        Db::open(&self.file()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn key() -> JobKey {
    JobKey::derive([&Secret::new("a key for tests".to_owned())])
}

pub(crate) fn job(id: &str, text: &str) -> SealedJob {
    let request = Request { prefix: "/meow".into(), text: text.into(), ..Request::default() };
    let url = Some(Secret::new("https://hooks.slack.com/commands/secret-address".into()));
    let reply_to = ReplyTo { chat: "slack".into(), url, ..Default::default() };
    let incoming = Incoming::new(JobId::of(&[id]), request, reply_to);
    Job::new(incoming, Timestamp::now()).seal(&key()).unwrap()
}
