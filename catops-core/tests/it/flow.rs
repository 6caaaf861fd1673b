//! A line through both legs, with everything in memory: Ingress, sealed job, Dispatcher, reply.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catops_core::audit::{Outcome, Record};
use catops_core::chat::Chat;
use catops_core::chat::slack::Slack;
use catops_core::dispatcher::Dispatched;
use catops_core::invoker::MemoryInvoker;
use catops_core::job::{JobKey, MAX_HOPS, SealedJob};
use catops_core::store::{Entry, MemoryStore, Put, Store, When};
use catops_core::testing::slack::{Answer, Call, Workspace};
use catops_core::{App, Commands, Context, Dispatcher, Error, ErrorKind, Ingress, Timestamp, command};

/// Say hello.
#[command]
async fn hello(ctx: &Context, name: String) -> String {
    format!("{} greets {name}", ctx.actor())
}

/// Say the time of day at once.
#[command(inline, ephemeral)]
fn now() -> &'static str {
    "high noon"
}

/// Fail inside.
#[command]
fn broken() -> std::io::Result<()> {
    Err(std::io::Error::other("a detail for the log"))
}

/// Say it, twice if need be.
#[command(repeatable)]
fn echo(word: String) -> String {
    word
}

fn find(path: &str) -> Option<catops_core::Command> {
    Some(match path {
        "echo" => __catops_echo(),
        "hello" => __catops_hello(),
        "now" => __catops_now(),
        "broken" => __catops_broken(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("broken\necho\nhello\nnow", |_| "", find);

struct Bot {
    ingress: Ingress,
    dispatcher: Arc<Dispatcher>,
    queue: Arc<MemoryInvoker>,
    store: Arc<MemoryStore>,
    slack: Workspace,
}

/// A bot without a token: what its reply address refuses is not delivered.
fn chat(slack: &Workspace) -> Arc<dyn Chat> {
    Arc::new(Slack::new(slack.signer().secret().clone(), vec![slack.host()]))
}

fn key(slack: &Workspace) -> JobKey {
    JobKey::derive([slack.signer().secret()])
}

const LIMIT: Duration = Duration::from_secs(30);

impl Bot {
    async fn new() -> Self {
        let slack = Workspace::start().await.unwrap();
        let app = Arc::new(App::new(&COMMANDS, vec![chat(&slack)], key(&slack)));
        let (queue, store) = (Arc::new(MemoryInvoker::new(10)), Arc::new(MemoryStore::default()));
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), store.clone()));
        let ingress = Ingress::new(app, queue.clone(), dispatcher.clone());
        Self { ingress, dispatcher, queue, store, slack }
    }

    async fn send(&self, text: &str, now: Timestamp) -> (u16, Bytes) {
        let call = Call::command(text).with_address(&self.slack.url("/r")).with_trigger(text);
        let response = self.ingress.accept(&call.signed(self.slack.signer(), now), now).await;
        (response.status().as_u16(), response.into_body())
    }

    async fn run(&self, job: &SealedJob, now: Timestamp) -> Dispatched {
        self.dispatcher.dispatch(job.as_str(), now, LIMIT).await
    }
}

fn outcome(dispatched: &Dispatched) -> Option<Outcome> {
    match dispatched {
        Dispatched::Ended(record) => Some(record.outcome),
        _ => None,
    }
}

#[tokio::test]
async fn a_line_crosses_both_legs_once() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    assert_eq!(bot.send("hello world", now).await.0, 200);
    let [job] = &bot.queue.take()[..] else { panic!("one job is waiting") };
    assert!(bot.slack.posts("/r").is_empty(), "nothing runs in the first leg");
    assert_eq!(outcome(&bot.run(job, now).await), Some(Outcome::Ran));
    assert_eq!(bot.run(job, now).await, Dispatched::Repeat);
    let posts = bot.slack.posts("/r");
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].text(), "ann greets world");
    assert_eq!(bot.store.records(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn inline_commands_and_help_never_reach_the_queue() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    let lines = [("now", "high noon"), ("", "hello"), ("help hello", "Say hello")];
    for (line, says) in lines {
        let (status, body) = bot.send(line, now).await;
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(status == 200 && body.contains(says), "`{line}`: {status} {body}");
    }
    assert!(bot.queue.take().is_empty());
}

#[tokio::test]
async fn a_full_queue_is_said_in_the_acknowledgement() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    for n in 0..10 {
        bot.send(&format!("hello {n}"), now).await;
    }
    let (status, body) = bot.send("hello 11", now).await;
    assert_eq!(status, 200);
    assert!(String::from_utf8_lossy(&body).contains("nothing is running"), "{body:?}");
    assert_eq!(bot.queue.take().len(), 10);
}

#[tokio::test]
async fn a_failure_names_the_job_and_hides_the_detail() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    bot.send("broken", now).await;
    let [job] = &bot.queue.take()[..] else { panic!("one job is waiting") };
    assert_eq!(outcome(&bot.run(job, now).await), Some(Outcome::Failed));
    let text = bot.slack.posts("/r")[0].all();
    assert!(text.contains(job.id().as_str()) && !text.contains("a detail"), "{text}");
}

#[tokio::test]
async fn an_undelivered_reply_is_recorded_with_the_reason() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    bot.slack.script("/r", [Answer::Status(404)]);
    bot.send("hello world", now).await;
    let [job] = &bot.queue.take()[..] else { panic!("one job is waiting") };
    bot.run(job, now).await;
    let record = bot.store.records(1).await.unwrap().remove(0);
    assert_eq!(record.outcome, Outcome::Ran);
    let why = record.undelivered.expect("it was not delivered");
    assert!(!why.contains("/r"), "the reason shows the address: {why}");
}

#[tokio::test]
async fn a_dead_job_is_told_once_whatever_its_claim_says() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    bot.send("hello never", now).await;
    bot.send("hello half", now).await;
    let [never, half] = &bot.queue.take()[..] else { panic!("two jobs are waiting") };
    bot.store.claim(half.id(), now + LIMIT, now).await.unwrap();
    for (job, says) in [(never, "was never started"), (half, "no end was recorded")] {
        let dead = bot.dispatcher.report_dead(job.as_str(), "it was tried 5 times", now).await;
        assert_eq!(outcome(&dead), Some(Outcome::Died));
        assert_eq!(bot.dispatcher.report_dead(job.as_str(), "again", now).await, Dispatched::Repeat);
        assert_eq!(bot.run(job, now).await, Dispatched::Repeat);
        let posts = bot.slack.posts("/r");
        assert!(posts.last().unwrap().text().contains(says), "{posts:?}");
    }
    assert_eq!(bot.slack.posts("/r").len(), 2);
}

#[tokio::test]
async fn a_repeatable_job_that_died_is_delivered_again_one_hop_further() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    bot.send("echo miaow", now).await;
    bot.send("hello half", now).await;
    let [echo, hello] = &bot.queue.take()[..] else { panic!("two jobs are waiting") };
    for job in [echo, hello] {
        bot.store.claim(job.id(), now + LIMIT, now).await.unwrap();
    }
    let dead = async |text: &str| bot.dispatcher.rerun_or_report(text, "it was killed", &*bot.queue, now).await;
    assert_eq!(outcome(&dead(hello.as_str()).await), Some(Outcome::Died), "it may not run twice");
    assert_eq!(dead("{}").await, Dispatched::Refused, "it is no job");
    assert_eq!(dead(echo.as_str()).await, Dispatched::Again(echo.id().clone()));
    let [again] = &bot.queue.take()[..] else { panic!("one job is waiting") };
    assert_eq!(again.id(), echo.id());
    assert_eq!(outcome(&bot.run(again, now).await), Some(Outcome::Ran));
    assert_eq!(bot.run(again, now).await, Dispatched::Repeat);
}

#[tokio::test]
async fn a_command_that_kills_its_process_each_time_comes_to_an_end() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    bot.send("echo miaow", now).await;
    let mut job = bot.queue.take().remove(0);
    for _ in 0..MAX_HOPS {
        bot.store.claim(job.id(), now + LIMIT, now).await.unwrap();
        let dead = bot.dispatcher.rerun_or_report(job.as_str(), "it was killed", &*bot.queue, now).await;
        assert_eq!(dead, Dispatched::Again(job.id().clone()));
        job = bot.queue.take().remove(0);
    }
    let dead = bot.dispatcher.rerun_or_report(job.as_str(), "it was killed", &*bot.queue, now).await;
    assert_eq!(outcome(&dead), Some(Outcome::Died));
    assert!(bot.queue.take().is_empty());
    assert_eq!(bot.slack.posts("/r").len(), 1);
}

#[tokio::test]
async fn a_repeatable_job_that_the_queue_does_not_take_again_is_told() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    bot.send("echo miaow", now).await;
    let [echo] = &bot.queue.take()[..] else { panic!("one job is waiting") };
    bot.store.claim(echo.id(), now + LIMIT, now).await.unwrap();
    let full = MemoryInvoker::new(0);
    let dead = bot.dispatcher.rerun_or_report(echo.as_str(), "it was killed", &full, now).await;
    assert_eq!(outcome(&dead), Some(Outcome::Died));
    let posts = bot.slack.posts("/r");
    assert!(matches!(&posts[..], [post] if post.text().contains("it was killed")), "{posts:?}");
}

/// A store that cannot be reached.
#[derive(Debug)]
pub(crate) struct Away;

fn away<T>() -> Result<T, Error> {
    Err(Error::new(ErrorKind::Unavailable, "connecting to the store"))
}

#[async_trait::async_trait]
impl Store for Away {
    async fn get(&self, _: &str, _: Timestamp) -> Result<Option<Entry>, Error> {
        away()
    }

    async fn put(&self, _: &str, _: &str, _: Option<Timestamp>, _: When<'_>, _: Timestamp) -> Result<Put, Error> {
        away()
    }

    async fn delete(&self, _: &str, _: When<'_>, _: Timestamp) -> Result<Put, Error> {
        away()
    }

    async fn list(&self, _: &str, _: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        away()
    }

    async fn append(&self, _: &Record) -> Result<(), Error> {
        away()
    }

    async fn records(&self, _: usize) -> Result<Vec<Record>, Error> {
        away()
    }
}

#[tokio::test]
async fn a_dead_job_is_not_told_while_nobody_knows_whether_it_was_told() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    bot.send("hello half", now).await;
    let [job] = &bot.queue.take()[..] else { panic!("one job is waiting") };
    let app = Arc::new(App::new(&COMMANDS, vec![chat(&bot.slack)], key(&bot.slack)));
    let dispatcher = Dispatcher::new(app, Arc::new(Away));
    let dead = dispatcher.report_dead(job.as_str(), "it was tried 5 times", now).await;
    assert_eq!(dead, Dispatched::Unreported);
    bot.send("echo half", now).await;
    let [echo] = &bot.queue.take()[..] else { panic!("one job is waiting") };
    let dead = dispatcher.rerun_or_report(echo.as_str(), "it was tried 5 times", &*bot.queue, now).await;
    assert_eq!((dead, bot.queue.take().len()), (Dispatched::Unreported, 0));
    assert!(bot.slack.posts("/r").is_empty());
    assert_eq!(outcome(&bot.dispatcher.report_dead(job.as_str(), "later", now).await), Some(Outcome::Died));
}

#[tokio::test]
async fn what_waited_too_long_is_not_run() {
    let (bot, now) = (Bot::new().await, Timestamp::now());
    bot.send("hello late", now).await;
    let [job] = &bot.queue.take()[..] else { panic!("one job is waiting") };
    let late = now + catops_core::job::MAX_WAIT;
    assert_eq!(outcome(&bot.run(job, late).await), Some(Outcome::Expired));
    assert!(bot.slack.posts("/r")[0].text().contains("waited too long"));
}
