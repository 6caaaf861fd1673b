//! Jobs as tasks of Cloud Tasks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catops_core::invoker::Invoker;
use catops_core::job::SealedJob;
use catops_core::{Error, ErrorKind};
use serde::Serialize;

use super::{PATIENCE, json, may};
use crate::credentials::Credentials;
use crate::percent::encode_path;
use crate::service::{Call, Service};

const ENDPOINT: &str = "https://cloudtasks.googleapis.com";

/// How long Cloud Tasks waits for a task's answer before it sends the task again: the most that an HTTP target may have
/// (google/cloud/tasks/v2/task.proto, `dispatch_deadline`).
pub const DISPATCH_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// Where tasks are sent, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskTarget {
    /// The worker's base address; tasks go to `/task` below it.
    pub url: String,
    /// The e-mail of the service account in whose name an OIDC token is added. None is added without.
    pub account: Option<String>,
    /// The audience of that token.
    pub audience: String,
}

/// Hands jobs to a queue, which posts them to the worker.
///
/// After `Ok`, Cloud Tasks has the task; it posts the job's text until the answer is 2xx or the queue's attempts are used
/// up, and then drops it with a line in its log: there is no dead-letter queue.
///
/// A task is named after its job, so a job that is handed over twice is one task. Cloud Tasks knows a name again for about
/// an hour after the task has ended; a later repeat finds the job's claim. A job's id is a hash, as names should begin with:
/// Cloud Tasks is slow with sequential ones.
///
/// The service's account needs `roles/cloudtasks.enqueuer` on the queue, and `roles/iam.serviceAccountUser` on the account
/// that signs.
pub struct CloudTasksInvoker {
    service: Service,
    queue: String,
    url: String,
    target: TaskTarget,
}

/// Shows the queue.
impl fmt::Debug for CloudTasksInvoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudTasksInvoker").field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// `google.cloud.tasks.v2.CreateTaskRequest`, without the queue, which is in the path.
#[derive(Serialize)]
struct Create<'a> {
    task: Task<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Task<'a> {
    name: String,
    dispatch_deadline: String,
    http_request: HttpRequest<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpRequest<'a> {
    url: &'a str,
    http_method: &'static str,
    headers: Headers,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    oidc_token: Option<OidcToken<'a>>,
}

#[derive(Serialize)]
struct Headers {
    /// Cloud Tasks sets none by itself.
    #[serde(rename = "Content-Type")]
    content_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OidcToken<'a> {
    service_account_email: &'a str,
    audience: &'a str,
}

impl CloudTasksInvoker {
    /// Makes one that creates tasks in `queue`, which is of the form `projects/P/locations/L/queues/Q`. `endpoint` is
    /// another base address of the service.
    pub fn new(credentials: Arc<Credentials>, queue: &str, target: TaskTarget, endpoint: Option<String>) -> Self {
        let service = Service::new(credentials, endpoint.unwrap_or_else(|| ENDPOINT.to_owned()));
        let url = format!("{}/task", target.url.trim_end_matches('/'));
        Self { service, queue: queue.to_owned(), url, target }
    }

    /// Opens the connection that the first job will need, gets an access token, and sees whether tasks may be created in the
    /// queue. None is created.
    pub async fn warm(&self) -> Result<(), Error> {
        if may(&self.service, "v2", &self.queue, "cloudtasks.tasks.create").await? {
            return Ok(());
        }
        let said = format!(
            "{} does not exist, or the service's account may not create tasks in it: grant roles/cloudtasks.enqueuer",
            self.queue
        );
        Err(Error::new(ErrorKind::Refused, said))
    }

    fn create(&self, job: &SealedJob) -> Create<'_> {
        let token = |account| OidcToken { service_account_email: account, audience: &self.target.audience };
        Create {
            task: Task {
                name: format!("{}/tasks/{}", self.queue, job.id().as_str()),
                dispatch_deadline: format!("{}s", DISPATCH_DEADLINE.as_secs()),
                http_request: HttpRequest {
                    url: &self.url,
                    http_method: "POST",
                    headers: Headers { content_type: "application/json" },
                    // 64 KiB at most; a task may have 100 KB (google/cloud/tasks/v2/cloudtasks.proto, `CreateTask`).
                    body: STANDARD.encode(job.as_str()),
                    oidc_token: self.target.account.as_deref().map(token),
                },
            },
        }
    }
}

#[async_trait]
impl Invoker for CloudTasksInvoker {
    /// Retries within two seconds; a second attempt after a lost answer finds the name taken, which is success.
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error> {
        let path = format!("/v2/{}/tasks", encode_path(&self.queue));
        let call = Call { method: http::Method::POST, path: path.into(), body: json(&self.create(job))? };
        let answer = self.service.send(&call, &PATIENCE).await?;
        let (queue, host) = (&self.queue, self.service.host());
        match (answer.status.as_u16(), answer.fault().as_deref()) {
            (200, _) | (409, Some("ALREADY_EXISTS")) => Ok(()),
            (401, _) => Err(Error::new(ErrorKind::Refused, format!("{host} does not take the service's access token"))),
            (403, _) => {
                let said = format!(
                    "the service's account may not create tasks in {queue}: grant it roles/cloudtasks.enqueuer, and \
                     roles/iam.serviceAccountUser on the account in CATOPS_PUSH_ACCOUNT"
                );
                Err(Error::new(ErrorKind::Refused, said))
            }
            (404, _) => {
                let said = format!("{host} has no {queue}: create the queue, or name another in CATOPS_QUEUE");
                Err(Error::new(ErrorKind::Config, said))
            }
            (413, _) => Err(Error::new(ErrorKind::TooLarge, format!("{host} takes no task of this size"))),
            _ => {
                Err(Error::new(ErrorKind::Refused, format!("{host} answered {} to a task for {queue}", answer.words())))
            }
        }
    }
}
