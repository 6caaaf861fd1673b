//! A payload of every kind that Slack sends: our own, and recorded ones where `CATOPS_FIXTURES` names a folder of them.

use std::ffi::OsStr;

use catops_core::chat::Inbound;
use catops_core::conformance::payloads::payloads;
use catops_core::http::HttpRequest;
use catops_core::testing::slack::Signer;
use catops_core::{Secret, Timestamp};
use serde_json::Value;

use crate::slack::{NOW, SECRET, receive};

/// What the payload of that name must become: a line, and what of it counts; or what else it is.
///
/// The names of recorded ones are those that slackapi/java-slack-sdk suggests. One that is not here must be taken too, but
/// as what, its name does not tell.
fn expected(name: &str) -> Option<&'static str> {
    Some(match name {
        "block-actions" => "run `ping` by U0001 in C0001, unseen",
        "block-suggestion" => "complete `ap` for service of ping",
        "command" => "run `ping` by U0001 in C0001, shown",
        "event-direct" => "run `ping` by U0001 in D0001, resent",
        "event-mention" => "run `ping` by U0001 in C0001, resent",
        "event-mention-in-thread" => "run `ping` by U0001 in C0001 below 1795305000.000100, resent",
        "message-action" => "open ping in C0001 below 1795305590.000100 about `api is slow`",
        "shortcut" => "open nothing",
        "url-verification" => "answer a challenge",
        "view-submission" => "submit ping: now=[] service=[api]",
        "block-actions-other"
        | "dialog-submission"
        | "event-bot"
        | "event-channel"
        | "event-edited"
        | "event-mention-later"
        | "event-reaction"
        | "rate-limited"
        | "ssl-check"
        | "view-closed"
        | "view-submission-other" => "answer nothing",
        _ => return None,
    })
}

/// The same for recorded ones.
fn recorded(name: &str) -> Option<&'static str> {
    Some(match name {
        "event-app-mention" => "run `Hi there!` by W222 in C111, resent",
        "shape-slash-command" => "run `x` by x in x, shown",
        "shortcut-global" => "open test-shortcut",
        "shortcut-message" => "open test-shortcut in C111 below 1583636382.000300 about `<@W222> test`",
        "slash-command-form" => "run `Hi` by W111 in C111, shown",
        "url-verification" => "answer a challenge",
        "block-suggestion" => "answer no options",
        "block-actions"
        | "event-message-bot"
        | "event-message-changed"
        | "event-message"
        | "shape-event-reaction-added"
        | "view-submission" => "answer nothing",
        // It names neither a person nor one of our forms.
        "shape-view-submission" => "answer nothing",
        _ => return None,
    })
}

/// Says what it was taken for.
fn described(inbound: &Inbound) -> String {
    let place = |channel: &str, thread: &str| {
        let channel = if channel.is_empty() { String::new() } else { format!(" in {channel}") };
        if thread.is_empty() { channel } else { format!("{channel} below {thread}") }
    };
    match inbound {
        Inbound::Run(incoming) => {
            let (request, thread) = (&incoming.request, &incoming.reply_to.thread);
            let hearing = format!("{:?}", incoming.hearing).to_lowercase();
            let place = place(&request.channel.id, thread);
            format!("run `{}` by {}{place}, {hearing}", request.text, request.actor.id)
        }
        Inbound::Open(opening) => {
            let draft = &opening.draft;
            let command = if draft.command.is_empty() { "nothing" } else { &draft.command };
            let about = if draft.about.is_empty() { String::new() } else { format!(" about `{}`", draft.about) };
            format!("open {command}{}{about}", place(&draft.channel.id, &draft.reply_to.thread))
        }
        Inbound::Complete(typing) => {
            format!("complete `{}` for {} of {}", typing.typed, typing.field, typing.draft.command)
        }
        Inbound::Submit(submission) => {
            let values = submission.values.iter().map(|(name, words)| format!(" {name}=[{}]", words.join(",")));
            format!("submit {}:{}", submission.draft.command, values.collect::<String>())
        }
        Inbound::Forged(forged) => format!("forged by {}", forged.actor.id),
        Inbound::Answer(response) => {
            assert_eq!(response.status(), 200);
            let json: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            let what = match () {
                () if response.body().is_empty() => "nothing",
                () if json["challenge"].is_string() => "a challenge",
                () if json["options"] == serde_json::json!([]) => "no options",
                () => "something else",
            };
            format!("answer {what}")
        }
    }
}

fn requests(recorded: Option<&OsStr>) -> Vec<(String, HttpRequest)> {
    let signer = Signer::new(Secret::new(SECRET.to_owned()));
    payloads(&signer, Timestamp::from_secs(NOW), "http://127.0.0.1:4000", recorded)
}

async fn check(name: &str, http: &HttpRequest, expected: Option<&str>) {
    let inbound = receive(http).await.unwrap_or_else(|rejection| panic!("{name}: {rejection:?}"));
    if let Some(expected) = expected {
        assert_eq!(described(&inbound), expected, "{name}");
    }
}

#[tokio::test]
async fn each_of_our_payloads_is_what_it_should_be() {
    for (name, http) in requests(None) {
        assert!(expected(&name).is_some(), "{name} is a payload that this test does not know");
        check(&name, &http, expected(&name)).await;
    }
}

#[tokio::test]
async fn each_recorded_payload_is_what_it_should_be() {
    let Some(folder) = std::env::var_os("CATOPS_FIXTURES") else { return };
    let own = requests(None).len();
    let all = requests(Some(&folder));
    for (name, http) in &all[own..] {
        check(name, http, recorded(name)).await;
    }
    assert!(all[own..].iter().any(|(name, _)| recorded(name).is_some()), "no payload of a known name was found");
}

/// Altered anywhere, a payload is refused for its signature: nothing is read before that is checked.
#[tokio::test]
async fn an_altered_payload_is_refused() {
    for (name, http) in requests(None) {
        let mut altered = http.clone();
        let mut body = altered.body().to_vec();
        let at = body.len() / 2;
        body[at] ^= 1;
        *altered.body_mut() = body.into();
        match receive(&altered).await {
            Err(rejection) => assert_eq!(rejection, catops_core::chat::Rejection::Signature, "{name}"),
            Ok(inbound) => assert_eq!((name.as_str(), described(&inbound).as_str()), ("ssl-check", "answer nothing")),
        }
    }
}
