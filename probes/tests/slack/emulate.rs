//! emulate's Slack as a child process, seeded with the app as our own manifest asks for it.
//!
//! What emulate 0.6.1 lacks, and so is shown elsewhere (with the test kit): it sends nothing as Slack does, neither
//! commands nor interactions, and its events have no signature of Slack's; it has no reply addresses, and no triggers
//! but those that it is asked for; no method returns a view or a message for one person; it looks at no limit of
//! blocks, texts and views, and at no rate; it lets a bot post to any public channel; a token that it does not know is
//! one without scopes; it reads channels by POST alone, where Slack's SDK sends GET; it has no user groups, and does not
//! tell whether an address is confirmed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::common::free_port;
use crate::sdk::Sdk;

/// The bot's token; it has the scopes of the manifest and no more, and emulate is told to be strict about them.
pub(crate) const TOKEN: &str = "xoxb-1700000000-of-the-bot";

/// Two tokens that may do everything, with which a test looks at what is there: the bot's, and an administrator's.
const BOT_AND_MORE: &str = "xoxb-1700000000-of-the-test";
const ADMIN: &str = "xoxp-1700000000-of-the-test";

pub(crate) const BOT_USER: &str = "U0000BOT1";

/// The app's manifest, as `catops slack manifest` makes it.
const MANIFEST: &str = include_str!("../../../catops-core/tests/golden/slack/manifest.json");

/// The process. It ends with this value, and with this process.
pub(crate) struct Emulate {
    process: Child,
    address: SocketAddr,
    /// A channel that everybody is in.
    pub(crate) channel: String,
    /// Somebody in it.
    pub(crate) user: String,
}

impl Drop for Emulate {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Emulate {
    pub(crate) fn start(sdk: &mut Sdk) -> Self {
        Self::start_with(sdk, &[])
    }

    /// Starts it for an app that has these scopes besides.
    pub(crate) fn start_with(sdk: &mut Sdk, more: &[&str]) -> Self {
        let api = std::env::var("CATOPS_EMULATE").unwrap_or_default();
        assert!(
            !api.is_empty(),
            "CATOPS_EMULATE is not set: it is the path of dist/api.js of the npm package emulate 0.6.1, and this test \
             needs it"
        );
        let address = free_port().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slack/emulate.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .args([&api, &address.port().to_string(), &seed(more).to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "listening\n", "emulate does not start");
        let mut started = Self { process, address, channel: String::new(), user: String::new() };
        started.channel = started.channel_named(sdk, "ops");
        let people = started.read(sdk, "users.list", json!({}));
        started.user = named(&people["members"], "ann");
        started
    }

    /// Returns `127.0.0.1:<port>`.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns the base of the Web API.
    pub(crate) fn api(&self) -> String {
        format!("http://{}/api/", self.address)
    }

    /// Returns the address of an incoming webhook that emulate has from the start.
    pub(crate) fn good(&self) -> String {
        format!("http://{}/services/T000000001/B000000001/X000000001", self.address)
    }

    /// Returns a reply address that is gone: emulate has none, and answers 404 as Slack does.
    pub(crate) fn gone(&self) -> String {
        format!("http://{}/commands/T1/2/gone", self.address)
    }

    /// Calls a method as the bot, with a token that may do more than its own.
    #[track_caller]
    pub(crate) fn read(&self, sdk: &mut Sdk, method: &str, arguments: Value) -> Value {
        self.call(sdk, BOT_AND_MORE, method, arguments)
    }

    #[track_caller]
    fn call(&self, sdk: &mut Sdk, token: &str, method: &str, arguments: Value) -> Value {
        let answer = sdk.call(&self.api(), token, method, arguments);
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer
    }

    /// Returns the id of a channel, which the bot need not be in.
    pub(crate) fn channel_named(&self, sdk: &mut Sdk, name: &str) -> String {
        let types = json!({"types": "public_channel,private_channel"});
        named(&self.call(sdk, ADMIN, "conversations.list", types)["channels"], name)
    }

    /// Returns the conversation of the bot and ann.
    pub(crate) fn direct(&self, sdk: &mut Sdk) -> String {
        let opened = self.read(sdk, "conversations.open", json!({"users": self.user}));
        text(&opened["channel"]["id"])
    }

    /// Lets somebody write a message in the channel, and returns its name.
    pub(crate) fn write(&self, sdk: &mut Sdk, words: &str) -> String {
        let posted = self.call(sdk, ADMIN, "chat.postMessage", json!({"channel": self.channel, "text": words}));
        text(&posted["ts"])
    }

    /// Returns a trigger of ann's. What emulate calls a trigger is in no request; a test asks for one.
    pub(crate) fn trigger(&self, sdk: &mut Sdk) -> String {
        text(&self.read(sdk, "views.generateTriggerId", json!({"user_id": self.user}))["trigger_id"])
    }

    /// Returns the content of a file.
    pub(crate) fn download(&self, sdk: &mut Sdk, file: &Value) -> String {
        text(&sdk.ask("get", json!({"url": file["url_private"], "token": BOT_AND_MORE})))
    }

    /// Returns what stands in a channel, the oldest first, without what stands in threads.
    pub(crate) fn history(&self, sdk: &mut Sdk, channel: &str) -> Vec<Value> {
        let answer = self.read(sdk, "conversations.history", json!({"channel": channel}));
        let mut messages = answer["messages"].as_array().unwrap().clone();
        messages.reverse();
        messages
    }

    /// Returns a message and what stands in its thread.
    pub(crate) fn thread(&self, sdk: &mut Sdk, channel: &str, ts: &str) -> Vec<Value> {
        let answer = self.read(sdk, "conversations.replies", json!({"channel": channel, "ts": ts}));
        answer["messages"].as_array().unwrap().clone()
    }

    /// Returns a page of emulate's inspector, which shows what no method tells: messages for one person, and views.
    pub(crate) fn page(&self, sdk: &mut Sdk, query: &str) -> String {
        text(&sdk.ask("get", json!({"url": format!("http://{}/?{query}", self.address), "token": ADMIN})))
    }
}

/// Returns the id of what has that name in a list.
fn named(list: &Value, name: &str) -> String {
    let found = list.as_array().unwrap().iter().find(|one| one["name"] == name);
    text(&found.unwrap_or_else(|| panic!("no {name} in {list}"))["id"])
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn seed(more: &[&str]) -> Value {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let mut scopes = manifest["oauth_config"]["scopes"]["bot"].as_array().expect("a list").clone();
    assert!(!scopes.is_empty());
    scopes.extend(more.iter().map(|scope| json!(scope)));
    json!({
        "strict_scopes": true,
        "users": [{"name": "ann"}],
        "channels": [{"name": "ops"}, {"name": "closed", "is_private": true}],
        "oauth_apps": [{
            "app_id": "A00000001", "client_id": "1.2", "client_secret": "none", "name": "CatOps", "redirect_uris": [],
            "scopes": scopes, "bot_id": "B00000001", "bot_user_id": BOT_USER, "bot_name": "catops",
        }],
        "tokens": [
            {
                "token": TOKEN, "type": "bot", "user_id": BOT_USER, "scopes": scopes, "app_id": "A00000001",
                "bot_id": "B00000001", "bot_user_id": BOT_USER,
            },
            {
                "token": BOT_AND_MORE, "type": "bot", "user_id": BOT_USER, "app_id": "A00000001", "bot_id": "B00000001",
                "bot_user_id": BOT_USER,
            },
            {"token": ADMIN, "type": "user", "user": "admin", "app_id": "A00000001"},
        ],
    })
}
