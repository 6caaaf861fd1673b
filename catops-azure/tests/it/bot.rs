//! Invocations in, answers out, as the host sees them.

use std::sync::Arc;
use std::time::Duration;

use catops_azure::Bot;
use catops_azure::invoker::QueueBindingInvoker;
use catops_core::chat::Rejection;
use catops_core::http::MAX_BODY;
use catops_core::http::{HttpRequest, HttpResponse};
use catops_core::job::JobKey;
use catops_core::server::Handler as _;
use catops_core::store::{MemoryStore, Store as _};
use catops_core::testing::slack::{Call, Signer, Workspace};
use catops_core::{App, Commands, Dispatcher, Ingress, JobId, Secret, Timestamp};
use http::StatusCode;
use serde_json::{Value, json};

/// No command at all: each line is answered in the second leg, by saying so.
pub(crate) static COMMANDS: Commands = Commands::new("", |_| "", |_| None);

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

pub(crate) struct Stage {
    bot: Bot,
    store: Arc<MemoryStore>,
    pub(crate) slack: Workspace,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let slack = Workspace::start_with(Secret::new(SECRET.to_owned())).await.unwrap();
        let (chat, key) = (slack.chat().unwrap(), JobKey::derive([slack.signer().secret()]));
        let app = Arc::new(App::new(&COMMANDS, vec![Arc::new(chat)], key));
        let store = Arc::new(MemoryStore::default());
        let dispatcher = Arc::new(Dispatcher::new(app.clone(), store.clone()));
        let ingress = Ingress::new(app, Arc::new(QueueBindingInvoker), dispatcher.clone());
        let bot = Bot::new(&COMMANDS, ingress, dispatcher, None, Duration::from_secs(10));
        Self { bot, store, slack }
    }

    fn command(&self, name: &str) -> Call {
        let response_url = self.slack.url(&format!("/commands/{name}"));
        Call::command("hello there").with_address(&response_url).with_trigger(name)
    }

    fn signed(&self, name: &str) -> HttpRequest {
        self.command(name).signed(self.slack.signer(), Timestamp::now())
    }

    /// Posts a body to a function, and checks what the host asks of every answer.
    async fn post(&self, path: &str, body: String) -> (StatusCode, Value) {
        let request =
            http::Request::post(path).header("x-azure-functions-invocationid", "i").body(body.into()).unwrap();
        checked(&self.bot.handle(request).await)
    }

    /// Sends a client's request through the host's envelope.
    pub(crate) async fn send(&self, http: &HttpRequest) -> (StatusCode, Value) {
        let headers: Value =
            http.headers().iter().map(|(name, value)| (name.to_string(), json!([value.to_str().unwrap()]))).collect();
        let body = std::str::from_utf8(http.body()).unwrap();
        let url = format!("https://bot.azurewebsites.net{}", http.uri());
        let req = json!({"Url": url, "Method": http.method().as_str(), "Query": {}, "Headers": headers, "Body": body});
        self.post("/slack", json!({"Data": {"req": req}, "Metadata": {}}).to_string()).await
    }

    /// Delivers a message for the `tries`th time.
    async fn deliver(&self, function: &str, text: &str, tries: u32) -> (StatusCode, Value) {
        let metadata = json!({"DequeueCount": tries.to_string()});
        self.post(function, json!({"Data": {"item": json!(text).to_string()}, "Metadata": metadata}).to_string()).await
    }
}

fn checked(response: &HttpResponse) -> (StatusCode, Value) {
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/json"), "{kind}");
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert!(body["Outputs"].is_object(), "{body}");
    (response.status(), body)
}

#[tokio::test]
async fn a_command_crosses_both_legs() {
    let stage = Stage::new().await;
    let (status, answer) = stage.send(&stage.signed("both")).await;
    let (res, job) = (&answer["Outputs"]["res"], answer["Outputs"]["job"].as_str().unwrap());
    assert_eq!((status, &res["statusCode"]), (StatusCode::OK, &json!("200")));
    let log = answer["Logs"][0].as_str().unwrap();
    assert!(log.contains(JobId::of(&["slack", "T0001", "both"]).as_str()) && log.contains("accepted"), "{log}");
    for (tries, outcome) in [(1, "unknown"), (2, "repeat")] {
        let (status, answer) = stage.deliver("/job", job, tries).await;
        assert_eq!((status, &answer["Outputs"]), (StatusCode::OK, &json!({})));
        assert!(answer["Logs"][0].as_str().unwrap().contains(outcome), "{answer}");
    }
    assert_eq!(stage.slack.posts("/commands/both").len(), 1);
}

#[tokio::test]
async fn refusals_are_answers() {
    let stage = Stage::new().await;
    let forged = stage.command("forged").signed(&Signer::new(Secret::new("another".to_owned())), Timestamp::now());
    let mut get = stage.signed("get");
    *get.method_mut() = http::Method::GET;
    let now = Timestamp::now();
    let large = stage.slack.signer().post("application/x-www-form-urlencoded", "x".repeat(MAX_BODY + 1), now);
    for (http, expected) in [(forged, "401"), (get, "405"), (large, "413")] {
        let (status, answer) = stage.send(&http).await;
        assert_eq!((status, &answer["Outputs"]["res"]["statusCode"]), (StatusCode::OK, &json!(expected)));
        assert!(answer["Outputs"].get("job").is_none(), "{answer}");
    }
    // What was too large even for an envelope never got to a function, and its client learns the same.
    let (status, answer) = checked(&stage.bot.refuse(Rejection::TooLarge));
    assert_eq!((status, &answer["Outputs"]["res"]["statusCode"]), (StatusCode::OK, &json!("413")));
    assert_eq!(checked(&stage.bot.refuse(Rejection::Malformed)).0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn only_functions_of_ours_answer() {
    let stage = Stage::new().await;
    let envelope = json!({"Data": {"req": {"Method": "GET"}}}).to_string();
    let ready = checked(&stage.bot.handle(http::Request::get("/").body(bytes::Bytes::new()).unwrap()).await);
    assert_eq!(ready.0, StatusCode::OK);
    assert_eq!(stage.post("/health", envelope.clone()).await.1["Outputs"]["res"]["statusCode"], "200");
    for path in ["/", "/other", "/job/x", "/slack/x", "/healthz", "/JOB"] {
        assert_eq!(stage.post(path, envelope.clone()).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/slack", "/job", "/dead", "/minute"] {
        let get = http::Request::get(path).body(envelope.clone().into()).unwrap();
        assert_eq!(checked(&stage.bot.handle(get).await).0, StatusCode::NOT_FOUND, "{path}");
        for body in ["", "null", "{}", "[1]", "job"] {
            assert_eq!(stage.post(path, body.to_owned()).await.0, StatusCode::BAD_REQUEST, "{path} {body}");
        }
    }
}

#[tokio::test]
async fn forged_messages_are_dropped() {
    let stage = Stage::new().await;
    let (_, answer) = stage.send(&stage.signed("altered")).await;
    let job = answer["Outputs"]["job"].as_str().unwrap().replace("hello", "hallo");
    for text in [job.as_str(), "aaaaa", "", "{}", r#"{"catops":{"schedule":"none","time":"2026-01-02T03:04:00Z"}}"#] {
        for function in ["/job", "/dead"] {
            let (status, answer) = stage.deliver(function, text, 1).await;
            assert_eq!((status, &answer["Outputs"]), (StatusCode::OK, &json!({})), "{function} {text}");
            assert!(answer["Logs"][0].as_str().unwrap().ends_with("refused"), "{function} {text}: {answer}");
        }
    }
    assert_eq!(stage.slack.tries("/commands/altered"), 0);
}

#[tokio::test]
async fn a_running_job_is_waited_for_only_by_its_own_message() {
    let stage = Stage::new().await;
    let (_, answer) = stage.send(&stage.signed("busy")).await;
    let job = answer["Outputs"]["job"].as_str().unwrap().to_owned();
    let (id, now) = (JobId::of(&["slack", "T0001", "busy"]), Timestamp::now());
    stage.store.claim(&id, now + Duration::from_secs(60), now).await.unwrap();
    assert_eq!(stage.deliver("/job", &job, 1).await.0, StatusCode::OK, "a copy");
    assert_eq!(stage.deliver("/job", &job, 2).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(stage.slack.tries("/commands/busy"), 0);
    // The poison queue has it now, and delivers it twice.
    for _ in 0..2 {
        assert_eq!(stage.deliver("/dead", &job, 1).await.0, StatusCode::OK);
    }
    let posts = stage.slack.posts("/commands/busy");
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert!(posts[0].text().contains("no end was recorded (Azure gave it up after several tries)"), "{posts:?}");
}

#[tokio::test]
async fn a_minute_without_schedules() {
    let stage = Stage::new().await;
    let call = json!({"Data": {"tick": {"IsPastDue": false}}, "Metadata": {"sys": {"UtcNow": "2026-01-02T03:07:00Z"}}});
    let (status, answer) = stage.post("/minute", call.to_string()).await;
    assert_eq!((status, &answer["Outputs"], &answer["Logs"]), (StatusCode::OK, &json!({}), &json!(["minute 0 due"])));
}
