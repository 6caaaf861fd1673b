//! The rules of an invoker, with MiniStack as the queue and a function that writes down what it is invoked with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use catops_aws::invoker::LambdaInvoker;
use catops_aws::service::{Call, Service};
use catops_core::client::Patience;
use catops_core::conformance::invoker::Bench;
use catops_core::invoker::Invoker;
use serde_json::{Value, json};

use crate::dynamo::name;
use crate::emulator::Emulator;

/// How long events may take to arrive.
const SOON: Duration = Duration::from_secs(30);

/// Appends each event to a file, as one line.
const RECORDER: &str = "\
import fcntl, json, os
def handler(event, context):
    with open(os.environ['PLACE'], 'a') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(event) + '\\n')
";

struct Recorder {
    function: String,
    place: PathBuf,
}

impl Recorder {
    fn new() -> Self {
        let function = name();
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&function);
        Self { function, place }
    }

    async fn lambda(&self, method: http::Method, path: &str, body: &Value) {
        let headers = [("content-type", "application/json")];
        let body = body.to_string().into();
        let call = Call { method, path: path.into(), headers: &headers, body };
        let account = Emulator::MiniStack.account();
        let answer = Service::new(account, "lambda").send(&call, &Patience::default()).await.unwrap();
        assert!(answer.status.is_success(), "{path}: {}", String::from_utf8_lossy(&answer.body));
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.place).unwrap_or_default();
        // MiniStack reads and writes the JSON anew, which Lambda does not.
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap().to_string()).collect()
    }
}

/// Packs `handler.py` into a zip without compression.
fn package() -> Vec<u8> {
    let (name, content) = (b"handler.py".as_slice(), RECORDER.as_bytes());
    let (size, checksum) = (content.len() as u32, crc32(content));
    let entry = |out: &mut Vec<u8>| {
        out.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]); // version 2.0, stored, the first day of 1980
        [checksum, size, size].iter().for_each(|number| out.extend(number.to_le_bytes()));
        out.extend((name.len() as u16).to_le_bytes());
        out.extend([0, 0]);
    };
    let mut zip = b"PK\x03\x04".to_vec();
    entry(&mut zip);
    zip.extend([name, content].concat());
    let directory = zip.len() as u32;
    zip.extend(b"PK\x01\x02\x14\x03");
    entry(&mut zip);
    zip.extend([0; 6]);
    zip.extend((0o100_644_u32 << 16).to_le_bytes());
    zip.extend([0; 4]);
    zip.extend(name);
    let length = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend([length.to_le_bytes(), directory.to_le_bytes()].concat());
    zip.extend([0, 0]);
    zip
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

impl Recorder {
    /// An emulator that starts fifty programs on a busy machine does not answer as Lambda does.
    fn patient(&self) -> LambdaInvoker {
        let attempt = Duration::from_secs(15);
        let patience = Patience { attempt, total: 2 * attempt, ..Patience::default() };
        LambdaInvoker::new(Emulator::MiniStack.account(), &self.function).with_patience(patience)
    }
}

#[async_trait]
impl Bench for Recorder {
    async fn invoker(&self) -> Arc<dyn Invoker> {
        let zip = base64::engine::general_purpose::STANDARD.encode(package());
        let function = json!({
            "FunctionName": self.function, "Runtime": "python3.11", "Handler": "handler.handler", "Timeout": 30,
            "Role": "arn:aws:iam::000000000000:role/catops", "Code": {"ZipFile": zip},
            "Environment": {"Variables": {"PLACE": self.place}},
        });
        self.lambda(http::Method::POST, "/2015-03-31/functions", &function).await;
        Arc::new(self.patient())
    }

    async fn delivered(&self, count: usize) -> Vec<String> {
        let begun = Instant::now();
        // A job whose acceptance was slow to be told was sent once more, and is there twice.
        while self.lines().iter().collect::<std::collections::BTreeSet<_>>().len() < count && begun.elapsed() < SOON {
            tokio::time::sleep(Duration::from_millis(20)).await; // between two looks
        }
        self.lines()
    }

    /// What was accepted is in Lambda; this process has no part in it any more.
    async fn restart(&self) -> Arc<dyn Invoker> {
        Arc::new(self.patient())
    }

    async fn refuse(&self) {
        self.lambda(http::Method::DELETE, &format!("/2015-03-31/functions/{}", self.function), &Value::Null).await;
    }
}

catops_core::invoker_conformance!(Recorder::new());
