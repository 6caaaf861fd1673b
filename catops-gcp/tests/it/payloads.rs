//! Every kind of request that Slack sends, as Cloud Run passes it on: the answer is the one that core alone gives.
//! Besides our own, recorded ones where `CATOPS_FIXTURES` names a folder of them.

use catops_core::Timestamp;
use catops_core::conformance::payloads::{payloads, pure};
use catops_gcp::config::Role;

use crate::stand::{COMMANDS, Stand};

#[tokio::test]
async fn each_is_answered_as_core_answers_it() {
    let stand = Stand::new(Role::Both, None).await;
    let recorded = std::env::var_os("CATOPS_FIXTURES");
    let (pure, now) = (pure(&COMMANDS, stand.slack.signer(), stand.slack.host()), Timestamp::now());
    for (name, http) in payloads(stand.slack.signer(), now, &stand.slack.url(""), recorded.as_deref()) {
        let expected = pure.accept(&http, now).await;
        let headers: Vec<_> =
            http.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let answer = stand.post("/slack", &headers, http.body().clone()).await;
        assert_eq!(answer.status(), expected.status(), "{name}");
        assert_eq!(&answer.bytes().await.unwrap(), expected.body(), "{name}");
        stand.queue.take();
    }
}
