//! A function that is measured: a process, and the commands it is given.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::emulator::{Seen, What};
use crate::process::Process;
use crate::quota::{Group, Quota};
use crate::{Failure, event, usage};

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// A function that answers 200 and does nothing else.
    Bare,
    /// A function on the AWS SDK and reqwest.
    HandWritten,
    /// CatOps.
    Catops,
}

impl Kind {
    /// All, in the order of the columns.
    pub(crate) const ALL: [Self; 3] = [Self::Bare, Self::HandWritten, Self::Catops];

    /// Returns the name of its column and its option.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::HandWritten => "hand-written",
            Self::Catops => "catops",
        }
    }

    /// Returns whether it has a second leg, which replies.
    pub(crate) const fn replies(self) -> bool {
        !matches!(self, Self::Bare)
    }
}

/// A program and what is expected of it.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its `bootstrap`.
    pub(crate) path: PathBuf,
}

/// A function that has polled for the first time.
#[derive(Debug)]
pub(crate) struct Function {
    process: Process,
    replies: bool,
    polled: Instant,
    commands: usize,
    // Held until the process has ended.
    _group: Option<Group>,
}

/// When one command got how far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    handed: Instant,
    acknowledged: Instant,
    replied: Option<Instant>,
}

impl Times {
    /// Returns how long it took from handing the event over until the acknowledgement had arrived.
    pub(crate) fn ack(&self) -> Duration {
        self.acknowledged.duration_since(self.handed)
    }

    /// Returns how long it took from handing the event over until the reply had arrived, if there is one.
    pub(crate) fn reply(&self) -> Option<Duration> {
        self.replied.map(|at| at.duration_since(self.handed))
    }
}

impl Function {
    /// Starts a process and waits for its first poll. From then on it has the CPU share of `quota`: init has all.
    pub(crate) async fn start(subject: &Subject, quota: Option<&Quota>) -> Result<Self, Failure> {
        let group = quota.map(Quota::group).transpose()?;
        let mut process = Process::spawn::<&str>(subject.path.as_os_str(), &[]).await?;
        let polled = process.first_poll().await?;
        if let Some(group) = &group {
            group.add(process.pid)?;
        }
        Ok(Self { process, replies: subject.kind.replies(), polled, commands: 0, _group: group })
    }

    /// Returns how long it took from spawn to the first poll.
    pub(crate) fn init(&self) -> Duration {
        self.polled.duration_since(self.process.spawned)
    }

    /// Returns the CPU time it has used so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        usage::cpu(self.process.pid)
    }

    /// Returns the most memory it had resident so far, in KiB.
    pub(crate) fn peak(&self) -> Result<u64, Failure> {
        usage::peak(self.process.pid)
    }

    /// Gives it a command, and returns when it polls for the next one: with both legs and the reply behind it.
    pub(crate) async fn command(&mut self) -> Result<Times, Failure> {
        self.commands += 1;
        let response_url = format!("http://{}/commands/T0001/{}", self.process.emulator.sink, self.commands);
        self.process.emulator.push(event::ping(self.commands, response_url));
        let (mut handed, mut acknowledged, mut replied) = (None, None, None);
        let mut open = 1;
        loop {
            let Seen { at, what } = self.process.next().await?;
            match what {
                What::Handed => {
                    handed.get_or_insert(at);
                }
                What::Invoked => open += 1,
                What::Answered(result) => {
                    open -= 1;
                    if acknowledged.is_none() {
                        self.check_ack(&result)?;
                        acknowledged = Some(at);
                    }
                }
                What::Replied(reply) => {
                    self.check_reply(&reply)?;
                    replied = Some(at);
                }
                What::Polled if open > 0 => {}
                What::Polled => break,
                What::Failed(_) | What::Refused(_) => return Err(self.process.failed("these are errors already")),
            }
        }
        let (Some(handed), Some(acknowledged)) = (handed, acknowledged) else {
            return Err(self.process.failed("it polled again without an acknowledgement"));
        };
        if replied.is_some() != self.replies {
            return Err(self.process.failed(&format!("replies expected: {}, seen: {}", self.replies, !self.replies)));
        }
        Ok(Times { handed, acknowledged, replied })
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.process.kill().await
    }

    fn check_ack(&self, result: &[u8]) -> Result<(), Failure> {
        let answer: Value = serde_json::from_slice(result)?;
        match answer["statusCode"].as_u64() {
            Some(200) => Ok(()),
            _ => Err(self.process.failed(&format!("the acknowledgement is {answer}"))),
        }
    }

    fn check_reply(&self, reply: &[u8]) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(reply);
        if text.contains("pong") { Ok(()) } else { Err(self.process.failed(&format!("the reply is {text}"))) }
    }
}
