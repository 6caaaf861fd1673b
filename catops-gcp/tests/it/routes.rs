//! What each route is answered, through the real server.

use std::sync::Arc;

use catops_core::Timestamp;
use catops_core::audit::Outcome;
use catops_core::client::Client;
use catops_core::testing::slack::Call;
use catops_gcp::config::Role;
use catops_gcp::oidc::{Expected, Keys, Verifier};
use serde_json::json;

use crate::mint::{ACCOUNT, AUDIENCE, Mint, Published, claims};
use crate::stand::{Stand, begun, open, pushed, until};

#[tokio::test]
async fn a_command_passes_both_legs() {
    let stand = Stand::new(Role::Both, None).await;
    let call = Call::command("hello both-legs").with_address(&stand.slack.url("/both")).with_trigger("both").by("U1");
    let (head, body) = call.signed(stand.slack.signer(), Timestamp::now()).into_parts();
    let headers: Vec<_> = head.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(stand.post("/slack", &headers, body.clone()).await.status(), 200);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(stand.post("/slack", &form, body).await.status(), 401);
    let [job] = &stand.queue.take()[..] else { panic!("there is not one job") };
    for _ in 0..2 {
        assert_eq!(stand.push("/push", job.as_str(), None).await, 204);
    }
    assert_eq!(begun("both-legs"), 1);
    assert_eq!(stand.replies("both").len(), 1);
    let records = stand.records().await;
    assert!(matches!(&records[..], [record] if record.outcome == Outcome::Ran), "{records:?}");
    // Cloud Tasks sends the job as it is.
    let job = stand.sealed("task", "hello by-task");
    assert_eq!(stand.post("/task", &[("x-cloudtasks-taskretrycount", "0")], job).await.status(), 204);
    assert_eq!((begun("by-task"), stand.replies("task").len()), (1, 1));
}

#[tokio::test]
async fn what_is_not_ours_is_not_kept_in_the_queue() {
    let stand = Stand::new(Role::Both, None).await;
    let good = stand.sealed("forged", "hello forged");
    let altered = good.replace("hello forged", "hello forget");
    for data in ["", "no job", "{}", "\u{feff}", &altered] {
        assert_eq!(stand.push("/push", data, None).await, 204, "{data}");
        assert_eq!(stand.push("/dead", data, None).await, 204, "{data}");
        assert_eq!(stand.post("/task", &[], data.to_owned()).await.status(), 204, "{data}");
    }
    let bare = json!({"message": {"attributes": {"kind": "empty"}, "messageId": "1"}, "subscription": "s"}).to_string();
    assert_eq!(stand.post("/push", &[], bare).await.status(), 204);
    // What no subscription of ours sends is kept, for somebody to set it right.
    let background = r#"{"context":{"eventType":"google.pubsub.topic.publish"},"data":{"data":""}}"#;
    for body in [background, &good, "", "{}"] {
        assert_eq!(stand.post("/push", &[], body.to_owned()).await.status(), 400, "{body}");
    }
    assert_eq!((begun("forged"), begun("forget"), stand.records().await.len()), (0, 0, 0));
}

#[tokio::test]
async fn who_serves_what() {
    for (role, chats, queue) in [(Role::Both, 415, 400), (Role::Front, 415, 404), (Role::Worker, 404, 400)] {
        let stand = Stand::new(role, None).await;
        assert_eq!(stand.post("/slack", &[], "").await.status(), chats, "{role:?}");
        for path in ["/push", "/dead", "/tick/night-watch"] {
            assert_eq!(stand.post(path, &[], "").await.status(), queue, "{role:?} {path}");
        }
        let (task, none) = if role == Role::Front { (404, 404) } else { (204, 405) };
        assert_eq!(stand.post("/task", &[], "").await.status(), task, "{role:?}");
        let get = async |path: &str| Client::shared().get(format!("http://{}{path}", stand.address)).send().await;
        assert_eq!(get("/push").await.unwrap().status(), none, "{role:?}");
        assert_eq!(get("/healthz").await.unwrap().status(), 200, "{role:?}");
        assert_eq!(get("/").await.unwrap().status(), 404, "{role:?}");
        assert_eq!(stand.post("/elsewhere", &[], "").await.status(), 404, "{role:?}");
    }
}

#[tokio::test]
async fn a_tick_runs_once() {
    let stand = Stand::new(Role::Worker, None).await;
    let now = Timestamp::now().to_string();
    let due = format!("{}T{}+00:00", &now[..10], &now[11..19]);
    let headers = [("x-cloudscheduler", "true"), ("x-cloudscheduler-scheduletime", due.as_str())];
    for _ in 0..2 {
        assert_eq!(stand.post("/tick/night-watch", &headers, "").await.status(), 204);
    }
    assert_eq!(begun("night-watch"), 1);
    assert_eq!(stand.records().await.len(), 1);
    // What has no schedule, or does not exist, is nothing that a tick can run; trying again cannot help.
    for path in ["/tick/hello", "/tick/no%20such"] {
        assert_eq!(stand.post(path, &headers, "").await.status(), 204, "{path}");
    }
    assert_eq!(stand.records().await.len(), 1);
    let wrong = [("x-cloudscheduler-scheduletime", "soon")];
    assert_eq!(stand.post("/tick/night-watch", &wrong, "").await.status(), 400);
}

#[tokio::test]
async fn a_repeat_waits_for_the_run_it_repeats() {
    let stand = Arc::new(Stand::new(Role::Both, None).await);
    let job = stand.sealed("held", "wait held");
    let push = || {
        let (stand, job) = (stand.clone(), job.clone());
        tokio::spawn(async move { stand.push("/push", &job, None).await })
    };
    let first = push();
    until(|| begun("held") == 1).await;
    let repeats = [push(), push()];
    // Another job passes them, so they were looked at.
    assert_eq!(stand.push("/push", &stand.sealed("beside", "hello beside"), None).await, 204);
    assert!(repeats.iter().all(|repeat| !repeat.is_finished()));
    open("held");
    assert_eq!(first.await.unwrap(), 204);
    for repeat in repeats {
        assert_eq!(repeat.await.unwrap(), 204);
    }
    assert_eq!((begun("held"), stand.replies("held").len()), (1, 1));
}

/// Pub/Sub hangs up when its time is up; the command goes on.
#[tokio::test]
async fn a_caller_who_hangs_up_does_not_end_the_run() {
    let stand = Arc::new(Stand::new(Role::Both, None).await);
    let (worker, job) = (stand.clone(), stand.sealed("hung-up", "wait hung-up"));
    let caller = tokio::spawn(async move { worker.push("/push", &job, None).await });
    until(|| begun("hung-up") == 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    // Its connection is closed by now or will be; the server goes on either way.
    assert_eq!(stand.push("/push", &stand.sealed("next", "hello next"), None).await, 204);
    open("hung-up");
    assert_eq!(stand.slack.wait("/hung-up", 1, crate::stand::SOON).await.len(), 1);
}

#[tokio::test]
async fn what_the_queue_gave_up_is_told_or_runs_again() {
    let stand = Stand::new(Role::Both, None).await;
    let dead = |job: &str| {
        let mut body = pushed(job);
        body["message"]["attributes"] = json!({"CloudPubSubDeadLetterSourceDeliveryCount": "5"});
        body.to_string()
    };
    let job = stand.sealed("dead", "wait dead");
    for _ in 0..2 {
        assert_eq!(stand.post("/dead", &[], dead(&job)).await.status(), 204);
    }
    let [told] = &stand.replies("dead")[..] else { panic!("it was not told once") };
    assert!(told.text().contains("Google Cloud tried it 5 times"), "{}", told.text());
    let again = stand.sealed("again", "wait-again again");
    assert_eq!(stand.post("/dead", &[], dead(&again)).await.status(), 204);
    let [job] = &stand.queue.take()[..] else { panic!("it does not run again") };
    assert_ne!(job.as_str(), again);
    assert_eq!((begun("dead"), stand.replies("again").len()), (0, 0));
}

/// One public service: only Google's tokens for its own pusher get to the second leg.
#[tokio::test]
async fn tokens_are_checked() {
    let (google, stranger) = (Mint::google(), Mint::stranger());
    let published = Published::new(&[&google]).await;
    let expected = Expected { audience: AUDIENCE.to_owned(), account: ACCOUNT.to_owned() };
    let verifier = Verifier::new(Arc::new(Keys::at(published.url())), expected);
    let stand = Stand::new(Role::Both, Some(verifier)).await;
    let now = Timestamp::now().as_secs();
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims(now);
        claims[name] = value;
        google.sign(&google.header(), &claims)
    };
    let job = stand.sealed("token", "hello token");
    for (what, token) in [
        ("none", None),
        ("forged", Some(stranger.good(now))),
        ("expired", Some(google.good(now - 7200))),
        ("for another audience", Some(with("aud", json!("https://other.example")))),
        ("of another account", Some(with("email", json!("me@gmail.example")))),
        ("of an address that is not verified", Some(with("email_verified", json!(false)))),
    ] {
        for path in ["/push", "/dead", "/task", "/tick/night-watch"] {
            assert_eq!(stand.push(path, &job, token.as_deref()).await, 401, "{what}, {path}");
        }
    }
    assert_eq!((begun("token"), stand.replies("token").len()), (0, 0));
    let good = google.good(now);
    assert_eq!(stand.push("/push", &job, Some(&good)).await, 204);
    assert_eq!(begun("token"), 1);
    // Chats and health need none.
    assert_eq!(Client::shared().get(format!("http://{}/healthz", stand.address)).send().await.unwrap().status(), 200);
    // Without keys the message is kept.
    published.set(503, "", &[]);
    let expected = Expected { audience: AUDIENCE.to_owned(), account: ACCOUNT.to_owned() };
    let verifier = Verifier::new(Arc::new(Keys::at(published.url())), expected);
    let stand = Stand::new(Role::Both, Some(verifier)).await;
    assert_eq!(stand.push("/push", &job, Some(&good)).await, 503);
}
