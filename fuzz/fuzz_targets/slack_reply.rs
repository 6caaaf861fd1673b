//! Whatever a command replies, what is sent keeps Slack's limits and pings nobody.
#![no_main]

use catops_core::chat::slack::Slack;
use catops_core::chat::{Ack, Chat as _};
use catops_core::testing::slack::{check_message, pings};
use catops_core::{Reply, Secret, Timestamp};

libfuzzer_sys::fuzz_target!(|input: (&str, &str, u16)| {
    let (text, other, times) = input;
    let long = text.repeat(usize::from(times % 512));
    let reply = Reply::to_channel(&long)
        .field(other, text)
        .code(other.repeat(usize::from(times % 64)))
        .table([other], [[text, other]])
        .image(other, text)
        .button(text, "status api"); // what a button runs is not shown, and may hold a mention
    let slack = Slack::new(Secret::new("8f742231b10e8888abcd99yyyzzz85a5".to_owned()), Vec::new());
    let body = slack.ack(Ack::Reply(&reply), Timestamp::from_secs(1_700_000_000)).into_body();
    let message = serde_json::from_slice(&body).expect("it is JSON");
    if let Err(breaches) = check_message(&message) {
        panic!("Slack would refuse it: {breaches:?} in {message}");
    }
    assert_eq!(pings(&message), Vec::<String>::new(), "the reply pings: {message}");
    assert!(!message.to_string().contains("<#"), "the reply links a channel that nobody named: {message}");
});
