//! HTTP out: one client for the whole bot, built on first use, with TLS roots compiled in.
//!
//! ```no_run
//! # async fn example() -> Result<(), catops_core::Error> {
//! use catops_core::client::Client;
//! let response = Client::shared().get("https://status.example.com/api").header("accept", "application/json").send().await?;
//! if response.status().is_success() {
//!     let status: std::collections::BTreeMap<String, String> = response.json().await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! It speaks HTTP/1.1 over TLS or in clear, follows no redirect, and keeps no cookie. Reading the system's roots would
//! cost 18 million instructions at every cold start, so Mozilla's are compiled in and a private authority is not trusted.
//! An error names the host and never the path or the query, which can be secret.

mod deliver;
mod patience;
mod request;
mod response;
mod retry_after;
mod tls;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::runtime::Handle;

#[cfg(feature = "slack")]
pub(crate) use self::deliver::{JSON, Parcel};
pub use self::patience::{ATTEMPT_TIME, Patience, TOTAL_TIME};
pub use self::request::RequestBuilder;
pub use self::response::Response;
pub use self::tls::tls_config;

/// How long a TCP connection may take, unless [`Client::with_connect_time`] says otherwise. On a network that answers at
/// all, one retransmission of the first packet fits.
pub const CONNECT_TIME: Duration = Duration::from_secs(3);

/// How long a request may take in all, its body included, unless [`RequestBuilder::timeout`] says otherwise.
pub const REQUEST_TIME: Duration = Duration::from_secs(10);

/// The largest body that is read, in bytes, unless [`RequestBuilder::max_body`] says otherwise.
pub const MAX_BODY: usize = 1024 * 1024;

/// How long an idle connection is kept. Most servers keep theirs for 60 s or more, and a frozen function wakes up with
/// a connection that the other side has long closed: a short time makes that rare.
const IDLE_TIME: Duration = Duration::from_secs(20);

type Hyper = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The HTTP client.
///
/// A connection is served by a task of the runtime that opened it. When that runtime is gone, or merely not running,
/// the connection looks sound and answers nothing. So the pool belongs to one runtime: the first request from another
/// one starts a new pool.
///
/// A bot needs one, [`Client::shared`]; `Client::default()` makes another with a pool of its own.
pub struct Client {
    connect_time: Duration,
    pool: Mutex<Option<(tokio::runtime::Id, Hyper)>>,
}

impl Default for Client {
    fn default() -> Self {
        Self::with_connect_time(CONNECT_TIME)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// Returns the one client. The first call makes it; nothing is opened before the first request.
    pub fn shared() -> &'static Self {
        static SHARED: Client = Client::with_connect_time(CONNECT_TIME);
        &SHARED
    }

    /// Makes a client with a pool of its own that gives a TCP connection `connect_time`: for services that are near, or
    /// callers that have little time.
    pub const fn with_connect_time(connect_time: Duration) -> Self {
        Self { connect_time, pool: Mutex::new(None) }
    }

    /// Begins a GET request.
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder<'_> {
        self.request(http::Method::GET, url)
    }

    /// Begins a POST request.
    pub fn post(&self, url: impl AsRef<str>) -> RequestBuilder<'_> {
        self.request(http::Method::POST, url)
    }

    /// Begins a request. `url` is absolute, `http` or `https`, without a user name.
    pub fn request(&self, method: http::Method, url: impl AsRef<str>) -> RequestBuilder<'_> {
        RequestBuilder::new(self, method, url.as_ref())
    }

    /// Returns the pool of the running runtime, or `None` outside of one.
    fn hyper(&self) -> Option<Hyper> {
        let runtime = Handle::try_current().ok()?.id();
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match &*pool {
            Some((owner, hyper)) if *owner == runtime => Some(hyper.clone()),
            _ => Some(pool.insert((runtime, connect(self.connect_time))).1.clone()),
        }
    }
}

/// Makes a client with an empty pool.
fn connect(connect_time: Duration) -> Hyper {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(connect_time));
    let tls = tls_config();
    let https =
        HttpsConnectorBuilder::new().with_tls_config((*tls).clone()).https_or_http().enable_http1().wrap_connector(tcp);
    legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_TIME)
        .pool_timer(TokioTimer::new())
        .build(https)
}
