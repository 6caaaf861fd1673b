//! Every kind of request that Slack sends, as the host wraps it: the answer is the one that core alone gives.
//! Besides our own, recorded ones where `CATOPS_FIXTURES` names a folder of them.

use catops_core::Timestamp;
use catops_core::conformance::payloads::{payloads, pure};
use http::StatusCode;

use crate::bot::{COMMANDS, Stage};

#[tokio::test]
async fn each_is_answered_as_core_answers_it() {
    let stage = Stage::new().await;
    let recorded = std::env::var_os("CATOPS_FIXTURES");
    let (pure, now) = (pure(&COMMANDS, stage.slack.signer(), stage.slack.host()), Timestamp::now());
    for (name, http) in payloads(stage.slack.signer(), now, &stage.slack.url(""), recorded.as_deref()) {
        let expected = pure.accept(&http, now).await;
        let (status, answer) = stage.send(&http).await;
        let res = &answer["Outputs"]["res"];
        let body = res["body"].as_str().unwrap_or_default().as_bytes();
        assert_eq!((status, &res["statusCode"]), (StatusCode::OK, &expected.status().as_str().into()), "{name}");
        assert_eq!(body, expected.body(), "{name}");
    }
}
