//! A slash command as a Function URL hands it to the function.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catops_core::testing::slack::{Call, Signer};
use catops_core::{Secret, Timestamp};
use serde_json::{Map, Value, json};

/// The signing secret of every function here.
pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

const HOST: &str = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws";

/// Makes `/meow ping` number `n`, signed now: payload 2.0, header names in lower case, the form in base64.
pub(crate) fn ping(n: usize, response_url: String) -> Vec<u8> {
    let (signer, now) = (Signer::new(Secret::new(SECRET.to_owned())), Timestamp::now());
    let trigger_id = format!("{}.{n}.bench", now.as_millis());
    let http = Call::command("ping").with_address(&response_url).with_trigger(&trigger_id).signed(&signer, now);
    let length = http.body().len().to_string();
    let mut headers = Map::new();
    for (name, value) in http.headers() {
        headers.insert(name.to_string(), value.to_str().unwrap_or_default().into());
    }
    let others = [
        ("accept", "application/json,*/*"),
        ("accept-encoding", "gzip,deflate"),
        ("content-length", &length),
        ("host", HOST),
        ("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)"),
        ("x-amzn-tls-cipher-suite", "TLS_AES_128_GCM_SHA256"),
        ("x-amzn-tls-version", "TLSv1.3"),
        ("x-amzn-trace-id", "Root=1-643eccfb-7fdecb844a12b4b45645132d"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ];
    headers.extend(others.map(|(name, value)| (name.to_owned(), Value::from(value))));
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/slack",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghijklmnopqrstuvwxyz012345",
            "domainName": HOST,
            "domainPrefix": "abcdefghijklmnopqrstuvwxyz012345",
            "http": {
                "method": "POST",
                "path": "/slack",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "Slackbot 1.0 (+https://api.slack.com/robots)"
            },
            "requestId": format!("9701a3d4-36ad-40bd-bf0b-{n:012}"),
            "routeKey": "$default",
            "stage": "$default",
            "time": "18/Apr/2023:17:01:47 +0000",
            "timeEpoch": now.as_millis()
        },
        "body": STANDARD.encode(http.body()),
        "isBase64Encoded": true
    });
    event.to_string().into_bytes()
}
