//! `invoke`: one recorded request or job through both legs, in this process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use bytes::Bytes;
use catops_core::chat::slack::Slack;
use catops_core::chat::{Ack, Chat, Inbound, Rejection, Submitted};
use catops_core::dispatcher::Dispatched;
use catops_core::form::Form;
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::invoker::MemoryInvoker;
use catops_core::job::{Job, JobId, JobKey, SealedJob};
use catops_core::log::Format;
use catops_core::reply::Reply;
use catops_core::request::{Actor, Press, ReplyTo};
use catops_core::responder::{Posted, Responder};
use catops_core::{App, Commands, Dispatcher, Error, ErrorKind, Ingress, Secret, Timestamp};
use serde::Deserialize;

use crate::bot::State;
use crate::config::Config;
use crate::console::workspace;
use crate::exit::Exit;
use crate::key;
use crate::oneshot::show;
use crate::signer::Signer;
use crate::terminal::{TerminalResponder, complain, say};

/// A recorded HTTP request: our own form, or the event of an API gateway.
#[derive(Deserialize)]
struct Recorded {
    #[serde(alias = "httpMethod")]
    method: Option<String>,
    #[serde(alias = "rawPath")]
    path: Option<String>,
    headers: Option<std::collections::BTreeMap<String, String>>,
    body: Option<String>,
    #[serde(default, alias = "isBase64Encoded")]
    is_base64_encoded: bool,
}

/// What a file holds.
enum Event {
    Request(Box<HttpRequest>),
    Job(String),
}

/// Runs the event in the file at `path`; the reply is shown here and goes nowhere else.
pub(crate) async fn run(commands: &'static Commands, config: Config, path: &Path, log: bool) -> Result<Exit, Error> {
    let default = if log { tracing::Level::DEBUG } else { tracing::Level::ERROR };
    let (level, format) = config.log.unwrap_or((default, Format::Text));
    catops_core::log::init(level, format);
    let event = read(path)?;
    let state = State::open(&config)?;
    let mut settings = config.shared.clone();
    key::complete(&mut settings, &config)?;
    let secret = settings.slack_signing_secret.unwrap_or_default();
    let key = JobKey::derive([settings.job_key.as_ref().unwrap_or(&secret)]);
    let slack = || Slack::new(secret.clone(), config.shared.reply_hosts.clone()).with_key(key.clone());
    let terminal = Arc::new(TerminalResponder::default());
    let rehearsed = |chat| Arc::new(Rehearsal { chat: Arc::new(chat), terminal: terminal.clone() }) as Arc<dyn Chat>;
    // A job may have been asked for in the console.
    let chats = vec![rehearsed(slack()), rehearsed(workspace::named(slack()))];
    let app = Arc::new(App::new(commands, chats, key.clone()));
    let dispatcher = Arc::new(Dispatcher::new(app.clone(), state.store.clone()));
    let sealed = match event {
        Event::Job(sealed) => sealed,
        Event::Request(mut request) => {
            let now = Timestamp::now();
            // What was recorded is older than 300 s, and signed with a secret we do not have.
            Signer::new(&secret).sign(&mut request, now)?;
            let queue = Arc::new(MemoryInvoker::new(1));
            let ingress = Ingress::new(app.clone(), queue.clone(), dispatcher.clone());
            let response = ingress.accept(&request, now).await;
            say(&format!("acknowledged: {} {}", response.status(), String::from_utf8_lossy(response.body())));
            match queue.take().pop() {
                Some(job) => renamed(&job, app.key())?,
                None if response.status().is_success() => return Ok(Exit::Success),
                None => return Ok(Exit::Failure),
            }
        }
    };
    let dispatched = dispatcher.dispatch(&sealed, Timestamp::now(), config.limit).await;
    match &dispatched {
        Dispatched::Refused => complain("the job was refused: its seal does not open with this bot's key"),
        Dispatched::Repeat => complain("this job has run before, so nothing was done"),
        Dispatched::Busy(_) => complain("this job is running now, so nothing was done"),
        Dispatched::Ended(_) | Dispatched::Again(_) | Dispatched::Unclaimed | Dispatched::Unreported => {}
    }
    Ok(show(&dispatched, &terminal))
}

/// Gives the job of a recorded request an id of its own: the request is one and the same each time, and what ran once
/// would not run again.
fn renamed(job: &SealedJob, key: &JobKey) -> Result<String, Error> {
    let opened = job.open(key).map_err(|_| Error::new(ErrorKind::Invalid, "opening a job that was just sealed"))?;
    let renamed = Job { id: JobId::random(), ..opened };
    Ok(renamed.seal(key)?.as_str().to_owned())
}

fn read(path: &Path) -> Result<Event, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(ErrorKind::Config, format!("`{}` cannot be read", path.display())).because(error)
    })?;
    parse(&text).map_err(|error| Error::new(ErrorKind::Invalid, format!("`{}`: {error}", path.display())))
}

/// Reads an event; what is wrong with it is said without quoting it.
fn parse(text: &str) -> Result<Event, Error> {
    if let Ok(sealed) = SealedJob::from_text(text) {
        return Ok(Event::Job(sealed.as_str().to_owned()));
    }
    let wrong = |why: String| Error::new(ErrorKind::Invalid, why);
    let form = "it is no sealed job and no request; a request has `path`, `headers` and `body`";
    let recorded: Recorded = serde_json::from_str(text)
        .map_err(|error| wrong(format!("{form} (line {}, column {})", error.line(), error.column())))?;
    let body = recorded.body.ok_or_else(|| wrong(format!("{form}: there is no `body`")))?;
    let body = match recorded.is_base64_encoded {
        true => BASE64.decode(&body).map_err(|_| wrong("its `body` is not base64, though it says so".to_owned()))?,
        false => body.into_bytes(),
    };
    // A gateway may put the name of its stage in front.
    let path = recorded.path.filter(|path| !path.ends_with("/slack")).unwrap_or_else(|| "/slack".to_owned());
    let mut request = http::Request::builder().method(recorded.method.as_deref().unwrap_or("POST")).uri(path);
    for (name, value) in recorded.headers.unwrap_or_default() {
        // The body's length and coding are ours, and the rest is only of use where it is valid.
        if name.eq_ignore_ascii_case("content-type") || name.to_ascii_lowercase().starts_with("x-slack-") {
            request = request.header(name, value);
        }
    }
    let mut request =
        request.body(Bytes::from(body)).map_err(|error| wrong(format!("it is no valid request: {error}")))?;
    let form = http::HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().entry(http::header::CONTENT_TYPE).or_insert(form);
    Ok(Event::Request(Box::new(request)))
}

/// The chat as it is, except that replies are shown in the terminal.
#[derive(Debug)]
struct Rehearsal {
    chat: Arc<dyn Chat>,
    terminal: Arc<TerminalResponder>,
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl Responder for Rehearsal {
    async fn respond(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        self.terminal.respond(to, reply, earlier, now).await
    }

    async fn progress(
        &self,
        to: &ReplyTo,
        reply: &Reply,
        earlier: Option<&Posted>,
        now: Timestamp,
    ) -> Result<Posted, Error> {
        self.terminal.progress(to, reply, earlier, now).await
    }

    fn room(&self) -> usize {
        self.chat.room()
    }

    async fn pressed(&self, to: &ReplyTo, press: &Press, note: &str, now: Timestamp) -> Result<(), Error> {
        self.terminal.pressed(to, press, note, now).await
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl Chat for Rehearsal {
    fn name(&self) -> &'static str {
        self.chat.name()
    }

    fn route(&self) -> &'static str {
        self.chat.route()
    }

    async fn receive(&self, http: &HttpRequest, now: Timestamp) -> Result<Inbound, Rejection> {
        self.chat.receive(http, now).await
    }

    fn ack(&self, ack: Ack<'_>, now: Timestamp) -> HttpResponse {
        self.chat.ack(ack, now)
    }

    fn opens_forms(&self) -> bool {
        false
    }

    async fn open_form(&self, form: &Form, trigger: &Secret, limit: Duration) -> Result<(), Error> {
        self.chat.open_form(form, trigger, limit).await
    }

    async fn groups(
        &self,
        actor: &Actor,
        wanted: &[&str],
        limit: Duration,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        self.chat.groups(actor, wanted, limit, now).await
    }

    fn completions(&self, words: &[String]) -> HttpResponse {
        self.chat.completions(words)
    }

    fn submitted(&self, answer: Submitted<'_>) -> HttpResponse {
        self.chat.submitted(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> HttpRequest {
        match parse(text) {
            Ok(Event::Request(request)) => *request,
            _ => panic!("{text} is a request"),
        }
    }

    #[test]
    fn forms() {
        let own = r#"{"method":"POST","path":"/slack","headers":{"Content-Type":"application/json"},"body":"{}"}"#;
        assert_eq!(request(own).headers()["content-type"], "application/json");
        let gateway =
            r#"{"httpMethod":"POST","path":"/dev/slack","headers":null,"body":"YT1i","isBase64Encoded":true}"#;
        assert_eq!(request(gateway).body(), "a=b");
        assert_eq!(request(gateway).uri().path(), "/slack");
        assert_eq!(request(r#"{"rawPath":"/slack","body":"a=b"}"#).headers().len(), 1);
    }

    #[test]
    fn what_is_wrong_is_said_without_quoting_it() {
        for text in ["", "secret", "[]", r#"{"path":"secret"}"#, r#"{"body":"secret!","isBase64Encoded":true}"#] {
            let error = parse(text).map(drop).unwrap_err();
            assert!(!error.chain().contains("secret"), "{}", error.chain());
        }
    }
}
