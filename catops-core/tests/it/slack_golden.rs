//! What goes over the wire to Slack, byte for byte, against the files in `tests/golden/slack`.

use std::path::Path;
use std::time::Duration;

use catops_core::chat::slack::Slack;
use catops_core::pending::Answer;
use catops_core::reply::{Button, Color, Decision, Part};
use catops_core::request::ReplyTo;
use catops_core::responder::{Posted, Responder};
use catops_core::{Audience, JobId, Reply, Secret, Timestamp};

use crate::sink::Sink;
use crate::slack_limits;

/// Puts `SEAL` and `TICKET` for what is another in every button; see `button.rs`.
fn masked(sent: &str) -> String {
    let mut pieces = sent.split(r#""value":"1:"#);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let [seal, ticket, rest] = piece.splitn(3, ':').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!((seal.len(), ticket.len()), (64, 16), "{piece}");
        out.push_str(&format!(r#""value":"1:SEAL:TICKET:{rest}"#));
    }
    out
}

/// Sends a reply to a server on loopback and compares what arrived. With `CATOPS_UPDATE_GOLDEN` set it writes the file
/// anew instead, to be read before it is checked in.
async fn check(name: &str, reply: Reply, earlier: Option<Posted>) {
    check_in("", name, reply, earlier).await;
}

/// As [`check`], for a reply that belongs into a thread.
async fn check_in(thread: &str, name: &str, reply: Reply, earlier: Option<Posted>) {
    let sink = Sink::new([]);
    let now = Timestamp::from_secs(1_795_305_600);
    let url = Some(Secret::new(sink.url("/commands/T1/2/x")));
    let (chat, thread) = ("slack".to_owned(), thread.to_owned());
    let to = ReplyTo { chat, url, thread, expires: now + Duration::from_secs(60), ..ReplyTo::default() };
    let slack = Slack::new(Secret::new("x".to_owned()), vec![sink.host()]);
    slack.respond(&to, &reply, earlier.as_ref(), now).await.unwrap();

    let seen = sink.seen();
    let [post] = seen.as_slice() else { panic!("{} posts", seen.len()) };
    let head = post.head.to_ascii_lowercase();
    assert!(head.starts_with("post /commands/t1/2/x http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json; charset=utf-8\r\n"), "{head}");
    slack_limits::check(&post.body);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/slack").join(name).with_extension("json");
    let sent = format!("{}\n", masked(std::str::from_utf8(&post.body).unwrap()));
    if std::env::var_os("CATOPS_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &sent).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(sent == golden, "{name}.json is not what was sent:\n{sent}");
}

#[tokio::test]
async fn texts() {
    check("text", Reply::to_channel("**api** is _up_: `v1.2`, see [the board](https://board.example/a?b&c)"), None)
        .await;
    check("ephemeral", Reply::to_asker("Only you see this"), None).await;
    check("empty", Reply::default(), None).await;
    let pings = "<!channel> <!here> <@U1> <#C1|ops> @channel & `<!everyone>`";
    check(
        "no_pings",
        Reply::to_channel(pings).field("<!here>", "<@U2>").code("<!channel>").button("<!here>", "x"),
        None,
    )
    .await;
    let earlier = Posted { audience: Audience::Channel, uses: 1, message: None };
    check("replacing", Reply::to_channel("50 %"), Some(earlier)).await;
}

#[tokio::test]
async fn threads() {
    let thread = "1700000000.000100";
    check_in(thread, "thread", Reply::to_channel("In the thread"), None).await;
    check_in(thread, "thread_ephemeral", Reply::to_asker("Only you see this"), None).await;
    // What is changed stays where it is.
    let earlier = Posted { audience: Audience::Channel, uses: 1, message: None };
    check_in(thread, "replacing", Reply::to_channel("50 %"), Some(earlier)).await;
}

#[tokio::test]
async fn colors() {
    let reply = || Reply::to_channel("**api** is up").field("instances", "3");
    check("color", reply().color(Color::Good), None).await;
    let payload = serde_json::json!({"attachments": [{"color": "#36a64f", "text": "attached"}]});
    let native = Part::Native { chat: "slack".to_owned(), payload };
    check("color_native", reply().color(Color::Rgb(0, 128, 255)).part(native.clone()), None).await;
    check("color_empty", Reply::default().color(Color::Danger), None).await;
    check("color_without_blocks", Reply::default().color(Color::Warning).part(native), None).await;
}

#[tokio::test]
async fn parts() {
    let fields = (1..=12).fold(Reply::default(), |reply, n| reply.field(format!("name {n}"), format!("**{n}**")));
    check("fields", fields, None).await;
    check("table", Reply::default().table(["lock", "holder"], [["api", "ann"], ["übergabe", "<bob>"]]), None).await;
    check("code", Reply::to_channel("The log:").code("one\n  two & <three>\n```\nfour\n"), None).await;
    check("image", Reply::default().image("https://cats.example/1.png", "a cat & a <dog>"), None).await;
    check("image_over_http", Reply::default().image("http://cats.example/1.png", "a cat"), None).await;
    let buttons =
        Reply::to_channel("Next?").button("Status", "status api").button("Restart & wait", "restart api --now");
    check("buttons", buttons, None).await;
    let decision = |answers: [Answer; 2]| {
        let (ticket, expires) = (JobId::of(&["decision"]), Timestamp::from_secs(1_795_309_200));
        let carried = r#"{"line":"restart api &amp; web"}"#.to_owned();
        Part::Decision(Decision { ticket, expires, carried, answers: answers.to_vec() })
    };
    let asked = Reply::to_channel("ann wants to run `restart api & web`.");
    let asked = asked.part(decision([Answer::Approve, Answer::Deny])).note("Not by ann.");
    check("decision", asked.color(Color::Warning), None).await;
    let planned = Reply::to_asker("It would restart **two** services.");
    check("decision_of_a_plan", planned.part(decision([Answer::Apply, Answer::Cancel])), None).await;
    let note = "ann ran `restart api`, see [the log](https://log.example/?a&b)";
    check("note", Reply::default().note(note).and("**api** is up").note(" "), None).await;
    let step = |line: &str| Button { label: line.to_owned(), command: line.to_owned() };
    let long = "x".repeat(76);
    let lines = ["status", "logs <b>", " ", &long, "page <@U1|ann> \"a b\"", "four", "five", "six"];
    let reply = Reply { next: lines.map(step).to_vec(), ..Reply::to_channel("Up.").button("Again", "restart api") };
    check("next", reply, None).await;
    check("only_next", Reply { next: vec![step("status")], ..Reply::default() }, None).await;
    let file = Part::File { name: "report.csv".to_owned(), text: "a,b\n1,2\n".to_owned() };
    check("file", Reply::to_channel("Here:").part(file), None).await;
    let native = |chat: &str| {
        let payload = serde_json::json!({
            "blocks": [{"type": "divider"}, {"type": "header", "text": {"type": "plain_text", "text": "Hi"}}],
            "attachments": [{"color": "#36a64f", "text": "attached"}],
        });
        Part::Native { chat: chat.to_owned(), payload }
    };
    check("native", Reply::default().part(native("slack")).part(native("discord")), None).await;
}

#[tokio::test]
async fn long_ones() {
    let log: String = (1..=4000).map(|n| format!("{n:>6} the quick brown cat jumped over the lazy dog\n")).collect();
    assert!(log.len() > 200_000);
    check("long_code", Reply::to_channel("The log:").code(&*log).button("Again", "log api"), None).await;
    let next = vec![Button { label: "logs".to_owned(), command: "logs api".to_owned() }];
    check("long_text", Reply { next, ..Reply::to_channel(log) }, None).await;
    check("long_line", Reply::to_channel("cat & 🐱 ".repeat(20_000)), None).await;
    let many = (0..70).fold(Reply::default(), |reply, n| reply.and(format!("part {n}")));
    let next = vec![Button { label: "logs".to_owned(), command: "logs api".to_owned() }];
    check("many_parts", Reply { next, ..many }, None).await;
}
