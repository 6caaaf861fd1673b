//! A proxy that passes every request on and can lose the answer, as a network does.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct State {
    /// How many answers to pass on first, how many to lose then, and to which action.
    lose: (usize, usize, String),
    /// The actions of the requests that were passed on.
    passed: Vec<String>,
}

pub(crate) struct Lossy {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Lossy {
    /// Starts a proxy in front of `host`.
    pub(crate) fn new(host: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || pass(stream.unwrap(), host, &shared));
            }
        });
        Self { addr, state }
    }

    /// Returns `host:port`.
    pub(crate) fn host(&self) -> String {
        self.addr.to_string()
    }

    /// Loses the answers to the next `count` requests for `action`, after the service has acted on them.
    pub(crate) fn lose(&self, count: usize, action: &str) {
        self.lose_after(0, count, action);
    }

    /// Passes on the next `first` answers, and loses the `count` after them.
    pub(crate) fn lose_after(&self, first: usize, count: usize, action: &str) {
        self.state.lock().unwrap().lose = (first, count, action.to_owned());
    }

    /// Returns how many requests for `action` were passed on.
    pub(crate) fn passed(&self, action: &str) -> usize {
        self.state.lock().unwrap().passed.iter().filter(|passed| *passed == action).count()
    }
}

/// Passes one request on; the connection ends with it.
fn pass(mut stream: TcpStream, host: &str, state: &Mutex<State>) -> Option<()> {
    let request = message(&mut BufReader::new(stream.try_clone().ok()?))?;
    // `POST /v1/…/documents:commit HTTP/1.1`
    let head = String::from_utf8_lossy(&request).into_owned();
    let action = head.split(' ').nth(1)?.rsplit(':').next()?.to_owned();
    let mut upstream = TcpStream::connect(host).ok()?;
    upstream.write_all(&request).ok()?;
    let answer = message(&mut BufReader::new(upstream))?;
    let lost = {
        let mut state = state.lock().unwrap();
        let is_next = state.lose.2 == action;
        let lost = is_next && state.lose.0 == 0 && state.lose.1 > 0;
        state.lose.0 -= usize::from(is_next && state.lose.0 > 0);
        state.lose.1 -= usize::from(lost);
        state.passed.push(action);
        lost
    };
    if lost { None } else { stream.write_all(&answer).ok() }
}

/// Reads a request or an answer as it is, whose body has a length or comes in chunks.
fn message(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let (mut bytes, mut length, mut is_chunked) = (Vec::new(), 0, false);
    while !bytes.ends_with(b"\r\n\r\n") {
        let line = line(reader, &mut bytes)?.to_ascii_lowercase();
        match line.split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(("transfer-encoding", value)) => is_chunked = value == "chunked",
            _ => {}
        }
    }
    while is_chunked {
        length = usize::from_str_radix(&line(reader, &mut bytes)?, 16).ok()?;
        body(reader, length + 2, &mut bytes)?;
        is_chunked = length > 0;
        length = 0;
    }
    body(reader, length, &mut bytes)?;
    Some(bytes)
}

/// Reads a line, and returns it without its end.
fn line(reader: &mut impl BufRead, bytes: &mut Vec<u8>) -> Option<String> {
    let start = bytes.len();
    let count = reader.read_until(b'\n', bytes).ok()?;
    (count > 0).then(|| String::from_utf8_lossy(&bytes[start..]).trim_end().to_owned())
}

fn body(reader: &mut impl BufRead, length: usize, bytes: &mut Vec<u8>) -> Option<()> {
    let start = bytes.len();
    bytes.resize(start + length, 0);
    reader.read_exact(&mut bytes[start..]).ok()
}
