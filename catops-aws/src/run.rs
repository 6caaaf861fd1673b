//! Start-up, and the loop over events.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use catops_core::client::Client;
use catops_core::log::Format;
use catops_core::settings::{self, Settings};
use catops_core::store::{MemoryStore, Store};
use catops_core::{App, Commands, Dispatcher, Error, ErrorKind, Ingress, Timestamp};
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::account::Account;
use crate::bot::Bot;
use crate::config::{Config, StoreKind, log_from_env};
use crate::invoker::{Invoked, LambdaInvoker};
use crate::secrets;
use crate::service::Service;
use crate::store::DynamoStore;

/// How long the start waits for connections. They are opened while the function still has a whole processor; after
/// the start it has a share by its memory, and a handshake takes that much longer.
const WARM_TIME: Duration = Duration::from_millis(500);

/// Serves events until Lambda ends the process. Returns only if it cannot start or go on.
pub fn main(commands: &'static Commands) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = Error::new(ErrorKind::Unavailable, "starting the async runtime").because(error);
            return fail(&error);
        }
    };
    // As a task: what wakes the future that the runtime itself waits for goes by way of the kernel.
    let serving = runtime.spawn(async move {
        match start(commands).await {
            Ok(bot) => serve(Arc::new(bot)).await,
            Err(error) => {
                report(&error).await;
                Err(error)
            }
        }
    });
    let broken = |error| Err(Error::new(ErrorKind::Unavailable, "serving events").because(error));
    let ended = runtime.block_on(serving).unwrap_or_else(broken);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> ExitCode {
    tracing::error!(error = error.chain(), "the function ended");
    ExitCode::FAILURE
}

/// Reads the settings, fetches secrets, opens connections, and puts the bot together.
async fn start(commands: &'static Commands) -> Result<Bot, Error> {
    let (level, format) = match log_from_env() {
        Ok(log) => log,
        Err(error) => {
            catops_core::log::init(tracing::Level::INFO, Format::Json);
            return Err(error);
        }
    };
    catops_core::log::init(level, format);
    let config = Config::from_env()?;
    let account = Arc::new(Account::from_env()?);
    let invoker = Arc::new(LambdaInvoker::new(account.clone(), config.function.clone()));
    let store: Arc<dyn Store> = match &config.store {
        StoreKind::DynamoDb(table) => {
            Arc::new(DynamoStore::new(Service::new(account.clone(), "dynamodb"), table.clone()))
        }
        StoreKind::Memory => {
            tracing::warn!("CATOPS_STORE is `memory`: what another process ran is not known here, so it may run twice");
            Arc::new(MemoryStore::default())
        }
    };
    let fetched = async {
        match &config.secrets {
            Some(source) => secrets::fetch(account, source).await.and_then(settings::provide),
            None => Ok(()),
        }
    };
    let (fetched, ()) = tokio::join!(fetched, warm(&invoker));
    fetched?;
    let app = Arc::new(App::with_settings(commands, Settings::from_env()?)?);
    let dispatcher = Arc::new(Dispatcher::new(app.clone(), store));
    let ingress = Ingress::new(app, invoker.clone(), dispatcher.clone());
    Ok(Bot::new(ingress, dispatcher, invoker, config.limit, format))
}

/// Opens the connection that the first command needs. Without it the bot works too, a little later.
async fn warm(invoker: &LambdaInvoker) {
    match timeout(WARM_TIME, invoker.warm()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = error.chain(), "a trial of invoking myself failed"),
        Err(_) => tracing::debug!("a trial of invoking myself takes long"),
    }
}

async fn serve(bot: Arc<Bot>) -> Result<(), Error> {
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let bot = bot.clone();
        async move {
            let LambdaEvent { payload, context } = event;
            let deadline = Timestamp::from_millis(context.deadline);
            let invoked = Invoked { arn: context.invoked_function_arn, trace: context.xray_trace_id };
            let handled = invoked.scope(bot.handle(payload.get(), &context.request_id, deadline)).await;
            handled.map_err(|error| Diagnostic {
                error_type: "Function.BadEvent".to_owned(),
                error_message: error.chain(),
            })
        }
    });
    let ended = Runtime::new(handler).run().await;
    ended.map_err(|error| Error::new(ErrorKind::Unavailable, "talking to the Lambda Runtime API").because(error))
}

/// Tells Lambda why the function cannot start, so that the operator reads it where the invocation failed.
async fn report(error: &Error) {
    let Some(api) = std::env::var_os("AWS_LAMBDA_RUNTIME_API") else { return };
    let url = format!("http://{}/2018-06-01/runtime/init/error", api.display());
    let body =
        serde_json::json!({ "errorType": "Runtime.CannotStart", "errorMessage": error.chain(), "stackTrace": [] });
    let request = Client::shared().post(url).header("lambda-runtime-function-error-type", "Runtime.CannotStart");
    if let Err(unreported) = request.json(&body).timeout(WARM_TIME).send().await {
        tracing::warn!(error = unreported.chain(), "the Lambda Runtime API could not be told");
    }
}
