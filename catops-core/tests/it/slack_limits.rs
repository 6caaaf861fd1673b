//! Whatever a reply holds, Slack takes the message.

use std::collections::HashSet;

use catops_core::chat::slack::Slack;
use catops_core::chat::{Ack, Chat};
use catops_core::reply::{Button, Field, Part};
use catops_core::{Audience, Reply, Secret};
use proptest::prelude::*;
use serde_json::Value;
use slack_morphism::prelude::SlackBlock;

/// Checks a message against Slack's published limits, and against another implementation's idea of its form.
pub(crate) fn check(body: &[u8]) {
    let message: Value = serde_json::from_slice(body).unwrap();
    text(&message["text"], 4_000);
    assert!(["in_channel", "ephemeral"].contains(&message["response_type"].as_str().unwrap()));
    let blocks = message["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(blocks.len() <= 50, "{} blocks", blocks.len());
    let mut all = 0;
    let mut ids = HashSet::new();
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "section" => {
                if block.get("text").is_some() {
                    all += text(&block["text"]["text"], 3_000);
                }
                let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
                assert!(fields.len() <= 10 && (block.get("text").is_some() || !fields.is_empty()));
                all += fields.iter().map(|field| text(&field["text"], 2_000)).sum::<usize>();
            }
            "context" => all += text(&block["elements"][0]["text"], 3_000),
            "image" => {
                all += text(&block["alt_text"], 2_000);
                assert!(block["image_url"].as_str().unwrap().starts_with("https://"));
            }
            "actions" => {
                let elements = block["elements"].as_array().unwrap();
                assert!((1..=25).contains(&elements.len()));
                for button in elements {
                    all += text(&button["text"]["text"], 75);
                    let value = button["value"].as_str().unwrap();
                    assert!((1..=2_000).contains(&value.encode_utf16().count()));
                    assert!(ids.insert(button["action_id"].clone()), "an action id twice");
                }
            }
            "divider" | "header" => {}
            other => panic!("a block of type {other}"),
        }
    }
    assert!(all <= 12_000, "{all} characters");
    let known: Vec<SlackBlock> = serde_json::from_value(Value::from(blocks)).unwrap();
    assert!(!known.iter().any(|block| matches!(block, SlackBlock::Unknown(_))), "a block that no one knows");
    assert_eq!(serde_json::to_value(known).unwrap(), Value::from(blocks));
}

/// Checks one text of ours and returns its length.
fn text(value: &Value, most: usize) -> usize {
    let text = value.as_str().unwrap();
    let length = text.encode_utf16().count();
    assert!(length <= most, "{length} characters, more than {most}");
    assert!(!text.trim().is_empty(), "a text without words");
    for (at, _) in text.match_indices('&') {
        let escape = ["&amp;", "&lt;", "&gt;"].iter().any(|escape| text[at..].starts_with(escape));
        assert!(escape, "half an escape in {text}");
    }
    for (at, _) in text.match_indices('<') {
        assert!(text[at..].starts_with("<http"), "a mention in {text}");
    }
    length
}

fn render(reply: &Reply) -> Vec<u8> {
    let slack = Slack::new(Secret::new("x".to_owned()), Vec::new());
    slack.ack(Ack::Reply(reply), catops_core::Timestamp::from_secs(1_795_305_600)).into_body().to_vec()
}

/// Text with whatever could hurt, up to some ten thousand characters.
fn words() -> impl Strategy<Value = String> {
    let bits = "(```|`|\\*\\*|_|<!channel>|<@U1>|&|&amp;|\\[a\\]\\(https://b\\.example\\)|https://c\\.example|🐱|👩‍🔬|\
                שלום|ü|\n|\r\n| |[a-z]|\\PC|\0|\x1b){0,40}";
    (bits, prop_oneof![Just(1_usize), 1..20_usize, 1..200_usize]).prop_map(|(bits, times)| bits.repeat(times))
}

fn part() -> impl Strategy<Value = Part> {
    let field = (words(), words()).prop_map(|(name, value)| Field { name, value });
    let button = (words(), words()).prop_map(|(label, command)| Button { label, command });
    prop_oneof![
        words().prop_map(Part::Text),
        words().prop_map(Part::Code),
        proptest::collection::vec(field, 0..30).prop_map(Part::Fields),
        proptest::collection::vec(button, 0..60).prop_map(Part::Buttons),
        (words(), words()).prop_map(|(name, text)| Part::File { name, text }),
        ("(https?://[a-z]{1,9}/)?[a-z0-9<>|&é]{0,9}", words()).prop_map(|(url, alt)| Part::Image { url, alt }),
        proptest::collection::vec(proptest::collection::vec("\\PC{0,20}", 0..5), 0..30)
            .prop_map(|rows| Part::Table { head: vec!["a".to_owned()], rows }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_reply_fits(parts in proptest::collection::vec(part(), 0..8)) {
        check(&render(&Reply { audience: Audience::Channel, parts, ..Reply::default() }));
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
