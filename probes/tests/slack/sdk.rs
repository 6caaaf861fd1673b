//! Slack's own SDK for Python in a process of its own, which answers questions.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use catops_core::http::HttpRequest;
use catops_core::{Secret, Timestamp};
use serde_json::{Value, json};

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The process. It ends with this value.
pub(crate) struct Sdk {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Drop for Sdk {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Sdk {
    pub(crate) fn start() -> Self {
        let python = std::env::var("CATOPS_SLACK_SDK").unwrap_or_default();
        assert!(
            !python.is_empty(),
            "CATOPS_SLACK_SDK is not set: it is the path of a Python with the PyPI packages slack_sdk 3.47.0 and \
             slack_bolt 1.30.0, and this test needs it"
        );
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slack/sdk.py");
        let mut process = Command::new(python)
            .args(["-W", "ignore"])
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, to, from }
    }

    /// Asks, and returns the answer, or why there is none.
    pub(crate) fn try_ask(&mut self, what: &str, with: Value) -> Result<Value, String> {
        let mut question = with;
        question["do"] = what.into();
        writeln!(self.to, "{question}").unwrap();
        self.to.flush().unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).expect("it answers in JSON");
        match answer["failed"].as_str() {
            Some(why) => Err(why.to_owned()),
            None => Ok(answer["said"].take()),
        }
    }

    /// Asks what must have an answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, what: &str, with: Value) -> Value {
        self.try_ask(what, with).unwrap_or_else(|why| panic!("{what}: {why}"))
    }

    /// Calls a method of the Web API.
    #[track_caller]
    pub(crate) fn call(&mut self, base: &str, token: &str, method: &str, arguments: Value) -> Value {
        self.ask("call", json!({"base": base, "token": token, "method": method, "arguments": arguments}))
    }

    /// Returns the signature of a body sent at that time.
    pub(crate) fn sign(&mut self, secret: &Secret, timestamp: &str, body: &[u8]) -> String {
        let body = BASE64_STANDARD.encode(body);
        let with = json!({"secret": secret.expose(), "timestamp": timestamp, "body": body});
        self.ask("sign", with).as_str().expect("a signature").to_owned()
    }

    /// Makes a request to the bot that is signed now.
    pub(crate) fn signed(&mut self, secret: &Secret, kind: &str, body: &str) -> HttpRequest {
        let timestamp = Timestamp::now().as_secs().to_string();
        let signature = self.sign(secret, &timestamp, body.as_bytes());
        request(kind, &timestamp, &signature, body.as_bytes())
    }
}

/// Makes a request to the bot.
pub(crate) fn request(kind: &str, timestamp: &str, signature: &str, body: &[u8]) -> HttpRequest {
    http::Request::post("/slack")
        .header("content-type", kind)
        .header("x-slack-request-timestamp", http::HeaderValue::from_bytes(timestamp.as_bytes()).unwrap())
        .header("x-slack-signature", http::HeaderValue::from_bytes(signature.as_bytes()).unwrap())
        .body(Bytes::copy_from_slice(body))
        .unwrap()
}
