//! One public service, whose second leg only Google's tokens reach: the real process, without emulators. What needs keys of
//! Google's is tested where they can be others, in `catops-gcp/tests/it`.

use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catops_core::Timestamp;
use catops_core::client::Client;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::common::{free_port, program};

const AUDIENCE: &str = "https://bot.example.run.app";
const ACCOUNT: &str = "pusher@example-project.iam.gserviceaccount.com";

/// How long the process may take to start or to end.
const SOON: Duration = Duration::from_secs(20);

fn command(port: u16) -> Command {
    let mut command = Command::new(program(env!("CARGO_BIN_EXE_probes-gcp")));
    command
        .env_clear()
        .envs([
            ("PORT", port.to_string().as_str()),
            ("CATOPS_SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5-flow"),
            ("CATOPS_QUEUE", "pubsub:projects/example-project/topics/catops-jobs"),
            ("CATOPS_STORE", "memory"),
            ("PUBSUB_EMULATOR_HOST", "127.0.0.1:1"),
            ("K_SERVICE", "bot"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn token(algorithm: &str, changes: &[(&str, Value)]) -> String {
    let now = Timestamp::now().as_secs();
    let mut claims = json!({
        "iss": "https://accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT, "email_verified": true,
        "iat": now, "exp": now + 3600,
    });
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    let header = json!({"alg": algorithm, "kid": "1"});
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("Bearer {}.{}.AAAA", part(&header), part(&claims))
}

#[tokio::test]
async fn nobody_without_a_token_gets_to_the_second_leg() {
    let port = free_port().expect("there is a free port").port();
    let process = command(port).env("CATOPS_PUSH_AUDIENCE", AUDIENCE).env("CATOPS_PUSH_ACCOUNT", ACCOUNT).spawn();
    let _process = process.expect("it can be started");
    let begun = Instant::now();
    let health = format!("http://127.0.0.1:{port}/healthz");
    while Client::shared().get(&health).send().await.is_err() {
        assert!(begun.elapsed() < SOON, "it does not answer");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let expired = Timestamp::now().as_secs() - 3600;
    for (what, authorization) in [
        ("none", String::new()),
        ("no token", "Bearer x".to_owned()),
        ("unsigned", token("none", &[])),
        ("a shared secret", token("HS256", &[])),
        ("expired", token("RS256", &[("exp", json!(expired))])),
        ("another audience", token("RS256", &[("aud", json!("https://other.example"))])),
        ("another account", token("RS256", &[("email", json!("me@example.com"))])),
    ] {
        for path in ["/push", "/task", "/dead", "/tick/clock%20chime"] {
            let request = Client::shared().post(format!("http://127.0.0.1:{port}{path}")).body("{}");
            let answer = request.header("authorization", &authorization).send().await.expect("it answers");
            assert_eq!(answer.status(), 401, "{what}, {path}");
        }
    }
}

#[tokio::test]
async fn tokens_cannot_be_waived_on_cloud_run() {
    let port = free_port().expect("there is a free port").port();
    for (set, said) in [
        (vec![("CATOPS_PUSH_AUTH", "none")], "CATOPS_PUSH_AUTH cannot be `none` on Cloud Run"),
        (vec![], "CATOPS_PUSH_AUDIENCE is not set"),
        (vec![("CATOPS_PUSH_AUDIENCE", AUDIENCE)], "CATOPS_PUSH_ACCOUNT is not set"),
    ] {
        let ended = tokio::time::timeout(SOON, command(port).envs(set).output()).await;
        let ended = ended.expect("it does not start").expect("it can be started");
        let log = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && log.contains(said), "{log}");
    }
}
