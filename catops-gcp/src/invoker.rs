//! The second leg as a message of Pub/Sub, or as a task of Cloud Tasks.

mod pubsub;
mod tasks;

use std::time::Duration;

use catops_core::client::Patience;
use catops_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

pub use self::pubsub::PubSubInvoker;
pub use self::tasks::{CloudTasksInvoker, DISPATCH_DEADLINE, TaskTarget};
use crate::percent::encode_path;
use crate::service::{Call, Service};

/// How long one attempt may take, its connection included, and how long all of them. Slack waits 3 s from the asker's key
/// press to the end of the acknowledgement, the way there and back included.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_millis(1000),
    total: Duration::from_millis(2000),
    pause: Duration::from_millis(50),
    longest_pause: Duration::from_millis(400),
};

/// `testIamPermissions`, what is asked and what is answered.
#[derive(Deserialize, Serialize)]
struct Permissions {
    #[serde(default)]
    permissions: Vec<String>,
}

/// Opens the connection that the first job will need, and returns whether the caller has `permission` on `resource`. The
/// call needs no permission itself and changes nothing; a resource that is not there grants none.
async fn may(service: &Service, version: &str, resource: &str, permission: &str) -> Result<bool, Error> {
    let path = format!("/{version}/{}:testIamPermissions", encode_path(resource));
    let body = json(&Permissions { permissions: vec![permission.to_owned()] })?;
    let answer = service.send(&Call { method: http::Method::POST, path: path.into(), body }, &PATIENCE).await?;
    match answer.status.as_u16() {
        200 => {
            let granted: Option<Permissions> = serde_json::from_slice(&answer.body).ok();
            Ok(granted.is_some_and(|granted| granted.permissions.iter().any(|granted| granted == permission)))
        }
        // An emulator without IAM; the connection is open all the same.
        501 => Ok(true),
        _ => {
            let said = format!("{} answered {} to {resource}", service.host(), answer.words());
            Err(Error::new(ErrorKind::Refused, said))
        }
    }
}

fn json(value: &impl Serialize) -> Result<bytes::Bytes, Error> {
    let written = serde_json::to_vec(value);
    written.map(Into::into).map_err(|error| Error::new(ErrorKind::Invalid, "writing a call").because(error))
}
