//! Forms in the first leg: opened instead of a text, completed while somebody types, taken as a job.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use catops_core::chat::slack::Slack;
use catops_core::chat::{Ack, Chat, Inbound, Opening, Rejection, Submission, Submitted, Typing};
use catops_core::form::{COMMAND, Draft, Form};
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::ingress::{Answered, Heard};
use catops_core::invoker::MemoryInvoker;
use catops_core::job::{Job, JobKey};
use catops_core::request::{Actor, Channel, ReplyTo, Via};
use catops_core::responder::{Posted, Responder};
use catops_core::store::MemoryStore;
use catops_core::testing::slack::{Call, Signer};
use catops_core::{
    App, Commands, Context, Dispatcher, Error, Ingress, JobId, Reply, Secret, Timestamp, UserRef, command,
};
use serde_json::{Value, json};

use crate::sink::{Answer, Sink};

/// Restart a service.
#[command]
async fn restart(#[arg(complete = services)] service: String, now: bool, #[arg(long)] wait: Option<u8>) -> String {
    format!("{service} {now} {wait:?}")
}

async fn services(ctx: &Context, typed: &str) -> Vec<String> {
    match typed {
        "panic" => panic!("no list today"),
        "hang" => std::future::pending().await,
        _ => vec!["web".to_owned(), "the-api".to_owned(), "api".to_owned(), format!("api-of-{}", ctx.actor())],
    }
}

/// Page somebody.
#[command]
fn page(who: UserRef, #[arg(rest)] why: String) -> String {
    format!("{who} {why}")
}

/// Is it there?
#[command]
fn ping() {}

/// Destroy a thing.
#[command(requires = "ops.destroy")]
fn destroy(#[arg(complete = services)] thing: String) -> String {
    thing
}

fn find(path: &str) -> Option<catops_core::Command> {
    Some(match path {
        "destroy" => __catops_destroy(),
        "page" => __catops_page(),
        "ping" => __catops_ping(),
        "restart" => __catops_restart(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("destroy\npage\nping\nrestart", |_| "", find);

/// Slack, given what it is to have received where a test says so.
#[derive(Debug)]
struct Given {
    slack: Slack,
    next: Mutex<Option<Inbound>>,
}

#[async_trait]
impl Chat for Given {
    fn name(&self) -> &'static str {
        self.slack.name()
    }

    fn route(&self) -> &'static str {
        self.slack.route()
    }

    async fn receive(&self, http: &HttpRequest, now: Timestamp) -> Result<Inbound, Rejection> {
        let next = self.next.lock().unwrap().take();
        match next {
            Some(inbound) => Ok(inbound),
            None => self.slack.receive(http, now).await,
        }
    }

    fn ack(&self, ack: Ack<'_>, now: Timestamp) -> HttpResponse {
        self.slack.ack(ack, now)
    }

    fn opens_forms(&self) -> bool {
        self.slack.opens_forms()
    }

    async fn open_form(&self, form: &Form, trigger: &Secret, limit: Duration) -> Result<(), Error> {
        self.slack.open_form(form, trigger, limit).await
    }

    fn completions(&self, words: &[String]) -> HttpResponse {
        self.slack.completions(words)
    }

    fn submitted(&self, answer: Submitted<'_>) -> HttpResponse {
        self.slack.submitted(answer)
    }
}

#[async_trait]
impl Responder for Given {
    async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        self.slack.respond(to, reply, earlier, now).await
    }
}

struct Bot {
    chat: Arc<Given>,
    ingress: Ingress,
    queue: Arc<MemoryInvoker>,
    signer: Signer,
    sink: Sink,
}

impl Bot {
    /// Makes a bot whose Slack answers the calls of its Web API so.
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with_room(10, answers)
    }

    fn with_room(room: usize, answers: impl IntoIterator<Item = Answer>) -> Self {
        let secret = Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned());
        let sink = Sink::new(answers);
        let slack = Slack::new(secret.clone(), vec![sink.host()]);
        let slack = slack.with_token(Secret::new("xoxb-1".to_owned()), Some(&sink.url("/api"))).unwrap();
        let chat = Arc::new(Given { slack, next: Mutex::default() });
        let app = Arc::new(App::new(&COMMANDS, vec![chat.clone()], JobKey::derive([&secret])));
        let queue = Arc::new(MemoryInvoker::new(room));
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), Arc::new(MemoryStore::default())));
        Self { chat, ingress: Ingress::new(app, queue.clone(), dispatcher), queue, signer: Signer::new(secret), sink }
    }

    /// Types a line after `/meow`; returns the answer and where it was given.
    async fn types(&self, text: &str) -> (String, Answered) {
        let now = Timestamp::now();
        let command = Call::command(text).with_address(&self.sink.url("/r")).with_trigger("13.7").by("U1");
        let response = self.ingress.accept(&command.signed(&self.signer, now), now).await;
        let heard = response.extensions().get::<Heard>().unwrap().answered;
        (String::from_utf8(response.into_body().to_vec()).unwrap(), heard)
    }

    async fn receives(&self, inbound: Inbound) -> HttpResponse {
        *self.chat.next.lock().unwrap() = Some(inbound);
        let request = http::Request::post("/slack").body(bytes::Bytes::new()).unwrap();
        self.ingress.accept(&request, Timestamp::now()).await
    }

    /// Sends a form off; returns the answer.
    async fn submits(&self, command: &str, values: &[(&str, &[&str])]) -> Value {
        let values = values
            .iter()
            .map(|(name, words)| ((*name).to_owned(), words.iter().map(|word| (*word).to_owned()).collect()));
        let id = JobId::of(&["slack", "T1", "V1"]);
        let submission = Submission { id, actor: ann(), draft: draft(command), values: values.collect() };
        let response = self.receives(Inbound::Submit(Box::new(submission))).await;
        assert_eq!(response.status().as_u16(), 200);
        serde_json::from_slice(response.body()).unwrap_or(Value::Null)
    }

    /// Types into a field; returns what is proposed.
    async fn proposes(&self, command: &str, field: &str, typed: &str) -> Vec<String> {
        let (field, typed) = (field.to_owned(), typed.to_owned());
        let typing = Typing { actor: ann(), draft: draft(command), field, typed };
        let response = self.receives(Inbound::Complete(Box::new(typing))).await;
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        let options = answer["options"].as_array().unwrap();
        options.iter().map(|option| option["value"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the views that were opened.
    fn views(&self) -> Vec<Value> {
        let view = |seen: &crate::sink::Seen| {
            assert!(seen.head.starts_with("POST /api/views.open "), "{}", seen.head);
            serde_json::from_slice::<Value>(&seen.body).unwrap()["view"].take()
        };
        self.sink.seen().iter().map(view).collect()
    }

    fn jobs(&self) -> Vec<Job> {
        let key = JobKey::derive([self.signer.secret()]);
        self.queue.take().iter().map(|job| job.open(&key).unwrap()).collect()
    }
}

fn ann() -> Actor {
    Actor { id: "U1".to_owned(), name: "ann".to_owned(), team: "T1".to_owned() }
}

fn draft(command: &str) -> Draft {
    let channel = Channel { id: "C1".to_owned(), name: "ops".to_owned() };
    let reply_to = ReplyTo { chat: "slack".to_owned(), channel: "C1".to_owned(), ..ReplyTo::default() };
    Draft { command: command.to_owned(), prefix: "/meow".to_owned(), channel, reply_to, about: String::new() }
}

fn opened() -> Answer {
    Answer::status(200, "", r#"{"ok":true}"#)
}

fn blocks(view: &Value) -> Vec<&str> {
    view["blocks"].as_array().unwrap().iter().filter_map(|block| block["block_id"].as_str()).collect()
}

#[tokio::test]
async fn nothing_but_the_slash_word_asks_which_command() {
    let bot = Bot::new([opened()]);
    assert_eq!(bot.types(" ").await, (String::new(), Answered::Here));
    assert_eq!(blocks(&bot.views()[0]), [COMMAND]);
    assert!(bot.jobs().is_empty());
}

#[tokio::test]
async fn what_lacks_is_asked_for_with_what_is_there() {
    let bot = Bot::new([opened(), opened()]);
    assert_eq!(bot.types("restart --wait 5").await, (String::new(), Answered::Here));
    assert_eq!(bot.types("page <@U7|bob>").await, (String::new(), Answered::Here));
    let [restart, page] = &bot.views()[..] else { panic!("two views") };
    assert_eq!(blocks(restart), ["service", "now", "wait"]);
    assert_eq!(restart["blocks"][3]["element"]["initial_value"], "5");
    assert_eq!(page["blocks"][1]["element"]["initial_user"], "U7");
    assert!(bot.jobs().is_empty());
}

#[tokio::test]
async fn a_line_that_says_enough_or_is_wrong_opens_nothing() {
    let bot = Bot::new([]);
    for line in
        ["restart api", "restart --now api", "restart --nwo", "ping", "destroy", "restrat", "page <@U1> it is down"]
    {
        assert_eq!(bot.types(line).await.1, Answered::Later, "{line}");
    }
    assert!(bot.types("help restart").await.0.contains("Restart a service"));
    assert!(bot.sink.seen().is_empty(), "nothing is opened, also not for what ann may not run");
    assert_eq!(bot.jobs().len(), 7);
}

#[tokio::test]
async fn a_form_that_does_not_open_falls_back_to_text_in_time() {
    let refused = || Answer::status(200, "", &json!({"ok": false, "error": "expired_trigger_id"}).to_string());
    for answer in [refused, || Answer::Close, || Answer::Late(Duration::from_secs(5), Vec::new())] {
        let bot = Bot::new([answer(), answer()]);
        let began = Instant::now();
        let (body, answered) = bot.types("").await;
        assert!(body.contains("These are the commands") && answered == Answered::Here, "{body}");
        assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
        assert_eq!(bot.types("restart").await.1, Answered::Later);
        assert_eq!((bot.sink.seen().len(), bot.jobs()[0].request.text.as_str()), (2, "restart"));
    }
}

#[tokio::test]
async fn a_shortcut_opens_what_may_be_run() {
    let bot = Bot::new([opened(), opened(), opened(), Answer::status(500, "", "")]);
    for (command, first, status) in
        [("restart", "service", 200), ("", COMMAND, 200), ("destroy", COMMAND, 200), ("", COMMAND, 503)]
    {
        let opening = Opening { actor: ann(), draft: draft(command), trigger: Secret::new("1".to_owned()) };
        let response = bot.receives(Inbound::Open(Box::new(opening))).await;
        assert_eq!(response.status().as_u16(), status, "{command}");
        assert_eq!(blocks(bot.views().last().unwrap())[0], first, "{command}");
    }
}

#[tokio::test]
async fn one_command_after_the_other_question_becomes_one_job() {
    let bot = Bot::new([]);
    let wrong = bot.submits("", &[(COMMAND, &["nope"])]).await;
    assert_eq!(wrong, json!({"response_action": "errors", "errors": {"command": "There is no command `nope`."}}));
    let wrong = bot.submits("", &[(COMMAND, &["destroy"])]).await;
    assert_eq!(wrong["response_action"], "errors");
    let next = bot.submits("", &[(COMMAND, &["restart"])]).await;
    assert_eq!(
        (next["response_action"].as_str(), blocks(&next["view"])),
        (Some("update"), vec!["service", "now", "wait"])
    );
    let wrong = bot.submits("restart", &[("service", &[]), ("wait", &["300"])]).await;
    let errors = json!({"service": "this must be filled in", "wait": "this cannot be `300`: number too large to fit in target type"});
    assert_eq!(wrong, json!({"response_action": "errors", "errors": errors}));
    assert!(bot.jobs().is_empty());
    let taken = bot.submits("restart", &[("service", &["--the <api>"]), ("now", &["true"]), ("wait", &["30"])]).await;
    assert_eq!(taken, Value::Null);
    let [job] = &bot.jobs()[..] else { panic!("one job") };
    assert_eq!(job.request.text, r#"restart --now --wait 30 -- "--the &lt;api&gt;""#);
    assert_eq!((&job.request.via, &job.request.actor, job.request.prefix.as_str()), (&Via::Form, &ann(), "/meow"));
    assert_eq!((&job.id, &job.reply_to), (&JobId::of(&["slack", "T1", "V1"]), &draft("").reply_to));
    // What takes nothing runs at once.
    assert_eq!(bot.submits("", &[(COMMAND, &["ping"])]).await, Value::Null);
    assert_eq!(bot.jobs()[0].request.text, "ping");
}

#[tokio::test]
async fn what_the_queue_does_not_take_is_said_in_the_form() {
    let bot = Bot::with_room(0, []);
    let said = "I could not start this, and nothing is running. Please try again in a moment.";
    let wrong = bot.submits("restart", &[("service", &["api"])]).await;
    assert_eq!(wrong["errors"], json!({ "service": said }));
    let wrong = bot.submits("", &[(COMMAND, &["ping"])]).await;
    assert_eq!(wrong["errors"], json!({ COMMAND: said }));
    let next = bot.submits("ping", &[]).await;
    assert_eq!(next["view"]["blocks"][0]["text"]["text"], said);
    let long = "x".repeat(60_000);
    let wrong = bot.submits("restart", &[("service", &[&long])]).await;
    assert!(wrong["errors"]["service"].as_str().unwrap().contains("more text than I can carry"), "{wrong}");
}

#[tokio::test]
async fn fields_are_completed_while_somebody_types() {
    let bot = Bot::new([]);
    assert_eq!(bot.proposes("", COMMAND, "").await, ["page", "ping", "restart"], "not what ann may not run");
    assert_eq!(bot.proposes("", COMMAND, "P").await, ["page", "ping"]);
    assert_eq!(bot.proposes("restart", "service", "").await, ["web", "the-api", "api", "api-of-ann"]);
    assert_eq!(bot.proposes("restart", "service", "AP").await, ["api", "api-of-ann", "the-api", "AP"]);
    assert_eq!(bot.proposes("restart", "service", "api").await, ["api", "api-of-ann", "the-api"]);
    for (command, field) in
        [("restart", "wait"), ("restart", "nope"), ("nope", "service"), ("destroy", "thing"), ("restart", COMMAND)]
    {
        assert!(bot.proposes(command, field, "").await.is_empty(), "{command} {field}");
    }
}

#[tokio::test]
async fn a_completer_that_fails_proposes_what_is_typed() {
    let bot = Bot::new([]);
    assert_eq!(bot.proposes("restart", "service", "panic").await, ["panic"]);
    let began = Instant::now();
    assert_eq!(bot.proposes("restart", "service", "hang").await, ["hang"]);
    assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    assert_eq!(bot.proposes("restart", "service", "we").await, ["web", "we"]);
}
