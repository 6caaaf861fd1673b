//! A bot with a secret in each place, and everything that it shows.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use async_trait::async_trait;
use catops_core::audit::Record;
use catops_core::dispatcher::Dispatched;
use catops_core::http::HttpRequest;
use catops_core::invoker::MemoryInvoker;
use catops_core::job::SealedJob;
use catops_core::settings::{Settings, provide};
use catops_core::store::{Entry, MemoryStore, Put, Store, When};
use catops_core::testing::slack::{API, BOT_TOKEN, Call, Workspace};
use catops_core::{App, Dispatcher, Error, ErrorKind, Ingress, Secret, Timestamp};

use super::commands::{COMMANDS, NUMBER};
use super::hunt::Hunt;
use super::log::Lines;

pub(super) const SIGNING_SECRET: &str = "sign+4f/9c<1e8b>&ü\"7d2a%3c5e=60f1";
pub(super) const JOB_KEY: &str = "key+6d/5c<4b3a>&ü\"2918%07f6=e5d4c3b2a1";
pub(super) const WRONG_TOKEN: &str = "xoxb-9933-wrong+token/5b6c7d8e9f";
pub(super) const PLUGIN_SECRET: &str = "pager+8e7d/6c5b4a%39=2817";
/// What somebody gives to a command, in plain, and as it stands in a line.
pub(super) const ARGUMENT: &str = "hunter2+7a/6b<5c>&ü%4d=3e2f";
/// What the message says that a shortcut is used on.
pub(super) const ABOUT: &str = "the-message-of-bob-0d1c2b3a";
pub(super) const LIMIT: Duration = Duration::from_secs(20);

pub(super) fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// The argument as it stands in a line.
pub(super) fn typed() -> String {
    ARGUMENT.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(super) fn settings(slack: &Workspace) -> Settings {
    Settings {
        slack_signing_secret: Some(secret(SIGNING_SECRET)),
        slack_bot_token: Some(secret(BOT_TOKEN)),
        slack_api_url: Some(slack.url(API)),
        job_key: Some(secret(JOB_KEY)),
        schedule_channel: Some("C0008".to_owned()),
        audit_channel: Some("C0009".to_owned()),
        reply_hosts: vec![slack.host()],
        config: None,
    }
}

/// A store of which some calls fail.
#[derive(Debug, Default)]
pub(super) struct Failing(MemoryStore, Mutex<&'static str>);

impl Failing {
    /// Fails from now on at calls that begin so, such as `put job/`; at none, if that is empty.
    pub(super) fn fail(&self, calls: &'static str) {
        *self.1.lock().unwrap() = calls;
    }

    fn ask(&self, call: &str) -> Result<(), Error> {
        let fails = *self.1.lock().unwrap();
        match !fails.is_empty() && call.starts_with(fails) {
            true => Err(Error::new(ErrorKind::Unavailable, "connecting to the store")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Store for Failing {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, Error> {
        self.ask(&format!("get {key}"))?;
        self.0.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        value: &str,
        expires: Option<Timestamp>,
        when: When<'_>,
        now: Timestamp,
    ) -> Result<Put, Error> {
        self.ask(&format!("put {key}"))?;
        self.0.put(key, value, expires, when, now).await
    }

    async fn delete(&self, key: &str, when: When<'_>, now: Timestamp) -> Result<Put, Error> {
        self.ask(&format!("delete {key}"))?;
        self.0.delete(key, when, now).await
    }

    async fn list(&self, prefix: &str, now: Timestamp) -> Result<Vec<(String, Entry)>, Error> {
        self.0.list(prefix, now).await
    }

    async fn append(&self, record: &Record) -> Result<(), Error> {
        self.ask("append")?;
        self.0.append(record).await
    }

    async fn records(&self, limit: usize) -> Result<Vec<Record>, Error> {
        self.0.records(limit).await
    }
}

/// A bot, and what it must not show.
pub(super) struct Bot {
    pub(super) hunt: Hunt,
    pub(super) slack: Workspace,
    pub(super) app: Arc<App>,
    ingress: Ingress,
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) queue: Arc<MemoryInvoker>,
    pub(super) store: Arc<Failing>,
}

impl Bot {
    pub(super) async fn new() -> Self {
        provided();
        Lines::keep();
        let slack = Workspace::start_with(secret(SIGNING_SECRET)).await.unwrap();
        let mut hunt = Hunt::default();
        for (name, text) in [
            ("the signing secret", SIGNING_SECRET),
            ("the bot token", BOT_TOKEN),
            ("a wrong bot token", WRONG_TOKEN),
            ("the job key", JOB_KEY),
            ("a plugin's secret", PLUGIN_SECRET),
            ("an argument", ARGUMENT),
            ("a message", ABOUT),
            ("a number", NUMBER),
        ] {
            hunt.secret(name, text);
        }
        let app = Arc::new(App::with_settings(&COMMANDS, settings(&slack)).unwrap());
        let (queue, store) = (Arc::new(MemoryInvoker::new(3)), Arc::new(Failing::default()));
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), store.clone()));
        let ingress = Ingress::new(app.clone(), queue.clone(), dispatcher.clone());
        Self { hunt, slack, app, ingress, dispatcher, queue, store }
    }

    /// Sends a request and returns the status of the answer.
    pub(super) async fn hear(&mut self, call: &Call) -> u16 {
        self.hears(call, self.slack.sign(call)).await
    }

    pub(super) async fn hears(&mut self, call: &Call, http: HttpRequest) -> u16 {
        self.keeps(call);
        let signature = http.headers().get("x-slack-signature").map(|value| value.to_str().unwrap().to_owned());
        self.hunt.whole("a signature", signature.as_deref().unwrap_or("v0=none"));
        let answer = self.ingress.accept(&http, self.slack.now()).await;
        let status = answer.status().as_u16();
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        // What a form carries is between the bot and Slack.
        if !body.contains("private_metadata") {
            self.hunt.text("an answer", body);
        }
        if status == 200 {
            let taken = self.slack.take(call, &answer);
            assert!(taken.is_ok(), "{taken:?}");
        }
        status
    }

    /// Looks for what came with a request.
    fn keeps(&mut self, call: &Call) {
        if !call.trigger_id().is_empty() {
            self.hunt.whole("a trigger", call.trigger_id());
        }
        if let Some((_, end)) = call.response_url().and_then(|url| url.rsplit_once('/')) {
            self.hunt.whole("a reply address", end);
        }
    }

    /// Takes the jobs that wait and looks at what they show.
    pub(super) fn jobs(&mut self) -> Vec<SealedJob> {
        let jobs = self.queue.take();
        for sealed in &jobs {
            self.hunt.shown("a sealed job", sealed);
            let job = sealed.open(self.app.key()).unwrap();
            self.hunt.shown("a job", &job);
            self.hunt.shown("a request", &job.request);
            self.hunt.shown("a reply address", &job.reply_to);
            let line = self.app.commands().line(&job.request.text);
            self.hunt.shown("a line", &line);
        }
        jobs
    }

    /// Runs what waits; returns how it ended.
    pub(super) async fn work(&mut self, limit: Duration) -> Vec<&'static str> {
        let mut ends = Vec::new();
        for job in self.jobs() {
            let now = self.slack.now();
            let ended = self.dispatcher.dispatch(job.as_str(), now, limit).await;
            self.hunt.shown("an end", &ended);
            ends.push(match &ended {
                Dispatched::Ended(record) => record.outcome.as_str(),
                Dispatched::Unclaimed => "unclaimed",
                other => panic!("{other:?}"),
            });
        }
        ends
    }

    /// Types a line and runs it.
    pub(super) async fn types(&mut self, line: &str) -> Vec<&'static str> {
        let asked = self.app.commands().read("/meow", line, &|_| true);
        self.hunt.shown("what a line asks for", &asked);
        let call = self.slack.command(line);
        assert_eq!(self.hear(&call).await, 200, "{line}");
        self.work(LIMIT).await
    }

    /// Looks at all that is there in the end.
    pub(super) async fn look(&mut self) {
        for line in Lines::kept().lines() {
            self.hunt.text("the log", line);
        }
        for value in [&self.app as &dyn Debug, &self.ingress, &self.dispatcher, &self.store, &self.queue] {
            self.hunt.shown("the app", value);
        }
        self.hunt.shown("the settings", &settings(&self.slack));
        for record in self.store.records(1000).await.unwrap() {
            self.hunt.shown("a record", &record);
            self.hunt.text("a record", serde_json::to_string(&record).unwrap());
        }
        for channel in ["C0001", "C0008", "C0009"] {
            for message in self.slack.messages(channel) {
                self.hunt.text("a message", message.all());
            }
        }
        let (texts, found) = self.hunt.found();
        assert!(texts > 100, "only {texts} texts");
        assert!(
            found.is_empty(),
            "{} secrets got out:\n{}",
            found.len(),
            found.into_iter().collect::<Vec<_>>().join("\n")
        );
    }

    /// Looks at an error that must be there.
    pub(super) fn error<T: Debug>(&mut self, what: &str, result: Result<T, Error>) {
        let error = result.expect_err(what);
        self.hunt.text(what, error.chain());
        self.hunt.text(what, error.to_string());
        self.hunt.shown(what, &error);
    }
}

/// Gives the commands their secret, once in this process.
fn provided() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        provide(BTreeMap::from([("CATOPS_SECRET_PAGER_TOKEN".to_owned(), secret(PLUGIN_SECRET))])).unwrap();
    });
}
