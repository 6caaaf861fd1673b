//! What a request becomes in the first leg where nobody sees the acknowledgement.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use catops_core::audit::{Outcome, Record};
use catops_core::chat::slack::Slack;
use catops_core::http::HttpResponse;
use catops_core::ingress::{Answered, Heard};
use catops_core::invoker::MemoryInvoker;
use catops_core::job::{Job, JobKey};
use catops_core::request::{Actor, Channel};
use catops_core::store::{Entry, MemoryStore, Put, Store, When};
use catops_core::{App, Command, Commands, Dispatcher, Error, Ingress, JobId, Secret, Timestamp, command};
use serde_json::{Value, json};

use crate::flow::Away;
use crate::sink::{Answer, Sink};
use crate::slack::{FORM, JSON, NOW, SECRET, encode, signed};

/// Deploy something.
#[command]
fn deploy(what: Option<String>) -> String {
    format!("deployed {what:?}")
}

/// Look at once.
#[command(inline)]
fn look() -> &'static str {
    "all is well"
}

/// Lock a lock.
#[command(group = "lock")]
fn close(name: String) -> String {
    name
}

fn find(path: &str) -> Option<Command> {
    Some(match path {
        "deploy" => __catops_deploy(),
        "lock close" => __catops_close().in_group("lock"),
        "look" => __catops_look(),
        _ => return None,
    })
}

static COMMANDS: Commands =
    Commands::new("deploy\nlock close\nlook", |name| if name == "lock" { "Locks." } else { "" }, find);

struct Bot {
    ingress: Ingress,
    dispatcher: Arc<Dispatcher>,
    queue: Arc<MemoryInvoker>,
    sink: Sink,
}

impl Bot {
    /// Makes one whose queue takes `room` jobs, and whose chat gives these answers before it takes messages.
    fn new(room: usize, answers: Vec<Answer>) -> Self {
        Self::with_store(room, answers, MemoryStore::default())
    }

    fn with_store(room: usize, answers: Vec<Answer>, store: impl Store) -> Self {
        let sink = Sink::new(answers);
        let secret = Secret::new(SECRET.to_owned());
        let slack = Slack::new(secret.clone(), vec![sink.host()]);
        let app = Arc::new(App::new(&COMMANDS, vec![Arc::new(slack)], JobKey::derive([&secret])));
        let queue = Arc::new(MemoryInvoker::new(room));
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), Arc::new(store)));
        Self { ingress: Ingress::new(app, queue.clone(), dispatcher.clone()), dispatcher, queue, sink }
    }

    async fn accept(&self, http: &catops_core::http::HttpRequest) -> HttpResponse {
        self.ingress.accept(http, Timestamp::from_secs(NOW)).await
    }

    async fn slash(&self, command: &str, text: &str) -> HttpResponse {
        let (command, text) = (encode(command), encode(text));
        self.accept(&signed(FORM, format!("user_id=U1&command={command}&text={text}&trigger_id=1.1"))).await
    }

    async fn direct(&self, text: &str, retry: Option<&str>) -> HttpResponse {
        let event =
            json!({"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": text, "ts": "1.1"});
        let mut http = signed(JSON, json!({"type": "event_callback", "event": event}).to_string());
        if let Some(retry) = retry {
            http.headers_mut().insert("x-slack-retry-num", retry.parse().unwrap());
        }
        self.accept(&http).await
    }

    async fn press(&self, line: &str, sealed: Timestamp) -> HttpResponse {
        let slack = Slack::new(Secret::new(SECRET.to_owned()), Vec::new());
        self.press_of(&slack.sealed_button(line, sealed).unwrap()).await
    }

    /// Presses a button of this value.
    async fn press_of(&self, value: &str) -> HttpResponse {
        let json = json!({
            "type": "block_actions", "user": {"id": "U1"}, "team": {"id": "T1"}, "trigger_id": "1.1",
            "channel": {"id": "C1"}, "response_url": self.sink.url("/r"),
            "actions": [{"type": "button", "action_id": "run:1", "value": value}],
        });
        self.accept(&signed(FORM, format!("payload={}", encode(&json.to_string())))).await
    }

    /// Returns the only job that waits.
    fn job(&self) -> Job {
        let [job] = &self.queue.take()[..] else { panic!("there is not one job") };
        job.open(&JobKey::derive([&Secret::new(SECRET.to_owned())])).unwrap()
    }

    /// Runs what waits.
    async fn work(&self) {
        for job in self.queue.take() {
            self.dispatcher.dispatch(job.as_str(), now(), Duration::from_secs(10)).await;
        }
    }

    async fn records(&self) -> Vec<Record> {
        self.dispatcher.store().records(10).await.unwrap()
    }

    /// Returns what was posted.
    fn told(&self) -> Vec<Value> {
        self.sink.seen().iter().map(|seen| serde_json::from_slice(&seen.body).unwrap()).collect()
    }
}

fn said(response: &HttpResponse) -> (u16, usize, Answered) {
    let heard: &Heard = response.extensions().get().unwrap();
    (response.status().as_u16(), response.body().len(), heard.answered)
}

fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

#[tokio::test]
async fn what_nobody_would_see_is_answered_in_the_second_leg() {
    for line in ["deploy api", "look", "help", "", "nonsense"] {
        let bot = Bot::new(2, Vec::new());
        assert_eq!(said(&bot.direct(line, None).await), (200, 0, Answered::Later), "{line}");
        assert_eq!(bot.job().request.text, line);
        assert_eq!(said(&bot.press(line, now()).await), (200, 0, Answered::Later), "{line}");
        assert_eq!(bot.job().request.text, line);
        assert!(bot.told().is_empty());
    }
}

#[tokio::test]
async fn a_refused_event_is_sent_again_by_the_chat() {
    let bot = Bot::new(0, Vec::new());
    for retry in [None, Some("1"), Some("2")] {
        assert_eq!(said(&bot.direct("look", retry).await), (503, 0, Answered::NotAccepted), "{retry:?}");
    }
    assert!(bot.told().is_empty());
}

#[tokio::test]
async fn a_refused_press_is_told() {
    let bot = Bot::new(0, Vec::new());
    assert_eq!(said(&bot.press("deploy api", now()).await), (200, 0, Answered::NotAccepted));
    let [told] = &bot.told()[..] else { panic!("it is not told once") };
    assert_eq!(told["response_type"], "ephemeral");
    assert!(told["text"].as_str().unwrap().contains("nothing is running"), "{told}");
}

/// Slack sends an event four times; and what is too large is so each time. Then the bot posts by its token; this one has
/// none, which is in its log.
#[tokio::test]
async fn an_event_that_will_not_come_again_is_taken_off_the_chats_hands() {
    let bot = Bot::new(0, Vec::new());
    assert_eq!(said(&bot.direct("look", Some("3")).await), (200, 0, Answered::NotAccepted));
    let bot = Bot::new(1, Vec::new());
    assert_eq!(said(&bot.direct(&"x".repeat(60_000), None).await), (200, 0, Answered::NotAccepted));
    assert!(bot.queue.take().is_empty());
}

#[tokio::test]
async fn telling_takes_no_longer_than_the_chat_waits() {
    let late = Answer::Late(Duration::from_secs(20), b"HTTP/1.1 200 x\r\ncontent-length: 0\r\n\r\n".to_vec());
    let bot = Bot::new(0, vec![late]);
    let begun = Instant::now();
    assert_eq!(said(&bot.press("deploy api", now()).await), (200, 0, Answered::NotAccepted));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_old_button_runs_nothing_says_so_and_is_recorded() {
    let bot = Bot::new(1, Vec::new());
    // It opens no form either, though `close` lacks a word.
    let response = bot.press("lock close", Timestamp::from_secs(NOW - 8 * 24 * 60 * 60)).await;
    assert_eq!(said(&response), (200, 0, Answered::Later));
    bot.work().await;
    let [told] = &bot.told()[..] else { panic!("it is not told once") };
    assert_eq!(told["text"], "This button is more than 7 days old; type the command instead.");
    assert_eq!(told["response_type"], "ephemeral");
    let [record] = &bot.records().await[..] else { panic!("there is not one record") };
    assert_eq!((record.outcome, &*record.command, &*record.actor.id), (Outcome::Expired, "lock close", "U1"));
}

#[tokio::test]
async fn a_forged_button_is_refused_and_recorded_once() {
    let bot = Bot::new(1, Vec::new());
    let rotated = Slack::new(Secret::new("another".to_owned()), Vec::new());
    for value in [rotated.sealed_button("deploy api", now()).unwrap(), "deploy api".to_owned()] {
        let response = bot.press_of(&value).await;
        assert_eq!((response.status().as_u16(), response.body().len()), (400, 0), "{value}");
    }
    assert_eq!(bot.ingress.refused(), 2);
    assert!(bot.queue.take().is_empty() && bot.told().is_empty());
    let [record] = &bot.records().await[..] else { panic!("there is not one record") };
    let expected = Record {
        actor: Actor { id: "U1".to_owned(), name: String::new(), team: "T1".to_owned() },
        channel: Channel { id: "C1".to_owned(), name: String::new() },
        chat: "slack".to_owned(),
        link: record.link.clone(),
        ..Record::new(JobId::of(&["slack", "T1", "1.1"]), Outcome::Forged, now())
    };
    assert_eq!(*record, expected);
    assert!(record.link.is_some(), "it has no place in the audit");
}

/// A store that never answers.
#[derive(Debug)]
struct Stuck;

#[async_trait::async_trait]
impl Store for Stuck {
    async fn get(&self, _: &str, _: Timestamp) -> Result<Option<Entry>, Error> {
        pending().await
    }

    async fn put(&self, _: &str, _: &str, _: Option<Timestamp>, _: When<'_>, _: Timestamp) -> Result<Put, Error> {
        pending().await
    }

    async fn delete(&self, _: &str, _: When<'_>, _: Timestamp) -> Result<Put, Error> {
        pending().await
    }

    async fn list(&self, _: &str, _: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        pending().await
    }

    async fn append(&self, _: &Record) -> Result<(), Error> {
        pending().await
    }

    async fn records(&self, _: usize) -> Result<Vec<Record>, Error> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_forged_button_is_refused_in_time_whatever_the_store_does() {
    for bot in [Bot::with_store(1, Vec::new(), Away), Bot::with_store(1, Vec::new(), Stuck)] {
        let begun = tokio::time::Instant::now();
        assert_eq!(bot.press_of("deploy api").await.status().as_u16(), 400);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert_eq!(bot.ingress.refused(), 1);
    }
}

#[tokio::test]
async fn a_slash_command_may_be_a_command_of_the_bot() {
    for (slash, text, prefix, line) in [
        ("/meow", "deploy api", "/meow", "deploy api"),
        ("/deploy", "api", "/", "deploy api"),
        ("/deploy", "", "/", "deploy"),
        ("/Deploy", "api", "/", "Deploy api"),
        ("/lock", "close door", "/", "lock close door"),
        ("/deplo", "api", "/deplo", "api"),
        ("/close", "door", "/close", "door"),
        ("/", "deploy", "/", "deploy"),
        ("deploy", "deploy", "deploy", "deploy"),
    ] {
        let bot = Bot::new(1, Vec::new());
        bot.slash(slash, text).await;
        let request = bot.job().request;
        assert_eq!((&*request.prefix, &*request.text), (prefix, line), "{slash} {text}");
    }
}

#[tokio::test]
async fn help_says_what_to_type_where_a_command_has_a_slash_of_its_own() {
    for (slash, text, says, never) in [
        ("/meow", "help deploy", "Usage: /meow deploy [what]", "--help"),
        ("/deploy", "--help", "Usage: /deploy [what]", "/ deploy"),
        ("/lock", "", "`/lock <command> --help` tells more", "help lock"),
        ("/lock", "help", "`/lock <command> --help` tells more", "help lock"),
        ("/lock", "nonsense", "`/lock --help` lists what there is", "help lock"),
        ("/meow", "lock", "`/meow help lock <command>` tells more", "--help"),
    ] {
        let bot = Bot::new(1, Vec::new());
        let mut text_of = String::from_utf8(bot.slash(slash, text).await.into_body().to_vec()).unwrap();
        if let Some(job) = bot.queue.take().pop() {
            let asked = job.open(&JobKey::derive([&Secret::new(SECRET.to_owned())])).unwrap().request;
            let what = COMMANDS.read(&asked.prefix, &asked.text, &|_| true).what;
            text_of = match what {
                catops_core::command::What::Help(reply) | catops_core::command::What::Unknown(reply) => reply.text(),
                other => panic!("{other:?}"),
            };
        }
        let text_of = text_of.replace("&lt;", "<").replace("&gt;", ">");
        assert!(text_of.contains(says) && !text_of.contains(never), "{slash} {text}: {text_of}");
    }
}
