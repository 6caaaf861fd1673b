//! The rules of [`Invoker`].

use std::sync::Arc;

use async_trait::async_trait;

use super::Gap;
use crate::chat::Incoming;
use crate::error::ErrorKind;
use crate::invoker::Invoker;
use crate::job::{Job, JobId, JobKey, MAX_SEALED, SealedJob};
use crate::request::{ReplyTo, Request};
use crate::secret::Secret;
use crate::time::Timestamp;

/// How to build an invoker, and how to see what it delivered.
#[async_trait]
pub trait Bench: Sync {
    /// Returns the invoker under test.
    async fn invoker(&self) -> Arc<dyn Invoker>;

    /// Returns what was delivered to the second leg so far, waiting until it is at least `count` texts.
    async fn delivered(&self, count: usize) -> Vec<String>;

    /// Ends the process, or what comes nearest, and starts it again: what was accepted must still be delivered.
    async fn restart(&self) -> Arc<dyn Invoker>;

    /// Makes the platform refuse everything from now on.
    async fn refuse(&self);

    /// Returns the rules this bench cannot support.
    fn gaps(&self) -> &[Gap] {
        &[]
    }
}

/// Makes a sealed job whose line is `text`.
pub fn sealed(text: &str) -> SealedJob {
    let request = Request { prefix: "/meow".to_owned(), text: text.to_owned(), ..Request::default() };
    let incoming = Incoming::new(JobId::random(), request, ReplyTo::default());
    let key = JobKey::derive([&Secret::new("conformance".to_owned())]);
    Job::new(incoming, Timestamp::now()).seal(&key).expect("a short job fits")
}

/// *Delivered as given*.
pub async fn delivered_as_given(bench: &dyn Bench) {
    let job = sealed("ping “ü” 🐈 \u{2028} \\ \" <@U1|ann>");
    bench.invoker().await.invoke(&job).await.expect("a job is accepted");
    let delivered = bench.delivered(1).await;
    let text = delivered.iter().find(|text| *text == job.as_str());
    assert!(text.is_some(), "the text that arrived is not the text that was sent: {} texts", delivered.len());
}

/// The largest job of all is carried.
pub async fn the_largest_job_fits(bench: &dyn Bench) {
    let room = MAX_SEALED - sealed("").as_str().len();
    let job = sealed(&"x".repeat(room));
    assert_eq!(job.as_str().len(), MAX_SEALED);
    bench.invoker().await.invoke(&job).await.expect("a job of the largest size is accepted");
    assert!(bench.delivered(1).await.iter().any(|text| text == job.as_str()));
}

/// *Accepted means kept*.
pub async fn accepted_means_kept(bench: &dyn Bench) {
    let job = sealed("kept");
    bench.invoker().await.invoke(&job).await.expect("a job is accepted");
    let _after = bench.restart().await;
    assert!(bench.delivered(1).await.iter().any(|text| text == job.as_str()), "the accepted job was lost");
}

/// *Refusal is an error*.
pub async fn refusal_is_an_error(bench: &dyn Bench) {
    let invoker = bench.invoker().await;
    bench.refuse().await;
    let error = invoker.invoke(&sealed("refused")).await.expect_err("a refused job must be an error");
    assert_ne!(error.kind(), ErrorKind::Timeout, "a time-out leaves open what a refusal settles");
}

/// Many at once are all accepted, and all delivered.
pub async fn many_at_once(bench: &dyn Bench) {
    let invoker = bench.invoker().await;
    let jobs: Vec<SealedJob> = (0..50).map(|n| sealed(&format!("job {n}"))).collect();
    let mut tasks = Vec::new();
    for job in jobs.clone() {
        let invoker = invoker.clone();
        tasks.push(tokio::spawn(async move { invoker.invoke(&job).await }));
    }
    for task in tasks {
        task.await.expect("no panic").expect("accepted");
    }
    let delivered = bench.delivered(jobs.len()).await;
    for job in &jobs {
        assert!(delivered.iter().any(|text| text == job.as_str()), "job {} was not delivered", job.id());
    }
}

/// Declares a `#[test]` for each rule of an invoker.
#[macro_export]
macro_rules! invoker_conformance {
    ($bench:expr) => {
        $crate::conformance_tests!(
            invoker,
            $bench,
            [delivered_as_given, the_largest_job_fits, accepted_means_kept, refusal_is_an_error, many_at_once]
        );
    };
}
