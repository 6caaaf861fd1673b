//! What Pub/Sub does when an answer is not to its liking, and what the asker is told then.

use std::time::Duration;

use catops_core::Timestamp;
use catops_core::audit::Outcome;
use catops_core::conformance::flow::Bench as _;
use catops_core::testing::slack::{Call, Post};
use serde_json::Value;

use crate::bench::Gcp;
use crate::common::Folder;
use crate::emulators::Emulator;
use crate::watch::Delivery;

const SOON: Duration = Duration::from_secs(60);

/// Sends a command whose reply goes to `name` in the workspace, and returns the text of the acknowledgement.
async fn send(bench: &Gcp, name: &str, text: &str) -> String {
    let slack = bench.workspace();
    let call = Call::command(text).with_address(&slack.url(&format!("/{name}"))).with_trigger(name);
    let answer = bench.send(call.signed(slack.signer(), Timestamp::now())).await.expect("it is answered");
    assert_eq!(answer.status(), 200);
    let ack: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    ack["text"].as_str().unwrap_or_default().to_owned()
}

/// Waits until `look` says yes.
async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let looked = async {
        while !look() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, looked).await.unwrap_or_else(|_| panic!("{what}"));
}

async fn settled(bench: &Gcp) {
    until("everything ends", || bench.watch.pending() == 0).await;
}

fn marks(bench: &Gcp, mark: &str) -> usize {
    std::fs::read_to_string(bench.probes().join(mark)).map_or(0, |text| text.lines().count())
}

/// Waits for the one reply to `name`.
async fn reply(bench: &Gcp, name: &str) -> Post {
    let posts = bench.workspace().wait(&format!("/{name}"), 1, SOON).await;
    posts.into_iter().next().unwrap_or_else(|| panic!("there is no reply to {name}"))
}

fn replies(bench: &Gcp, name: &str) -> usize {
    bench.workspace().posts(&format!("/{name}")).len()
}

/// Returns path and status of each delivery.
fn said(deliveries: &[Delivery]) -> Vec<(&str, u16)> {
    deliveries.iter().map(|delivery| (delivery.path.as_str(), delivery.status)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_was_answered_503_comes_again() {
    let bench = Gcp::start().await.expect("the container starts");
    bench.watch.refuse(2);
    send(&bench, "refused", "say was-refused hello").await;
    assert!(reply(&bench, "refused").await.text().contains("hello"));
    settled(&bench).await;
    let deliveries = bench.watch.deliveries();
    assert_eq!(said(&deliveries), [("/push", 503), ("/push", 503), ("/push", 204)]);
    assert!(deliveries.iter().all(|delivery| delivery.id == deliveries[0].id), "it is another message");
    assert_eq!((marks(&bench, "was-refused"), replies(&bench, "refused")), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_again_while_it_runs_waits_for_the_run() {
    let bench = Gcp::start().await.expect("the container starts");
    send(&bench, "beside", "wait beside").await;
    until("it begins", || marks(&bench, "beside.begun") == 1).await;
    bench.watch.hang_up();
    // The second delivery is with the container, and not answered.
    until("it comes again", || bench.watch.deliveries().len() == 1 && bench.watch.pending() == 2).await;
    std::fs::write(bench.probes().join("beside"), "open").expect("the gate can be opened");
    assert!(reply(&bench, "beside").await.text().contains("waited"));
    settled(&bench).await;
    assert_eq!(said(&bench.watch.deliveries()), [("/push", 503), ("/push", 204)]);
    assert_eq!((marks(&bench, "beside.begun"), replies(&bench, "beside")), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_last_try_the_asker_is_told() {
    let bench = Gcp::start().await.expect("the container starts");
    bench.watch.refuse(5);
    send(&bench, "dead", "say was-dead hello").await;
    let told = reply(&bench, "dead").await;
    assert!(told.text().contains("was never started: Google Cloud tried it 5 times. Nothing ran."), "{}", told.text());
    settled(&bench).await;
    let deliveries = bench.watch.deliveries();
    assert_eq!(said(&deliveries), [[("/push", 503); 5].as_slice(), &[("/dead", 204)]].concat());
    assert!(deliveries.iter().all(|delivery| delivery.data == deliveries[0].data), "it is another message");
    assert_eq!((marks(&bench, "was-dead"), replies(&bench, "dead")), (0, 1));
    let records = bench.records().await.expect("the store can be read");
    assert!(matches!(&records[..], [record] if record.outcome == Outcome::Died), "{records:?}");
}

/// Pub/Sub stands still: nothing that was acknowledged is lost, and what could not be handed over is said at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_stands_still_in_mid_flight() {
    let folder = Folder::new("gcp-paused").expect("a folder can be made");
    let pubsub = Emulator::pubsub(folder.path()).await.expect("the emulator starts");
    let bench = Gcp::start_on(pubsub.address).await.expect("the container starts");
    // One command runs, and one is acknowledged that the container has not seen.
    send(&bench, "runs", "wait runs").await;
    until("it begins", || marks(&bench, "runs.begun") == 1).await;
    bench.watch.refuse(1);
    assert_eq!(send(&bench, "kept", "say was-kept hello").await, "");
    until("it is refused", || bench.watch.deliveries().len() == 1).await;
    pubsub.pause(true).await.expect("it can be paused");
    let begun = std::time::Instant::now();
    let ack = send(&bench, "late", "say was-late hello").await;
    assert!(begun.elapsed() < Duration::from_secs(3), "the acknowledgement took {:?}", begun.elapsed());
    assert!(ack.contains("I could not start this"), "{ack}");
    std::fs::write(bench.probes().join("runs"), "open").expect("the gate can be opened");
    assert!(reply(&bench, "runs").await.text().contains("waited"));
    pubsub.pause(false).await.expect("it can go on");
    assert!(reply(&bench, "kept").await.text().contains("hello"));
    settled(&bench).await;
    assert_eq!((marks(&bench, "runs.begun"), replies(&bench, "runs")), (1, 1));
    assert_eq!((marks(&bench, "was-kept"), replies(&bench, "kept")), (1, 1));
    // It was said that this could not be known.
    assert!(marks(&bench, "was-late") <= 1);
}
