//! The parts of a running bot, put together from the settings.

use std::sync::Arc;
use std::time::Duration;

use catops_core::dispatcher::Dispatched;
use catops_core::settings::Settings;
use catops_core::store::{MemoryStore, Store};
use catops_core::{App, Commands, Dispatcher, Error, ErrorKind, Ingress, Timestamp};

use crate::config::{Config, QueueKind, StoreKind};
use crate::db::{self, Db};
use crate::invoker::{LocalQueue, MAX_ATTEMPTS};
use crate::store::SqliteStore;
use crate::worker::Handled;

/// How often what has expired is removed.
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// When the report of a dead job is tried again, where the store could not be reached.
const REPORT_AGAIN: Duration = Duration::from_secs(10);

/// The state of the bot on this machine: its queue and its store.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) queue: LocalQueue,
    pub(crate) store: Arc<dyn Store>,
    files: Vec<SqliteStore>,
}

impl State {
    /// Makes the folder that the files are in.
    pub(crate) fn make_folder(config: &Config) -> Result<(), Error> {
        db::make_folder(&config.folder).map_err(|error| {
            let said =
                format!("the folder `{}` cannot be made; CATOPS_LOCAL_DIR names another", config.folder.display());
            Error::new(ErrorKind::Config, said).because(error)
        })
    }

    /// Opens the files, which are made if they are not there.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        Self::make_folder(config)?;
        let shared = match (config.queue, &config.store) {
            (QueueKind::Durable, _) | (_, StoreKind::Shared) => Some(Db::open(&config.file())?),
            _ => None,
        };
        let files: Vec<SqliteStore> = match &config.store {
            StoreKind::Memory => Vec::new(),
            StoreKind::Shared => shared.iter().cloned().map(SqliteStore::new).collect(),
            StoreKind::File(path) => {
                vec![SqliteStore::new(Db::open(path)?)]
            }
        };
        let store: Arc<dyn Store> = match files.first() {
            Some(store) => Arc::new(store.clone()),
            None => Arc::new(MemoryStore::default()),
        };
        let queue = match (config.queue, shared) {
            (QueueKind::Durable, Some(db)) => LocalQueue::new(db),
            _ => LocalQueue::memory(),
        };
        Ok(Self { queue, store, files })
    }

    /// Removes what has expired, now and every hour. Ends only when it is dropped.
    pub(crate) async fn sweep(&self) {
        let mut hours = tokio::time::interval(SWEEP);
        loop {
            hours.tick().await;
            let now = Timestamp::now();
            let mut swept = self.queue.sweep(now).await;
            for store in &self.files {
                swept = swept.and(store.sweep(now).await);
            }
            if let Err(error) = swept {
                tracing::warn!(error = error.chain(), "what has expired could not be removed");
            }
        }
    }
}

/// Both legs of the bot.
#[derive(Clone, Debug)]
pub(crate) struct Bot {
    pub(crate) ingress: Arc<Ingress>,
    pub(crate) dispatcher: Arc<Dispatcher>,
}

impl Bot {
    /// Puts the bot together.
    pub(crate) fn new(commands: &'static Commands, settings: Settings, state: &State) -> Result<Self, Error> {
        Self::of(App::with_settings(commands, settings)?, state)
    }

    /// Gives both legs to an app, whose policy must fit its commands: the build has not seen the words of a `Choice`.
    pub(crate) fn of(app: App, state: &State) -> Result<Self, Error> {
        app.policy().check(app.commands())?;
        let app = Arc::new(app);
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), state.store.clone()));
        let ingress = Arc::new(Ingress::new(app, Arc::new(state.queue.clone()), dispatcher.clone()));
        Ok(Self { ingress, dispatcher })
    }

    /// Runs one delivery of the queue, for at most `limit`.
    pub(crate) async fn handle(self, sealed: String, attempt: u32, limit: Duration) -> Handled {
        let now = Timestamp::now();
        let dispatched = if attempt > MAX_ATTEMPTS {
            let why = format!("it broke down {MAX_ATTEMPTS} times on its way");
            self.dispatcher.report_dead(&sealed, &why, now).await
        } else {
            self.dispatcher.dispatch(&sealed, now, limit).await
        };
        match dispatched {
            Dispatched::Ended(_) if attempt > MAX_ATTEMPTS => {
                Handled::Refused("given up; the asker was told".to_owned())
            }
            Dispatched::Ended(_) | Dispatched::Repeat | Dispatched::Again(_) | Dispatched::Unclaimed => Handled::Done,
            Dispatched::Busy(until) => Handled::At(until),
            Dispatched::Unreported => Handled::At(now + REPORT_AGAIN),
            Dispatched::Refused => Handled::Refused("its seal does not open".to_owned()),
        }
    }
}
