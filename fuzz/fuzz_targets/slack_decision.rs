//! A decision altered anywhere, sealed by another bot, put together from others, or made of any bytes, is never decided: it is
//! known to be forged, and names who pressed it. Untouched, it brings back what was sealed.
#![no_main]

use std::sync::LazyLock;

use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat as _, Inbound};
use catops_core::job::JobKey;
use catops_core::pending::{Answer, Pending};
use catops_core::reply::Decision;
use catops_core::request::{Actor, Channel, Decided, Via};
use catops_core::testing::slack::Signer;
use catops_core::{JobId, Secret, Timestamp};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

const LINE: &str = "restart \"a:b\" &amp; c";

/// The seal, with its version and the sign after it.
const SEAL: usize = "1:".len() + 64 + ":".len();

fn secret() -> Secret {
    Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned())
}

fn decision(line: &str) -> Decision {
    let pending = Pending {
        origin: JobId::of(&["origin"]),
        asker: Actor { id: "U2".to_owned(), ..Actor::default() },
        channel: Channel { id: "C1".to_owned(), ..Channel::default() },
        chat: "slack".to_owned(),
        prefix: "/meow".to_owned(),
        line: line.to_owned(),
        asked: NOW,
        expires: NOW,
        plan: None,
        approvers: Vec::new(),
    };
    let carried = serde_json::to_string(&pending).expect("it can be written");
    Decision { ticket: JobId::of(&[line]), expires: NOW, carried, answers: vec![Answer::Approve, Answer::Deny] }
}

/// A bot, what it sealed, and what it or another with the same signing secret and its own key sealed besides.
struct Bot {
    slack: Slack,
    approve: String,
    others: [String; 4],
}

static BOT: LazyLock<Bot> = LazyLock::new(|| {
    let slack = Slack::new(secret(), Vec::new());
    let other = Slack::new(secret(), Vec::new()).with_key(JobKey::derive([&Secret::new("another".to_owned())]));
    let seal = |slack: &Slack, line: &str, answer| slack.sealed_decision(&decision(line), answer).expect("it is short");
    let others = [
        seal(&slack, LINE, Answer::Deny),
        seal(&slack, "restart --all", Answer::Approve),
        slack.sealed_button(&format!("approve:{}", decision(LINE).carried), NOW).expect("it is short"),
        seal(&other, LINE, Answer::Approve),
    ];
    Bot { approve: seal(&slack, LINE, Answer::Approve), others, slack }
});

/// Puts `bytes` in place of `length` bytes at `at`.
fn spliced(text: &str, at: u16, length: u8, bytes: &[u8]) -> String {
    let from = usize::from(at).min(text.len());
    let to = (from + usize::from(length)).min(text.len());
    String::from_utf8_lossy(&[&text.as_bytes()[..from], bytes, &text.as_bytes()[to..]].concat()).into_owned()
}

/// Presses a button of this value, in the place of one of the bot's own.
fn press(value: &str) -> Inbound {
    let actions = json!([{"type": "button", "action_id": "run:1", "value": value}]);
    let payload = json!({"type": "block_actions", "user": {"id": "U1"}, "trigger_id": "1.1", "actions": actions});
    let body: String = payload.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
    let http = Signer::new(secret()).post("application/x-www-form-urlencoded", format!("payload={body}"), NOW);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(BOT.slack.receive(&http, NOW)).unwrap_or_else(|rejection| panic!("{rejection:?} for `{value}`"))
}

libfuzzer_sys::fuzz_target!(|input: (u8, u16, u8, &[u8])| {
    let (kind, at, length, bytes) = input;
    let other = &BOT.others[usize::from(at % 4)];
    let value = match kind & 3 {
        0 => spliced(&BOT.approve, at, length, bytes),
        1 => String::from_utf8_lossy(bytes).into_owned(),
        // The seal of the one over the content of the other, and the other way round.
        2 => format!("{}{}", &BOT.approve[..SEAL], &other[SEAL..]),
        _ => format!("{}{}", &other[..SEAL], &BOT.approve[SEAL..]),
    };
    match press(&value) {
        Inbound::Run(incoming) => {
            assert_eq!(value, BOT.approve, "it was taken");
            let Via::Decision(decided) = incoming.request.via else { panic!("it came as {:?}", incoming.request.via) };
            let Decided { press, answer, carried } = *decided;
            let sealed = decision(LINE);
            assert_eq!((press.ticket, answer, carried), (sealed.ticket, Answer::Approve, sealed.carried));
            assert_eq!((&*incoming.request.text, &*incoming.request.prefix), (LINE, "/meow"));
            assert!(incoming.trigger.is_none(), "it opens a form");
        }
        Inbound::Forged(forged) => {
            assert_ne!(value, BOT.approve, "it was refused");
            assert_eq!(forged.actor.id, "U1");
        }
        other => panic!("a button became {other:?}"),
    }
});
