//! What may stand in a field, while somebody types.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::make::MENU;
use crate::command::{Command, Completer, Param};
use crate::context::{Clock, Context, Inner, Outbox};
use crate::job::JobId;
use crate::panics;
use crate::reply::Audience;
use crate::request::{ReplyTo, Request};
use crate::responder::MemoryResponder;
use crate::store::Store;
use crate::time::Timestamp;

/// Returns those of `words` that hold what is typed, whatever the case: first those that begin with it; each once, and at
/// most [`MENU`] of them.
pub(crate) fn matching(words: impl IntoIterator<Item = String>, typed: &str) -> Vec<String> {
    let typed = typed.trim().to_lowercase();
    let (mut first, mut then, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for word in words {
        let lower = word.to_lowercase();
        let Some(at) = lower.find(&typed).filter(|_| !word.trim().is_empty()) else { continue };
        if !seen.contains(&word) {
            seen.insert(word.clone());
            if at == 0 { &mut first } else { &mut then }.push(word);
        }
    }
    first.append(&mut then);
    first.truncate(MENU);
    first
}

/// Makes what a completer of `command` sees. Progress that it shows goes nowhere.
pub(crate) fn context(
    command: &Command,
    request: Request,
    chat: &str,
    store: Arc<dyn Store>,
    now: Timestamp,
    limit: Duration,
) -> Context {
    let job = JobId::random();
    let nowhere = Arc::new(MemoryResponder::default());
    let outbox = Outbox::new(nowhere, ReplyTo::default(), job.clone(), Audience::Asker);
    Context::new(Inner {
        job,
        request,
        chat: chat.to_owned(),
        plugin: command.plugin().to_owned(),
        clock: Clock::starting(now),
        deadline: Instant::now() + limit,
        store,
        outbox: Arc::new(outbox),
    })
}

/// Returns what may stand for `param`, best first, of its choices and of what its completer says; and how that failed, if it
/// did.
pub(crate) async fn proposals(param: &Param, context: &Context, typed: &str) -> (Vec<String>, Option<String>) {
    let mut words: Vec<String> = param.choices().iter().map(|(word, _)| (*word).to_owned()).collect();
    let mut failed = None;
    if let Some(complete) = param.completer() {
        match ask(complete, context, typed).await {
            Ok(more) => words.extend(more),
            Err(error) => failed = Some(error),
        }
    }
    (matching(words, typed), failed)
}

/// Asks a completer, until the context's deadline. `Err` says how it failed.
async fn ask(complete: Completer, context: &Context, typed: &str) -> Result<Vec<String>, String> {
    let held = |took: Duration| tracing::warn!("a completer held its thread for {:.1} s", took.as_secs_f32());
    let mut work = Box::pin(panics::guard(|| complete(context, typed), held));
    let ended = tokio::time::timeout(context.remaining(), &mut work).await;
    // What it still holds is dropped here, where a panic in a destructor goes no further.
    panics::catch(|| drop(work))?;
    ended.unwrap_or_else(|_| Err("it did not answer in time".to_owned()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::MemoryStore;

    /// Makes a context to run a command in.
    pub(in super::super) fn context(command: &Command) -> Context {
        let (store, limit) = (Arc::new(MemoryStore::default()), Duration::from_secs(1));
        super::context(command, Request::default(), "test", store, Timestamp::from_secs(0), limit)
    }

    #[test]
    fn words_are_ranked() {
        let words = ["web", "API-eu", "the api", "", "  ", "api", "api"].map(str::to_owned);
        assert_eq!(matching(words.clone(), " aPi"), ["API-eu", "api", "the api"]);
        assert_eq!(matching(words.clone(), ""), ["web", "API-eu", "the api", "api"]);
        assert!(matching(words, "x").is_empty());
        assert_eq!(matching((0..300).map(|n| n.to_string()), "2").len(), MENU);
    }
}
