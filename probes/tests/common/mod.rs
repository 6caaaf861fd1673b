//! What the benches of all targets share.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use catops_core::conformance::flow::Failure;
use catops_core::http::{HttpRequest, HttpResponse};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A new folder that is removed with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> std::io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        std::fs::create_dir_all(path.join("marks"))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the program under test: `built`, which cargo built for this test, or the one of the same name in the folder that
/// `CATOPS_PROBES` names, such as that of a release build.
#[allow(dead_code, reason = "the local bot is tested as it is built")]
pub(crate) fn program(built: &str) -> PathBuf {
    let built = Path::new(built);
    match (std::env::var_os("CATOPS_PROBES"), built.file_name()) {
        (Some(folder), Some(name)) => Path::new(&folder).join(name),
        _ => built.to_owned(),
    }
}

/// Finds a port that is free now.
pub(crate) fn free_port() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Sends one request over a connection of its own.
#[allow(dead_code, reason = "not every target is reached by its address alone")]
pub(crate) async fn send(address: SocketAddr, http: HttpRequest) -> Result<HttpResponse, Failure> {
    send_as(address, &address.to_string(), http).await
}

/// Sends one request that names another host than it goes to.
pub(crate) async fn send_as(address: SocketAddr, host: &str, http: HttpRequest) -> Result<HttpResponse, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    let (head, body) = http.into_parts();
    let mut text = format!("{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", head.method, head.uri);
    for (name, value) in &head.headers {
        text.push_str(&format!("{name}: {}\r\n", value.to_str()?));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(text.as_bytes()).await?;
    // A server that refuses a large body may answer and close before it has read it.
    let _ = stream.write_all(&body).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    let split = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(split) = split else { return Err(format!("no whole answer: {read:?}").into()) };
    let head = std::str::from_utf8(&answer[..split])?;
    let status: u16 = head.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok(http::Response::builder().status(status).body(Bytes::copy_from_slice(&answer[split + 4..]))?)
}
