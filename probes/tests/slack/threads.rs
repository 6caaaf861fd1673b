//! Mentions, threads and messages to the bot alone: an event has no reply address, so all of it goes by the Web API.

use serde_json::Value;

use crate::emulate::BOT_USER;
use crate::requests::Scene;
use crate::web_api::Stage;

/// Returns the texts of messages.
fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_mention_is_answered_in_the_channel() {
    let mut stage = Stage::start().await;
    let ts = stage.emulate.write(&mut stage.sdk, "@catops say hello you there");
    let mention = stage.scene().mention(BOT_USER, "say hello you there", &ts, None);
    assert_eq!(stage.send(&mention).await, "");
    let message = stage.message("you said: you there").await;
    stage.check(&message);
    assert!(message["thread_ts"].is_null(), "{message}");
}

#[tokio::test]
async fn a_mention_in_a_thread_is_answered_there() {
    let mut stage = Stage::start().await;
    let above = stage.emulate.write(&mut stage.sdk, "it is down");
    let mention = stage.scene().mention(BOT_USER, "say hello in here", "1795305600.000900", Some(&above));
    stage.send(&mention).await;
    let channel = stage.emulate.channel.clone();
    let look = |stage: &mut Stage| stage.emulate.thread(&mut stage.sdk, &channel, &above);
    stage.until("the reply", |sdk, emulate| (emulate.thread(sdk, &channel, &above).len() > 1).then_some(())).await;
    let thread = look(&mut stage);
    assert_eq!(texts(&thread), ["it is down", "you said: in here"]);
    assert_eq!(thread[1]["thread_ts"], above.as_str());
    stage.check(&thread[1]);
    let history = stage.emulate.history(&mut stage.sdk, &channel);
    assert_eq!(texts(&history), ["it is down"]);
    assert_eq!(history[0]["reply_users"][0], BOT_USER);
}

#[tokio::test]
async fn progress_in_a_thread_edits_one_message_there() {
    let mut stage = Stage::start().await;
    let above = stage.emulate.write(&mut stage.sdk, "it is down");
    let mention = stage.scene().mention(BOT_USER, "steps", "1795305600.000901", Some(&above));
    stage.send(&mention).await;
    let channel = stage.emulate.channel.clone();
    let done = |message: &Value| message["text"].as_str().unwrap().contains("all steps taken");
    let thread = stage
        .until("the reply", |sdk, emulate| {
            Some(emulate.thread(sdk, &channel, &above)).filter(|thread| thread.iter().any(done))
        })
        .await;
    assert_eq!(thread.len(), 2, "{thread:?}");
    assert_eq!(thread[1]["edited"]["user"], BOT_USER);
}

#[tokio::test]
async fn a_message_to_the_bot_alone_is_answered_there() {
    let mut stage = Stage::start().await;
    let direct = stage.emulate.direct(&mut stage.sdk);
    let message =
        Scene { channel: direct.clone(), ..stage.scene() }.direct("say hello between us", "1795305600.000902");
    stage.send(&message).await;
    let message = stage.message_in(&direct, "you said: between us").await;
    stage.check(&message);
    let channel = stage.emulate.channel.clone();
    assert_eq!(stage.emulate.history(&mut stage.sdk, &channel), Vec::<Value>::new());
}

#[tokio::test]
async fn an_event_that_comes_again_is_answered_once() {
    let mut stage = Stage::start().await;
    let scene = stage.scene();
    let mention = scene.mention(BOT_USER, "say once-1 just once", "1795305600.000903", None);
    let other = stage.scene().mention(BOT_USER, "say once-1 just once", "1795305600.000903", None);
    assert_ne!(mention.text, other.text, "another event about the same message");
    for body in [&mention, &mention, &other, &mention] {
        stage.send(body).await;
    }
    let last = stage.scene().mention(BOT_USER, "say last-1 the last", "1795305600.000904", None);
    stage.send(&last).await;
    stage.message("you said: the last").await;
    stage.message("you said: just once").await;
    let channel = stage.emulate.channel.clone();
    assert_eq!(stage.emulate.history(&mut stage.sdk, &channel).len(), 2);
    assert_eq!(stage.bot.marks("once-1"), 1);
}

/// The bot's own message comes back to it as an event; to answer it would have no end.
#[tokio::test]
async fn its_own_message_is_not_answered() {
    let mut stage = Stage::start().await;
    let direct = stage.emulate.direct(&mut stage.sdk);
    let own = Scene { channel: direct.clone(), user: BOT_USER.to_owned(), ..stage.scene() };
    stage.send(&own.direct("say own-1 myself", "1795305600.000905")).await;
    let ann = Scene { channel: direct.clone(), ..stage.scene() };
    stage.send(&ann.direct("say ann-1 ann", "1795305600.000906")).await;
    stage.message_in(&direct, "you said: ann").await;
    assert_eq!((stage.bot.marks("own-1"), stage.bot.marks("ann-1")), (0, 1));
}
