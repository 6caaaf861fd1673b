//! What a queue holds and tells.

use catops_core::{JobId, Timestamp};
use serde::Serialize;

/// Where a job is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits, for its turn or for its next try.
    Queued,
    /// A worker has it.
    Running,
    /// It was delivered; how the command ended is in the audit.
    Done,
    /// It could not be delivered and was given up.
    Dead,
}

impl JobState {
    /// Returns the name used in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Done, Self::Dead].into_iter().find(|state| state.as_str() == name)
    }
}

/// A job that a worker has taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: JobId,
    /// The text of the [`SealedJob`](catops_core::job::SealedJob), as it was given.
    pub sealed: String,
    /// Which delivery this is, counted from 1.
    pub attempt: u32,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").field("id", &self.id).field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

/// What a worker got.
#[derive(Debug, Default)]
pub struct Taken {
    /// The jobs, the longest due first.
    pub jobs: Vec<Delivery>,
    /// When the next job will be due, if nothing changes; it may be now.
    pub next: Option<Timestamp>,
}

/// A job as it is shown: nothing of what was said but the command's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobInfo {
    /// Its id.
    pub id: JobId,
    /// The command's name, or nothing where the line did not begin with one.
    pub label: String,
    /// Where it is.
    pub state: JobState,
    /// How often it was delivered.
    pub attempts: u32,
    /// When it is due, or its worker must have ended; nothing once it is done or dead.
    pub visible_at: Option<Timestamp>,
    /// When it was added.
    pub created: Timestamp,
    /// When its state last changed.
    pub updated: Timestamp,
    /// Why it waits or is dead.
    pub reason: Option<String>,
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Waiting.
    pub queued: u64,
    /// With a worker.
    pub running: u64,
    /// Delivered.
    pub done: u64,
    /// Given up.
    pub dead: u64,
}

impl Counts {
    pub(super) const fn of(&mut self, state: JobState) -> &mut u64 {
        match state {
            JobState::Queued => &mut self.queued,
            JobState::Running => &mut self.running,
            JobState::Done => &mut self.done,
            JobState::Dead => &mut self.dead,
        }
    }
}
