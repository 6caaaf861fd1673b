//! What the environment says.

use std::time::Duration;

use catops_core::client::TOTAL_TIME;
use catops_core::log::{self, Format};
use catops_core::settings::{variable, wrong};
use catops_core::{Error, ErrorKind};
use tracing::Level;

use crate::oidc::Expected;

/// The port of Cloud Run's container contract where `PORT` does not name another.
const PORT: u16 = 8080;

/// How long Pub/Sub waits for the answer to a push: the longest acknowledgement deadline of a subscription.
/// <https://cloud.google.com/pubsub/docs/lease-management>
const PUBSUB_TIME: Duration = Duration::from_secs(600);

/// How long Cloud Tasks waits for the answer to a task: the longest dispatch deadline of an HTTP target.
/// <https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks>
const TASKS_TIME: Duration = Duration::from_secs(1800);

/// The settings of the service besides those that every adapter shares.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CATOPS_SERVICE`: which of the two legs this process serves.
    pub role: Role,
    /// `PORT`: where it listens, on all addresses.
    pub port: u16,
    /// `CATOPS_QUEUE`: what carries jobs to the second leg.
    pub queue: QueueKind,
    /// `CATOPS_STORE`: where claims, state and the audit are kept.
    pub store: StoreKind,
    /// `CATOPS_PUSH_AUDIENCE` and `CATOPS_PUSH_ACCOUNT`: what the token of a push must say. `None`: tokens are not
    /// looked at, since Cloud Run does it, or since there are none on this machine.
    pub push: Option<Expected>,
    /// `GOOGLE_CLOUD_PROJECT`, or the project of the queue.
    pub project: String,
    /// `CATOPS_TIME_LIMIT`: how long a command may run, at most what the queue waits for less a reserve.
    pub limit: Duration,
}

/// Which of the legs a process serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Both, in one public service that checks the tokens of pushes itself.
    Both,
    /// What chats send, in a public service.
    Front,
    /// What the queue and the scheduler bring, in a private service, where Cloud Run checks who calls.
    Worker,
}

/// What carries jobs to the second leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// A Pub/Sub topic.
    PubSub {
        /// `projects/P/topics/T`.
        topic: String,
        /// `PUBSUB_EMULATOR_HOST` as a base URL.
        emulator: Option<String>,
    },
    /// A Cloud Tasks queue.
    Tasks {
        /// `projects/P/locations/L/queues/Q`.
        queue: String,
        /// `CATOPS_WORKER_URL` and the path of tasks.
        url: String,
        /// `CATOPS_PUSH_ACCOUNT`: the service account whose token tasks carry. `None`: they carry no token.
        account: Option<String>,
        /// `CATOPS_PUSH_AUDIENCE`, or `CATOPS_WORKER_URL`: whom that token is for.
        audience: String,
        /// `CATOPS_TASKS_API_URL`: another base of the Cloud Tasks API.
        api: Option<String>,
    },
}

/// Where claims, state and the audit are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// In Firestore.
    Firestore {
        /// What the names of its collections begin with.
        prefix: String,
        /// `FIRESTORE_EMULATOR_HOST` as a base URL.
        emulator: Option<String>,
    },
    /// In the process: a job runs at most once only as long as one process gets all its deliveries.
    Memory,
}

type Get<'a> = &'a dyn Fn(&str) -> Result<Option<String>, Error>;

impl Config {
    /// Reads the environment. An error names the variable, what is wrong with it, and what it can be.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(&variable)
    }

    fn read(get: Get<'_>) -> Result<Self, Error> {
        let role = match get("CATOPS_SERVICE")?.as_deref() {
            None | Some("both") => Role::Both,
            Some("front") => Role::Front,
            Some("worker") => Role::Worker,
            Some(text) => return Err(wrong("CATOPS_SERVICE", text, "`both`, `front` or `worker`")),
        };
        let port = match get("PORT")? {
            None => PORT,
            Some(text) => text.parse().map_err(|_| wrong("PORT", &text, "a port number, which Cloud Run sets"))?,
        };
        let tokens = Tokens::read(get)?;
        let queue = queue(get, &tokens)?;
        let push = match role {
            Role::Both => tokens.expected()?,
            Role::Front | Role::Worker => None,
        };
        let (of_queue, most) = match &queue {
            QueueKind::PubSub { topic, .. } => (topic, PUBSUB_TIME - TOTAL_TIME),
            QueueKind::Tasks { queue, .. } => (queue, TASKS_TIME - TOTAL_TIME),
        };
        let project = get("GOOGLE_CLOUD_PROJECT")?;
        let project = project.unwrap_or_else(|| of_queue.split('/').nth(1).unwrap_or_default().to_owned());
        Ok(Self { role, port, store: store(get)?, push, project, limit: limit(get, most)?, queue })
    }
}

/// How pushes and tasks show who sends them.
struct Tokens {
    /// Whether they carry a token at all.
    are_used: bool,
    audience: Option<String>,
    account: Option<String>,
}

impl Tokens {
    fn read(get: Get<'_>) -> Result<Self, Error> {
        let are_used = match get("CATOPS_PUSH_AUTH")?.as_deref() {
            None | Some("oidc") => true,
            Some("none") if get("K_SERVICE")?.is_some() => {
                let said = "CATOPS_PUSH_AUTH cannot be `none` on Cloud Run: anybody could start jobs; leave it out, and \
                            set CATOPS_PUSH_AUDIENCE and CATOPS_PUSH_ACCOUNT";
                return Err(Error::new(ErrorKind::Config, said));
            }
            Some("none") => false,
            Some(text) => return Err(wrong("CATOPS_PUSH_AUTH", text, "`oidc`, or `none` with emulators")),
        };
        Ok(Self { are_used, audience: get("CATOPS_PUSH_AUDIENCE")?, account: get("CATOPS_PUSH_ACCOUNT")? })
    }

    /// Returns what a token must say where this process checks it.
    fn expected(&self) -> Result<Option<Expected>, Error> {
        if !self.are_used {
            return Ok(None);
        }
        let audience = self.audience.clone().ok_or_else(|| {
            missing(
                "CATOPS_PUSH_AUDIENCE",
                "the audience that the push subscription puts into its tokens, such as the service's URL",
            )
        })?;
        let account = self.account.clone().ok_or_else(no_account)?;
        Ok(Some(Expected { audience, account }))
    }
}

fn queue(get: Get<'_>, tokens: &Tokens) -> Result<QueueKind, Error> {
    let expected =
        "`pubsub:projects/<project>/topics/<topic>` or `tasks:projects/<project>/locations/<region>/queues/<queue>`";
    let text =
        get("CATOPS_QUEUE")?.ok_or_else(|| missing("CATOPS_QUEUE", &format!("what carries jobs: {expected}")))?;
    match text.split_once(':') {
        Some(("pubsub", topic)) if is_path(topic, &["projects", "topics"]) => {
            Ok(QueueKind::PubSub { topic: topic.to_owned(), emulator: emulator(get, "PUBSUB_EMULATOR_HOST")? })
        }
        Some(("tasks", queue)) if is_path(queue, &["projects", "locations", "queues"]) => {
            let what = "the base URL that tasks call, such as `https://worker-….run.app`";
            let base = get("CATOPS_WORKER_URL")?.ok_or_else(|| missing("CATOPS_WORKER_URL", what))?;
            if !base.starts_with("https://") && !base.starts_with("http://") {
                return Err(wrong("CATOPS_WORKER_URL", &base, what));
            }
            let account = match tokens.are_used {
                true => Some(tokens.account.clone().ok_or_else(no_account)?),
                false => None,
            };
            let base = base.trim_end_matches('/');
            Ok(QueueKind::Tasks {
                queue: queue.to_owned(),
                url: format!("{base}/task"),
                account,
                audience: tokens.audience.clone().unwrap_or_else(|| base.to_owned()),
                api: get("CATOPS_TASKS_API_URL")?,
            })
        }
        _ => Err(wrong("CATOPS_QUEUE", &text, expected)),
    }
}

fn store(get: Get<'_>) -> Result<StoreKind, Error> {
    let Some(text) = get("CATOPS_STORE")? else {
        let what = "where claims and the audit are kept, such as `firestore:catops` (`memory` does without, and then a \
                    command may run twice)";
        return Err(missing("CATOPS_STORE", what));
    };
    match text.strip_prefix("firestore:") {
        // A collection's name may not hold a slash. <https://firebase.google.com/docs/firestore/quotas>
        Some(prefix) if !prefix.is_empty() && !prefix.contains('/') => {
            Ok(StoreKind::Firestore { prefix: prefix.to_owned(), emulator: emulator(get, "FIRESTORE_EMULATOR_HOST")? })
        }
        None if text == "memory" => Ok(StoreKind::Memory),
        _ => Err(wrong("CATOPS_STORE", &text, "`firestore:<collection prefix>` or `memory` here")),
    }
}

fn limit(get: Get<'_>, most: Duration) -> Result<Duration, Error> {
    let Some(text) = get("CATOPS_TIME_LIMIT")? else { return Ok(most) };
    match text.parse::<u32>() {
        Ok(seconds) if seconds > 0 && u64::from(seconds) <= most.as_secs() => Ok(Duration::from_secs(seconds.into())),
        _ => {
            let expected = format!("a whole number of seconds up to {}, which this queue allows", most.as_secs());
            Err(wrong("CATOPS_TIME_LIMIT", &text, &expected))
        }
    }
}

/// Reads where an emulator is, as a base URL.
fn emulator(get: Get<'_>, name: &str) -> Result<Option<String>, Error> {
    let host = get(name)?;
    Ok(host.map(|host| if host.starts_with("http://") { host } else { format!("http://{host}") }))
}

/// Returns whether `path` is the name of a resource: these collections, each with an id.
fn is_path(path: &str, collections: &[&str]) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    let is_right = |(place, part): (usize, &&str)| match place % 2 {
        0 => collections[place / 2] == *part,
        _ => !part.is_empty(),
    };
    parts.len() == collections.len() * 2 && parts.iter().enumerate().all(is_right)
}

/// Reads how to log: `CATOPS_LOG`; lines are in Cloud Logging's form unless it names another.
pub fn log_from_env() -> Result<(Level, Format), Error> {
    read_log(&variable)
}

fn read_log(get: Get<'_>) -> Result<(Level, Format), Error> {
    let text = get("CATOPS_LOG")?.unwrap_or_default();
    let (level, format) = log::parse(&text)?;
    let names_one = text.split(',').any(|word| matches!(word.trim(), "text" | "json"));
    Ok((level, if names_one { format } else { Format::Google }))
}

fn missing(name: &str, what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{name} is not set; it is {what}"))
}

fn no_account() -> Error {
    missing("CATOPS_PUSH_ACCOUNT", "the e-mail address of the service account whose token pushes and tasks carry")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Set = &'static [(&'static str, &'static str)];

    const TOPIC: (&str, &str) = ("CATOPS_QUEUE", "pubsub:projects/p/topics/jobs");
    const TASKS: (&str, &str) = ("CATOPS_QUEUE", "tasks:projects/p/locations/europe-west1/queues/jobs");
    const WORKER: (&str, &str) = ("CATOPS_WORKER_URL", "https://worker.example/");
    const MEMORY: (&str, &str) = ("CATOPS_STORE", "memory");
    const AUDIENCE: (&str, &str) = ("CATOPS_PUSH_AUDIENCE", "https://bot.example");
    const ACCOUNT: (&str, &str) = ("CATOPS_PUSH_ACCOUNT", "pusher@p.iam.gserviceaccount.com");
    const NO_TOKENS: (&str, &str) = ("CATOPS_PUSH_AUTH", "none");
    const WORKER_ROLE: (&str, &str) = ("CATOPS_SERVICE", "worker");

    fn read(set: &[(&str, &str)]) -> Result<Config, String> {
        let get = |wanted: &str| Ok(set.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned()));
        Config::read(&get).map_err(|error| error.to_string())
    }

    fn refuses(set: Set, said: &str) {
        let error = read(set).map(drop).expect_err(said);
        assert!(error.contains(said), "{error}");
    }

    #[test]
    fn one_service() {
        let config = read(&[TOPIC, MEMORY, AUDIENCE, ACCOUNT]).unwrap();
        assert_eq!((config.role, config.port, config.project.as_str()), (Role::Both, 8080, "p"));
        assert_eq!(config.queue, QueueKind::PubSub { topic: "projects/p/topics/jobs".to_owned(), emulator: None });
        assert_eq!(config.limit, Duration::from_secs(555));
        let expected = config.push.unwrap();
        assert_eq!((expected.audience.as_str(), expected.account.as_str()), (AUDIENCE.1, ACCOUNT.1));
    }

    #[test]
    fn two_services() {
        let firestore = ("CATOPS_STORE", "firestore:catops");
        let config = read(&[WORKER_ROLE, TASKS, WORKER, firestore, ACCOUNT, ("CATOPS_TIME_LIMIT", "1700")]).unwrap();
        assert_eq!((config.role, config.limit), (Role::Worker, Duration::from_secs(1700)));
        assert!(config.push.is_none(), "Cloud Run checks the tokens of a worker, and spoils their signatures");
        assert_eq!(config.store, StoreKind::Firestore { prefix: "catops".to_owned(), emulator: None });
        let QueueKind::Tasks { url, account, audience, .. } = config.queue else { panic!("{:?}", config.queue) };
        assert_eq!((url.as_str(), audience.as_str()), ("https://worker.example/task", "https://worker.example"));
        assert_eq!(account.as_deref(), Some(ACCOUNT.1));
        let config = read(&[("CATOPS_SERVICE", "front"), ("PORT", "9000"), TOPIC, MEMORY]).unwrap();
        assert_eq!((config.role, config.port), (Role::Front, 9000));
    }

    #[test]
    fn emulators() {
        let set = [
            TOPIC,
            ("CATOPS_STORE", "firestore:catops"),
            NO_TOKENS,
            ("PUBSUB_EMULATOR_HOST", "127.0.0.1:8085"),
            ("FIRESTORE_EMULATOR_HOST", "http://127.0.0.1:8787"),
            ("GOOGLE_CLOUD_PROJECT", "demo"),
        ];
        let config = read(&set).unwrap();
        assert!(config.push.is_none());
        assert_eq!(config.project, "demo");
        let QueueKind::PubSub { emulator, .. } = config.queue else { panic!("{:?}", config.queue) };
        assert_eq!(emulator.as_deref(), Some("http://127.0.0.1:8085"));
        let StoreKind::Firestore { emulator, .. } = config.store else { panic!("{:?}", config.store) };
        assert_eq!(emulator.as_deref(), Some("http://127.0.0.1:8787"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        refuses(&[], "CATOPS_QUEUE is not set");
        refuses(&[("CATOPS_SERVICE", "back")], "CATOPS_SERVICE cannot be `back`");
        refuses(&[("CATOPS_QUEUE", "pubsub:jobs")], "CATOPS_QUEUE cannot be `pubsub:jobs`");
        refuses(&[("CATOPS_QUEUE", "pubsub:projects//topics/jobs")], "CATOPS_QUEUE cannot be");
        refuses(&[("CATOPS_QUEUE", "tasks:projects/p/topics/jobs")], "CATOPS_QUEUE cannot be");
        refuses(&[TASKS], "CATOPS_WORKER_URL is not set");
        refuses(&[TASKS, ("CATOPS_WORKER_URL", "worker")], "CATOPS_WORKER_URL cannot be `worker`");
        refuses(&[TASKS, WORKER, MEMORY, WORKER_ROLE], "CATOPS_PUSH_ACCOUNT is not set");
        refuses(&[TOPIC, MEMORY], "CATOPS_PUSH_AUDIENCE is not set");
        refuses(&[TOPIC, MEMORY, AUDIENCE], "CATOPS_PUSH_ACCOUNT is not set");
        refuses(&[TOPIC, MEMORY, NO_TOKENS, ("K_SERVICE", "bot")], "CATOPS_PUSH_AUTH cannot be `none` on Cloud Run");
        refuses(&[TOPIC, MEMORY, ("CATOPS_PUSH_AUTH", "off")], "CATOPS_PUSH_AUTH cannot be `off`");
        refuses(&[TOPIC, NO_TOKENS], "CATOPS_STORE is not set");
        refuses(&[TOPIC, NO_TOKENS, ("CATOPS_STORE", "firestore:")], "CATOPS_STORE cannot be");
        refuses(&[TOPIC, NO_TOKENS, ("CATOPS_STORE", "dynamodb:x")], "CATOPS_STORE cannot be");
        refuses(&[TOPIC, NO_TOKENS, MEMORY, ("PORT", "http")], "PORT cannot be `http`");
        refuses(&[TOPIC, NO_TOKENS, MEMORY, ("CATOPS_TIME_LIMIT", "600")], "CATOPS_TIME_LIMIT cannot be `600`");
        refuses(&[TOPIC, NO_TOKENS, MEMORY, ("CATOPS_TIME_LIMIT", "0")], "CATOPS_TIME_LIMIT cannot be `0`");
    }

    #[test]
    fn log_settings() {
        let read = |text: &'static str| read_log(&|_: &str| Ok(Some(text.to_owned()))).unwrap();
        assert_eq!(read(""), (Level::INFO, Format::Google));
        assert_eq!(read("trace"), (Level::TRACE, Format::Google));
        assert_eq!(read("warn,text"), (Level::WARN, Format::Text));
        assert_eq!(read("json"), (Level::INFO, Format::Json));
    }
}
