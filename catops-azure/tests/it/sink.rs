//! A server on loopback that plays Azure Storage or the endpoint of an identity, in threads of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use catops_azure::storage::Storage;

/// What the server does with one request.
pub(crate) enum Answer {
    /// Writes these bytes, and keeps the connection open.
    Write(String),
    /// Closes the connection.
    Close,
}

impl Answer {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self::Write(format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nx-kind: cat\r\n\r\n{body}", body.len()))
    }

    /// Announces more than it sends.
    pub(crate) fn half() -> Self {
        Self::Write("HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\nhalf".to_owned())
    }
}

/// A request that arrived.
#[derive(Clone)]
pub(crate) struct Seen {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

pub(crate) struct Sink {
    addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Sink {
    /// Starts a server that gives these answers in order, the last of them for ever.
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answers, log) = (Arc::new(answers), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
                std::thread::spawn(move || serve(stream.unwrap(), &answers, &log));
            }
        });
        Self { addr, seen }
    }

    /// Returns an account with a key whose services are all here.
    pub(crate) fn storage(&self) -> Arc<Storage> {
        storage(&self.host())
    }

    /// Returns `host:port`.
    pub(crate) fn host(&self) -> String {
        self.addr.to_string()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answers: &[Answer], log: &Mutex<Vec<Seen>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let at = {
            let mut log = log.lock().unwrap();
            log.push(Seen { head, body });
            log.len() - 1
        };
        match &answers[at.min(answers.len() - 1)] {
            Answer::Write(text) => stream.write_all(text.as_bytes()).ok()?,
            Answer::Close => return None,
        }
    }
}

/// Returns an account with a key whose services are all at `host`.
pub(crate) fn storage(host: &str) -> Arc<Storage> {
    let access = "AccountName=catops;AccountKey=dGhlLXNlY3JldC1rZXk=";
    read(&[("AzureWebJobsStorage", &format!("{access};QueueEndpoint=http://{host};TableEndpoint=http://{host}"))])
}

/// Returns the account that these variables give.
pub(crate) fn read(variables: &[(&str, &str)]) -> Arc<Storage> {
    let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Arc::new(Storage::read(find).unwrap())
}

/// Returns an address on loopback where nobody listens.
pub(crate) fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
