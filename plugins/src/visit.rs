//! One look at one URL: where it is, how its TLS stands, what it answers.
//!
//! The bot's own client is not used, for two reasons. It would look the host's name up a second time, and whoever owns the
//! name could answer with an open address first and a closed one then; here the address that was checked is the one
//! that is connected to. And it does not show the certificate.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use catops_core::Timestamp;
use catops_core::client::CONNECT_TIME;
use http::header::{HOST, LOCATION, USER_AGENT};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, CertificateError, ClientConfig};

use crate::certificate;

/// What looks: how it judges certificates and addresses.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The TLS settings, with the roots it trusts.
    pub(crate) tls: Arc<ClientConfig>,
    /// Which addresses it connects to.
    pub(crate) is_open: fn(IpAddr) -> bool,
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) host: String,
    pub(crate) status: StatusCode,
    /// From the look-up of the name to the last header.
    pub(crate) took: Duration,
    /// Until when the certificate is valid, where there is one.
    pub(crate) certificate: Option<Timestamp>,
    /// Where it sends us instead, if the status is one of a redirect.
    pub(crate) location: Option<String>,
}

/// Why nothing was seen, in words for the asker; the host stands before them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Unknown,
    Closed,
    Unreachable(io::ErrorKind),
    Tls(String),
    NotHttp,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("has no address that I can find; is the name right?"),
            Self::Closed => f.write_str("is an address on my own machine or of its cloud, which I do not look at"),
            Self::Unreachable(io::ErrorKind::ConnectionRefused) => f.write_str("refuses the connection"),
            Self::Unreachable(io::ErrorKind::TimedOut) => f.write_str("does not answer the connection"),
            Self::Unreachable(kind) => write!(f, "cannot be reached: {kind}"),
            Self::Tls(why) => write!(f, "cannot be trusted: {why}"),
            Self::NotHttp => f.write_str("is there, but does not answer as HTTP should"),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Visitor {
    /// Asks for `url`, which is absolute and `http` or `https`, and reads no further than the headers.
    pub(crate) async fn visit(&self, url: &Uri) -> Result<Visit, Trouble> {
        let begun = Instant::now();
        let host = url.host().unwrap_or_default().to_owned();
        let is_tls = url.scheme_str() == Some("https");
        let port = url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        // An IPv6 address stands in brackets in a URL and nowhere else.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let tcp = connect(&self.look_up(bare, port).await?).await?;
        let (stream, certificate): (Box<dyn Stream>, _) = if is_tls {
            let name = ServerName::try_from(bare.to_owned()).map_err(|_| Trouble::Unknown)?;
            let tls = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await.map_err(|e| distrust(&e))?;
            let shown = tls.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let end = shown.and_then(|certificate| certificate::not_after(certificate));
            (Box::new(tls), end)
        } else {
            (Box::new(tcp), None)
        };
        let (status, location) = ask(stream, url).await?;
        Ok(Visit { host, status, took: begun.elapsed(), certificate, location })
    }

    /// Returns the addresses of a host, unless one of them is closed: a name with a closed one means no good.
    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
        let found: Vec<_> = tokio::net::lookup_host((host, port)).await.map_err(|_| Trouble::Unknown)?.collect();
        match found.iter().all(|address| (self.is_open)(address.ip())) {
            _ if found.is_empty() => Err(Trouble::Unknown),
            false => Err(Trouble::Closed),
            true => Ok(found),
        }
    }
}

/// Connects to the first address that takes it.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Trouble> {
    let mut last = io::ErrorKind::AddrNotAvailable;
    for address in addresses {
        match timeout(CONNECT_TIME, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error.kind(),
            Err(_) => last = io::ErrorKind::TimedOut,
        }
    }
    Err(Trouble::Unreachable(last))
}

/// Sends one request and returns the status, and where it redirects to.
async fn ask(stream: Box<dyn Stream>, url: &Uri) -> Result<(StatusCode, Option<String>), Trouble> {
    let request = request(url).ok_or(Trouble::NotHttp)?;
    let stream = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(|_| Trouble::NotHttp)?;
    // The set ends its task when it is dropped, so that nothing goes on after the reply.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let response = sender.send_request(request).await.map_err(|_| Trouble::NotHttp)?;
    let status = response.status();
    let is_redirect = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| is_redirect);
    Ok((status, location.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())))
}

/// A GET, since many servers answer a HEAD differently or not at all.
fn request(url: &Uri) -> Option<Request<Empty<Bytes>>> {
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let host = HeaderValue::from_str(url.authority()?.as_str()).ok()?;
    Request::get(target).header(HOST, host).header(USER_AGENT, "catops check").body(Empty::new()).ok()
}

/// Says what is wrong with the TLS of the other side.
fn distrust(error: &io::Error) -> Trouble {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let why = match cause {
        Some(rustls::Error::InvalidCertificate(wrong)) => match wrong {
            CertificateError::ExpiredContext { not_after, .. } => {
                format!("its certificate expired on {}", Timestamp::from_secs(not_after.as_secs()))
            }
            CertificateError::Expired => "its certificate has expired".to_owned(),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name".to_owned()
            }
            CertificateError::UnknownIssuer => "its certificate comes from an authority that I do not know".to_owned(),
            other => format!("its certificate is not valid ({other})"),
        },
        Some(other) => format!("TLS failed ({other})"),
        None => "it broke off while TLS was set up".to_owned(),
    };
    Trouble::Tls(why)
}
