//! A proxy that passes every request on and can lose the answer, as a network does, or let others come first.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct State {
    /// How many answers to lose, and to which action: a method, or `BATCH`.
    lose: (usize, String),
    /// The actions of the requests that were passed on.
    passed: Vec<String>,
    /// What to do before a request is passed on: the action, and how many of its requests come first.
    before: Option<(String, usize, Work)>,
}

type Work = Box<dyn FnOnce() + Send>;

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

    /// Does `work` after `count` more requests for `action`, before the next one.
    pub(crate) fn after(&self, count: usize, action: &str, work: impl FnOnce() + Send + 'static) {
        self.state.lock().unwrap().before = Some((action.to_owned(), count, Box::new(work)));
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
        if head.is_empty() {
            let (method, path) = line.split_once(' ')?;
            action = if path.contains("$batch") { "BATCH" } else { method }.to_owned();
        }
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let due = {
        let mut state = state.lock().unwrap();
        match &mut state.before {
            Some((of, 0, _)) if *of == action => state.before.take(),
            Some((of, count, _)) if *of == action => {
                *count -= 1;
                None
            }
            _ => None,
        }
    };
    if let Some((_, _, work)) = due {
        work();
    }
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
