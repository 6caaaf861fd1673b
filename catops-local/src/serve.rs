//! The server: takes what chats send, runs what waits, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use catops_core::log::Format;
use catops_core::{App, Commands, Error, ErrorKind, Timestamp};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::bot::{Bot, State};
use crate::config::Config;
use crate::console::{Console, Workspace};
use crate::lock::ServerLock;
use crate::scheduler::{self, Scheduler};
use crate::terminal::say;
use crate::worker::run_workers;
use crate::{entry, key, watch as supervisor};

/// How long running commands may take to end once the server is told to stop. A second signal ends it at once.
const DRAIN: Duration = Duration::from_secs(30);

/// The same in watch mode, where somebody waits for what they have just saved.
const SWAP_DRAIN: Duration = Duration::from_secs(2);

/// Serves until a signal, then drains.
pub(crate) async fn serve(commands: &'static Commands, mut config: Config) -> Result<(), Error> {
    let (level, format) = config.log.unwrap_or((tracing::Level::INFO, Format::Text));
    catops_core::log::init(level, format);
    let inherited = supervisor::inherited()?;
    let is_child = inherited.is_some();
    let listener = match inherited {
        Some(listener) => listener,
        None => bind(config.addr).await?,
    };
    let address = listener.local_addr().map_err(|error| broken("asking for the address").because(error))?;

    State::make_folder(&config)?;
    let lock = ServerLock::take(&config.file())?;
    let state = State::open(&config)?;
    let found = state.queue.recover(&*state.store, Timestamp::now()).await?;
    if found > 0 {
        tracing::warn!(jobs = found, "jobs were cut off by the last end of the server; their askers are told");
    }
    let mut settings = config.shared.clone();
    let made = key::complete(&mut settings, &config)?;
    config.shared = settings;
    let workspace = workspace(&config, address)?;
    let mut app = App::with_settings(commands, config.shared.clone())?;
    if let Some(workspace) = &workspace {
        let chat = workspace.chat(app.key())?;
        app = app.with_chat(Arc::new(chat));
    }
    let bot = Bot::of(app, &state)?;

    let schedules = Scheduler::new(commands, Timestamp::now())?;

    let (stop, stopped) = watch::channel(false);
    let console = match &workspace {
        Some(workspace) => {
            let token = config.console_token.clone();
            let console = Console::new(bot.ingress.clone(), commands, workspace, state.queue.clone(), token)?;
            Some(console.until(stopped.clone()).router())
        }
        None => None,
    };
    if !is_child {
        greet(commands, &config, address, console.is_some(), made, schedules.len());
    }
    let routes = console.unwrap_or_default();
    let serving =
        entry::serve(listener, bot.ingress.clone(), entry::router(bot.ingress.clone(), routes), on(stopped.clone()));
    let limit = config.limit;
    let drain = if is_child { SWAP_DRAIN } else { DRAIN };
    let (dispatcher, until) = (bot.dispatcher.clone(), on(stopped.clone()));
    let scheduling = async {
        if config.workers == 0 {
            return until.await;
        }
        let deliver = |command, tick| scheduler::deliver(dispatcher.clone(), command, tick, limit);
        let left = scheduler::run(schedules, Timestamp::now, deliver, until, drain).await;
        if left > 0 {
            tracing::warn!(commands = left, "scheduled commands were still running, and are cut off");
        }
    };
    let handler = move |sealed, attempt| bot.clone().handle(sealed, attempt, limit);
    let working = async {
        match config.workers {
            0 => on(stopped.clone()).await,
            workers => {
                let left = run_workers(state.queue.clone(), handler, workers, on(stopped.clone()), drain).await;
                if left > 0 {
                    tracing::warn!(commands = left, "still running; their askers are told at the next start");
                }
            }
        }
    };
    tokio::select! {
        _ = async { tokio::join!(serving, working, scheduling) } => {}
        () = state.sweep() => {}
        ended = signals(stop, is_child) => return ended,
    }
    drop(lock);
    Ok(())
}

/// Listens on `address`; what is wrong with it is said in one line.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|error| {
        let said = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("{address} is taken: stop what listens there, or choose another with --addr")
            }
            _ => format!("{address} cannot be listened on; choose another with --addr"),
        };
        Error::new(ErrorKind::Config, said).because(error)
    })
}

fn broken(doing: &str) -> Error {
    Error::new(ErrorKind::Unavailable, doing)
}

/// The address under which this process reaches itself.
fn own(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v6.port())),
        address => address,
    }
}

/// Makes the console's workspace, unless others could reach the console and no token guards it.
fn workspace(config: &Config, address: SocketAddr) -> Result<Option<Workspace>, Error> {
    let is_open = address.ip().is_loopback() || config.console_token.is_some();
    is_open.then(|| Workspace::new(format!("http://{}", own(address)))).transpose()
}

/// Says what to do next.
fn greet(
    commands: &'static Commands,
    config: &Config,
    address: SocketAddr,
    console: bool,
    made: bool,
    schedules: usize,
) {
    let own = own(address);
    match (console, &config.console_token) {
        (true, None) => say(&format!("CatOps is here: http://{own} (open it, and type a command)")),
        (true, Some(_)) => say(&format!("CatOps is here: http://{own}/?token=… (with your CATOPS_CONSOLE_TOKEN)")),
        (false, _) => say(&format!(
            "CatOps is here: http://{own}, without the console, since others can reach {address}; set CATOPS_CONSOLE_TOKEN to have it"
        )),
    }
    say(&format!("  Slack:    send slash commands to http://{own}/slack"));
    if let (true, Some(secret)) = (made, &config.shared.slack_signing_secret) {
        say(&format!("  secret:   {} (made for this run; CATOPS_SLACK_SIGNING_SECRET sets yours)", secret.expose()));
    }
    let count = commands.paths().count();
    say(&format!("  commands: {count} (`{} list`), from the files in plugins/", crate::oneshot::prefix()));
    if schedules > 0 {
        say(&format!("  by clock: {schedules} (`{} schedules`), while this runs", crate::oneshot::prefix()));
    }
    say(&format!("  state:    {}", config.file().display()));
    say("  Ctrl-C ends it.");
}

/// Resolves when `stopped` turns true.
async fn on(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Begins the drain at the first signal to end, or when the supervisor of watch mode is gone; returns at the second.
async fn signals(stop: watch::Sender<bool>, is_child: bool) -> Result<(), Error> {
    let listen = |kind| signal(kind).map_err(|error| broken("listening for signals").because(error));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    for first in [true, false] {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = supervisor::orphaned(), if is_child && first => {}
        }
        if first {
            tracing::info!("stopping: commands that run may end, which a second signal cuts short");
            let _ = stop.send(true);
        }
    }
    Err(Error::new(ErrorKind::Unavailable, "stopped at once, by the second signal"))
}
