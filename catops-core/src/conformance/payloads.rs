//! What Slack sends, of every kind, from files: our own, written from its documentation, and recorded ones.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::app::App;
use crate::chat::slack::Slack;
use crate::command::Commands;
use crate::dispatcher::Dispatcher;
use crate::form::Draft;
use crate::http::HttpRequest;
use crate::ingress::Ingress;
use crate::invoker::MemoryInvoker;
use crate::job::JobKey;
use crate::request::ReplyTo;
use crate::store::MemoryStore;
use crate::testing::slack::Signer;
use crate::time::Timestamp;

/// The address that the files have for replies.
const HOOKS: &str = "https://hooks.slack.com";

/// Returns a signed request for each file: its name and the request. `recorded` is a folder with a folder `slack` of more
/// of them.
///
/// A file holds a JSON body, the JSON of an interaction, or `content_type` and `body`. Replies go to `replies`, such as
/// `http://127.0.0.1:4000`, in place of Slack. `SEALED <line>` becomes a button of the bot whose signing secret is the
/// signer's, `SEALED DRAFT <command>` what a form of it carries.
///
/// # Panics
///
/// If a file cannot be read, or a folder has none.
pub fn payloads(signer: &Signer, at: Timestamp, replies: &str, recorded: Option<&OsStr>) -> Vec<(String, HttpRequest)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/slack");
    let mut requests = Vec::new();
    for folder in [Some(own), recorded.map(|folder| Path::new(folder).join("slack"))].into_iter().flatten() {
        let files = files(&folder);
        assert!(!files.is_empty(), "there are no payloads in {}", folder.display());
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a payload can be read");
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            requests.push((name, request(signer, at, replies, &text)));
        }
    }
    requests
}

/// Returns a first leg with nothing but memory around it, whose replies may go to the host `replies`: every adapter must
/// answer each payload as it does.
pub fn pure(commands: &'static Commands, signer: &Signer, replies: String) -> Ingress {
    let slack = Slack::new(signer.secret().clone(), vec![replies]);
    let app = Arc::new(App::new(commands, vec![Arc::new(slack)], JobKey::derive([signer.secret()])));
    let dispatcher = Arc::new(Dispatcher::new(app.clone(), Arc::new(MemoryStore::default())));
    Ingress::new(app, Arc::new(MemoryInvoker::new(1000)), dispatcher)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = entries.map(|entry| entry.expect("a folder can be listed").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    files
}

fn request(signer: &Signer, at: Timestamp, replies: &str, text: &str) -> HttpRequest {
    const FORM: &str = "application/x-www-form-urlencoded";
    let mut json: Value = serde_json::from_str(&text.replace(HOOKS, replies)).expect("a payload is JSON");
    if let (Some(kind), Some(body)) = (json["content_type"].as_str(), json["body"].as_str()) {
        return signer.post(kind, body.replace("https%3A%2F%2Fhooks.slack.com", &encoded(replies)), at);
    }
    seal(&mut json, signer, at);
    match json["type"].as_str() {
        Some("event_callback" | "url_verification" | "app_rate_limited") => {
            signer.post("application/json", json.to_string(), at)
        }
        Some(_) => signer.post(FORM, format!("payload={}", encoded(&json.to_string())), at),
        None => {
            // The shape of a form, whose values are left out.
            let sample = |name: &String| match name.as_str() {
                "response_url" => encoded(replies),
                _ => "x".to_owned(),
            };
            let names = json.as_object().expect("a payload is an object").keys();
            let fields: Vec<String> = names.map(|name| format!("{name}={}", sample(name))).collect();
            signer.post(FORM, fields.join("&"), at)
        }
    }
}

/// Puts a seal wherever a file says so.
fn seal(json: &mut Value, signer: &Signer, at: Timestamp) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(|item| seal(item, signer, at)),
        Value::Object(members) => members.values_mut().for_each(|member| seal(member, signer, at)),
        Value::String(text) => {
            let slack = Slack::new(signer.secret().clone(), Vec::new());
            if let Some(command) = text.strip_prefix("SEALED DRAFT ") {
                let reply_to = ReplyTo { chat: "slack".to_owned(), ..ReplyTo::default() };
                *text = slack.sealed_draft(&Draft { command: command.to_owned(), reply_to, ..Draft::default() });
            } else if let Some(line) = text.strip_prefix("SEALED ") {
                *text = slack.sealed_button(line, at).expect("the line of a test is short");
            }
        }
        _ => {}
    }
}

/// Percent-encodes every byte, as a form may.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
