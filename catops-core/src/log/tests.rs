use std::sync::{Arc, Mutex};

use super::*;
use crate::audit::Record;
use crate::command::{Command, Commands};
use crate::store::{MemoryStore, Store as _};
use crate::{App, Dispatcher, command, job, request};

/// Says it.
#[command]
fn say(#[arg(rest)] words: String) -> String {
    words
}

fn find(path: &str) -> Option<Command> {
    (path == "say").then(__catops_say)
}

static COMMANDS: Commands = Commands::new("say", |_| "", find);

/// Runs a job, and returns the record of it and what the log then has of jobs that ended.
fn logged(level: Level, format: Format) -> (Record, Vec<String>) {
    let out = Arc::new(Mutex::new(Vec::new()));
    let to = out.clone();
    let store = Arc::new(MemoryStore::default());
    let app = Arc::new(App::new(&COMMANDS, Vec::new(), job::JobKey::derive([])));
    let dispatcher = Dispatcher::new(app, store.clone());
    let now = crate::Timestamp::from_secs(1_795_305_600);
    let request = request::Request { text: "say \"hello\" <@U1|ann>".to_owned(), ..Default::default() };
    let reply_to = request::ReplyTo::default();
    let job = job::Job {
        id: crate::JobId::of(&["log"]),
        asked: now,
        expires: now + job::MAX_WAIT,
        hops: 0,
        reply_to,
        request,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    tracing::subscriber::with_default(
        writing(level, format, Box::new(move |_, line| to.lock().unwrap().extend_from_slice(line))),
        || {
            let responder = Arc::new(crate::responder::MemoryResponder::default());
            runtime.block_on(dispatcher.run(&job, responder, now, std::time::Duration::from_secs(10)));
        },
    );
    let record = runtime.block_on(store.records(1)).unwrap().remove(0);
    let text = String::from_utf8(out.lock().unwrap().clone()).unwrap();
    (record, text.lines().filter(|line| line.contains("a job ended")).map(str::to_owned).collect())
}

#[test]
fn each_record_is_one_line_of_level_info() {
    for level in [Level::INFO, Level::DEBUG, Level::TRACE] {
        let (record, lines) = logged(level, Format::Text);
        assert_eq!(lines.len(), 1, "{level}: {lines:?}");
        let (head, text) = lines[0].split_once("a job ended record=").unwrap();
        assert!(head.contains(" INFO ") && head.contains(record.job.as_str()), "{head}");
        assert_eq!(serde_json::from_str::<Record>(text).unwrap(), record);
        assert!(record.link.is_some());

        let (record, lines) = logged(level, Format::Json);
        assert_eq!(lines.len(), 1, "{level}: {lines:?}");
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((line["level"].as_str(), line["message"].as_str()), (Some("INFO"), Some("a job ended")));
        assert_eq!(serde_json::from_str::<Record>(line["record"].as_str().unwrap()).unwrap(), record);
    }
    for format in [Format::Text, Format::Json] {
        assert_eq!(logged(Level::WARN, format).1, [""; 0], "{format:?}");
    }
}
