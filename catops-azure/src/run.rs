//! Start-up, and the server that the host calls.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use catops_core::http::MAX_BODY;
use catops_core::log::Format;
use catops_core::server::{Limits, serve};
use catops_core::settings::{Settings, variable};
use catops_core::store::{MemoryStore, Store};
use catops_core::{App, Commands, Dispatcher, Error, ErrorKind, Ingress};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::bot::Bot;
use crate::config::{self, Config, StoreKind, port_from_env};
use crate::invoker::QueueBindingInvoker;
use crate::table::Table;

/// What the host may send, and how long.
const LIMITS: Limits = Limits {
    // A body is within a JSON string, where a control character takes six bytes; and the members of a JSON body come once
    // more among the metadata, as strings in strings.
    body: 16 * MAX_BODY,
    // The host sends what it has already received.
    read: Duration::from_secs(10),
    // What runs when the host ends us. What does not end in this time is told to its asker by way of the poison queue.
    grace: Duration::from_secs(5),
};

/// Serves the host until it ends the process. Returns earlier only if it cannot start.
pub fn main(commands: &'static Commands) -> ExitCode {
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Unavailable, "starting the async runtime").because(error))
        .and_then(|runtime| runtime.block_on(run(commands)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = error.chain(), "the handler ended");
            ExitCode::FAILURE
        }
    }
}

async fn run(commands: &'static Commands) -> Result<(), Error> {
    let log = variable("CATOPS_LOG").and_then(|text| catops_core::log::parse(&text.unwrap_or_default()));
    let (level, format) = *log.as_ref().unwrap_or(&(tracing::Level::INFO, Format::Text));
    // The host takes every line on standard error for an error.
    catops_core::log::init_split(level, format);
    log?;
    let port = port_from_env()?;
    // The host asks every 25 ms whether we are there; from here on its connections wait. Nobody but this machine can
    // reach the address: what comes is trusted to come from the host.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| Error::new(ErrorKind::Unavailable, format!("listening on port {port}")).because(error))?;
    let bot = start(commands)?;
    let stop = stop()?;
    tracing::debug!(port, "serving");
    serve(listener, Arc::new(bot), LIMITS, stop).await;
    Ok(())
}

/// Reads the settings and puts the bot together. Nothing is fetched here, so that the first answer comes soon.
fn start(commands: &'static Commands) -> Result<Bot, Error> {
    config::refuse_unresolved()?;
    let config = Config::from_env()?;
    let app = Arc::new(App::with_settings(commands, Settings::from_env()?)?);
    let table = match &config.store {
        StoreKind::Tables(name) => Some(Table::from_env(name)?),
        StoreKind::Memory => {
            tracing::warn!("CATOPS_STORE is `memory`: what another process ran is not known here, so it may run twice");
            None
        }
    };
    let store: Arc<dyn Store> = match &table {
        Some(table) => table.store().clone(),
        None => Arc::new(MemoryStore::default()),
    };
    let dispatcher = Arc::new(Dispatcher::new(app.clone(), store));
    let ingress = Ingress::new(app, Arc::new(QueueBindingInvoker), dispatcher.clone());
    Ok(Bot::new(commands, ingress, dispatcher, table, config.limit))
}

/// Resolves when the process is told to end.
fn stop() -> Result<impl Future<Output = ()>, Error> {
    let listen =
        |kind| signal(kind).map_err(|error| Error::new(ErrorKind::Unavailable, "listening for signals").because(error));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to end");
    })
}
