//! Whatever a reply holds, Slack takes the message.

use std::collections::HashSet;

use catops_core::chat::slack::Slack;
use catops_core::chat::{Ack, Chat};
use catops_core::pending::Answer;
use catops_core::reply::{Button, Color, Decision, Field, Part};
use catops_core::responder::Responder as _;
use catops_core::testing::slack::{check_message, pings};
use catops_core::{Audience, JobId, Reply, Secret, Timestamp};
use proptest::prelude::*;
use serde_json::Value;
use slack_morphism::prelude::SlackBlock;

/// Checks a message with the kit's checker, for what we promise besides, and against another implementation's idea of its
/// form.
pub(crate) fn check(body: &[u8]) {
    let message: Value = serde_json::from_slice(body).unwrap();
    check_message(&message).unwrap_or_else(|breaches| panic!("{breaches:?} in {message}"));
    assert_eq!(pings(&message), Vec::<String>::new(), "{message}");
    assert!(["in_channel", "ephemeral"].contains(&message["response_type"].as_str().unwrap()));
    let (body, text) = match &message["attachments"][0] {
        // Text of its own would stand above what has the colour.
        colored if colored.get("blocks").is_some() => {
            assert!(message.get("text").is_none() && message.get("blocks").is_none());
            (colored, &colored["fallback"])
        }
        _ => (&message, &message["text"]),
    };
    // Slack splits a text beyond this, and shows none that is empty to those who cannot see the blocks.
    let text = text.as_str().unwrap();
    assert!(!text.trim().is_empty() && text.encode_utf16().count() <= 4_000, "{text:?}");
    let blocks = body["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    let mut ids = HashSet::new();
    for button in blocks.iter().flat_map(|block| block["elements"].as_array()).flatten() {
        if button["type"] == "button" {
            // A press names its button by this alone, wherever in the message that stands.
            assert!(ids.insert(button["action_id"].clone()), "an action id twice");
            assert!(!button["value"].as_str().unwrap().is_empty(), "a button that runs nothing");
        }
    }
    escapes(&message);
    let known: Vec<SlackBlock> = serde_json::from_value(Value::from(blocks)).unwrap();
    assert!(!known.iter().any(|block| matches!(block, SlackBlock::Unknown(_))), "a block that no one knows");
    assert_eq!(serde_json::to_value(known).unwrap(), Value::from(blocks));
}

/// Checks that no text ends in half an escape or half a link.
fn escapes(value: &Value) {
    match value {
        Value::Array(list) => list.iter().for_each(escapes),
        Value::Object(map) => {
            for (name, value) in map {
                match value.as_str() {
                    Some(text) if name == "text" || name == "alt_text" => {
                        for (at, _) in text.match_indices('&') {
                            let whole = ["&amp;", "&lt;", "&gt;"].iter().any(|escape| text[at..].starts_with(escape));
                            assert!(whole, "half an escape in {text}");
                        }
                        for (at, _) in text.match_indices('<') {
                            assert!(text[at..].starts_with("<http") && text[at..].contains('>'), "no link in {text}");
                        }
                    }
                    _ => escapes(value),
                }
            }
        }
        _ => {}
    }
}

fn render(reply: &Reply) -> Vec<u8> {
    let slack = Slack::new(Secret::new("x".to_owned()), Vec::new());
    slack.ack(Ack::Reply(reply), Timestamp::from_secs(1_795_305_600)).into_body().to_vec()
}

/// Text with whatever could hurt, up to some ten thousand characters.
fn words() -> impl Strategy<Value = String> {
    let bits = "(```|`|\\*\\*|_|<!channel>|<@U1>|&|&amp;|\\[a\\]\\(https://b\\.example\\)|https://c\\.example|🐱|👩‍🔬|\
                שלום|ü|\n|\r\n| |[a-z]|\\PC|\0|\x1b){0,40}";
    (bits, prop_oneof![Just(1_usize), 1..20_usize, 1..200_usize]).prop_map(|(bits, times)| bits.repeat(times))
}

fn button() -> impl Strategy<Value = Button> {
    (words(), words()).prop_map(|(label, command)| Button { label, command })
}

fn part() -> impl Strategy<Value = Part> {
    let field = (words(), words()).prop_map(|(name, value)| Field { name, value });
    prop_oneof![
        words().prop_map(Part::Text),
        words().prop_map(Part::Note),
        words().prop_map(Part::Code),
        proptest::collection::vec(field, 0..30).prop_map(Part::Fields),
        proptest::collection::vec(button(), 0..60).prop_map(Part::Buttons),
        (words(), words()).prop_map(|(name, text)| Part::File { name, text }),
        ("(https?://[a-z]{1,9}/)?[a-z0-9<>|&é]{0,9}", words()).prop_map(|(url, alt)| Part::Image { url, alt }),
        proptest::collection::vec(proptest::collection::vec("\\PC{0,20}", 0..5), 0..30)
            .prop_map(|rows| Part::Table { head: vec!["a".to_owned()], rows }),
    ]
}

fn color() -> impl Strategy<Value = Option<Color>> {
    let rgb = any::<(u8, u8, u8)>().prop_map(|(red, green, blue)| Some(Color::Rgb(red, green, blue)));
    prop_oneof![Just(None), Just(Some(Color::Good)), Just(Some(Color::Warning)), Just(Some(Color::Danger)), rgb]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_reply_fits(
        parts in proptest::collection::vec(part(), 0..8),
        next in proptest::collection::vec(button(), 0..8),
        color in color(),
    ) {
        check(&render(&Reply { audience: Audience::Channel, parts, next, color }));
    }

    #[test]
    fn a_decision_is_never_what_is_cut(
        before in proptest::collection::vec(part(), 0..4),
        lines in 0..60_usize,
        after in proptest::collection::vec(part(), 0..4),
        next in proptest::collection::vec(button(), 0..8),
        color in color(),
        carried in 0..=1_usize,
    ) {
        let slack = Slack::new(Secret::new("x".to_owned()), Vec::new());
        let (carried, answers) = ("x".repeat(carried * slack.room()), vec![Answer::Approve, Answer::Deny]);
        let decision = Decision { ticket: JobId::of(&["1"]), expires: Timestamp::default(), carried, answers };
        let lines = std::iter::repeat_n(Part::Text("a line".to_owned()), lines);
        let parts = before.into_iter().chain(lines).chain([Part::Decision(decision.clone())]).chain(after).collect();
        let body = render(&Reply { audience: Audience::Channel, parts, next, color });
        check(&body);
        let message: Value = serde_json::from_slice(&body).unwrap();
        let body = if color.is_some() { &message["attachments"][0] } else { &message };
        let elements = body["blocks"].as_array().unwrap().iter().filter_map(|block| block["elements"].as_array());
        let values: Vec<_> = elements.flatten().filter_map(|element| element["value"].as_str()).collect();
        for answer in &decision.answers {
            let value = slack.sealed_decision(&decision, *answer).unwrap();
            prop_assert!(values.contains(&&*value), "no {:?} in {}", answer, message);
        }
        let text = if color.is_some() { &body["fallback"] } else { &message["text"] };
        prop_assert!(text.as_str().unwrap().ends_with("Approve or Deny"), "{}", text);
    }

    #[test]
    fn any_number_of_small_parts_fits(texts in proptest::collection::vec("\\PC{0,300}", 0..120)) {
        let parts = texts.into_iter().map(Part::Text).collect();
        check(&render(&Reply { audience: Audience::Asker, parts, ..Reply::default() }));
    }

    #[test]
    fn code_stays_in_its_fence(code in words()) {
        let message: Value = serde_json::from_slice(&render(&Reply::default().code(&*code))).unwrap();
        for block in message["blocks"].as_array().unwrap() {
            let text = block["text"]["text"].as_str().unwrap();
            if text == "Done." {
                prop_assert!(code.chars().all(|c| c.is_whitespace() || c.is_control()));
            } else {
                prop_assert!(text.starts_with("```\n"), "{}", text);
                prop_assert_eq!(text.matches("```").count(), 2, "{}", text);
            }
        }
    }

    #[test]
    fn short_text_is_not_cut(lines in proptest::collection::vec("[a-z]{1,70}", 1..100)) {
        let text = lines.join("\n");
        let message: Value = serde_json::from_slice(&render(&Reply::to_channel(&*text))).unwrap();
        let blocks = message["blocks"].as_array().unwrap();
        let shown: Vec<_> = blocks.iter().map(|block| block["text"]["text"].as_str().unwrap()).collect();
        prop_assert_eq!(shown.join("\n").replace("<", "").replace(">", ""), text);
    }
}

/// Checks the same words in every place that takes words.
fn everywhere(words: &str) {
    let reply = Reply::to_channel(words).and(words).code(words).field(words, words).field("a", words);
    let reply = reply.table([words, "b"], [[words, words], ["a", words]]).image("https://a.example/x.png", words);
    let file = Part::File { name: words.to_owned(), text: words.to_owned() };
    check(&render(&reply.button(words, "status api").part(file)));
    check(&render(&Reply::to_asker(words)));
    check(&render(&Reply::default().field(words, words)));
    check(&render(&Reply::default().code(words)));
}

#[test]
fn forty_thousand_characters_of_anything_fit() {
    let words = [
        "x",
        "word ",
        "line\n",
        "👩‍👩‍👧‍👦",              // one picture of seven characters, which a cut can go through
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",              // a flag of seven characters beyond the first plane
        "e\u{301}\u{327}", // letters with marks on them
        "שלום עולם ",
        "مرحبا بالعالم ",
        "\u{202e}sdrawkcab\u{202c} ",
        "\u{200b}",
        "𝒳",
        "```",
        "```rust\nlet x = \"```\";\n```\n",
        "`code` ",
        "<!channel> <!here> <!everyone> <@U1|ann> <!subteam^S1> ",
        "@channel @here ",
        "<!date^1700000000^{date}|<!here>> ",
        "&lt;!channel&gt; ",
        "[<!here>](https://a.example/?<@U1>) ",
        "https://a.example/<!channel> ",
        "&",
        "<",
        ">",
        "*_~`",
        "\u{0}\u{7}\u{1b}[31m",
    ];
    for word in words {
        everywhere(word);
        everywhere(&word.repeat(40_000_usize.div_ceil(word.chars().count())));
        // The start and the end of the same, which shifts every cut by a few.
        everywhere(&format!("abc{}", word.repeat(3_000_usize.div_ceil(word.encode_utf16().count()))));
    }
}

#[test]
fn what_cannot_be_seen_makes_no_text() {
    for words in ["\0", "\0\n\0", "\n\0\n", "\u{1b} \u{1b}", "\r\n\0"] {
        everywhere(words);
        check(&render(&Reply::default().field("", words).field(words, "").field("name", words)));
        check(&render(&Reply::default().and(words).code(words).and("x")));
    }
}

#[test]
fn two_hundred_kilobytes_are_rendered_quickly() {
    let hostile = ["[", "**", "`", "h", "http://.", "<", "&", "```", "* ", "[a](", "\n", "🐱"];
    for bits in hostile {
        let started = std::time::Instant::now();
        let text = bits.repeat(200_000 / bits.len());
        check(&render(&Reply::to_channel(&*text).code(text).field("a", bits.repeat(200_000 / bits.len()))));
        assert!(started.elapsed().as_secs() < 5, "{bits:?} took {:?}", started.elapsed());
    }
}
