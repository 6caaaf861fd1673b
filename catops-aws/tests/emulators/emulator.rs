//! The emulators: each is started once for this process, on a port of its own, and ends with it.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use catops_aws::account::Account;
use catops_aws::service::{Call, Service};
use catops_core::client::Patience;
use serde_json::Value;

/// How long an emulator may take to answer for the first time. Both take a second on a quiet machine.
const START_TIME: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Emulator {
    MiniStack,
    Moto,
}

/// A running emulator. The pipe to its watcher stays open as long as this process lives.
struct Server {
    host: String,
    _watcher: Child,
}

impl Emulator {
    /// Returns `host:port`.
    pub(crate) fn host(self) -> &'static str {
        static MINISTACK: OnceLock<Server> = OnceLock::new();
        static MOTO: OnceLock<Server> = OnceLock::new();
        let server = match self {
            Self::MiniStack => &MINISTACK,
            Self::Moto => &MOTO,
        };
        &server.get_or_init(|| self.start()).host
    }

    /// Returns an account whose services are in the emulator.
    pub(crate) fn account(self) -> Arc<Account> {
        account(self.host())
    }

    /// Calls a service of the emulator and returns its answer, which must be a success.
    pub(crate) async fn ask(self, service: &'static str, target: &str, request: &Value) -> Value {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let body = request.to_string().into();
        let call = Call { method: http::Method::POST, path: "/".into(), headers: &headers, body };
        let answer = Service::new(self.account(), service).send(&call, &Patience::default()).await.unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer.status.is_success(), "{target}: {body}");
        body
    }

    fn program(self) -> String {
        let (variable, what) = match self {
            Self::MiniStack => ("CATOPS_MINISTACK", "`ministack` of the PyPI package ministack 1.5.33"),
            Self::Moto => ("CATOPS_MOTO", "`moto_server` of the PyPI package moto[server] 5.2.5"),
        };
        let program = std::env::var(variable).unwrap_or_default();
        assert!(!program.is_empty(), "{variable} is not set: it is the path of {what}, and this test needs it");
        program
    }

    fn start(self) -> Server {
        let program = self.program();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{self:?}-{port}"));
        std::fs::create_dir_all(&place).unwrap();
        let log = place.join("log");
        // A static is not dropped, and a test process can be killed. So a shell holds the emulator, and ends it when the
        // pipe from this process closes, whatever the reason.
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(r#""$@" & server=$!; read -r _; kill "$server"; wait "$server""#)
            .arg("watcher")
            .arg(&program);
        match self {
            Self::MiniStack => shell.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string()),
            Self::Moto => shell.args(["-H", "127.0.0.1", "-p", &port.to_string()]),
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
        use std::io::{Read, Write};
        let path = match self {
            Self::MiniStack => "/_ministack/health",
            Self::Moto => "/moto-api/",
        };
        let ask = || {
            let mut stream = std::net::TcpStream::connect(host)?;
            stream.set_read_timeout(Some(START_TIME))?;
            write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok::<_, std::io::Error>(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }
}

/// Returns an account all of whose services are at `host`.
pub(crate) fn account(host: &str) -> Arc<Account> {
    let account = Account::read(|name| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" => Some("test".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_ENDPOINT_URL" => Some(format!("http://{host}")),
        _ => None,
    });
    Arc::new(account.unwrap())
}
