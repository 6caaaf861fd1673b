//! A button, or what a form carries, altered anywhere, sealed by another bot, or made of any bytes, never becomes anything but
//! what was sealed.
#![no_main]

use std::sync::LazyLock;

use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat as _, Inbound};

use catops_core::form::Draft;
use catops_core::job::JobKey;
use catops_core::request::{Press, ReplyTo, Via};
use catops_core::testing::slack::Signer;
use catops_core::{Secret, Timestamp};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

const LINE: &str = "restart \"a:b\" &amp; c";

fn secret() -> Secret {
    Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned())
}

fn draft() -> Draft {
    let reply_to = ReplyTo { chat: "slack".to_owned(), ..ReplyTo::default() };
    Draft { command: LINE.to_owned(), reply_to, ..Draft::default() }
}

/// A bot, and another with the same signing secret and its own key: as after a change of the key.
struct Bots {
    slack: Slack,
    button: String,
    draft: String,
    others: [String; 2],
}

static BOTS: LazyLock<Bots> = LazyLock::new(|| {
    let slack = Slack::new(secret(), Vec::new());
    let other = Slack::new(secret(), Vec::new()).with_key(JobKey::derive([&Secret::new("another".to_owned())]));
    let button = |slack: &Slack| slack.sealed_button(LINE, NOW).expect("it is short");
    let (ours, theirs) = (button(&slack), button(&other));
    Bots { button: ours, draft: slack.sealed_draft(&draft()), others: [theirs, other.sealed_draft(&draft())], slack }
});

/// Puts `bytes` in place of `length` bytes at `at`.
fn spliced(text: &str, at: u16, length: u8, bytes: &[u8]) -> String {
    let from = usize::from(at).min(text.len());
    let to = (from + usize::from(length)).min(text.len());
    String::from_utf8_lossy(&[&text.as_bytes()[..from], bytes, &text.as_bytes()[to..]].concat()).into_owned()
}

fn receive(payload: &serde_json::Value) -> Option<Inbound> {
    let body: String = payload.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
    let http = Signer::new(secret()).post("application/x-www-form-urlencoded", format!("payload={body}"), NOW);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(BOTS.slack.receive(&http, NOW)).ok()
}

/// Presses a button of this value, and returns what it would run.
fn press(value: &str) -> Option<(Press, String)> {
    let actions = json!([{"type": "button", "value": value}]);
    match receive(&json!({"type": "block_actions", "user": {"id": "U1"}, "trigger_id": "1.1", "actions": actions})) {
        Some(Inbound::Run(incoming)) => match incoming.request.via {
            Via::Button(press) => Some((press, incoming.request.text)),
            via => panic!("a button came as {via:?}"),
        },
        Some(Inbound::Forged(_) | Inbound::Answer(_)) | None => None,
        Some(other) => panic!("a button became {other:?}"),
    }
}

/// Sends off a form that carries this, and returns what it was opened to.
fn submit(metadata: &str) -> Option<Draft> {
    let view = json!({"id": "V1", "callback_id": "form", "private_metadata": metadata});
    match receive(&json!({"type": "view_submission", "user": {"id": "U1"}, "view": view})) {
        Some(Inbound::Submit(submission)) => Some(submission.draft),
        None => None,
        Some(other) => panic!("a form became {other:?}"),
    }
}

libfuzzer_sys::fuzz_target!(|input: (u8, u16, u8, &[u8])| {
    let (kind, at, length, bytes) = input;
    let sealed = if kind & 1 == 0 { &BOTS.button } else { &BOTS.draft };
    let value = match kind >> 1 & 3 {
        0 => spliced(sealed, at, length, bytes),
        1 => String::from_utf8_lossy(bytes).into_owned(),
        2 => BOTS.others[usize::from(at % 2)].clone(),
        // The seal of the one over the content of the other.
        _ => format!("{}{}", &BOTS.button[..67], &BOTS.draft[67..]),
    };
    let is_button = value == BOTS.button;
    let pressed = press(&value);
    assert_eq!(pressed.is_some(), is_button, "`{value}` would run {pressed:?}");
    assert!(pressed.is_none_or(|(press, line)| line == LINE && BOTS.button.contains(press.ticket.as_str())));
    let submitted = submit(&value);
    assert_eq!(submitted.is_some(), value == BOTS.draft, "`{value}` would open to {submitted:?}");
    assert!(submitted.is_none_or(|opened| opened == draft()));
});
