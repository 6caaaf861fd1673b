//! The queue trigger.

use std::sync::Arc;
use std::time::Duration;

use catops_core::conformance::flow::Failure;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::App;
use crate::queue::{Message, Queue};

/// How often an empty queue is looked at. The real host begins with 100 ms and takes longer each time.
const LOOK: Duration = Duration::from_millis(50);

/// Gives each message of `queue` to `function`, several at once.
pub(super) async fn listen(app: Arc<App>, queue: Queue, function: &'static str) {
    let free = Arc::new(Semaphore::new(app.settings.batch_size));
    loop {
        // A queue that cannot be reached, or a handler that does not start, is tried again.
        let messages = match app.process.ready().await {
            Ok(_) => queue.take(free.available_permits().max(1), app.settings.lock).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        if messages.is_empty() {
            sleep(LOOK).await;
        }
        for message in messages {
            let Ok(permit) = free.clone().acquire_owned().await else { return };
            let (app, queue) = (app.clone(), queue.clone());
            tokio::spawn(async move {
                let id = message.id.clone();
                if let Err(failure) = run(&app, &queue, function, message).await {
                    app.failed(&format!("message {id} of {}", queue.name()), &failure);
                }
                drop(permit);
            });
        }
    }
}

/// Runs the function for one message, and does what its success or failure asks for.
async fn run(app: &App, queue: &Queue, function: &str, mut message: Message) -> Result<(), Failure> {
    let most = app.settings.max_dequeue_count;
    if message.count > most {
        return bury(app, queue, &message).await;
    }
    let envelope = envelope(function, &message)?;
    let invoked = app.invoke(function, &envelope);
    tokio::pin!(invoked);
    let ended = loop {
        tokio::select! {
            ended = &mut invoked => break ended,
            () = sleep(app.settings.lock / 2) => queue.hold(&mut message, app.settings.lock).await?,
        }
    };
    match ended {
        Ok(_) => queue.delete(&message).await,
        Err(_) if message.count >= most => bury(app, queue, &message).await,
        Err(_) => queue.hold(&mut message, app.settings.visibility_timeout).await,
    }
}

/// Moves a message to the poison queue.
async fn bury(app: &App, queue: &Queue, message: &Message) -> Result<(), Failure> {
    // The real host has a poison queue for the poison queue too, which no function reads.
    if queue.name() == app.jobs.name() {
        app.poison.put_stored(&message.stored).await?;
    }
    queue.delete(message).await
}

/// Writes the envelope: scalars of the trigger are JSON within a string.
fn envelope(function: &str, message: &Message) -> Result<Value, Failure> {
    let twice = |value: Value| value.to_string();
    let metadata = json!({
        "DequeueCount": twice(message.count.into()),
        "Id": twice(message.id.clone().into()),
        "InsertionTime": "2026-01-02T03:04:05+00:00", "ExpirationTime": "2026-01-09T03:04:05+00:00",
        "NextVisibleTime": "2026-01-02T03:14:17+00:00",
        "PopReceipt": twice(message.receipt.clone().into()),
        "sys": {"MethodName": function, "UtcNow": "2026-01-02T03:04:17Z", "RandGuid": "g"},
    });
    Ok(json!({"Data": {"item": twice(message.text()?.into())}, "Metadata": metadata}))
}
