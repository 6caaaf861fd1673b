//! Every kind of request that Slack sends, as plain HTTP: the answer is the one that core alone gives.
//! Besides our own, recorded ones where `CATOPS_FIXTURES` names a folder of them.

use std::sync::Arc;

use catops_core::client::Client;
use catops_core::conformance::payloads::{payloads, pure};
use catops_core::testing::slack::Workspace;
use catops_core::{Commands, Timestamp};
use catops_local::entry;

/// No command at all: each line is answered in the second leg, by saying so.
static COMMANDS: Commands = Commands::new("", |_| "", |_| None);

#[tokio::test]
async fn each_is_answered_as_core_answers_it() {
    let slack = Workspace::start().await.unwrap();
    let recorded = std::env::var_os("CATOPS_FIXTURES");
    let [alone, served] = [(); 2].map(|()| Arc::new(pure(&COMMANDS, slack.signer(), slack.host())));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/slack", listener.local_addr().unwrap());
    let router = entry::router(served.clone(), axum::Router::new());
    tokio::spawn(entry::serve(listener, served, router, std::future::pending()));
    let now = Timestamp::now();
    for (name, http) in payloads(slack.signer(), now, &slack.url(""), recorded.as_deref()) {
        let expected = alone.accept(&http, now).await;
        let mut request = Client::shared().post(&url).body(http.body().clone());
        for (name, value) in http.headers() {
            request = request.header(name.as_str(), value.to_str().unwrap());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected.status(), "{name}");
        assert_eq!(&answer.bytes().await.unwrap(), expected.body(), "{name}");
    }
}
