//! Runs a command so that nothing it does can end the process or outlive its deadline unseen.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::command::{Command, CommandError, Run, Values};
use crate::context::Context;
use crate::panics;
use crate::reply::Reply;

/// How long an async command may keep its thread before the log says so; others wait meanwhile.
const LONG_POLL: Duration = Duration::from_millis(100);

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

/// Runs `command` until `deadline`.
pub(super) async fn run(command: &Command, context: Context, values: Values, deadline: Instant) -> Ended {
    let deadline = tokio::time::Instant::from_std(deadline);
    match command.run() {
        Run::Async(start) => {
            let mut work = Box::pin(guarded(command, &context, start, values));
            let ended = tokio::time::timeout_at(deadline, &mut work).await;
            // What it still holds is dropped here, where a panic in a destructor cannot go further.
            match panics::catch(|| drop(work)) {
                Ok(()) => ended.unwrap_or(Ended::TimedOut),
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

type Start = for<'a> fn(&'a Context, Values) -> Pin<Box<dyn Future<Output = Result<Reply, CommandError>> + Send + 'a>>;

/// Polls the command's future so that a panic before, between or after its awaits is caught, also in a destructor.
async fn guarded(command: &Command, context: &Context, start: Start, values: Values) -> Ended {
    let mut work = match panics::catch(|| start(context, values)) {
        Ok(work) => Some(work),
        Err(panic) => return Ended::Panicked(panic),
    };
    poll_fn(move |cx| {
        let Some(future) = work.as_mut() else { return Poll::Pending };
        let begun = Instant::now();
        let polled = panics::catch(|| future.as_mut().poll(cx));
        let took = begun.elapsed();
        if took > LONG_POLL {
            let name = command.path();
            tracing::warn!("`{name}` held its thread for {:.1} s; make it a plain `fn`", took.as_secs_f32());
        }
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Ok(result),
            Err(panic) => Err(panic),
        };
        let dropped = panics::catch(|| drop(work.take()));
        Poll::Ready(result.and_then(|result| dropped.map(|()| result)).into())
    })
    .await
}
