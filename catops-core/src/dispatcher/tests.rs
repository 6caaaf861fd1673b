//! Buttons and forms, and the steps that follow a run.

mod counted;
mod limit;
mod lock;
mod own;
mod waiting;

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;

use self::counted::{Counted, Wrong};
use super::{Dispatched, Dispatcher};
use crate::app::App;
use crate::audit::{Outcome, Record};
use crate::command;
use crate::command::{Command, Commands, usage};
use crate::context::Context;
use crate::error::{Error, ErrorKind};
use crate::job::{Job, JobId, JobKey, MAX_WAIT};
use crate::reply::{Audience, Part, Reply};
use crate::request::{Actor, Press, ReplyTo, Request, UserRef, Via};
use crate::responder::{Posted, Responder};
use crate::store::{KEEP_CLAIM, MemoryStore, Store, When};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_795_305_600);

const LIMIT: Duration = Duration::from_secs(10);

/// Restarts a service.
#[command(
    next = ["status", "logs --in {zone} {service}", "logs {other}", "closed {service}", "nothing {service}", "note {why}"],
    on_failure = ["logs {service}", "page {who}"],
)]
async fn restart(
    ctx: &Context,
    service: String,
    #[arg(default_value = "eu west")] zone: String,
    #[arg(long)] other: Option<String>,
    #[arg(long)] who: Vec<UserRef>,
    #[arg(long, secret)] token: Option<String>,
    #[arg(rest)] why: Option<String>,
) -> crate::Result<String> {
    let _ = (zone, other, who, token, why);
    match service.as_str() {
        "bad" => return Err(std::io::Error::other("it does not start").into()),
        "odd" => panic!("at the service"),
        "wrong" => return Err(usage("there is no such service")),
        "slow" => std::future::pending().await,
        _ => ctx.progress(1, 2, "draining").await,
    }
    Ok(format!("{service} was restarted"))
}

/// Hangs the first time.
#[command(repeatable)]
async fn hang(ctx: &Context) -> crate::Result<&'static str> {
    let before: Option<u8> = ctx.state().get("times").await?;
    ctx.state().set("times", &1).await?;
    match before {
        None => std::future::pending().await,
        Some(_) => Ok("it lives"),
    }
}

/// Is closed to all.
#[command(requires = "nobody")]
fn closed(service: String) -> String {
    service
}

/// Whispers.
#[command(ephemeral, next = ["status"])]
fn whisper() -> &'static str {
    "psst"
}

/// Says nothing.
#[command]
fn status() {}

/// Shows a log.
#[command]
fn logs(service: String, #[arg(long = "in")] zone: Option<String>) -> String {
    format!("{service} {zone:?}")
}

/// Takes a note.
#[command]
fn note(#[arg(rest)] text: String) -> String {
    text
}

/// Pages people.
#[command]
fn page(who: Vec<UserRef>) -> String {
    who.iter().map(|who| who.id.as_str()).collect::<Vec<_>>().join(" ")
}

fn find(path: &str) -> Option<Command> {
    Some(match path {
        "closed" => __catops_closed(),
        "hang" => __catops_hang().from_file("ops", "plugins/ops.rs"),
        "logs" => __catops_logs(),
        "note" => __catops_note(),
        "page" => __catops_page(),
        "restart" => __catops_restart(),
        "status" => __catops_status(),
        "whisper" => __catops_whisper(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("closed\nhang\nlogs\nnote\npage\nrestart\nstatus\nwhisper", |_| "", find);

/// What a chat was told, in order.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Reply(Reply),
    Pressed(String),
}

#[derive(Debug, Default)]
struct Desk {
    told: Mutex<Vec<Told>>,
    /// Whether it fails to change the message that held the button.
    is_stuck: bool,
}

impl Desk {
    fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    fn last(&self) -> Reply {
        match self.told().pop() {
            Some(Told::Reply(reply)) => reply,
            other => panic!("{other:?}"),
        }
    }
}

#[async_trait]
impl Responder for Desk {
    async fn respond(&self, _: &ReplyTo, reply: &Reply, _: Option<&Posted>, _: Timestamp) -> Result<Posted, Error> {
        self.told.lock().unwrap().push(Told::Reply(reply.clone()));
        Ok(Posted { audience: reply.audience, uses: 1, message: None })
    }

    async fn pressed(&self, _: &ReplyTo, _: &Press, note: &str, _: Timestamp) -> Result<(), Error> {
        self.told.lock().unwrap().push(Told::Pressed(note.to_owned()));
        match self.is_stuck {
            true => Err(Error::new(ErrorKind::Gone, "the message is gone")),
            false => Ok(()),
        }
    }
}

fn dispatcher(store: impl Store) -> Dispatcher {
    Dispatcher::new(Arc::new(App::new(&COMMANDS, Vec::new(), JobKey::derive([]))), Arc::new(store))
}

/// A press of the one button of these tests.
fn press() -> Via {
    Via::Button(Press { ticket: JobId::of(&["ticket"]), label: "Re`start`".to_owned(), message: None })
}

fn job(id: &str, who: &str, line: &str, via: Via) -> Job {
    let actor = Actor { id: format!("U-{who}"), name: who.to_owned(), team: "T1".to_owned() };
    let request = Request { actor, prefix: "/meow".to_owned(), text: line.to_owned(), via, ..Request::default() };
    let reply_to = ReplyTo { chat: "test".to_owned(), ..ReplyTo::default() };
    Job { id: JobId::of(&[id]), asked: NOW, expires: NOW + MAX_WAIT, hops: 0, reply_to, request }
}

/// Runs a job and returns how it ended, and what the chat was told.
async fn run(dispatcher: &Dispatcher, job: &Job, now: Timestamp) -> (Outcome, Arc<Desk>) {
    let desk = Arc::new(Desk::default());
    match dispatcher.run(job, desk.clone(), now, LIMIT).await {
        Dispatched::Ended(record) => (record.outcome, desk),
        other => panic!("{other:?}"),
    }
}

/// Runs a line as somebody typed it and returns its end, and the steps that are offered.
async fn steps(line: &str) -> (Outcome, Vec<String>) {
    let desk = Arc::new(Desk::default());
    let job = job("steps", "ann", line, Via::Line);
    let Dispatched::Ended(record) =
        dispatcher(MemoryStore::default()).run(&job, desk.clone(), NOW, Duration::from_secs(1)).await
    else {
        panic!("{line}")
    };
    let reply = desk.last();
    assert!(!reply.parts.iter().any(|part| matches!(part, Part::Note(_))), "typed words are seen: {reply:?}");
    (record.outcome, reply.next.into_iter().map(|step| step.command).collect())
}

#[tokio::test]
async fn a_button_runs_once_whoever_presses_it() {
    let dispatcher = dispatcher(MemoryStore::default());
    let (outcome, desk) = run(&dispatcher, &job("1", "ann", "restart api", press()), NOW).await;
    assert_eq!(outcome, Outcome::Ran);
    let told = desk.told();
    let pressed = "ann pressed **Re'start'** at 2026-11-22 00:00:00 UTC".to_owned();
    assert_eq!((told.len(), &told[0]), (3, &Told::Pressed(pressed)), "before the command runs");

    let (outcome, desk) = run(&dispatcher, &job("2", "bob", "restart api", press()), NOW).await;
    assert_eq!((outcome, desk.told().len(), desk.last().audience), (Outcome::Used, 1, Audience::Asker));
    let already = "pressed this at 2026-11-22 00:00:00 UTC already, and it runs once; nothing was run again. Type the \
                   command if it should run once more.";
    assert_eq!(desk.last().text(), format!("ann {already}"));
    let (_, desk) = run(&dispatcher, &job("3", "ann", "restart api", press()), NOW).await;
    assert_eq!(desk.last().text(), format!("You {already}"));

    let records = dispatcher.store().records(9).await.unwrap();
    let ends: Vec<_> = records.iter().map(|record| (record.outcome, record.arguments.as_str())).collect();
    assert_eq!(ends, [(Outcome::Used, "api"), (Outcome::Used, "api"), (Outcome::Ran, "api")]);
}

#[test]
fn of_presses_at_once_one_runs() {
    let dispatcher = dispatcher(MemoryStore::default());
    let press = &|n: u8| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(&dispatcher, &job(&n.to_string(), "ann", "restart api", press()), NOW)).0
    };
    let ends: Vec<Outcome> = std::thread::scope(|scope| {
        let presses: Vec<_> = (0..8).map(|n| scope.spawn(move || press(n))).collect();
        presses.into_iter().map(|press| press.join().unwrap()).collect()
    });
    let count = |outcome| ends.iter().filter(|end| **end == outcome).count();
    assert_eq!((count(Outcome::Ran), count(Outcome::Used)), (1, 7));
}

#[tokio::test]
async fn a_press_that_ran_nothing_leaves_the_button() {
    let dispatcher = dispatcher(MemoryStore::default());
    for (id, line, expected) in [
        ("1", "closed api", Outcome::Denied),
        ("2", "closed", Outcome::Denied),
        ("3", "restart", Outcome::Usage),
        ("4", "nothing", Outcome::Unknown),
        ("5", "restart api", Outcome::Ran),
    ] {
        let (outcome, desk) = run(&dispatcher, &job(id, "bob", line, press()), NOW).await;
        assert_eq!(outcome, expected, "{line}");
        let is_told = desk.told().iter().any(|told| matches!(told, Told::Pressed(_)));
        assert_eq!(is_told, expected == Outcome::Ran, "{line}");
    }
}

#[tokio::test]
async fn a_press_whose_run_died_runs_again() {
    let dispatcher = dispatcher(MemoryStore::default());
    let job = job("1", "ann", "hang", press());
    {
        let mut first = pin!(dispatcher.run(&job, Arc::new(Desk::default()), NOW, LIMIT));
        let pending = std::future::poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await;
        assert!(pending, "it hangs, and then its process ends");
    }
    let later = NOW + Duration::from_secs(120);
    let (outcome, desk) = run(&dispatcher, &job, later).await;
    assert_eq!((outcome, desk.last().text().as_str()), (Outcome::Ran, "ann ran `hang`\nit lives"));
}

#[tokio::test]
async fn a_ticket_is_kept_as_long_as_a_button_lives() {
    let dispatcher = dispatcher(MemoryStore::default());
    run(&dispatcher, &job("1", "ann", "restart api", press()), NOW).await;
    let last = Timestamp::from_millis((NOW + KEEP_CLAIM).as_millis() - 1);
    for (id, now, expected) in [("2", last, Outcome::Used), ("3", NOW + KEEP_CLAIM, Outcome::Ran)] {
        let job = Job { expires: now + MAX_WAIT, ..job(id, "bob", "restart api", press()) };
        assert_eq!(run(&dispatcher, &job, now).await.0, expected, "{now}");
    }
}

#[tokio::test]
async fn without_a_store_no_button_runs() {
    let store = Counted::default();
    store.go_wrong(Some(("put ticket/", Wrong::Away)));
    let dispatcher = dispatcher(store);
    let desk = Arc::new(Desk::default());
    let job = job("1", "ann", "restart api", press());
    assert_eq!(dispatcher.run(&job, desk.clone(), NOW, LIMIT).await, Dispatched::Unclaimed);
    assert!(desk.last().text().starts_with("I cannot reach my store, so nothing was run."), "{:?}", desk.told());
    assert_eq!(desk.told().len(), 1);
}

#[tokio::test]
async fn a_message_that_cannot_be_changed_stops_nothing() {
    let desk = Arc::new(Desk { is_stuck: true, ..Desk::default() });
    let job = job("1", "ann", "restart api", press());
    let ended = dispatcher(MemoryStore::default()).run(&job, desk.clone(), NOW, LIMIT).await;
    assert!(matches!(ended, Dispatched::Ended(record) if record.outcome == Outcome::Ran));
}

#[tokio::test]
async fn what_nobody_typed_is_said_to_all() {
    let dispatcher = dispatcher(MemoryStore::default());
    let line = "restart api --token hunter2 `it` is *\u{200b}odd";
    let (_, desk) = run(&dispatcher, &job("1", "ann", line, Via::Form), NOW).await;
    let note = Part::Note("ann ran `restart api --token … 'it' is *\u{200b}odd`".to_owned());
    let told = desk.told();
    assert_eq!(told.len(), 2, "progress and the end");
    for told in told {
        assert!(matches!(&told, Told::Reply(reply) if reply.parts[0] == note && reply.parts.len() == 2), "{told:?}");
    }
    // What is for the asker alone needs no such line.
    for (id, line) in [("2", "whisper"), ("3", "restart wrong"), ("4", "restart"), ("5", "closed x"), ("6", "help")] {
        let (_, desk) = run(&dispatcher, &job(id, "ann", line, Via::Form), NOW).await;
        let reply = desk.last();
        assert_eq!(reply.audience, Audience::Asker, "{line}");
        assert!(!reply.parts.iter().any(|part| matches!(part, Part::Note(_))), "{line}: {reply:?}");
    }
}

#[tokio::test]
async fn the_next_steps_are_filled() {
    let check = async |line: &str, expected: &[&str]| {
        assert_eq!(
            steps(line).await,
            (Outcome::Ran, expected.iter().map(|step| (*step).to_owned()).collect()),
            "{line}"
        );
    };
    // `closed` is not open to ann, and `nothing` is no command.
    check("restart api", &["status", r#"logs --in "eu west" api"#]).await;
    check("restart “the api” us", &["status", r#"logs --in us "the api""#]).await;
    check("restart a&lt;b us --other c", &["status", "logs --in us a<b", "logs c"]).await;
    check("restart api us it's  “down” again", &["status", "logs --in us api", "note it's  “down” again"]).await;
    check("restart <http://x.example|x.example> us", &["status", "logs --in us x.example"]).await;
    // What would be an option in another line is not filled in.
    check("restart us -- --force", &["status"]).await;
    check("whisper", &["status"]).await;
    check("status", &[]).await;
}

#[tokio::test]
async fn a_failure_has_steps_of_its_own() {
    let log = |service: &str| vec![format!("logs {service}")];
    assert_eq!(steps("restart bad").await, (Outcome::Failed, log("bad")));
    assert_eq!(steps("restart odd").await, (Outcome::Panicked, log("odd")));
    assert_eq!(steps("restart slow").await, (Outcome::TimedOut, log("slow")));
    assert_eq!(steps("restart wrong").await, (Outcome::Usage, vec![]));
    let both = ["logs bad".to_owned(), "page <@U1|bob lee> <@U2>".to_owned()];
    assert_eq!(steps("restart bad --who <@U1|bob lee> --who <@U2>").await, (Outcome::Failed, both.to_vec()));
}

#[tokio::test]
async fn a_step_runs_with_the_words_that_were_given() {
    for (line, step, expected) in [
        ("restart “the <api>” us", 1, r#"the <api> Some("us")"#),
        (r#"restart "a \" b" us"#, 1, r#"a " b Some("us")"#),
        ("restart api us it's  “down” &amp; out", 2, "it's  “down” & out"),
        ("restart bad --who <@U1|bob> --who <@U2>", 1, "U1 U2"),
    ] {
        let step = &steps(line).await.1[step];
        let job = job("again", "ann", &crate::line::escape_line(step), Via::Line);
        let (_, desk) = run(&dispatcher(MemoryStore::default()), &job, NOW).await;
        assert_eq!(desk.last().text(), expected, "{line}: {step}");
    }
}

#[tokio::test]
async fn a_button_that_is_too_old_runs_nothing() {
    let dispatcher = dispatcher(MemoryStore::default());
    let (outcome, desk) = run(&dispatcher, &job("old", "ann", "restart api", Via::Expired), NOW).await;
    assert_eq!(outcome, Outcome::Expired);
    let said = "This button is more than 7 days old; type the command instead.";
    assert_eq!(desk.told(), [Told::Reply(Reply::to_asker(said))]);
    let records = dispatcher.store().records(10).await.unwrap();
    assert_eq!((records.len(), &*records[0].command, &*records[0].arguments), (1, "restart", "api"));
}
