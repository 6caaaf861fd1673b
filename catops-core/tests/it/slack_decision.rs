//! What waits for a decision: its buttons, the press of one, and the message afterwards.

use catops_core::chat::slack::Slack;
use catops_core::chat::{Hearing, Inbound, Incoming};
use catops_core::http::HttpRequest;
use catops_core::job::{Job, JobKey, MAX_SEALED};
use catops_core::pending::{Answer, Pending};
use catops_core::reply::{Decision, Part};
use catops_core::request::{Actor, Channel, Decided, ReplyTo, Via};
use catops_core::responder::Responder as _;
use catops_core::testing::slack::{Workspace, check_message};
use catops_core::{Command, Commands, JobId, Reply, Secret, Timestamp, command};
use serde_json::{Value, json};

use crate::sink::Sink;
use crate::slack::{FORM, NOW, SECRET, encode, receive, run, signed, slack};

const URL: &str = "https://hooks.slack.com/actions/T1/2/x";

fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

fn pending(line: &str) -> Pending {
    Pending {
        origin: JobId::of(&["origin"]),
        asker: Actor { id: "U2".to_owned(), name: "bob".to_owned(), team: "T1".to_owned() },
        channel: Channel { id: "C1".to_owned(), name: "ops".to_owned() },
        chat: "slack".to_owned(),
        prefix: "/meow".to_owned(),
        line: line.to_owned(),
        asked: now(),
        expires: now(),
        plan: None,
        approvers: Vec::new(),
    }
}

fn carrying(carried: String) -> Decision {
    let answers = vec![Answer::Approve, Answer::Deny];
    Decision { ticket: JobId::of(&["ticket"]), expires: now(), carried, answers }
}

fn decision(line: &str) -> Decision {
    carrying(serde_json::to_string(&pending(line)).unwrap())
}

fn value(decision: &Decision, answer: Answer) -> String {
    slack().sealed_decision(decision, answer).unwrap()
}

/// Ann presses a button of this value, of a message that says so much.
fn press_in(text: &str, value: &str) -> HttpRequest {
    let text_of = |text: &str| json!({"type": "plain_text", "text": text});
    let json = json!({
        "type": "block_actions", "user": {"id": "U1", "username": "ann"}, "team": {"id": "T1"}, "trigger_id": "13.7",
        "channel": {"id": "C1", "name": "ops"}, "response_url": URL,
        "message": {"text": text, "blocks": [{"type": "divider"}], "ts": "17.1"},
        "actions": [{"type": "button", "action_id": "run:1", "text": text_of("Approve"), "value": value}],
    });
    signed(FORM, format!("payload={}", encode(&json.to_string())))
}

fn press(value: &str) -> HttpRequest {
    press_in("up", value)
}

fn decided(incoming: &Incoming) -> &Decided {
    match &incoming.request.via {
        Via::Decision(decided) => decided,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_press_brings_back_what_waits() {
    let decision = decision("restart \"a:b\" &amp; c");
    for answer in [Answer::Approve, Answer::Deny, Answer::Apply, Answer::Cancel] {
        let incoming = run(&press(&value(&decision, answer))).await;
        let (request, to, got) = (&incoming.request, &incoming.reply_to, decided(&incoming));
        assert_eq!((&*request.prefix, &*request.text), ("/meow", "restart \"a:b\" &amp; c"));
        assert_eq!((&*request.actor.id, &*request.channel.id, &*to.channel, &*to.user), ("U1", "C1", "C1", "U1"));
        assert_eq!(to.url.as_ref().unwrap().expose(), URL);
        assert_eq!((incoming.hearing, &incoming.trigger), (Hearing::Unseen, &None), "a press opens no form");
        assert_eq!(incoming.id, JobId::of(&["slack", "T1", "13.7"]));
        assert_eq!((got.answer, &got.carried, &got.press.ticket), (answer, &decision.carried, &decision.ticket));
        assert_eq!(got.press.label, "Approve");
        let message = json!({"text": "up", "blocks": [{"type": "divider"}], "ts": "17.1"});
        assert_eq!(got.press.message, Some(message));
    }
}

#[tokio::test]
async fn what_is_in_the_store_or_of_another_version_has_no_line() {
    for carried in ["", "{}", "{\"line\":\"restart\"}", "none"] {
        let incoming = run(&press(&value(&carrying(carried.to_owned()), Answer::Deny))).await;
        let (request, got) = (&incoming.request, decided(&incoming));
        assert_eq!((&*request.prefix, &*request.text, &*got.carried), ("", "", carried));
    }
}

/// Somebody has to be told, and it has to be recorded: by the dispatcher, which reads what waits.
#[tokio::test]
async fn a_decision_that_has_expired_is_passed_on() {
    let decision = Decision { expires: Timestamp::from_secs(NOW - 30 * 24 * 60 * 60), ..decision("restart api") };
    let incoming = run(&press(&value(&decision, Answer::Approve))).await;
    assert_eq!((decided(&incoming).answer, &*incoming.request.text), (Answer::Approve, "restart api"));
}

async fn is_forged(value: &str) {
    let result = receive(&press(value)).await;
    assert!(matches!(&result, Ok(Inbound::Forged(forged)) if forged.actor.id == "U1"), "{value}: {result:?}");
}

#[tokio::test]
async fn a_decision_altered_in_any_bit_is_forged() {
    let value = value(&decision("restart api"), Answer::Approve);
    for at in 0..value.len() {
        for bit in 0..8 {
            let mut bytes = value.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            is_forged(&String::from_utf8_lossy(&bytes)).await;
        }
    }
    for end in 0..value.len() {
        is_forged(&value[..end]).await;
    }
    is_forged(&format!("{value} ")).await;
}

#[tokio::test]
async fn a_decision_of_another_bot_is_forged() {
    let decision = decision("restart api");
    let other = Slack::new(Secret::new("another".to_owned()), Vec::new());
    let rotated = slack().with_key(JobKey::derive([&Secret::new("another".to_owned())]));
    for slack in [other, rotated] {
        is_forged(&slack.sealed_decision(&decision, Answer::Approve).unwrap()).await;
    }
    // One answer under the seal of the other, and what one decision carries under the seal of another.
    let (yes, no) = (value(&decision, Answer::Approve), value(&decision, Answer::Deny));
    is_forged(&format!("{}{}", &no[..67], &yes[67..])).await;
    let more = value(&self::decision("restart --all"), Answer::Approve);
    is_forged(&format!("{}{}", &yes[..67], &more[67..])).await;
}

#[tokio::test]
async fn neither_kind_of_button_passes_for_the_other() {
    let decision = decision("restart api");
    // The line of a button that reads like a decision stays a line.
    let line = format!("approve:{}", decision.carried);
    let incoming = run(&press(&slack().sealed_button(&line, now()).unwrap())).await;
    assert!(matches!(incoming.request.via, Via::Button(_)), "{incoming:?}");
    assert_eq!(incoming.request.text, line);
    // The seal of the one over the text of the other.
    let (button, decided) = (slack().sealed_button(&line, now()).unwrap(), value(&decision, Answer::Approve));
    is_forged(&format!("{}{}", &button[..67], &decided[67..])).await;
    is_forged(&format!("{}{}", &decided[..67], &button[67..])).await;
}

#[tokio::test]
async fn the_largest_decision_fits_into_a_job() {
    let room = slack().room();
    let overhead = serde_json::to_string(&pending("")).unwrap().len();
    // In the button a quote is written as two characters, in the sealed job each of these as four.
    for (word, units) in [("\"", 2), ("\\", 2), ("é", 1), ("🐱", 2), ("x", 1)] {
        let decision = decision(&word.repeat((room - overhead) / units));
        // The message takes as much room as it may.
        let incoming = run(&press_in(&"\"".repeat(7_500), &value(&decision, Answer::Approve))).await;
        assert!(decided(&incoming).press.message.is_some());
        let sealed = Job::new(incoming, now()).seal(&JobKey::derive([])).unwrap();
        assert!(sealed.as_str().len() <= MAX_SEALED, "{word}: {}", sealed.as_str().len());
    }
}

#[tokio::test]
async fn afterwards_the_message_says_who_decided_and_has_no_buttons() {
    let sink = Sink::new([]);
    let chat = Slack::new(Secret::new(SECRET.to_owned()), vec![sink.host()]);
    let url = Some(Secret::new(sink.url("/actions/x")));
    let to = ReplyTo {
        chat: "slack".to_owned(),
        url,
        expires: now() + std::time::Duration::from_secs(60),
        ..ReplyTo::default()
    };
    let asked = Reply::to_channel("bob wants to run `restart api`.").part(Part::Decision(decision("restart api")));
    for asked in [asked.clone(), asked.color(catops_core::reply::Color::Warning)] {
        let color = asked.color.is_some();
        chat.respond(&to, &asked, None, now()).await.unwrap();
        let posted: Value = serde_json::from_slice(&sink.seen().last().unwrap().body).unwrap();
        let mut decided = decided(&run(&press(&value(&decision("restart api"), Answer::Approve))).await).clone();
        decided.press.message = Some(posted);
        chat.pressed(&to, &decided.press, "ann pressed **Approve**", now()).await.unwrap();
        let body = sink.seen().last().unwrap().body.clone();
        let changed: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(check_message(&changed), Ok(()));
        let blocks = if color { &changed["attachments"][0]["blocks"] } else { &changed["blocks"] };
        let kinds: Vec<_> = blocks.as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["section", "context"], "{changed}");
        assert_eq!(blocks[1]["elements"][0]["text"], "ann pressed *Approve*");
    }
}

/// Asks others.
#[command]
fn ask() -> Reply {
    Reply::to_channel("bob wants to run `restart api`.").part(Part::Decision(decision("restart api")))
}

fn find(path: &str) -> Option<Command> {
    (path == "ask").then(__catops_ask)
}

static COMMANDS: Commands = Commands::new("ask", |_| "", find);

#[tokio::test]
async fn the_kit_presses_a_decision_by_what_is_written_on_it() {
    let slack = Workspace::start().await.unwrap();
    let bot = slack.install(&COMMANDS).unwrap();
    bot.send(slack.command("ask")).await;
    let messages = slack.messages("C0001");
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.buttons(), ["Approve", "Deny"]);
    assert!(message.text().ends_with("Approve or Deny"), "{}", message.text());
    let press = slack.press_in(message, "Deny").unwrap().by("U0007");
    assert!(press.body().contains("%3Adeny%3A"), "{}", press.body());
    assert!(slack.refusals().is_empty(), "{:?}", slack.refusals());
}
