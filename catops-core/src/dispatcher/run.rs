//! Runs a command so that nothing it does can end the process or outlive its deadline unseen.

use std::time::{Duration, Instant};

use crate::command::{Command, CommandError, Run, Values};
use crate::context::Context;
use crate::panics;
use crate::reply::Reply;

/// How a command ended.
pub(super) enum Ended {
    /// With a reply.
    Replied(Reply),
    /// With an error that is shown to the asker as written.
    Usage(String),
    /// With an error for the log.
    Failed(String),
    /// With a panic; its text and place.
    Panicked(String),
    /// Not before the deadline.
    TimedOut,
}

impl From<Result<Result<Reply, CommandError>, String>> for Ended {
    fn from(result: Result<Result<Reply, CommandError>, String>) -> Self {
        match result {
            Ok(Ok(reply)) => Self::Replied(reply),
            Ok(Err(error)) => match error.usage_text() {
                Some(text) => Self::Usage(text.to_owned()),
                None => Self::Failed(error.detail().to_owned()),
            },
            Err(panic) => Self::Panicked(panic),
        }
    }
}

/// Runs `what` of `command`, the command itself or its plan, until `deadline`.
pub(super) async fn run(what: Run, command: &Command, context: Context, values: Values, deadline: Instant) -> Ended {
    let deadline = tokio::time::Instant::from_std(deadline);
    match what {
        Run::Async(start) => {
            let held = |took: Duration| {
                let name = command.path();
                tracing::warn!("`{name}` held its thread for {:.1} s; make it a plain `fn`", took.as_secs_f32());
            };
            let mut work = Box::pin(panics::guard(|| start(&context, values), held));
            let ended = tokio::time::timeout_at(deadline, &mut work).await;
            // What it still holds is dropped here, where a panic in a destructor cannot go further.
            match panics::catch(|| drop(work)) {
                Ok(()) => ended.map_or(Ended::TimedOut, Ended::from),
                Err(panic) => Ended::Panicked(panic),
            }
        }
        Run::Blocking(call) => {
            let span = tracing::Span::current();
            let work = move || span.in_scope(|| panics::catch(|| call(&context, values)));
            match tokio::time::timeout_at(deadline, tokio::task::spawn_blocking(work)).await {
                Ok(Ok(result)) => result.into(),
                Ok(Err(error)) => Ended::Panicked(error.to_string()),
                Err(_) => {
                    tracing::warn!(command = command.path(), "its thread cannot be stopped and goes on");
                    Ended::TimedOut
                }
            }
        }
    }
}
