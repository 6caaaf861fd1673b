//! Whatever Slack, or somebody in its place, posts: signed or not, it is taken or refused, never a panic.
#![no_main]

use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat as _, Inbound, Rejection};
use catops_core::testing::slack::Signer;
use catops_core::{Secret, Timestamp};

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (kind, body) = input;
    let secret = Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned());
    let slack = Slack::new(secret.clone(), vec!["127.0.0.1:9".to_owned()]);
    let now = Timestamp::from_secs(1_800_000_000);
    let form = "application/x-www-form-urlencoded";
    let content_type = if kind & 1 == 0 { form } else { "application/json" };
    let mut http = Signer::new(secret).post(content_type, body.to_vec(), now);
    let forged = kind & 2 != 0;
    if forged {
        http.headers_mut().remove("x-slack-signature");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    match runtime.block_on(slack.receive(&http, now)) {
        Ok(Inbound::Run(incoming)) => {
            assert!(!forged, "an unsigned request was taken");
            let url = incoming.reply_to.url.as_ref().map_or("", |url| url.expose());
            let to_slack =
                url.starts_with("https://hooks.slack.com/") || url.starts_with("https://hooks.slack-gov.com/");
            let lower = url.to_ascii_lowercase();
            let ours = lower.starts_with("http://127.0.0.1:9") || lower.starts_with("https://");
            assert!(url.is_empty() || to_slack || ours, "a reply would go to {url}");
        }
        // Only the certificate probe is answered before the signature is checked.
        Ok(Inbound::Answer(response)) => assert!(!forged || response.body().is_empty()),
        Err(rejection) => assert!(!forged || rejection != Rejection::Malformed),
    }
});
