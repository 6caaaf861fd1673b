//! The test kit beside Slack's own SDK and Bolt: its requests are such as Bolt takes, and its Web API answers as the
//! SDK expects.

use catops_core::http::HttpRequest;
use catops_core::testing::slack::{API, BOT_TOKEN, BOT_USER, CHANNEL, Call, Person, TEAM, USER, Workspace};
use serde_json::{Value, json};

use crate::sdk::Sdk;

/// The kit, with the SDK as its bot.
struct Kit {
    slack: Workspace,
    sdk: Sdk,
}

impl Kit {
    async fn start() -> Self {
        Self { slack: Workspace::start().await.unwrap(), sdk: Sdk::start() }
    }

    fn call(&mut self, method: &str, arguments: Value) -> Value {
        self.sdk.call(&self.slack.url(API), BOT_TOKEN, method, arguments)
    }

    #[track_caller]
    fn done(&mut self, method: &str, arguments: Value) -> Value {
        let answer = self.call(method, arguments);
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer
    }

    #[track_caller]
    fn refused(&mut self, method: &str, arguments: Value, code: &str) {
        let answer = self.call(method, arguments);
        assert_eq!((&answer["ok"], &answer["error"]), (&json!(false), &json!(code)), "{method}: {answer}");
    }

    /// Hands a request of the kit's to Bolt, which must hear what was done, by whom and where.
    #[track_caller]
    fn heard(&mut self, kind: &str, call: &Call) {
        let http = self.slack.sign(call);
        let answer = bolt(&mut self.sdk, self.slack.signer().secret().expose(), &http);
        assert_eq!(answer["status"], 200, "{kind}: {answer}");
        let text = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        let has_channel = !matches!(kind, "block_suggestion" | "view_submission" | "view_closed" | "shortcut");
        let channel = if has_channel { json!(call.channel()) } else { Value::Null };
        let expected = json!([{
            "kind": kind, "user": call.user(), "channel": channel, "team": TEAM,
            "response_url": call.response_url(), "trigger_id": text(call.trigger_id()),
        }]);
        assert_eq!(answer["heard"], expected, "{kind}: {}", call.body());
    }
}

fn bolt(sdk: &mut Sdk, secret: &str, http: &HttpRequest) -> Value {
    let header = |name: &str| http.headers()[name].to_str().unwrap();
    let body = std::str::from_utf8(http.body()).unwrap();
    sdk.ask(
        "bolt",
        json!({
            "secret": secret, "content_type": header("content-type"), "timestamp": header("x-slack-request-timestamp"),
            "signature": header("x-slack-signature"), "body": body,
        }),
    )
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

/// A view with a menu that asks while somebody types.
fn modal(title: &str) -> Value {
    let menu = json!({"type": "external_select", "action_id": "service", "min_query_length": 0});
    let label = plain("Service");
    json!({
        "type": "modal", "title": plain(title), "submit": plain("Run"), "callback_id": "run", "notify_on_close": true,
        "blocks": [{"type": "input", "block_id": "service", "label": label, "element": menu, "optional": true}],
    })
}

fn button(label: &str) -> Value {
    let button = json!({"type": "button", "text": plain(label), "action_id": "run:1", "value": "status api"});
    json!([{"type": "actions", "block_id": "next", "elements": [button]}])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bolt_takes_its_requests() {
    let mut kit = Kit::start().await;
    let slack = kit.slack.clone();
    kit.heard("command", &slack.command("restart api --now"));
    kit.heard("command", &slack.command("x").at_command("/deploy").by("U0002").in_channel("C0002"));
    kit.heard("app_mention", &slack.mention("status api"));
    kit.heard("app_mention", &slack.mention("status api").again(2, "http_timeout"));
    kit.heard("message", &slack.direct("status api"));
    kit.heard("shortcut", &slack.shortcut("run"));
    kit.heard("message_action", &slack.message_shortcut("run_on_message", "it is down"));
    kit.done("chat_postMessage", json!({"channel": CHANNEL, "text": "Next?", "blocks": button("Status")}));
    kit.heard("block_actions", &slack.press("Status").unwrap());
    let command = slack.command("");
    drop(slack.sign(&command));
    kit.done("views_open", json!({"trigger_id": command.trigger_id(), "view": modal("Run")}));
    kit.heard("block_suggestion", &slack.typing("Service", "a").unwrap());
    kit.heard("view_submission", &slack.submit(&[]).unwrap());
    kit.heard("view_closed", &slack.close().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bolt_answers_its_handshake_and_probe_and_refuses_a_stranger() {
    let mut kit = Kit::start().await;
    let secret = kit.slack.signer().secret().expose().to_owned();
    let handshake = kit.slack.sign(&Call::handshake("3eZbrw1a"));
    let answer = bolt(&mut kit.sdk, &secret, &handshake);
    assert_eq!(answer["status"], 200);
    let said: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(said, json!({"challenge": "3eZbrw1a"}));
    let probe = kit.slack.sign(&Call::probe());
    assert_eq!(bolt(&mut kit.sdk, &secret, &probe)["status"], 200);
    let command = kit.slack.command("say hello");
    let command = kit.slack.sign(&command);
    assert_eq!(bolt(&mut kit.sdk, "of another app", &command)["status"], 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_posts_and_changes_messages() {
    let mut kit = Kit::start().await;
    let posted = kit.done("chat_postMessage", json!({"channel": CHANNEL, "text": "one", "blocks": button("Go")}));
    assert_eq!((&posted["channel"], &posted["message"]["text"]), (&json!(CHANNEL), &json!("one")));
    assert_eq!(posted["message"]["user"], BOT_USER);
    let ts = &posted["ts"];
    let changed = kit.done("chat_update", json!({"channel": CHANNEL, "ts": ts, "text": "two"}));
    assert_eq!((&changed["ts"], &changed["text"]), (ts, &json!("two")));
    kit.done("chat_postMessage", json!({"channel": CHANNEL, "text": "three", "thread_ts": ts}));
    let quiet = kit.done("chat_postEphemeral", json!({"channel": CHANNEL, "user": USER, "text": "four"}));
    assert!(quiet["message_ts"].is_string(), "{quiet}");
    let texts: Vec<_> = kit.slack.messages(CHANNEL).iter().map(|message| message.text().to_owned()).collect();
    assert_eq!(texts, ["two", "three", "four"]);
    kit.done("chat_delete", json!({"channel": CHANNEL, "ts": ts}));
    kit.refused("chat_update", json!({"channel": CHANNEL, "ts": ts, "text": "five"}), "message_not_found");
    kit.refused("chat_postMessage", json!({"channel": CHANNEL, "text": ""}), "no_text");
    let wrong = json!({"channel": CHANNEL, "text": "x", "blocks": [{"type": "sektion"}]});
    kit.refused("chat_postMessage", wrong, "invalid_blocks");
    kit.slack.refuse_channel("C0009", "not_in_channel");
    kit.refused("chat_postMessage", json!({"channel": "C0009", "text": "x"}), "not_in_channel");
    let stranger =
        kit.sdk.call(&kit.slack.url(API), "xoxb-2", "chat_postMessage", json!({"channel": CHANNEL, "text": "x"}));
    assert_eq!(stranger["error"], "invalid_auth");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_asks_who_people_are() {
    let mut kit = Kit::start().await;
    kit.slack.person(Person::new(USER).with_address("ann@example.com"));
    kit.slack.group("S0614TZR7", &[USER]);
    let user = kit.done("users_info", json!({"user": USER}))["user"].take();
    assert_eq!(
        (&user["id"], &user["team_id"], &user["is_email_confirmed"]),
        (&json!(USER), &json!(TEAM), &json!(true))
    );
    assert_eq!(user["profile"]["email"], "ann@example.com");
    kit.refused("users_info", json!({"user": "U0009"}), "user_not_found");
    let members = kit.done("usergroups_users_list", json!({"usergroup": "S0614TZR7"}));
    assert_eq!(members["users"], json!([USER]));
    kit.refused("usergroups_users_list", json!({"usergroup": "S0000000"}), "no_such_subteam");
    assert_eq!(kit.done("auth_test", json!({}))["team_id"], TEAM);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_opens_changes_and_stacks_views() {
    let mut kit = Kit::start().await;
    let trigger = |slack: &Workspace| {
        let command = slack.command("");
        drop(slack.sign(&command));
        command.trigger_id().to_owned()
    };
    let first = trigger(&kit.slack);
    let opened = kit.done("views_open", json!({"trigger_id": first, "view": modal("One")}));
    let view = &opened["view"];
    assert_eq!((&view["title"]["text"], &view["root_view_id"]), (&json!("One"), &view["id"]));
    kit.refused("views_open", json!({"trigger_id": first, "view": modal("One")}), "exchanged_trigger_id");
    kit.refused("views_open", json!({"trigger_id": "1.2.x", "view": modal("One")}), "invalid_trigger_id");
    kit.done("views_update", json!({"view_id": view["id"], "hash": view["hash"], "view": modal("Two")}));
    kit.refused(
        "views_update",
        json!({"view_id": view["id"], "hash": view["hash"], "view": modal("Three")}),
        "hash_conflict",
    );
    let second = trigger(&kit.slack);
    kit.done("views_push", json!({"trigger_id": second, "view": modal("Four")}));
    let titles: Vec<_> = kit.slack.views(USER).iter().map(|view| view.title().to_owned()).collect();
    assert_eq!(titles, ["Two", "Four"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_uploads_a_file() {
    let mut kit = Kit::start().await;
    let upload = json!({
        "channel": CHANNEL, "filename": "report.csv", "content": "a,b\n1,2\n", "initial_comment": "Here:",
    });
    let answer = kit.done("files_upload_v2", upload);
    assert!(answer["files"][0]["id"].is_string(), "{answer}");
    let files = kit.slack.files();
    let [file] = &files[..] else { panic!("{files:?}") };
    assert_eq!((file.name.as_str(), &file.content[..]), ("report.csv", &b"a,b\n1,2\n"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_uses_a_reply_address_five_times() {
    let mut kit = Kit::start().await;
    let command = kit.slack.command("say hello");
    drop(kit.slack.sign(&command));
    let hook = |kit: &mut Kit, number: u32| {
        let message = json!({"response_type": "in_channel", "text": format!("answer {number}")});
        kit.sdk.ask("hook", json!({"url": command.response_url(), "message": message}))
    };
    for number in 1..=5 {
        assert_eq!(hook(&mut kit, number), json!([200, "ok"]));
    }
    let sixth = hook(&mut kit, 6);
    assert_eq!(sixth[0], 404, "{sixth}");
    assert_eq!(kit.slack.messages(CHANNEL).len(), 5);
}
