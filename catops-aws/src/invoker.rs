//! The second leg as an asynchronous invocation of the same function.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use catops_core::client::Patience;
use catops_core::invoker::Invoker;
use catops_core::job::SealedJob;
use catops_core::{Error, ErrorKind};
use http::{Method, StatusCode};

use crate::account::Account;
use crate::percent;
use crate::service::{Call, Service};

/// How long one attempt may take, its connection included, and how long all of them. Slack waits 3 s from the asker's key
/// press to the end of the acknowledgement, the way there and back included.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_millis(1000),
    total: Duration::from_millis(2000),
    pause: Duration::from_millis(50),
    longest_pause: Duration::from_millis(400),
};

tokio::task_local! {
    static INVOKED: Invoked;
}

/// The invocation that is being handled: what the next one of its chain is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoked {
    /// The function's ARN as it was invoked: with the alias or version, if there was one.
    pub arn: String,
    /// The X-Ray header. It carries what Lambda stops endless chains by, whether or not X-Ray is on.
    pub trace: Option<String>,
}

impl Invoked {
    /// Runs `work` as part of this invocation: jobs that it hands over go to the same version or alias.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        INVOKED.scope(self, work).await
    }
}

/// Hands jobs to this function itself, by `Invoke` with the invocation type `Event`.
///
/// After `Ok`, Lambda has the event in its own queue, which outlives this process; it delivers it at least once, within
/// the function's maximum event age.
#[derive(Debug)]
pub struct LambdaInvoker {
    lambda: Service,
    /// What to invoke outside of any invocation.
    function: String,
    patience: Patience,
}

impl LambdaInvoker {
    /// Makes one that invokes `function` (a name or an ARN) unless the invocation at hand names another version of it.
    pub fn new(account: Arc<Account>, function: impl Into<String>) -> Self {
        Self { lambda: Service::new(account, "lambda"), function: function.into(), patience: PATIENCE }
    }

    /// Sets how much trouble a call takes, in place of what an acknowledgement has time for.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Opens the connection that the first job will need, and sees whether the function may invoke itself.
    ///
    /// It is a dry run: Lambda checks the request and the permission, and runs nothing.
    pub async fn warm(&self) -> Result<(), Error> {
        self.call(&self.function, None, "DryRun", Bytes::from_static(b"{}"), StatusCode::NO_CONTENT).await
    }

    async fn call(
        &self,
        function: &str,
        trace: Option<&str>,
        kind: &str,
        body: Bytes,
        expected: StatusCode,
    ) -> Result<(), Error> {
        let path = format!("/2015-03-31/functions/{}/invocations", percent::encode(function.as_bytes()));
        let mut headers = vec![("content-type", "application/json"), ("x-amz-invocation-type", kind)];
        headers.extend(trace.map(|trace| ("x-amzn-trace-id", trace)));
        let call = Call { method: Method::POST, path: path.into(), headers: &headers, body };
        let answer = self.lambda.send(&call, &self.patience).await?;
        match answer.status {
            status if status == expected => Ok(()),
            StatusCode::FORBIDDEN => {
                let said = "Lambda refused: the function's role needs lambda:InvokeFunction on the function itself";
                Err(Error::new(ErrorKind::Refused, said))
            }
            StatusCode::NOT_FOUND => Err(Error::new(ErrorKind::Refused, "Lambda knows no function of this name")),
            StatusCode::PAYLOAD_TOO_LARGE => Err(Error::new(ErrorKind::TooLarge, "Lambda takes no event of this size")),
            status => Err(Error::new(ErrorKind::Refused, format!("Lambda answered {}", status.as_u16()))),
        }
    }
}

#[async_trait]
impl Invoker for LambdaInvoker {
    /// Retries within two seconds; a job that is accepted twice, since the first answer was lost, runs once by its claim.
    async fn invoke(&self, job: &SealedJob) -> Result<(), Error> {
        let invoked = INVOKED.try_with(Invoked::clone).ok();
        let function = invoked.as_ref().map_or(&self.function, |invoked| &invoked.arn);
        let trace = invoked.as_ref().and_then(|invoked| invoked.trace.as_deref());
        let body = Bytes::copy_from_slice(job.as_str().as_bytes());
        self.call(function, trace, "Event", body, StatusCode::ACCEPTED).await
    }
}
