//! A tiny HTTP server on loopback, in threads of its own: it outlives any runtime of a test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Keeps silent for a time, then writes these bytes.
    Late(Duration, Vec<u8>),
    /// Closes the connection.
    Close,
}

impl Answer {
    pub(crate) fn status(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Write(format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes())
    }

    pub(crate) fn ok() -> Self {
        Self::status(200, "", "ok")
    }
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
}

#[derive(Debug)]
pub(crate) struct Sink {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    answers: std::vec::IntoIter<Answer>,
    seen: Vec<Seen>,
}

impl Sink {
    /// Starts a server that gives these answers in order, and `200 ok` after them.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let answers = answers.into_iter().collect::<Vec<_>>().into_iter();
        let state = Arc::new(Mutex::new(State { answers, seen: Vec::new() }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || serve(stream, connection, &shared));
            }
        });
        Self { addr, state }
    }

    /// Returns `host:port`.
    pub(crate) fn host(&self) -> String {
        self.addr.to_string()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }
}

fn serve(stream: TcpStream, connection: usize, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
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
        let answer = {
            let mut state = state.lock().unwrap();
            state.seen.push(Seen { at: Instant::now(), head, body, connection });
            state.answers.next().unwrap_or_else(Answer::ok)
        };
        match answer {
            Answer::Write(bytes) => writer.write_all(&bytes).ok()?,
            Answer::Late(delay, bytes) => {
                std::thread::sleep(delay); // what is tested is how long the other side waits
                writer.write_all(&bytes).ok()?;
            }
            Answer::Close => return None,
        }
    }
}

/// Returns an address on loopback where nobody listens.
pub(crate) fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
