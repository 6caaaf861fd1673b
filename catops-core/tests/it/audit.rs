//! What is recorded, and who is told of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use catops_core::audit::{self, Outcome, Record};
use catops_core::dispatcher::Dispatched;
use catops_core::job::{Job, JobKey, MAX_WAIT};
use catops_core::request::{Actor, Channel, ReplyTo, Request, UserRef};
use catops_core::responder::MemoryResponder;
use catops_core::store::{MemoryStore, Store as _};
use catops_core::testing::slack::{API, Answer, Post, Workspace};
use catops_core::{App, Commands, Dispatcher, JobId, Timestamp, command};

/// Restart a service.
#[command]
fn restart(#[arg(rest)] service: String) -> String {
    service
}

/// Page somebody.
#[command(group = "oncall")]
fn page(who: UserRef) -> String {
    who.id
}

/// Log in.
#[command]
fn login(who: UserRef, #[arg(long, secret)] password: Option<String>) -> String {
    let _ = password;
    who.id
}

/// Is closed to all.
#[command(requires = "nobody.has")]
fn closed(who: UserRef) -> String {
    who.id
}

fn find(path: &str) -> Option<catops_core::Command> {
    Some(match path {
        "closed" => __catops_closed(),
        "login" => __catops_login(),
        "oncall page" => __catops_page().in_group("oncall"),
        "restart" => __catops_restart(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("closed\nlogin\noncall page\nrestart", |_| "", find);

const LIMIT: Duration = Duration::from_secs(10);

fn key() -> JobKey {
    JobKey::derive([])
}

async fn run(dispatcher: &Dispatcher, id: &str, line: &str) -> Record {
    run_within(dispatcher, id, line, LIMIT).await
}

async fn run_within(dispatcher: &Dispatcher, id: &str, line: &str, limit: Duration) -> Record {
    let now = Timestamp::now();
    let actor = Actor { id: "U1".to_owned(), name: "ann".to_owned(), team: "T1".to_owned() };
    let channel = Channel { id: "C1".to_owned(), name: "ops".to_owned() };
    let request = Request { actor, channel, prefix: "/meow".to_owned(), text: line.to_owned(), ..Request::default() };
    let reply_to = ReplyTo { chat: "slack".to_owned(), ..ReplyTo::default() };
    let job = Job { id: JobId::of(&[id]), asked: now, expires: now + MAX_WAIT, hops: 0, reply_to, request };
    match dispatcher.run(&job, Arc::new(MemoryResponder::default()), now, limit).await {
        Dispatched::Ended(record) => *record,
        other => panic!("{line}: {other:?}"),
    }
}

#[tokio::test]
async fn a_line_is_kept_where_the_record_does_not_say_it_all() {
    let app = Arc::new(App::new(&COMMANDS, Vec::new(), key()));
    let dispatcher = Dispatcher::new(app, Arc::new(MemoryStore::default()));
    for (line, outcome, is_kept) in [
        ("restart api", Outcome::Ran, false),
        ("restart api “now” it's", Outcome::Ran, false),
        ("restart a &lt; b &amp; c", Outcome::Ran, false),
        ("restart  api", Outcome::Ran, true),
        ("Restart api", Outcome::Ran, true),
        ("restart api <@U2|bob>", Outcome::Ran, true),
        ("restart <https://x.example|x.example>", Outcome::Ran, true),
        ("oncall page <@U2|bob>", Outcome::Ran, true),
        ("closed <@U2|bob>", Outcome::Denied, true),
        ("login <@U2|bob>", Outcome::Ran, true),
        // It holds the secret.
        ("login <@U2|bob> --password <@U3>", Outcome::Ran, false),
        // Nothing of it was read.
        ("oncall page <@U2|bob> x", Outcome::Usage, false),
        ("nothing <@U2|bob>", Outcome::Unknown, false),
        ("help <@U2|bob>", Outcome::Help, false),
    ] {
        let record = run(&dispatcher, line, line).await;
        assert_eq!((record.outcome, record.text.as_deref()), (outcome, is_kept.then_some(line)), "{line}");
    }
}

#[tokio::test]
async fn the_store_has_an_audit_that_is_whole() {
    let (store, app) = (Arc::new(MemoryStore::default()), Arc::new(App::new(&COMMANDS, Vec::new(), key())));
    for process in 0..3 {
        let dispatcher = Dispatcher::new(app.clone(), store.clone());
        for line in ["restart api", "nothing", "closed <@U2>"] {
            run(&dispatcher, &format!("{process} {line}"), line).await;
        }
    }
    let mut records = store.records(100).await.unwrap();
    let found = audit::verify(&records, &key());
    assert_eq!((found.count, found.sealed, &found.faults[..]), (9, 9, &[][..]));
    records[4].arguments = "db".to_owned();
    let found = audit::verify(&records, &key());
    assert!(matches!(&found.faults[..], [audit::Fault::Altered { job, .. }] if *job == records[4].job), "{found:?}");
}

fn told(slack: &Workspace) -> Vec<Post> {
    slack.posts(&format!("{API}chat.postMessage"))
}

fn bot(slack: &Workspace) -> Dispatcher {
    let app = App::new(&COMMANDS, vec![Arc::new(slack.chat().unwrap())], key());
    let app = app.with_audit_channel(Some("C0AUDIT".to_owned()));
    Dispatcher::new(Arc::new(app), Arc::new(MemoryStore::default()))
}

#[tokio::test]
async fn a_channel_is_told_of_what_was_done() {
    let slack = Workspace::start().await.unwrap();
    let dispatcher = bot(&slack);
    let record = run(&dispatcher, "1", "restart api <!channel> & `*all*`").await;
    for (id, line) in [("2", "help"), ("3", "restart"), ("4", "nothing")] {
        run(&dispatcher, id, line).await;
    }
    run(&dispatcher, "5", "closed <@U2>").await;
    let posts = told(&slack);
    assert!(posts.len() == 2 && posts.iter().all(|post| post.taken && post.channel() == "C0AUDIT"), "{posts:?}");
    let all = posts[0].all();
    assert!(all.contains("*ran*") && all.contains(record.job.as_str()) && all.contains("`ann`: `restart api"), "{all}");
    assert!(!all.contains("<!") && !all.contains("<@"), "nobody is pinged: {all}");
    assert!(posts[1].all().contains("*denied*"), "{posts:?}");
}

#[tokio::test]
async fn a_channel_that_cannot_be_told_stops_nothing() {
    let slack = Workspace::start().await.unwrap();
    let dispatcher = bot(&slack);
    let late = Answer::Late(Duration::from_secs(8));
    slack.script(&format!("{API}chat.postMessage"), [Answer::Refused("channel_not_found"), late]);
    assert_eq!(run(&dispatcher, "1", "restart api").await.outcome, Outcome::Ran);
    let began = Instant::now();
    assert_eq!(run(&dispatcher, "2", "restart api").await.outcome, Outcome::Ran);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(dispatcher.store().records(9).await.unwrap().len(), 2);
    assert_eq!(run(&dispatcher, "3", "restart api").await.outcome, Outcome::Ran);
    assert!(told(&slack).iter().any(|post| post.taken), "it is told again once it can be");
}

/// The reply of an inline command is the acknowledgement, which its chat waits for.
#[tokio::test]
async fn an_inline_command_does_not_wait_long_for_the_channel() {
    let slack = Workspace::start().await.unwrap();
    slack.script(&format!("{API}chat.postMessage"), [Answer::Late(Duration::from_secs(8))]);
    let began = Instant::now();
    let record = run_within(&bot(&slack), "1", "restart api", Duration::from_millis(1_500)).await;
    assert_eq!(record.outcome, Outcome::Ran);
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
}
