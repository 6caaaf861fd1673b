//! A program in the environment of a Lambda function, with an emulator of its own.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::emulator::{Emulator, NAME, Seen, What};
use crate::{Failure, event};

/// How long to wait for anything that the program is expected to do. Valgrind makes it some fifty times slower.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of its output is kept for an error, in bytes.
const TAIL: usize = 4096;

/// A program that runs, and what it sees of the world.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: Pid,
    /// When it was spawned.
    pub(crate) spawned: Instant,
    /// Its AWS and its Slack.
    pub(crate) emulator: Emulator,
    child: Child,
    output: Output,
}

/// The last of what the program printed. Lambda reads both streams too.
#[derive(Clone, Debug, Default)]
struct Output(Arc<Mutex<VecDeque<u8>>>);

impl Process {
    /// Starts a program.
    pub(crate) async fn spawn<S: AsRef<OsStr>>(program: &OsStr, arguments: &[S]) -> Result<Self, Failure> {
        let emulator = Emulator::start().await?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        // For valgrind, and the same for all.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let url = |address| format!("http://{address}");
        command.envs([
            ("AWS_LAMBDA_RUNTIME_API", emulator.runtime.to_string()),
            ("AWS_ENDPOINT_URL_LAMBDA", url(emulator.lambda)),
            ("AWS_ENDPOINT_URL_DYNAMODB", url(emulator.dynamodb)),
            ("CATOPS_REPLY_HOSTS", emulator.sink.to_string()),
        ]);
        command.envs([
            ("AWS_LAMBDA_FUNCTION_NAME", NAME),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_FORMAT", "Text"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]bench"),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            ("AWS_SESSION_TOKEN", "example-session-token"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("_HANDLER", "bootstrap"),
            ("CATOPS_SLACK_SIGNING_SECRET", event::SECRET),
            ("CATOPS_STORE", "dynamodb:bench"),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let spawned = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let output = Output::default();
        output.keep(child.stdout.take());
        output.keep(child.stderr.take());
        let id = child.id().ok_or("a process that nobody has waited for has an id")?;
        Ok(Self { pid: Pid::from_raw(id.try_into()?), spawned, emulator, child, output })
    }

    /// Waits for the next thing that the program does.
    pub(crate) async fn next(&mut self) -> Result<Seen, Failure> {
        let seen = tokio::select! {
            biased;
            seen = self.emulator.seen.recv() => seen.ok_or("the emulator has ended")?,
            status = self.child.wait() => return Err(self.failed(&format!("it ended: {}", status?))),
            () = tokio::time::sleep(PATIENCE) => return Err(self.failed("it did nothing for a minute")),
        };
        match &seen.what {
            What::Failed(error) => Err(self.failed(&format!("it reported {}", String::from_utf8_lossy(error)))),
            What::Refused(what) => Err(self.failed(&format!("it asked for what is not there: {what}"))),
            _ => Ok(seen),
        }
    }

    /// Waits for the first poll.
    pub(crate) async fn first_poll(&mut self) -> Result<Instant, Failure> {
        match self.next().await? {
            Seen { at, what: What::Polled } => Ok(at),
            Seen { what, .. } => Err(self.failed(&format!("before its first poll: {what:?}"))),
        }
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus, Failure> {
        tokio::select! {
            status = self.child.wait() => Ok(status?),
            () = tokio::time::sleep(PATIENCE) => Err(self.failed("it did not end within a minute")),
        }
    }

    /// Ends it as Lambda does: at once.
    pub(crate) async fn kill(&mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }

    /// Makes an error that shows the last of its output.
    pub(crate) fn failed(&self, what: &str) -> Failure {
        let mut output = self.output.0.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{what}\n{}", String::from_utf8_lossy(output.make_contiguous())).into()
    }
}

impl Output {
    fn keep(&self, stream: Option<impl AsyncRead + Send + Unpin + 'static>) {
        let (Some(mut stream), output) = (stream, self.clone()) else { return };
        tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let mut kept = output.0.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&buffer[..read]);
                let surplus = kept.len().saturating_sub(TAIL);
                kept.drain(..surplus);
            }
        });
    }
}
