//! functions-framework, Google's own, given the bodies that we are given: it must read in each what we read.
//!
//! Two things are read by it and refused by us: the events of background functions, and CloudEvents of other types. Two
//! are refused by it and read by us: a wrapped push without data, which Pub/Sub sends for a message of attributes alone, and
//! one in snake case alone.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catops_core::client::Client;
use catops_core::http::HttpRequest;
use catops_gcp::push::Push;
use serde_json::Value;

/// How long it may take to answer for the first time.
const START_TIME: Duration = Duration::from_secs(60);

const PUBLISHED: &str = "google.cloud.pubsub.topic.v1.messagePublished";

/// The server. It ends with this value.
struct Framework {
    url: String,
    seen: std::path::PathBuf,
    server: Child,
}

impl Drop for Framework {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Framework {
    async fn start() -> Self {
        let program = std::env::var("CATOPS_FUNCTIONS_FRAMEWORK").unwrap_or_default();
        assert!(
            !program.is_empty(),
            "CATOPS_FUNCTIONS_FRAMEWORK is not set: it is the path of `functions-framework` of the PyPI package \
             functions-framework 3.10.2, and this test needs it"
        );
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("framework-{port}"));
        std::fs::create_dir_all(&folder).unwrap();
        let seen = folder.join("seen");
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulators/framework.py");
        let mut server = Command::new(program)
            .args(["--target=seen", "--signature-type=cloudevent", "--host=127.0.0.1"])
            // With `--debug` Flask serves itself, in this one process.
            .args([format!("--port={port}"), format!("--source={}", source.display())])
            .env("SEEN", &seen)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}/projects/example-project/topics/catops-jobs");
        let begun = Instant::now();
        while Client::shared().get(&url).send().await.is_err() {
            assert!(server.try_wait().unwrap().is_none(), "it ended at once; see {}", folder.display());
            assert!(begun.elapsed() < START_TIME, "it does not answer; see {}", folder.display());
            tokio::time::sleep(Duration::from_millis(50)).await; // between two looks; what is waited for is the answer
        }
        Self { url, seen, server }
    }

    /// Returns what it read in a request, as JSON of the type and the data; `None` if it refused it.
    async fn reads(&self, headers: &[(&str, &str)], body: &str) -> Option<Value> {
        let before = self.lines().len();
        let mut request = Client::shared().post(&self.url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let status = request.send().await.unwrap().status();
        let lines = self.lines();
        assert_eq!(lines.len() - before, usize::from(status.is_success()), "{status}");
        lines.get(before).map(|line| serde_json::from_str(line).unwrap())
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.seen).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    async fn check(&self, name: &str, headers: &[(&'static str, &str)], body: &str) {
        let mut http = HttpRequest::new(body.to_owned().into());
        for (header, value) in headers {
            http.headers_mut().insert(*header, value.parse().unwrap());
        }
        let ours = Push::read(&http).unwrap_or_else(|error| panic!("{name}: {}", error.chain()));
        let theirs = self.reads(headers, body).await.unwrap_or_else(|| panic!("{name}: it refuses what we read"));
        assert_eq!(theirs["type"], PUBLISHED, "{name}");
        let message = &theirs["data"]["message"];
        let data = STANDARD.decode(message["data"].as_str().unwrap_or_default()).unwrap();
        assert_eq!(ours.data, data, "{name}");
        let id = message["messageId"].as_str().or(message["message_id"].as_str());
        assert_eq!(Some(ours.id.as_str()), id, "{name}");
    }
}

/// Returns name and text of the pushes in a folder.
fn pushes(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    let is_push = |name: &str| ["push-", "pubsub-push-", "cloudevent-"].iter().any(|kind| name.starts_with(kind));
    let pushes = named.filter(|(name, _)| is_push(name));
    pushes.map(|(name, path)| (name, std::fs::read_to_string(path).unwrap())).collect()
}

#[tokio::test]
async fn it_reads_what_we_read() {
    let framework = Framework::start().await;
    let mut found = pushes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"));
    assert!(found.len() >= 5, "our own pushes are gone");
    if let Some(folder) = std::env::var_os("CATOPS_FIXTURES") {
        let recorded = pushes(&Path::new(&folder).join("gcp"));
        assert!(recorded.len() >= 3, "there are no recorded pushes");
        found.extend(recorded);
    }
    for (name, body) in found {
        if name.starts_with("cloudevent-") {
            framework.check(&name, &[("content-type", "application/cloudevents+json")], &body).await;
            continue;
        }
        let json = [("content-type", "application/json")];
        let pushed: Value = serde_json::from_str(&body).unwrap();
        let message = &pushed["message"];
        match message["data"].is_string() && message["messageId"].is_string() {
            true => framework.check(&name, &json, &body).await,
            false => assert!(framework.reads(&json, &body).await.is_none(), "{name}"),
        }
        // The same as Eventarc sends it.
        let binary = [
            ("content-type", "application/json"),
            ("ce-id", "11000000000009"),
            ("ce-source", "//pubsub.googleapis.com/projects/example-project/topics/catops-jobs"),
            ("ce-specversion", "1.0"),
            ("ce-type", PUBLISHED),
            ("ce-time", "2026-11-23T02:04:05.678Z"),
        ];
        framework.check(&format!("{name}, as a CloudEvent"), &binary, &body).await;
    }
    // And it refuses, as we do, what is no event at all.
    for body in ["", "{}", "[]", "no JSON"] {
        assert!(framework.reads(&[("content-type", "application/json")], body).await.is_none(), "{body}");
        assert!(Push::read(&HttpRequest::new(body.to_owned().into())).is_err(), "{body}");
    }
}
