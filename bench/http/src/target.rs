//! The two targets: where a program listens, what it is asked, and what it must answer.

use std::net::SocketAddr;

use catops_core::http::HttpRequest;
use catops_core::testing::slack::{Call, Signer};
use catops_core::{Secret, Timestamp};

use crate::connection::Answer;
use crate::{Failure, azure, gcp};

/// The signing secret of every program here.
pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// What a program is made for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// A custom handler of Azure Functions.
    Azure,
    /// A service on Cloud Run.
    Gcp,
}

impl Target {
    /// Returns the target of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Azure, Self::Gcp].into_iter().find(|target| target.name() == name)
    }

    /// Returns its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::Gcp => "gcp",
        }
    }

    /// Returns what is asked until there is an answer.
    pub(crate) const fn readiness(self) -> &'static [u8] {
        match self {
            Self::Azure => b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
            Self::Gcp => b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        }
    }

    /// Returns the environment of a program that is to listen on `port` and finds Pub/Sub at `pubsub`.
    pub(crate) fn environment(self, port: u16, pubsub: SocketAddr) -> Vec<(&'static str, String)> {
        match self {
            Self::Azure => azure::environment(port),
            Self::Gcp => gcp::environment(port, pubsub),
        }
    }

    /// Makes `/meow ping` number `n` as the target hands it to a program, signed now.
    pub(crate) fn ping(self, n: usize) -> Vec<u8> {
        let (signer, now) = (Signer::new(Secret::new(SECRET.to_owned())), Timestamp::now());
        let address = "https://hooks.slack.com/commands/T0001/1/bench";
        let trigger = format!("{}.{n}.bench", now.as_millis());
        let http = Call::command("ping").with_address(address).with_trigger(&trigger).signed(&signer, now);
        match self {
            Self::Azure => azure::invocation(n, &http),
            Self::Gcp => gcp::request(&http),
        }
    }

    /// Checks that an answer acknowledges the command; on Azure, that it holds the job too.
    pub(crate) fn check(self, answer: &Answer) -> Result<(), Failure> {
        match self {
            Self::Azure => azure::check(answer),
            Self::Gcp => gcp::check(answer),
        }
    }
}

/// Returns the headers of a request as text.
pub(crate) fn headers(http: &HttpRequest) -> impl Iterator<Item = (&str, &str)> {
    http.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
}

/// Writes a POST for the wire.
pub(crate) fn post<'a>(path: &str, headers: impl IntoIterator<Item = (&'a str, &'a str)>, body: &[u8]) -> Vec<u8> {
    let mut text = format!("POST {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    [text.as_bytes(), body].concat()
}
