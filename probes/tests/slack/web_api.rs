//! Both legs through the real bot, with emulate in the place of the Web API; what it posted is read back there.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bot::{Bot, PATIENCE};
use crate::emulate::{BOT_USER, Emulate, TOKEN};
use crate::models;
use crate::requests::{Body, Scene};
use crate::sdk::Sdk;

/// The bot between the SDK, which signs what it gets, and emulate, which takes what it sends.
pub(crate) struct Stage {
    pub(crate) sdk: Sdk,
    pub(crate) emulate: Emulate,
    pub(crate) bot: Bot,
    sent: u32,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let mut sdk = Sdk::start();
        let emulate = Emulate::start(&mut sdk);
        let bot = Bot::start(&[
            ("CATOPS_SLACK_BOT_TOKEN", TOKEN),
            ("CATOPS_SLACK_API_URL", &emulate.api()),
            ("CATOPS_REPLY_HOSTS", &emulate.host()),
        ])
        .await;
        Self { sdk, emulate, bot, sent: 0 }
    }

    /// Returns ann in the channel; its reply address is gone, so that the bot is left with its token.
    pub(crate) fn scene(&mut self) -> Scene {
        self.sent += 1;
        Scene {
            user: self.emulate.user.clone(),
            channel: self.emulate.channel.clone(),
            response_url: Some(self.emulate.gone()),
            trigger: format!("{}.1.x", self.sent),
        }
    }

    /// Sends a request, and returns the answer, which is one of 200.
    pub(crate) async fn send(&mut self, body: &Body) -> String {
        let request = self.sdk.signed(self.bot.secret(), body.kind, &body.text);
        let answer = self.bot.send(request).await;
        assert_eq!(answer.status(), 200, "{body:?}");
        String::from_utf8(answer.body().to_vec()).unwrap()
    }

    /// Looks until there is something to see.
    pub(crate) async fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Sdk, &Emulate) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look(&mut self.sdk, &self.emulate) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} did not come; the bot said: {}", self.bot.output());
            tokio::time::sleep(Duration::from_millis(20)).await; // between two looks
        }
    }

    /// Waits until a page of emulate's inspector contains `words`, and returns it.
    pub(crate) async fn page(&mut self, query: &str, words: &str) -> String {
        self.until(words, |sdk, emulate| Some(emulate.page(sdk, query)).filter(|page| page.contains(words))).await
    }

    /// Waits for a message to ann alone in the channel. No method returns one; emulate's inspector shows it.
    pub(crate) async fn for_ann(&mut self, words: &str) {
        let query = format!("tab=messages&channel={}", self.emulate.channel);
        let page = self.page(&query, words).await;
        let (_, quiet) = page.split_once("<h2>Ephemeral</h2>").expect("there is such a part");
        assert!(quiet.contains(words), "all can see it: {words}");
    }

    /// Waits for a message in the channel whose text contains `words`.
    pub(crate) async fn message(&mut self, words: &str) -> Value {
        let channel = self.emulate.channel.clone();
        self.message_in(&channel, words).await
    }

    pub(crate) async fn message_in(&mut self, channel: &str, words: &str) -> Value {
        let says = |message: &Value| message["text"].as_str().unwrap_or_default().contains(words);
        self.until(words, |sdk, emulate| emulate.history(sdk, channel).into_iter().find(says)).await
    }

    /// Checks that the SDK knows all of a message that was read back.
    pub(crate) fn check(&mut self, message: &Value) {
        assert_eq!(message["user"], BOT_USER, "{message}");
        let mut said = json!({"channel": self.emulate.channel, "text": message["text"], "blocks": message["blocks"]});
        if !message["attachments"].is_null() {
            said["attachments"] = message["attachments"].clone();
        }
        assert!(message["blocks"].as_array().is_some_and(|blocks| !blocks.is_empty()), "{message}");
        models::message(&mut self.sdk, "what was read back", &said);
    }
}

#[tokio::test]
async fn a_reply_whose_address_is_gone_is_posted_by_token() {
    let mut stage = Stage::start().await;
    let show = stage.scene().command("show");
    stage.send(&show).await;
    let message = stage.message("Everything").await;
    stage.check(&message);
    let kinds: Vec<_> =
        message["blocks"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
    for kind in ["section", "image", "actions"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let say = Scene { response_url: None, ..stage.scene() }.command("say hello you there");
    stage.send(&say).await;
    let message = stage.message("you said: you there").await;
    stage.check(&message);
}

#[tokio::test]
async fn a_reply_for_the_asker_alone_is_in_no_history() {
    let mut stage = Stage::start().await;
    let (hush, say) = (stage.scene().command("hush for you"), stage.scene().command("say hello for all"));
    stage.send(&hush).await;
    stage.for_ann("quietly: for you").await;
    stage.send(&say).await;
    stage.message("you said: for all").await;
    let channel = stage.emulate.channel.clone();
    let history = stage.emulate.history(&mut stage.sdk, &channel);
    assert!(!json!(history).to_string().contains("quietly"), "{history:?}");
}

/// emulate has no reply addresses; its incoming webhook takes the same posts, and puts them into a channel of its own.
#[tokio::test]
async fn a_reply_address_that_is_good_is_used() {
    let mut stage = Stage::start().await;
    let (general, address) = (stage.emulate.channel_named(&mut stage.sdk, "general"), stage.emulate.good());
    let say = Scene { response_url: Some(address.clone()), ..stage.scene() }.command("say hello by address");
    stage.send(&say).await;
    let message = stage.message_in(&general, "you said: by address").await;
    assert_eq!(message["subtype"], "bot_message", "{message}");
    let steps = Scene { response_url: Some(address), ..stage.scene() }.command("steps");
    stage.send(&steps).await;
    // Progress goes by token, since an address takes five posts, and the message that shows it becomes the reply.
    let message = stage.message("all steps taken").await;
    assert_eq!(message["edited"]["user"], BOT_USER, "{message}");
    let (channel, emulate) = (stage.emulate.channel.clone(), &stage.emulate);
    let counts = [&general, &channel].map(|channel| emulate.history(&mut stage.sdk, channel).len());
    assert_eq!(counts, [1, 1]);
}

#[tokio::test]
async fn progress_edits_one_message() {
    let mut stage = Stage::start().await;
    let steps = stage.scene().command("steps");
    stage.send(&steps).await;
    let message = stage.message("all steps taken").await;
    stage.check(&message);
    assert_eq!(message["edited"]["user"], BOT_USER, "{message}");
    let channel = stage.emulate.channel.clone();
    let history = stage.emulate.history(&mut stage.sdk, &channel);
    assert_eq!(history.len(), 1, "{history:?}");
}

/// emulate holds a token to its scopes, and the bot's are those of the manifest; one that it does not know has none.
#[tokio::test]
async fn a_token_without_the_scope_is_refused_and_the_log_says_which() {
    let mut sdk = Sdk::start();
    let emulate = Emulate::start(&mut sdk);
    let bot = Bot::start(&[("CATOPS_SLACK_BOT_TOKEN", "xoxb-unknown"), ("CATOPS_SLACK_API_URL", &emulate.api())]).await;
    let scene = Scene {
        user: emulate.user.clone(),
        channel: emulate.channel.clone(),
        response_url: None,
        trigger: "1.1.x".to_owned(),
    };
    let body = scene.command("say hello");
    bot.send(sdk.signed(bot.secret(), body.kind, &body.text)).await;
    bot.says("CATOPS_SLACK_BOT_TOKEN lacks the scope `chat:write`").await;
    assert_eq!(emulate.history(&mut sdk, &emulate.channel), Vec::<Value>::new());
}

#[tokio::test]
async fn a_channel_that_the_bot_is_not_in_is_named_in_the_log() {
    let mut stage = Stage::start().await;
    let closed = stage.emulate.channel_named(&mut stage.sdk, "closed");
    let say = Scene { channel: closed.clone(), ..stage.scene() }.command("say hello");
    stage.send(&say).await;
    stage.bot.says(&format!("the bot is not in the channel `{closed}`; invite it there")).await;
}
