//! The emulators: each is started once for this process, on a port of its own, and ends with it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long an emulator may take to answer for the first time. Google's take four seconds on a quiet machine.
const START_TIME: Duration = Duration::from_secs(120);

/// What the watcher does. A static is not dropped, and a test process can be killed. So a shell holds the emulator, and ends
/// it when the pipe from this process closes, whatever the reason. Firestore's script waits for its Java machine, which a
/// signal to the script would not end: so the signal goes to all of the group, of which the shell is the head.
const WATCH: &str = r#""$@" & read -r _; trap '' TERM; kill -TERM 0; wait"#;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Emulator {
    PubSub,
    Firestore,
    Tasks,
}

/// A running emulator. The pipe to its watcher stays open as long as this process lives.
struct Server {
    host: String,
    _watcher: Child,
}

impl Emulator {
    /// Returns `host:port`.
    pub(crate) fn host(self) -> &'static str {
        static PUBSUB: OnceLock<Server> = OnceLock::new();
        static FIRESTORE: OnceLock<Server> = OnceLock::new();
        static TASKS: OnceLock<Server> = OnceLock::new();
        let server = match self {
            Self::PubSub => &PUBSUB,
            Self::Firestore => &FIRESTORE,
            Self::Tasks => &TASKS,
        };
        &server.get_or_init(|| self.start()).host
    }

    /// Returns the base address.
    pub(crate) fn endpoint(self) -> String {
        format!("http://{}", self.host())
    }

    /// Returns the program that the environment names.
    pub(crate) fn program(self) -> String {
        let (variable, what) = match self {
            Self::PubSub => {
                ("CATOPS_PUBSUB_EMULATOR", "`cloud-pubsub-emulator` of the package google-cloud-cli-pubsub-emulator")
            }
            Self::Firestore => (
                "CATOPS_FIRESTORE_EMULATOR",
                "`cloud_firestore_emulator` of the package google-cloud-cli-firestore-emulator",
            ),
            Self::Tasks => {
                ("CATOPS_TASKS_PYTHON", "`python` of an environment with the PyPI package gcloud-tasks-emulator 0.6.2")
            }
        };
        let program = std::env::var(variable).unwrap_or_default();
        assert!(!program.is_empty(), "{variable} is not set: it is the path of {what}, and this test needs it");
        program
    }

    fn start(self) -> Server {
        let program = self.program();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{self:?}-{port}"));
        std::fs::create_dir_all(&place).unwrap();
        let log = place.join("log");
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCH, "watcher", &program]).process_group(0);
        match self {
            Self::PubSub => shell.args(["--host=127.0.0.1", &format!("--port={port}")]),
            Self::Firestore => shell.args(["start", "--host=127.0.0.1", &format!("--port={port}")]),
            Self::Tasks => shell.args(["-m", "gcloud_tasks_emulator", "start", "--port", &port]),
        };
        let out = File::create(&log).unwrap();
        shell.env("TMPDIR", &place).env("HOME", &place).current_dir(&place);
        let watcher = shell.stdin(Stdio::piped()).stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        let host = format!("127.0.0.1:{port}");
        let started = Instant::now();
        while !self.answers(&host) {
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(started.elapsed() < START_TIME, "{program} does not answer on {host}; it said: {}", said());
            std::thread::sleep(Duration::from_millis(50)); // between two looks; what is waited for is the answer
        }
        Server { host, _watcher: watcher }
    }

    fn answers(self, host: &str) -> bool {
        let ask = || {
            let mut stream = TcpStream::connect(host)?;
            if matches!(self, Self::Tasks) {
                return Ok(true); // it speaks gRPC alone
            }
            stream.set_read_timeout(Some(START_TIME))?;
            write!(stream, "GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
            let mut answer = [0; 12]; // not to the end: Pub/Sub's keeps the connection open
            stream.read_exact(&mut answer)?;
            Ok::<_, std::io::Error>(&answer == b"HTTP/1.1 200")
        };
        ask().unwrap_or(false)
    }
}

/// Returns a name that nothing else in any emulator has.
pub(crate) fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("cats-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
