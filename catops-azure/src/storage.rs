//! One storage account: authorised calls to its queues and tables, tried again while that can help.

mod fault;
mod identity;
mod settings;
mod sign;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use catops_core::client::{Client, Patience};
use catops_core::{Error, ErrorKind, Secret, Timestamp};
use http::StatusCode;
use tokio::time::Instant;

use self::identity::Identity;
use self::sign::AccountKey;

/// The version of the REST protocol that is spoken: the first in which tables take the tokens of an identity
/// (Microsoft Learn, "Authorize access to tables using Microsoft Entra ID").
pub const API_VERSION: &str = "2020-12-06";

/// How long a TCP connection may take. A function and the storage account of its region are a few milliseconds apart;
/// what takes a second is lost, and a new attempt is sooner.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// The largest answer that is read, in bytes. One row of a table has at most 1 MiB in UTF-16, and three times as much once
/// JSON has escaped every letter of it; whoever asks for many rows gets an error above this, and asks for fewer.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The storage account of the function app: where its queues and tables are, and what lets us in.
pub struct Storage {
    queue: Option<Endpoint>,
    table: Option<Endpoint>,
    access: Access,
    client: Client,
}

/// Shows the hosts and the kind of access; the rest is secret.
impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Key(_) => "key",
            Access::Sas(_) => "SAS",
            Access::Identity(_) => "identity",
        };
        let (queue, table) = (self.host(Service::Queue), self.host(Service::Table));
        f.debug_struct("Storage").field("queue", &queue).field("table", &table).field("access", &access).finish()
    }
}

/// A service of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Queues.
    Queue,
    /// Tables.
    Table,
}

/// Where a service is.
struct Endpoint {
    /// Scheme, host and path, without a slash at the end.
    url: String,
    host: String,
    /// Empty, save for an emulator, where it is the account.
    path: String,
}

/// What lets us in.
enum Access {
    Key(AccountKey),
    /// A shared access signature: a query that is added to each call.
    Sas(Secret),
    Identity(Identity),
}

/// One call. It must be one that can be sent twice: after a lost answer it is.
#[derive(Clone)]
pub struct Call<'a> {
    /// The service.
    pub service: Service,
    /// The method.
    pub method: http::Method,
    /// The path below the account, which begins with `/`, percent-encoded as it is sent.
    pub path: Cow<'a, str>,
    /// The query: names as they are sent, values that are yet to be percent-encoded.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers besides those of the authorisation, in lower case; none of them begins with `x-ms-`.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body.
    pub body: Bytes,
}

/// Shows the service, the method and the size; the rest can be secret.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Call");
        shown.field("service", &self.service).field("method", &self.method).field("bytes", &self.body.len());
        shown.finish_non_exhaustive()
    }
}

/// What the service answered, its body read to the end.
///
/// The answer to a batch is that of the part that failed, or else of the last one.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Shows the status and the size; the rest can be secret.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl Storage {
    /// Reads the settings under which the Functions host itself finds the app's storage.
    ///
    /// - `AzureWebJobsStorage`: a connection string with `AccountName` and `AccountKey`, or `SharedAccessSignature`; with
    ///   `EndpointSuffix`, or `QueueEndpoint` and `TableEndpoint`; or `UseDevelopmentStorage=true`, which is an emulator at
    ///   its usual ports.
    /// - Where that is not set, `AzureWebJobsStorage__accountName`, or `AzureWebJobsStorage__queueServiceUri` and
    ///   `AzureWebJobsStorage__tableServiceUri`: access by the app's managed identity, which is the one of the system, or the
    ///   one that `AzureWebJobsStorage__clientId` or else `AZURE_CLIENT_ID` names. Azure sets `IDENTITY_ENDPOINT` and
    ///   `IDENTITY_HEADER`.
    ///
    /// An error is of kind [`ErrorKind::Config`] and names the variable.
    pub fn from_env() -> Result<Self, Error> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the same settings from elsewhere than the environment.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        settings::read(&|name: &str| {
            variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        })
    }

    fn new(queue: Option<Endpoint>, table: Option<Endpoint>, access: Access) -> Self {
        Self { queue, table, access, client: Client::with_connect_time(CONNECT_TIME) }
    }

    /// Returns the host of a service, for errors; empty if the settings name none.
    pub fn host(&self, service: Service) -> &str {
        self.endpoint(service).map(|endpoint| endpoint.host.as_str()).unwrap_or_default()
    }

    /// Returns the URL below which a service has its paths, without a slash at the end.
    pub fn url(&self, service: Service) -> Result<&str, Error> {
        self.endpoint(service).map(|endpoint| endpoint.url.as_str())
    }

    fn endpoint(&self, service: Service) -> Result<&Endpoint, Error> {
        let (endpoint, name) = match service {
            Service::Queue => (&self.queue, "queue"),
            Service::Table => (&self.table, "table"),
        };
        endpoint.as_ref().ok_or_else(|| {
            let said = match self.access {
                Access::Identity(_) => {
                    format!("AzureWebJobsStorage__{name}ServiceUri is not set, nor AzureWebJobsStorage__accountName")
                }
                Access::Key(_) | Access::Sas(_) => {
                    format!("AzureWebJobsStorage has no AccountName, and no endpoint of the {name} service either")
                }
            };
            Error::new(ErrorKind::Config, said)
        })
    }

    /// Sends a call until it is answered or patience ends, authorised anew each time.
    ///
    /// - *Tries again what may pass*: no connection, a broken one, no answer in time, 408, 429 and 5xx. When patience ends, the error is of kind
    ///   [`ErrorKind::Timeout`] if one of the attempts was not answered, since it may have been acted on, and of kind
    ///   [`ErrorKind::Unavailable`] otherwise.
    /// - *Every other answer is returned as it is*, whatever its status: see [`Answer::fault`].
    ///
    /// After a time-out or a broken connection the service may have acted on the call, and acts on it again.
    pub async fn send(&self, call: &Call<'_>, patience: &Patience) -> Result<Answer, Error> {
        let endpoint = self.endpoint(call.service)?;
        let attempt = async |timeout| match self.attempt(endpoint, call, timeout).await {
            Ok(answer) if answer.may_pass() => Err(busy(&endpoint.host, &answer)),
            ended => ended,
        };
        patience.retry(&endpoint.host, attempt).await
    }

    async fn attempt(&self, endpoint: &Endpoint, call: &Call<'_>, timeout: Duration) -> Result<Answer, Error> {
        let mut left = timeout;
        let date = sign::http_date(Timestamp::now());
        let mut url = format!("{}{}", endpoint.url, call.path);
        let mut separator = '?';
        for (name, value) in call.query {
            url.push_str(&format!("{separator}{name}={}", encode(value)));
            separator = '&';
        }
        let authorization = match &self.access {
            Access::Key(key) => Some(key.authorize(endpoint, call, &date)),
            Access::Sas(signature) => {
                url.push_str(&format!("{separator}{}", signature.expose()));
                None
            }
            Access::Identity(identity) => {
                let started = Instant::now();
                let token = tokio::time::timeout(timeout, identity.token(&self.client, timeout)).await;
                let token = token.map_err(|_| identity.late(timeout))??;
                left = timeout.saturating_sub(started.elapsed());
                Some(Secret::new(format!("Bearer {}", token.expose())))
            }
        };
        let mut request = self.client.request(call.method.clone(), &url).timeout(left).max_body(MAX_ANSWER);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        request = request.header("x-ms-date", &date).header("x-ms-version", API_VERSION);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization.expose());
        }
        let response = request.body(call.body.clone()).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await? }.of_batch(&endpoint.host)
    }
}

fn busy(host: &str, answer: &Answer) -> Error {
    let code = answer.fault().map(|code| format!(" {code}")).unwrap_or_default();
    Error::new(ErrorKind::Unavailable, format!("{host} answered {}{code}", answer.status.as_u16()))
}

/// Writes a path segment or a query's value: everything but RFC 3986's unreserved characters as `%XX`.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
