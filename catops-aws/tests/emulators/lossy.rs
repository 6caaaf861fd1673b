//! A proxy that passes every request on and can lose the answer, as a network does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct State {
    /// How many answers to lose, and to which action.
    lose: (usize, String),
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
        self.state.lock().unwrap().lose = (count, action.to_owned());
    }

    /// Returns how many requests for `action` were passed on.
    pub(crate) fn passed(&self, action: &str) -> usize {
        self.state.lock().unwrap().passed.iter().filter(|passed| *passed == action).count()
    }
}

/// Passes one request on; the connection ends with it.
fn pass(mut stream: TcpStream, host: &str, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut head, mut length, mut action) = (String::new(), 0, String::new());
    while !head.ends_with("\r\n\r\n") {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "x-amz-target" => action = value.rsplit('.').next()?.to_owned(),
            _ => {}
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut upstream = TcpStream::connect(host).ok()?;
    upstream.write_all(head.trim_end().as_bytes()).ok()?;
    upstream.write_all(b"\r\nconnection: close\r\n\r\n").ok()?;
    upstream.write_all(&body).ok()?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).ok()?;
    let lost = {
        let mut state = state.lock().unwrap();
        let lost = state.lose.0 > 0 && state.lose.1 == action;
        state.lose.0 -= usize::from(lost);
        state.passed.push(action);
        lost
    };
    if lost { None } else { stream.write_all(&answer).ok() }
}
