//! Cloud Run as far as a service sees it.

use std::net::SocketAddr;

use catops_core::http::HttpRequest;

use crate::Failure;
use crate::connection::Answer;
use crate::target::{SECRET, headers, post};

const HOST: &str = "catops-0123456789-ew.a.run.app";

pub(crate) fn environment(port: u16, pubsub: SocketAddr) -> Vec<(&'static str, String)> {
    let set = [
        ("K_SERVICE", "catops"),
        ("K_REVISION", "catops-00001-bench"),
        ("K_CONFIGURATION", "catops"),
        ("GOOGLE_CLOUD_PROJECT", "bench"),
        ("CATOPS_SLACK_SIGNING_SECRET", SECRET),
        ("CATOPS_QUEUE", "pubsub:projects/bench/topics/catops-jobs"),
        ("CATOPS_STORE", "memory"),
        ("CATOPS_PUSH_AUDIENCE", "https://catops-0123456789-ew.a.run.app"),
        ("CATOPS_PUSH_ACCOUNT", "catops-push@bench.iam.gserviceaccount.com"),
    ];
    let mut environment: Vec<_> = set.map(|(name, value)| (name, value.to_owned())).into();
    environment.extend([("PORT", port.to_string()), ("PUBSUB_EMULATOR_HOST", pubsub.to_string())]);
    environment
}

/// Makes the request as Cloud Run's front end passes it on.
pub(crate) fn request(http: &HttpRequest) -> Vec<u8> {
    let more = [
        ("host", HOST),
        ("accept", "application/json,*/*"),
        ("accept-encoding", "gzip,deflate"),
        ("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)"),
        ("forwarded", "for=\"203.0.113.7\";proto=https"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
        ("x-cloud-trace-context", "0af7651916cd43dd8448eb211c80319c/13235353014750950193"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
    ];
    post("/slack", headers(http).chain(more), http.body())
}

/// Expects 200; what Pub/Sub got is counted where it arrives.
pub(crate) fn check(answer: &Answer) -> Result<(), Failure> {
    if answer.status == 200 { Ok(()) } else { Err(format!("the acknowledgement is {}", answer.status).into()) }
}
