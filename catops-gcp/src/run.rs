//! Start-up, and the end.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use catops_core::invoker::Invoker;
use catops_core::server::{self, Limits};
use catops_core::settings::Settings;
use catops_core::store::{MemoryStore, Store};
use catops_core::{App, Commands, Dispatcher, Error, ErrorKind, Ingress, Timestamp};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, timeout, timeout_at};

use crate::bot::Bot;
use crate::config::{Config, QueueKind, StoreKind, log_from_env};
use crate::credentials::Credentials;
use crate::invoker::{CloudTasksInvoker, PubSubInvoker, TaskTarget};
use crate::oidc::{Keys, Verifier};
use crate::store::FirestoreStore;

/// How long the start waits for a connection to the queue. It is opened while no asker waits.
const WARM_TIME: Duration = Duration::from_millis(500);

/// How long runs may take to end. Cloud Run kills the process 10 s after it asked it to end, and those that are given up
/// are noted in the store before that. <https://cloud.google.com/run/docs/container-contract#instance-shutdown>
const DRAIN: Duration = Duration::from_millis(8500);

/// The fewest threads that serve: one command that holds its thread must not keep others from being acknowledged.
const MIN_THREADS: usize = 2;

/// Serves until the platform ends the process.
pub fn main(commands: &'static Commands) -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(MIN_THREADS, |count| count.get().max(MIN_THREADS));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(commands));
            // A command on a thread of its own cannot be stopped, and is not waited for.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Error::new(ErrorKind::Unavailable, "starting the async runtime").because(error)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = error.chain(), "the service ended");
            ExitCode::FAILURE
        }
    }
}

async fn run(commands: &'static Commands) -> Result<(), Error> {
    // First of all: as process 1 of its container it would otherwise not hear the signal at all.
    let listen = |kind| signal(kind).map_err(|error| unavailable("listening for signals").because(error));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let told = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::pin!(told);
    let (bot, listener) = tokio::select! {
        started = start(commands) => started?,
        () = &mut told => return Ok(()),
    };
    let stop = async {
        told.await;
        tracing::info!("stopping: commands that run may end");
        bot.stop();
    };
    // Until it is told to stop, it has all the time of the world; the end is counted from then.
    let limits = Limits { grace: DRAIN, ..Limits::default() };
    let stopped = Arc::new(std::sync::OnceLock::new());
    let stop = {
        let stopped = stopped.clone();
        async move {
            stop.await;
            let _ = stopped.set(Instant::now());
        }
    };
    server::serve(listener, bot.clone(), limits, stop).await;
    let end = stopped.get().copied().unwrap_or_else(Instant::now) + DRAIN;
    if timeout_at(end, bot.drained()).await.is_err() {
        let given_up = bot.give_up(Timestamp::now()).await;
        tracing::warn!(commands = given_up, "still running, and given up: their jobs are delivered again");
    }
    Ok(())
}

/// Reads the settings, puts the bot together, opens a connection to the queue, and then the port.
async fn start(commands: &'static Commands) -> Result<(Arc<Bot>, TcpListener), Error> {
    let (level, format) = match log_from_env() {
        Ok(log) => log,
        Err(error) => {
            catops_core::log::init(tracing::Level::INFO, catops_core::log::Format::Google);
            return Err(error);
        }
    };
    catops_core::log::init(level, format);
    let Config { role, port, queue, store, push, project, limit } = Config::from_env()?;
    let app = Arc::new(App::with_settings(commands, Settings::from_env()?)?);
    // Emulators ask for no credentials, and a machine without any may use them.
    let mut own = None;
    let mut credentials = |is_local: bool| -> Result<Arc<Credentials>, Error> {
        match (is_local, &own) {
            (true, _) => Ok(Arc::new(Credentials::none())),
            (false, Some(own)) => Ok(Arc::clone(own)),
            (false, None) => Ok(own.insert(Arc::new(Credentials::from_env()?)).clone()),
        }
    };
    let store: Arc<dyn Store> = match store {
        StoreKind::Firestore { prefix, emulator } => {
            Arc::new(FirestoreStore::new(credentials(emulator.is_some())?, &project, &prefix, emulator))
        }
        StoreKind::Memory => {
            tracing::warn!("CATOPS_STORE is `memory`: what another process ran is not known here, so it may run twice");
            Arc::new(MemoryStore::default())
        }
    };
    let invoker: Arc<dyn Invoker> = match queue {
        QueueKind::PubSub { topic, emulator } => {
            let invoker = PubSubInvoker::new(credentials(emulator.is_some())?, &topic, emulator);
            warm(invoker.warm()).await;
            Arc::new(invoker)
        }
        QueueKind::Tasks { queue, url, account, audience, api } => {
            let is_local = api.as_ref().is_some_and(|api| api.starts_with("http://"));
            let target = TaskTarget { url, account, audience };
            let invoker = CloudTasksInvoker::new(credentials(is_local)?, &queue, target, api);
            warm(invoker.warm()).await;
            Arc::new(invoker)
        }
    };
    let verifier = push.map(|expected| Verifier::new(Arc::new(Keys::default()), expected));
    let dispatcher = Arc::new(Dispatcher::new(app.clone(), store));
    let ingress = Ingress::new(app, invoker.clone(), dispatcher.clone());
    let bot = Arc::new(Bot::new(role, ingress, dispatcher, invoker, verifier, limit, project));
    // All addresses, as the container contract wants it.
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Error::new(ErrorKind::Config, format!("{address} cannot be listened on; PORT names another")).because(error)
    })?;
    tracing::info!(port, ?role, limit_s = limit.as_secs(), "listening");
    Ok((bot, listener))
}

/// Opens the connection that the first command needs. Without it the bot works too, a little later.
async fn warm(trial: impl Future<Output = Result<(), Error>>) {
    match timeout(WARM_TIME, trial).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = error.chain(), "a trial of the queue failed"),
        Err(_) => tracing::debug!("a trial of the queue takes long"),
    }
}

fn unavailable(doing: &str) -> Error {
    Error::new(ErrorKind::Unavailable, doing)
}
