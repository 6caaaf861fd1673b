//! The console's routes, called as a server calls them.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use axum::routing::RouterIntoService;
use catops_core::settings::Settings;
use catops_core::store::MemoryStore;
use catops_core::{App, Commands, Context, Dispatcher, Ingress, Secret, command};
use catops_local::console::{Console, Workspace};
use catops_local::invoker::{JobState, LocalQueue};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};

/// Restart a service.
#[command]
fn restart(#[arg(complete = services)] service: String) -> String {
    format!("{service} restarts")
}

async fn services(_: &Context, _: &str) -> Vec<String> {
    ["api", "api-eu", "web"].map(str::to_owned).to_vec()
}

static SOME: Commands = Commands::new("restart", |_| "", |path| (path == "restart").then(__catops_restart));

static NONE: Commands = Commands::new("", |_| "", |_| None);

const BASE: &str = "http://127.0.0.1:3000";
const HOST: &str = "127.0.0.1:3000";

struct Bench {
    console: TowerToHyperService<RouterIntoService<Body>>,
    queue: LocalQueue,
    ingress: Arc<Ingress>,
    bearer: String,
}

fn bench(token: Option<&str>) -> Bench {
    bench_of(&NONE, token)
}

fn bench_of(commands: &'static Commands, token: Option<&str>) -> Bench {
    let secret = Secret::new("the signing secret of this test".to_owned());
    let settings = Settings { slack_signing_secret: Some(secret), ..Settings::default() };
    let workspace = Workspace::new(BASE.to_owned()).unwrap();
    let app = App::with_settings(commands, settings).unwrap();
    let chat = workspace.chat(app.key()).unwrap();
    let app = Arc::new(app.with_chat(Arc::new(chat)));
    let queue = LocalQueue::memory();
    let dispatcher = Arc::new(Dispatcher::new(app.clone(), Arc::new(MemoryStore::default())));
    let ingress = Arc::new(Ingress::new(app, Arc::new(queue.clone()), dispatcher));
    let token = token.map(|token| Secret::new(token.to_owned()));
    let console = Console::new(ingress.clone(), commands, &workspace, queue.clone(), token).unwrap();
    let bearer = format!("Bearer {}", workspace.token().expose());
    Bench { console: TowerToHyperService::new(console.router().into_service()), queue, ingress, bearer }
}

impl Bench {
    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, HOST);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.console.call(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
    }

    async fn status(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
        self.call(method, path, headers, body).await.status().as_u16()
    }

    async fn send(&self, text: &str) -> Value {
        let body = json!({ "text": text }).to_string();
        let response = self.call("POST", "/console/send", &[JSON], &body).await;
        assert_eq!(response.status(), StatusCode::OK);
        serde_json::from_slice(&read(response).await).unwrap()
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const PING: &str = r#"{"text":"/meow ping"}"#;

async fn read(response: Response) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

/// Reads a stream of events until one holds `text`.
async fn until(response: Response, text: &str) -> String {
    let (mut body, mut seen) = (response.into_body(), String::new());
    while !seen.contains(text) {
        let frame = body.frame().await.expect("the stream goes on").unwrap();
        seen.push_str(&String::from_utf8_lossy(frame.data_ref().unwrap()));
    }
    seen
}

/// Returns the data of the events of that name.
fn events(seen: &str, name: &str) -> Vec<Value> {
    let name = format!("event: {name}");
    let events = seen.split("\n\n").filter(|event| event.lines().any(|line| line == name));
    let data =
        |event: &str| Some(serde_json::from_str(event.lines().find_map(|line| line.strip_prefix("data: "))?).unwrap());
    events.filter_map(data).collect()
}

#[tokio::test]
async fn a_line_takes_the_signed_route_into_the_queue() {
    let bench = bench(None);
    let sent = bench.send("/meow nonsense --now").await;
    assert_eq!((&sent["status"], &sent["shown"]), (&json!(200), &json!(false)));
    let jobs = bench.queue.list(None, 10).await.unwrap();
    assert_eq!((jobs.len(), jobs[0].state), (1, JobState::Queued));
    assert_eq!(sent["job"], json!(jobs[0].id.as_str()));
    assert_eq!(bench.ingress.refused(), 0);
}

#[tokio::test]
async fn what_is_answered_at_once_has_no_job() {
    let bench = bench(None);
    let sent = bench.send("/meow help").await;
    assert_eq!(sent["job"], Value::Null);
    let seen = until(bench.call("GET", "/console/events", &[], "").await, "event: jobs").await;
    let told = events(&seen, "message");
    assert_eq!((&told[0]["only"], &told[0]["turn"]), (&json!("you"), &sent["turn"]));
    assert!(told[0]["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
}

#[tokio::test]
async fn only_lines_of_ours_are_sent() {
    let bench = bench(None);
    for text in ["", "ping", "/meowping", "/other ping"] {
        let body = json!({ "text": text }).to_string();
        assert_eq!(bench.status("POST", "/console/send", &[JSON], &body).await, 400, "{text}");
    }
    assert_eq!(bench.status("POST", "/console/send", &[("content-type", "text/plain")], PING).await, 415);
    assert_eq!(bench.status("POST", "/console/send", &[JSON], "{").await, 400);
    let long = json!({ "text": format!("/meow {}", "x".repeat(70_000)) }).to_string();
    assert_eq!(bench.status("POST", "/console/send", &[JSON], &long).await, 413);
}

#[tokio::test]
async fn replies_reach_the_page_and_a_page_goes_on_where_it_was() {
    let bench = bench(None);
    bench.send("/meow ping").await;
    let taken = bench.queue.take(catops_core::Timestamp::now(), std::time::Duration::from_secs(9), 1).await.unwrap();
    let sealed = &taken.jobs[0].sealed;
    let start = sealed.find("/console/reply/").unwrap();
    let path: String = sealed[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
    for n in 1..=6 {
        let body = json!({ "text": format!("reply {n}"), "replace_original": n == 2 }).to_string();
        let response = bench.call("POST", &path, &[JSON], &body).await;
        let status = response.status().as_u16();
        let (expected, word) = if n <= 5 { (200, "ok") } else { (404, "used_url") };
        assert_eq!((status, read(response).await.as_ref()), (expected, word.as_bytes()));
    }
    let seen = until(bench.call("GET", "/console/events", &[], "").await, "event: jobs").await;
    assert!(seen.contains(r#""fresh":true"#) && seen.contains("event: sent") && seen.contains("event: ack"), "{seen}");
    let told = events(&seen, "message");
    let texts: Vec<_> = told.iter().map(|told| told["message"]["text"].as_str().unwrap()).collect();
    let replies: Vec<_> = (1..=5).map(|n| format!("reply {n}")).collect();
    assert!(texts.ends_with(&replies.iter().map(String::as_str).collect::<Vec<_>>()), "{texts:?}");
    let ts: Vec<_> = told.iter().rev().take(5).rev().map(|told| &told["ts"]).collect();
    assert!(ts[0] == ts[1] && ts[1] != ts[2] && ts[3] != ts[4], "the second replaces the first: {ts:?}");
    assert!(seen.contains(r#""running":1"#), "{seen}");
    let id = seen.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let (boot, last) = id.split_once('-').unwrap();
    let before = format!("{boot}-{}", last.parse::<u32>().unwrap() - 1);
    let again = bench.call("GET", "/console/events", &[("last-event-id", before.as_str())], "").await;
    let again = until(again, "event: jobs").await;
    assert!(again.contains(r#""fresh":false"#) && again.contains("reply 5") && !again.contains("reply 4"), "{again}");
}

#[tokio::test]
async fn reply_addresses_cannot_be_guessed_and_are_not_for_browsers() {
    let bench = bench(None);
    assert_eq!(bench.status("POST", "/console/reply/guess", &[JSON], "{}").await, 404);
    assert_eq!(bench.status("POST", "/console/reply/guess", &[JSON, ("origin", BASE)], "{}").await, 403);
    assert_eq!(bench.status("GET", "/console/reply/guess", &[], "").await, 405);
}

#[tokio::test]
async fn the_host_must_be_this_machine() {
    let bench = bench(None);
    for (host, status) in [
        ("127.0.0.1:3000", 200),
        ("localhost:3000", 200),
        ("LOCALHOST:3000", 200),
        ("[::1]:3000", 200),
        ("localhost", 403),
        ("localhost:3001", 403),
        ("evil.example:3000", 403),
        ("127.0.0.1.evil.example:3000", 403),
        ("", 403),
    ] {
        assert_eq!(bench.status("GET", "/", &[("host", host)], "").await, status, "{host}");
        let sent = bench.status("POST", "/console/send", &[JSON, ("host", host)], PING).await;
        assert_eq!(sent, status, "{host}");
    }
}

#[tokio::test]
async fn other_sites_are_refused() {
    let bench = bench(None);
    for (name, value, status) in [
        ("origin", BASE, 200),
        ("origin", "http://localhost:3000", 403),
        ("origin", "http://127.0.0.1:3001", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403),
    ] {
        assert_eq!(bench.status("POST", "/console/send", &[JSON, (name, value)], PING).await, status, "{value}");
        assert_eq!(bench.status("GET", "/console/commands", &[(name, value)], "").await, status, "{value}");
    }
    // A link on another site may lead here.
    assert_eq!(bench.status("GET", "/", &[("sec-fetch-site", "cross-site")], "").await, 200);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let bench = bench(None);
    for (path, host) in [("/", HOST), ("/console.js", HOST), ("/console.css", HOST), ("/", "evil.example")] {
        let response = bench.call("GET", path, &[("host", host)], "").await;
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    }
}

#[tokio::test]
async fn with_a_token_nothing_is_open_but_the_reply_addresses() {
    let bench = bench(Some("open sesame"));
    for path in
        ["/", "/console.css", "/console.js", "/console/commands", "/console/events", "/?token=wrong", "/?token="]
    {
        assert_eq!(bench.status("GET", path, &[], "").await, 401, "{path}");
    }
    assert_eq!(bench.status("POST", "/console/send", &[JSON], PING).await, 401);
    assert_eq!(bench.status("POST", "/console/reply/guess", &[JSON], "{}").await, 404);
    assert_eq!(bench.status("GET", "/console.js?token=open+sesame", &[], "").await, 401);

    let opened = bench.call("GET", "/?token=open+sesame", &[("host", "bot.example:8080")], "").await;
    assert_eq!((opened.status(), &opened.headers()["location"]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let cookie = opened.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains("sesame"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let both = format!("other=1; {cookie}");
    assert_eq!(bench.status("GET", "/", &[("cookie", both.as_str()), ("host", "bot.example:8080")], "").await, 200);
    assert_eq!(bench.status("GET", "/", &[("cookie", &format!("{cookie}0"))], "").await, 401);
    assert_eq!(bench.status("GET", "/", &[("cookie", "catops_console=open sesame")], "").await, 401);
}

impl Bench {
    /// Calls a method of the Web API as the bot does.
    async fn api(&self, method: &str, arguments: &Value) -> Value {
        let headers = [JSON, ("authorization", self.bearer.as_str())];
        let response = self.call("POST", &format!("/console/api/{method}"), &headers, &arguments.to_string()).await;
        assert_eq!(response.status(), StatusCode::OK);
        serde_json::from_slice(&read(response).await).unwrap()
    }

    /// Returns what the pages were told so far under a name.
    async fn told(&self, name: &str) -> Vec<Value> {
        events(&until(self.call("GET", "/console/events", &[], "").await, "event: jobs").await, name)
    }
}

#[tokio::test]
async fn the_web_api_is_for_the_bot_alone() {
    for token in [None, Some("open sesame")] {
        let bench = bench(token);
        let right = ("authorization", bench.bearer.as_str());
        let hello = r#"{"channel":"C-console","text":"hello"}"#;
        let call = async |headers: &[(&str, &str)]| {
            let response = bench.call("POST", "/console/api/chat.postMessage", headers, hello).await;
            (response.status().as_u16(), String::from_utf8(read(response).await.to_vec()).unwrap())
        };
        let refused = |word: &str| (200, json!({"ok": false, "error": word}).to_string());
        assert_eq!(call(&[JSON]).await, refused("not_authed"));
        for wrong in ["", "Bearer ", "Bearer x", &bench.bearer[7..], &bench.bearer[..bench.bearer.len() - 1]] {
            assert_eq!(call(&[JSON, ("authorization", wrong)]).await, refused("invalid_auth"));
        }
        let cookie = call(&[JSON, ("cookie", "catops_console=x")]).await;
        assert_eq!(cookie, refused("not_authed"));
        for browser in [("origin", BASE), ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")] {
            assert_eq!(call(&[JSON, right, browser]).await.0, 403, "{browser:?}");
        }
        assert_eq!(bench.status("GET", "/console/api/chat.postMessage", &[right], "").await, 405);
        let (status, said) = call(&[JSON, right]).await;
        assert!(status == 200 && said.contains(r#""ok":true"#), "{said}");
        // Without the console's own token, a name that was pointed here gets nothing at all.
        let evil = call(&[JSON, right, ("host", "evil.example")]).await.0;
        assert_eq!(evil, if token.is_some() { 200 } else { 403 });
    }
}

#[tokio::test]
async fn what_is_done_on_the_page_cannot_be_done_from_elsewhere() {
    let closed = bench(Some("open sesame"));
    let open = bench(None);
    for path in ["complete", "send", "press", "shortcut", "suggest", "view"] {
        let path = format!("/console/{path}");
        assert_eq!(closed.status("POST", &path, &[JSON], "{}").await, 401, "{path}");
        assert_eq!(open.status("POST", &path, &[JSON, ("origin", "https://evil.example")], "{}").await, 403, "{path}");
        assert_eq!(open.status("POST", &path, &[JSON, ("host", "evil.example")], "{}").await, 403, "{path}");
        assert_eq!(open.status("POST", &path, &[("content-type", "text/plain")], "{}").await, 415, "{path}");
        assert_eq!(open.status("POST", &path, &[JSON], "{}").await, 422, "{path}");
    }
    assert_eq!(closed.status("GET", "/console/file/F1", &[], "").await, 401);
    // Signed requests have a route of their own, which is the bot's and not among these.
    assert_eq!(open.status("POST", "/console/slack", &[JSON], "{}").await, 404);
}

#[tokio::test]
async fn a_value_is_completed_as_in_a_form() {
    let bench = bench_of(&SOME, None);
    let listed = bench.call("GET", "/console/commands", &[], "").await;
    let listed: Value = serde_json::from_slice(&read(listed).await).unwrap();
    assert_eq!(listed[0]["params"][0]["completes"], true);
    let words = async |command: &str, field: &str, typed: &str| {
        let body = json!({"command": command, "field": field, "typed": typed}).to_string();
        let response = bench.call("POST", "/console/complete", &[JSON], &body).await;
        serde_json::from_slice::<Value>(&read(response).await).unwrap()["words"].take()
    };
    assert_eq!(words("restart", "service", "").await, json!(["api", "api-eu", "web"]));
    assert_eq!(words("restart", "service", "EU").await, json!(["api-eu", "EU"]));
    assert_eq!(words("restart", "other", "").await, json!([]));
    assert_eq!(words("other", "service", "").await, json!([]));
}

#[tokio::test]
async fn nothing_without_the_workspaces_signature_reaches_the_bot() {
    let bench = bench(None);
    let request = http::Request::post("/console/slack").header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(Bytes::from_static(b"command=%2Fmeow&text=ping&user_id=U1")).unwrap();
    let now = catops_core::Timestamp::now();
    assert_eq!(bench.ingress.accept(&request, now).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bench.ingress.refused(), 1);
}

#[tokio::test]
async fn a_message_is_posted_changed_and_answered_in_its_thread() {
    let bench = bench(None);
    let posted = bench.api("chat.postMessage", &json!({"channel": "C-console", "text": "one"})).await;
    let ts = &posted["ts"];
    assert_eq!((&posted["ok"], &posted["channel"]), (&json!(true), &json!("C-console")));
    let changed = bench.api("chat.update", &json!({"channel": "C-console", "ts": ts, "text": "two"})).await;
    assert_eq!((&changed["ok"], &changed["ts"]), (&json!(true), ts));
    let reply = bench.api("chat.postMessage", &json!({"channel": "C-console", "thread_ts": ts, "text": "three"})).await;
    let deeper = json!({"channel": "C-console", "thread_ts": reply["ts"], "text": "four"});
    bench.api("chat.postMessage", &deeper).await;
    let quiet = json!({"channel": "C-console", "user": "U-console", "text": "five"});
    assert!(bench.api("chat.postEphemeral", &quiet).await["message_ts"].is_string());
    let told = bench.told("message").await;
    let seen: Vec<_> = told.iter().map(|told| (&told["message"]["text"], &told["thread"], &told["only"])).collect();
    let (none, you) = (&Value::Null, &json!("you"));
    let [one, two, three, four, five] = ["one", "two", "three", "four", "five"].map(|text| json!(text));
    let expected = [(&one, none, none), (&two, none, none), (&three, ts, none), (&four, ts, none), (&five, none, you)];
    assert_eq!(seen, expected);
    assert_eq!((&told[0]["ts"], &told[1]["ts"]), (ts, ts));
}

#[tokio::test]
async fn the_web_api_refuses_as_slack_does() {
    let bench = bench(None);
    let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": []});
    for (method, arguments, word) in [
        ("chat.postMessage", json!({"channel": "C-other", "text": "x"}), "channel_not_found"),
        ("chat.postMessage", json!({"channel": "C-console"}), "no_text"),
        ("chat.postEphemeral", json!({"channel": "C-console", "user": "U-other", "text": "x"}), "user_not_in_channel"),
        ("chat.update", json!({"channel": "C-console", "ts": "1.0", "text": "x"}), "message_not_found"),
        ("views.open", json!({"trigger_id": "guess", "view": view}), "invalid_trigger_id"),
        ("views.open", json!({"trigger_id": "guess"}), "invalid_arguments"),
        ("views.update", json!({"view_id": "V1", "view": view}), "not_found"),
        ("files.getUploadURLExternal", json!({}), "invalid_arguments"),
        ("files.completeUploadExternal", json!({"files": [{"id": "F1"}]}), "file_not_found"),
        ("users.info", json!({}), "user_not_found"),
        ("users.list", json!({}), "unknown_method"),
    ] {
        assert_eq!(bench.api(method, &arguments).await, json!({"ok": false, "error": word}), "{method} {arguments}");
    }
}

#[tokio::test]
async fn a_file_is_uploaded_shown_and_saved() {
    let bench = bench(None);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let asked = [form, ("authorization", bench.bearer.as_str())];
    let response =
        bench.call("POST", "/console/api/files.getUploadURLExternal", &asked, "filename=a+%C3%BC.txt&length=7").await;
    let ticket: Value = serde_json::from_slice(&read(response).await).unwrap();
    let upload = ticket["upload_url"].as_str().unwrap().strip_prefix(BASE).unwrap();
    assert_eq!(bench.status("POST", upload, &[("origin", BASE)], "<b>x").await, 403);
    assert_eq!(bench.status("POST", "/console/upload/guess", &[], "x").await, 404);
    assert_eq!(bench.status("POST", upload, &[("content-type", "text/plain")], "<b>file").await, 200);
    assert_eq!(bench.status("POST", upload, &[], "other").await, 404);
    let id = ticket["file_id"].as_str().unwrap();
    let share = json!({"files": [{"id": id, "title": "The log"}], "channel_id": "C-console"});
    assert_eq!(bench.api("files.completeUploadExternal", &share).await["ok"], true);
    let file = &bench.told("message").await[0]["message"]["files"][0];
    assert_eq!((&file["title"], &file["preview"], &file["size"]), (&json!("The log"), &json!("<b>file"), &json!(7)));
    let saved = bench.call("GET", &format!("/console/file/{id}"), &[], "").await;
    let header = |name: &str| saved.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-disposition"), "attachment; filename*=UTF-8''a%20%C3%BC.txt");
    assert_eq!(
        (header("content-type"), header("x-content-type-options")),
        ("application/octet-stream".to_owned(), "nosniff".to_owned())
    );
    assert_eq!(read(saved).await.as_ref(), b"<b>file");
}

#[tokio::test]
async fn a_reply_in_a_thread_becomes_a_job_that_answers_there() {
    let bench = bench(None);
    let posted = bench.api("chat.postMessage", &json!({"channel": "C-console", "text": "one"})).await;
    let body = json!({"text": "nonsense", "thread": posted["ts"]}).to_string();
    let response = bench.call("POST", "/console/send", &[JSON], &body).await;
    assert_eq!(response.status(), StatusCode::OK);
    let done: Value = serde_json::from_slice(&read(response).await).unwrap();
    let jobs = bench.queue.list(None, 10).await.unwrap();
    assert_eq!(done["job"], json!(jobs[0].id.as_str()));
    let told = bench.told("message").await;
    assert_eq!((&told[1]["from"], &told[1]["thread"]), (&json!("you"), &posted["ts"]));
    assert_eq!(told[1]["message"]["text"], "<@U-catops|catops> nonsense");
    let taken = bench.queue.take(catops_core::Timestamp::now(), std::time::Duration::from_secs(9), 1).await.unwrap();
    let thread = posted["ts"].as_str().unwrap();
    assert!(taken.jobs[0].sealed.contains(thread), "the job knows its thread");
    let gone = json!({"text": "x", "thread": "1.0"}).to_string();
    assert_eq!(bench.status("POST", "/console/send", &[JSON], &gone).await, 404);
}

#[tokio::test]
async fn what_is_no_longer_there_cannot_be_pressed() {
    let bench = bench(None);
    let button =
        json!({"type": "button", "action_id": "a", "value": "v", "text": {"type": "plain_text", "text": "Go"}});
    let blocks = json!([{"type": "actions", "block_id": "b", "elements": [button]}]);
    let posted = bench.api("chat.postMessage", &json!({"channel": "C-console", "text": "x", "blocks": blocks})).await;
    let press = |ts: &Value, block: &str, action: &str| {
        json!({"message": ts, "block": block, "action": action, "window": "w"}).to_string()
    };
    let here = &posted["ts"];
    assert_eq!(bench.status("POST", "/console/press", &[JSON], &press(here, "b", "a")).await, 200);
    for gone in [press(&json!("1.0"), "b", "a"), press(here, "c", "a"), press(here, "b", "c")] {
        assert_eq!(bench.status("POST", "/console/press", &[JSON], &gone).await, 404);
    }
    let typed = json!({"view": "V1", "block": "b", "action": "a", "value": ""}).to_string();
    assert_eq!(bench.status("POST", "/console/suggest", &[JSON], &typed).await, 404);
    let sent = json!({"view": "V1", "values": {}}).to_string();
    assert_eq!(bench.status("POST", "/console/view", &[JSON], &sent).await, 404);
}
