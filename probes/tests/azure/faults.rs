//! What can go wrong around the handler: forged calls, a host that breaks off or ends the process, storage that is gone.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use catops_core::audit::Outcome;
use catops_core::chat::Incoming;
use catops_core::client::Client;
use catops_core::conformance::flow::{Bench as _, SCHEDULE_CHANNEL};
use catops_core::http::HttpResponse;
use catops_core::job::{Job, JobId};
use catops_core::request::{Actor, Channel, ReplyTo, Request};
use catops_core::store::{Store as _, When};
use catops_core::testing::slack::{API, Call};
use catops_core::{Secret, Timestamp};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::bench::Azure;

/// How long anything may take that is not told by its own clock.
const SOON: Duration = Duration::from_secs(60);

/// Looks again and again until there is something to see outside this process.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let seen = timeout(SOON, async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            sleep(Duration::from_millis(15)).await;
        }
    });
    seen.await.unwrap_or_else(|_| panic!("not seen in time: {what}"))
}

async fn settled(bench: &Azure) {
    until("an empty queue", async || (bench.pending().await.expect("the queue answers") == 0).then_some(())).await;
}

fn marks(bench: &Azure, mark: &str) -> usize {
    std::fs::read_to_string(bench.probes().join(mark)).map_or(0, |text| text.lines().count())
}

fn command(bench: &Azure, text: &str, name: &str) -> Call {
    let response_url = bench.workspace().url(&format!("/commands/{name}"));
    Call::command(text).with_address(&response_url).with_trigger(name)
}

/// Sends a command to the host.
async fn send(bench: &Azure, text: &str, name: &str) -> HttpResponse {
    let http = command(bench, text, name).signed(bench.workspace().signer(), Timestamp::now());
    bench.send(http).await.expect("the host answers")
}

/// Sends a command, and waits for its reply.
async fn works(bench: &Azure, name: &str) {
    assert_eq!(send(bench, "say hello it works", name).await.status(), StatusCode::OK);
    let posts = bench.workspace().wait(&format!("/commands/{name}"), 1, SOON).await;
    assert_eq!(posts.len(), 1, "{posts:?}");
    settled(bench).await;
}

/// Seals a job whose reply goes to `/commands/<name>` in the workspace.
fn sealed(bench: &Azure, text: &str, name: &str) -> (JobId, String) {
    let now = Timestamp::now();
    let request = Request {
        actor: Actor { id: "U0001".to_owned(), ..Actor::default() },
        channel: Channel { id: "C0001".to_owned(), ..Channel::default() },
        prefix: "/meow".to_owned(),
        text: text.to_owned(),
        ..Request::default()
    };
    let url = Some(Secret::new(bench.workspace().url(&format!("/commands/{name}"))));
    let reply_to = ReplyTo { chat: "slack".to_owned(), url, expires: now + SOON * 10, ..ReplyTo::default() };
    let job = Job::new(Incoming::new(JobId::of(&[name]), request, reply_to), now);
    let sealed = job.seal(bench.key()).expect("it is short");
    (job.id, sealed.as_str().to_owned())
}

/// The envelope in which the host delivers a message.
fn item(text: &str) -> String {
    json!({"Data": {"item": json!(text).to_string()}, "Metadata": {"DequeueCount": "1"}}).to_string()
}

/// Posts to the handler itself, past the host.
async fn post(bench: &Azure, path: &str, body: impl Into<Bytes>) -> (StatusCode, Value) {
    let handler = bench.host.handler().await.expect("a handler is ready");
    let answer = Client::shared().post(format!("http://{handler}{path}")).body(body).timeout(SOON).send().await;
    let answer = answer.expect("the handler answers");
    (answer.status(), serde_json::from_str(&answer.text().await.expect("it is text")).expect("it is JSON"))
}

/// Whoever reaches the handler past the host gets nothing run, and it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_envelopes_run_nothing() {
    let bench = Azure::start().await.expect("the host and the handler start");
    let handler = bench.host.handler().await.expect("a handler is ready");
    let (_, job) = sealed(&bench, "say forged-mark x", "forged");
    let altered = job.replace("forged-mark", "forgef-mark");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for path in ["/slack", "/job", "/dead", "/minute", "/health", "/nothing"] {
        for body in ["", "null", "{}", "[]", "{\"Data\":", "{\"Data\":null}", &deep, "\u{0}"] {
            let (status, answer) = post(&bench, path, body.to_owned()).await;
            assert!(status.is_client_error() && answer["Outputs"].is_object(), "{path}: {status} {answer}");
        }
        let (status, _) = post(&bench, path, vec![0xff; 1000]).await;
        assert!(status.is_client_error(), "{path}: {status}");
    }
    for text in [altered.as_str(), "aaaaa", "{}", &deep] {
        for path in ["/job", "/dead"] {
            let (status, answer) = post(&bench, path, item(text)).await;
            assert_eq!((status, &answer["Outputs"]), (StatusCode::OK, &json!({})), "{path}");
        }
    }
    // A job at the door of the first leg, unsigned.
    let req = json!({"Url": "http://x/slack", "Method": "POST", "Headers": {}, "Body": job});
    let (status, answer) = post(&bench, "/slack", json!({"Data": {"req": req}}).to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(answer["Outputs"]["res"]["statusCode"] != "200" && answer["Outputs"].get("job").is_none(), "{answer}");

    assert_eq!(marks(&bench, "forged-mark") + marks(&bench, "forgef-mark"), 0, "one of them ran");
    assert_eq!(bench.workspace().tries("/commands/forged"), 0);
    assert_eq!(bench.host.handler().await.expect("it serves"), handler, "it was started anew");
    works(&bench, "after-forged").await;
}

/// A body over the limit is answered 413; one that is too large even for an envelope is refused before it is in memory,
/// and whether the host reads that answer or finds the connection closed, which is a 500, is a matter of who is faster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_body_is_refused() {
    let bench = Azure::start().await.expect("the host and the handler start");
    let handler = bench.host.handler().await.expect("a handler is ready");
    let (large, too_large) = (StatusCode::PAYLOAD_TOO_LARGE, StatusCode::INTERNAL_SERVER_ERROR);
    for (size, expected) in [(1024 * 1024 + 1, &[large][..]), (17 * 1024 * 1024, &[large, too_large])] {
        let body = "x".repeat(size);
        let http = bench.workspace().signer().post("application/x-www-form-urlencoded", body, Timestamp::now());
        let answer = bench.send(http).await.expect("the host answers");
        assert!(expected.contains(&answer.status()), "{size} bytes: {}", answer.status());
    }
    assert_eq!(bench.host.handler().await.expect("it serves"), handler, "it was started anew");
    works(&bench, "after-large").await;
}

/// A host that breaks off before it has an answer has written nothing, so no job exists that somebody waits for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_acknowledgement_is_no_job() {
    let bench = Azure::start().await.expect("the host and the handler start");
    let handler = bench.host.handler().await.expect("a handler is ready");
    let http = command(&bench, "say dropped-mark x", "dropped").signed(bench.workspace().signer(), Timestamp::now());
    let headers: Value =
        http.headers().iter().map(|(name, value)| (name.to_string(), json!([value.to_str().unwrap_or("")]))).collect();
    let body = std::str::from_utf8(http.body()).expect("it is text");
    let req = json!({"Url": "http://x/slack", "Method": "POST", "Headers": headers, "Body": body});
    let envelope = json!({"Data": {"req": req}}).to_string();
    // Once before the handler has answered, and once when it has.
    drop(call(handler, "/slack", &envelope).await);
    let mut answering = call(handler, "/slack", &envelope).await;
    answering.read_u8().await.expect("an answer begins");
    drop(answering);
    assert_eq!(bench.pending().await.expect("the queue answers"), 0);
    works(&bench, "after-dropped").await;
    assert_eq!((marks(&bench, "dropped-mark"), bench.workspace().tries("/commands/dropped")), (0, 0));
}

/// A host that breaks off while a command runs delivers the message again: the command runs to its end, and only once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_second_leg_runs_to_its_end() {
    let bench = Azure::start().await.expect("the host and the handler start");
    let handler = bench.host.handler().await.expect("a handler is ready");
    let (id, job) = sealed(&bench, "wait cut-off", "cut-off");
    let waiting = call(handler, "/job", &item(&job)).await;
    until("the command's begin", async || (marks(&bench, "cut-off.begun") == 1).then_some(())).await;
    drop(waiting);
    bench.deliver(&job).await.expect("the queue takes it");
    settled(&bench).await;
    std::fs::write(bench.probes().join("cut-off"), "open").expect("the gate opens");
    let posts = bench.workspace().wait("/commands/cut-off", 1, SOON).await;
    assert!(posts[0].text().contains("waited"), "{posts:?}");
    bench.deliver(&job).await.expect("the queue takes it");
    settled(&bench).await;
    assert_eq!((marks(&bench, "cut-off.begun"), bench.workspace().posts("/commands/cut-off").len()), (1, 1));
    let records = bench.records().await.expect("the table can be read");
    let found: Vec<_> = records.iter().filter(|record| record.job == id).collect();
    assert!(matches!(found[..], [record] if record.outcome == Outcome::Ran), "{found:?}");
}

/// Begins a call of the handler, and leaves its answer on the way.
async fn call(handler: SocketAddr, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(handler).await.expect("the handler listens");
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("it reads");
    stream
}

/// What stands in this target's place of row 17: nothing is acknowledged, nothing is pending, nothing runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_down_is_a_500() {
    let bench = Azure::start().await.expect("the host and the handler start");
    bench.queue(false).await.expect("the relay closes");
    let answer = send(&bench, "say down-mark x", "down").await;
    bench.queue(true).await.expect("the relay opens");
    assert_eq!((answer.status(), answer.body().len()), (StatusCode::INTERNAL_SERVER_ERROR, 0));
    assert_eq!(bench.pending().await.expect("the queue answers"), 0);
    works(&bench, "after-down").await;
    assert_eq!((marks(&bench, "down-mark"), bench.workspace().tries("/commands/down")), (0, 0));
}

/// With all of the storage gone the handler stays up: it acknowledges nothing, runs nothing, and says so where it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_azurite_stopped_nothing_runs() {
    let mut bench = Azure::start().await.expect("the host and the handler start");
    let handler = bench.host.handler().await.expect("a handler is ready");
    bench.azurite.stop().await.expect("it ends");
    assert_eq!(send(&bench, "say stopped-mark x", "first-leg").await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let health = http::Request::get("/healthz").body(Bytes::new()).expect("a valid request");
    assert_eq!(bench.send(health).await.expect("the host answers").status(), StatusCode::OK);

    // A message that was on its way when the storage went.
    let (_, job) = sealed(&bench, "say stopped-mark x", "second-leg");
    let (status, _) = post(&bench, "/job", item(&job)).await;
    assert_eq!(status, StatusCode::OK);
    let posts = bench.workspace().posts("/commands/second-leg");
    assert!(posts.len() == 1 && posts[0].text().contains("nothing was run"), "{posts:?}");
    let (status, _) = post(&bench, "/dead", item(&job)).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "a dead job that cannot be looked up comes again");
    let (status, answer) = post(&bench, "/minute", minute("2026-01-02T03:07:00Z")).await;
    assert_eq!((status, &answer["Outputs"]), (StatusCode::OK, &json!({})), "the timer goes on without sweeping");
    assert_eq!(marks(&bench, "stopped-mark"), 0);
    assert_eq!(bench.host.handler().await.expect("it serves"), handler, "it was started anew");
}

fn minute(utc: &str) -> String {
    json!({"Data": {"tick": {"IsPastDue": false}}, "Metadata": {"sys": {"UtcNow": utc}}}).to_string()
}

/// A command that lets nothing else run cannot be stopped by the bot; the host ends the process, and the asker learns why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_stops_what_the_bot_cannot() {
    let bench = Azure::start_with(Duration::from_secs(8)).await.expect("the host and the handler start");
    let handler = bench.host.handler().await.expect("a handler is ready");
    let (id, job) = sealed(&bench, "seize time-out", "time-out");
    bench.deliver(&job).await.expect("the queue takes it");
    let posts = bench.workspace().wait("/commands/time-out", 1, SOON).await;
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert!(posts[0].text().contains("no end was recorded (Azure gave it up after several tries)"), "{posts:?}");
    settled(&bench).await;
    assert_eq!(marks(&bench, "time-out.begun"), 1, "it ran again");
    assert_ne!(bench.host.handler().await.expect("it serves"), handler, "it was not started anew");
    let records = bench.records().await.expect("the table can be read");
    let found: Vec<_> = records.iter().filter(|record| record.job == id).collect();
    assert!(matches!(found[..], [record] if record.outcome == Outcome::Died), "{found:?}");
}

/// The timer's call puts what is due into the queue, once for a minute though it is called twice, and sweeps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timer_runs_what_is_due_and_sweeps() {
    let bench = Azure::start().await.expect("the host and the handler start");
    let api = format!("{API}chat.postMessage");
    // The only time of `clock chime` for years.
    for utc in
        ["2028-02-28T23:59:00.01Z", "2028-02-29T00:00:00.0123456Z", "2028-02-29T00:00:20Z", "2028-02-29T00:01:00Z"]
    {
        bench.host.minute(utc).await.expect("the function succeeds");
        settled(&bench).await;
    }
    assert_eq!(marks(&bench, "clock-chime"), 1);
    let posts = bench.workspace().posts(&api);
    assert!(posts.len() == 1 && posts[0].channel() == SCHEDULE_CHANNEL, "{posts:?}");

    let (table, now) = (bench.table(), Timestamp::now());
    let expired = Timestamp::from_secs(now.as_secs() - 60);
    for key in ["swept/1", "swept/2"] {
        let put = table.put(key, "old", Some(expired), When::Always, Timestamp::from_secs(now.as_secs() - 120)).await;
        put.expect("the table takes it");
    }
    bench.host.minute("2026-01-02T03:07:00.5Z").await.expect("the function succeeds");
    let output = bench.output().await.expect("it can be read");
    assert!(
        output.lines().any(|line| line.contains("expired rows were deleted") && line.contains("count=2")),
        "{output}"
    );
}

/// A job that never started, as when no handler would start, comes to the poison queue unrun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_never_started_is_told_once() {
    let bench = Azure::start().await.expect("the host and the handler start");
    let (_, job) = sealed(&bench, "say never-started hello", "never");
    for _ in 0..2 {
        bench.poison().put(job.as_bytes()).await.expect("the queue takes it");
        settled(&bench).await;
    }
    let posts = bench.workspace().posts("/commands/never");
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert!(
        posts[0].text().contains("was never started: Azure gave it up after several tries. Nothing ran."),
        "{posts:?}"
    );
    assert_eq!(marks(&bench, "never-started"), 0, "it ran");
}
