//! The kit that plays Slack: it sends what Slack sends, keeps what it gets, and refuses what Slack refuses.

use std::time::Duration;

use catops_core::client::Client;
use catops_core::http::{HttpResponse, json as answer_json, status};
use catops_core::testing::slack::{
    ADDRESS_TIME, API, Answer, BOT_TOKEN, Call, TRIGGER_TIME, Taken, Workspace, in_time,
};
use catops_core::{Commands, Context, Reply, command};
use serde_json::{Value, json};
use slack_morphism::prelude::{SlackInteractionEvent, SlackPushEvent, SlackPushEventCallback};

async fn workspace() -> Workspace {
    Workspace::start().await.unwrap()
}

/// Posts JSON, and returns the status, `Retry-After` and the body.
async fn post(url: &str, token: &str, body: &Value) -> (u16, Option<Duration>, String) {
    let mut request = Client::shared().post(url).json(body);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.retry_after(), response.text().await.unwrap())
}

/// Calls a method of the Web API.
async fn call(slack: &Workspace, method: &str, body: &Value) -> Value {
    let (status, _, text) = post(&slack.url(&format!("{API}{method}")), BOT_TOKEN, body).await;
    assert_eq!(status, 200);
    serde_json::from_str(&text).unwrap()
}

/// Calls a method that must be refused, and returns the code.
async fn refused(slack: &Workspace, method: &str, body: &Value) -> String {
    let said = call(slack, method, body).await;
    assert_eq!(said["ok"], false, "{said}");
    said["error"].as_str().unwrap().to_owned()
}

fn answer(body: &Value) -> HttpResponse {
    answer_json(body.to_string())
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

fn field(id: &str, label: &str, element: Value) -> Value {
    json!({"type": "input", "block_id": id, "label": plain(label), "element": element})
}

/// A form with a field of each kind that the tests fill.
fn form() -> Value {
    let option = |word: &str| json!({"text": plain(word), "value": word});
    let blocks = [
        field("service", "Service", json!({"type": "external_select", "action_id": "pick", "min_query_length": 0})),
        field(
            "region",
            "Region",
            json!({"type": "static_select", "action_id": "a", "options": [option("eu"), option("us")]}),
        ),
        field("note", "Note", json!({"type": "plain_text_input", "action_id": "a", "initial_value": "none"})),
        json!({"type": "actions", "block_id": "more", "elements": [{"type": "button", "action_id": "add", "text": plain("Add")}]}),
    ];
    json!({
        "type": "modal", "callback_id": "form", "private_metadata": "sealed", "title": plain("Restart"),
        "submit": plain("Run"), "close": plain("Cancel"), "notify_on_close": true, "blocks": blocks,
    })
}

#[tokio::test]
async fn a_reply_address_ends_after_five_uses_or_half_an_hour() {
    let slack = workspace().await;
    let command = slack.command("hello");
    let url = command.response_url().unwrap();
    let hello = json!({"text": "hello", "response_type": "in_channel"});
    for n in 0..5 {
        let replace = json!({"text": format!("{n}"), "response_type": "in_channel", "replace_original": n > 2});
        assert_eq!(post(url, "", &replace).await, (200, None, "ok".to_owned()));
    }
    assert_eq!(post(url, "", &hello).await, (404, None, "used_url".to_owned()));
    let texts: Vec<_> = slack.messages("C0001").iter().map(|message| message.text().to_owned()).collect();
    assert_eq!(texts, ["0", "1", "4"], "a post in place of the last one changes it");
    assert_eq!(slack.messages("C0001")[2].earlier.len(), 2);
    assert_eq!(slack.replies(&command).len(), 3);
    let late = slack.command("late");
    slack.pass(ADDRESS_TIME);
    assert_eq!(post(late.response_url().unwrap(), "", &hello).await, (404, None, "expired_url".to_owned()));
    assert_eq!((slack.posts(command.path()).len(), slack.tries(command.path())), (5, 6));
    assert_eq!(slack.refusals().len(), 2);
}

#[tokio::test]
async fn what_breaks_a_limit_is_refused_with_slacks_code() {
    let slack = workspace().await;
    let x = |count| "x".repeat(count);
    let section = |text: String| json!({"type": "section", "text": plain(&text)});
    for (message, code) in [
        (json!({"blocks": [section(x(3_001))]}), "invalid_blocks"),
        (json!({"blocks": vec![section(x(3_000)); 5]}), "msg_blocks_too_long"),
        (json!({"text": x(40_001)}), "msg_too_long"),
        (json!({}), "no_text"),
        (json!({"text": "x", "attachments": vec![json!({"text": "x"}); 101]}), "too_many_attachments"),
    ] {
        let mut posted = message.clone();
        posted["channel"] = "C0001".into();
        assert_eq!(refused(&slack, "chat.postMessage", &posted).await, code);
        let (status, _, text) = post(slack.command("x").response_url().unwrap(), "", &message).await;
        assert!(status == 200 && text.contains(code), "{text}");
    }
    assert!(slack.messages("C0001").is_empty());
    let open = |view: Value| json!({"trigger_id": slack.command("x").trigger_id(), "view": view});
    let mut view = form();
    view["private_metadata"] = x(250_000).into();
    assert_eq!(refused(&slack, "views.open", &open(view.clone())).await, "invalid_arguments");
    view["private_metadata"] = "".into();
    view["other"] = x(250_000).into();
    assert_eq!(refused(&slack, "views.open", &open(view)).await, "view_too_large");
}

#[tokio::test]
async fn the_web_api_knows_its_bot() {
    let slack = workspace().await;
    let url = slack.url(&format!("{API}auth.test"));
    assert!(post(&url, "", &json!({})).await.2.contains("not_authed"));
    assert!(post(&url, "xoxb-another", &json!({})).await.2.contains("invalid_auth"));
    assert_eq!(call(&slack, "auth.test", &json!({})).await["team_id"], "T0001");
    assert_eq!(refused(&slack, "chat.explode", &json!({})).await, "unknown_method");
}

#[tokio::test]
async fn messages_are_kept_and_changed_by_their_ts() {
    let slack = workspace().await;
    let first = call(&slack, "chat.postMessage", &json!({"channel": "C0001", "text": "1"})).await;
    let change = json!({"channel": "C0001", "ts": first["ts"], "text": "2"});
    assert_eq!(call(&slack, "chat.update", &change).await["ts"], first["ts"]);
    let thread = json!({"channel": "C0001", "text": "in it", "thread_ts": first["ts"]});
    call(&slack, "chat.postMessage", &thread).await;
    let alone = json!({"channel": "C0001", "user": "U0002", "text": "psst"});
    let alone = call(&slack, "chat.postEphemeral", &alone).await;
    let messages = slack.messages("C0001");
    let texts: Vec<_> = messages.iter().map(|message| message.text()).collect();
    assert_eq!(texts, ["2", "in it", "psst"]);
    assert_eq!(messages[0].earlier[0]["text"], "1");
    assert_eq!(messages[1].thread_ts.as_deref(), first["ts"].as_str());
    assert_eq!(messages[2].only_for.as_deref(), Some("U0002"));
    // What only one person sees cannot be changed by token, and nothing else that is not there.
    for (channel, ts) in [("C0001", &alone["message_ts"]), ("C0002", &first["ts"]), ("C0001", &json!("1.2"))] {
        let change = json!({"channel": channel, "ts": ts, "text": "3"});
        assert_eq!(refused(&slack, "chat.update", &change).await, "message_not_found");
    }
    slack.refuse_channel("C0009", "not_in_channel");
    let there = json!({"channel": "C0009", "text": "x"});
    assert_eq!(refused(&slack, "chat.postMessage", &there).await, "not_in_channel");
    assert_eq!(refused(&slack, "chat.postMessage", &json!({"text": "x"})).await, "channel_not_found");
    call(&slack, "chat.delete", &json!({"channel": "C0001", "ts": first["ts"]})).await;
    assert_eq!(slack.messages("C0001").len(), 2);
}

#[tokio::test]
async fn more_than_one_message_a_second_is_too_much_where_a_test_says_so() {
    let slack = workspace().await;
    slack.keep_pace();
    let url = slack.url(&format!("{API}chat.postMessage"));
    let to = |channel: &str| json!({"channel": channel, "text": "x"});
    assert_eq!(post(&url, BOT_TOKEN, &to("C0001")).await.0, 200);
    let (status, wait, text) = post(&url, BOT_TOKEN, &to("C0001")).await;
    assert_eq!((status, wait), (429, Some(Duration::from_secs(1))));
    assert!(text.contains("ratelimited"), "{text}");
    assert_eq!(post(&url, BOT_TOKEN, &to("C0002")).await.0, 200, "each channel has a pace of its own");
    slack.pass(Duration::from_secs(1));
    assert_eq!(post(&url, BOT_TOKEN, &to("C0001")).await.0, 200);
}

#[tokio::test]
async fn scripted_answers_come_first() {
    let slack = workspace().await;
    slack.script("/r", [Answer::Status(500), Answer::Busy(7), Answer::Refused("fatal_error")]);
    let (url, hello) = (slack.url("/r"), json!({"text": "x"}));
    assert_eq!(post(&url, "", &hello).await.0, 500);
    assert_eq!(post(&url, "", &hello).await.1, Some(Duration::from_secs(7)));
    assert!(post(&url, "", &hello).await.2.contains("fatal_error"));
    assert_eq!(post(&url, "", &hello).await, (200, None, "ok".to_owned()));
    assert_eq!((slack.posts("/r").len(), slack.tries("/r"), slack.refusals().len()), (1, 4, 0));
}

#[tokio::test]
async fn a_trigger_opens_one_view_within_three_seconds() {
    let slack = workspace().await;
    let open = |trigger: &str| json!({"trigger_id": trigger, "view": form()});
    let command = slack.command("x").by("U0007");
    slack.sign(&command);
    let opened = call(&slack, "views.open", &open(command.trigger_id())).await;
    assert_eq!(opened["view"]["id"], slack.view().unwrap().id);
    assert_eq!(slack.view().unwrap().user, "U0007");
    assert_eq!(refused(&slack, "views.open", &open(command.trigger_id())).await, "exchanged_trigger_id");
    let late = slack.command("y");
    slack.pass(TRIGGER_TIME + Duration::from_millis(1));
    assert_eq!(refused(&slack, "views.open", &open(late.trigger_id())).await, "expired_trigger_id");
    assert_eq!(refused(&slack, "views.open", &open("1.2.x")).await, "invalid_trigger_id");
    // With the id that came back a view is changed without a trigger, unless somebody else was faster.
    let update = |hash: &Value| json!({"view_id": opened["view"]["id"], "hash": hash, "view": form()});
    let changed = call(&slack, "views.update", &update(&opened["view"]["hash"])).await;
    assert_eq!(refused(&slack, "views.update", &update(&opened["view"]["hash"])).await, "hash_conflict");
    assert_eq!(call(&slack, "views.update", &update(&changed["view"]["hash"])).await["ok"], true);
    assert_eq!(refused(&slack, "views.update", &json!({"view_id": "V9", "view": form()})).await, "not_found");
    for _ in 0..3 {
        call(&slack, "views.push", &open(slack.command("z").trigger_id())).await;
    }
    let view = slack.view().unwrap();
    let views = slack.views("U0001");
    assert_eq!((views.len(), &view.root), (3, &views[0].id));
    assert_eq!(refused(&slack, "views.push", &open(slack.command("z").trigger_id())).await, "push_limit_reached");
    // What is open before one person is nothing to another.
    assert_eq!(slack.views("U0007")[0].below, None);
    let other = slack.command("z").by("U0002");
    slack.sign(&other);
    call(&slack, "views.push", &open(other.trigger_id())).await;
    assert_eq!((slack.views("U0001").len(), slack.views("U0002").len()), (3, 1));
}

/// Reads the payload that a request carries.
fn payload(call: &Call) -> Value {
    serde_json::from_str(&decode(call.body().strip_prefix("payload=").unwrap())).unwrap()
}

/// Decodes the value of a form.
fn decode(coded: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = coded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => u8::from_str_radix(&String::from_utf8(rest.by_ref().take(2).collect()).unwrap(), 16).unwrap(),
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// Reads an interaction as another's program reads it.
fn read(call: &Call) -> Value {
    let payload = payload(call);
    let read: Result<SlackInteractionEvent, _> = serde_json::from_value(payload.clone());
    read.unwrap_or_else(|error| panic!("{error}: {payload}"));
    payload
}

async fn with_form() -> Workspace {
    let slack = workspace().await;
    let command = slack.command("x");
    call(&slack, "views.open", &json!({"trigger_id": command.trigger_id(), "view": form()})).await;
    slack
}

#[tokio::test]
async fn a_view_is_filled_as_people_fill_it() {
    let slack = with_form().await;
    let missing = slack.submit(&[("Region", "eu")]).unwrap_err().to_string();
    assert_eq!(missing, "Slack does not send the view off before \"Service\" is filled");
    let missing = slack.submit(&[("Region", "asia")]).unwrap_err().to_string();
    assert_eq!(missing, "the menu region does not offer \"asia\", but [\"eu\", \"us\"]");
    assert!(slack.submit(&[("Colour", "x")]).unwrap_err().to_string().contains("no field \"Colour\""));

    let typing = slack.typing("Service", "ap").unwrap();
    let asked = read(&typing);
    assert_eq!(
        (&asked["value"], &asked["block_id"], &asked["action_id"]),
        (&json!("ap"), &json!("service"), &json!("pick"))
    );
    let offer = json!({"options": [{"text": plain("the api"), "value": "api"}]});
    let Ok(Taken::Options(words)) = slack.take(&typing, &answer(&offer)) else { panic!("the menu takes the words") };
    assert_eq!(words, ["the api"]);
    let long = json!({"options": [{"text": plain(&"x".repeat(76)), "value": "x"}]});
    assert!(slack.take(&typing, &answer(&long)).unwrap_err().starts_with("options[0].text: 76 characters"));

    let submission = slack.submit(&[("Service", "the api"), ("region", "us")]).unwrap();
    let sent = read(&submission);
    let values = &sent["view"]["state"]["values"];
    assert_eq!(values["service"]["pick"]["selected_option"]["value"], "api");
    assert_eq!(
        values["region"]["a"],
        json!({"type": "static_select", "selected_option": {"text": plain("us"), "value": "us"}})
    );
    assert_eq!(values["note"]["a"], json!({"type": "plain_text_input", "value": "none"}));
    assert_eq!((&sent["view"]["private_metadata"], &sent["view"]["callback_id"]), (&json!("sealed"), &json!("form")));
}

#[tokio::test]
async fn the_answer_to_a_submission_changes_the_view() {
    let slack = with_form().await;
    let submit = || slack.submit(&[("Region", "us"), ("Note", "x")]);
    // The menu that asks stands in the way of every submission until something was offered.
    let typing = slack.typing("Service", "").unwrap();
    slack.take(&typing, &answer(&json!({"options": [{"text": plain("api"), "value": "api"}]}))).unwrap();
    assert!(submit().is_err());
    let submit = || slack.submit(&[("Service", "api"), ("Region", "us")]).unwrap();
    let errors = json!({"response_action": "errors", "errors": {"region": "closed"}});
    assert!(matches!(slack.take(&submit(), &answer(&errors)), Ok(Taken::Errors(_))));
    assert_eq!(slack.view().unwrap().errors, [("region".to_owned(), "closed".to_owned())]);
    let elsewhere = json!({"response_action": "errors", "errors": {"more": "no input"}});
    assert_eq!(slack.take(&submit(), &answer(&elsewhere)).unwrap_err(), "the view has no input block \"more\"");
    let broken = json!({"response_action": "update", "view": {"type": "modal"}});
    assert!(slack.take(&submit(), &answer(&broken)).unwrap_err().contains("view.title"));
    assert!(slack.take(&submit(), &answer(&json!({"response_action": "jump"}))).is_err());
    assert_eq!(
        slack.take(&submit(), &status(http::StatusCode::BAD_GATEWAY)).unwrap_err(),
        "it was answered 502 Bad Gateway"
    );
    let push = json!({"response_action": "push", "view": form()});
    assert!(matches!(slack.take(&submit(), &answer(&push)), Ok(Taken::View(_))));
    assert_eq!(slack.views("U0001").len(), 2);
    let closed = read(&slack.close().unwrap());
    assert_eq!((&closed["type"], &closed["is_cleared"]), (&json!("view_closed"), &json!(false)));
    let update = json!({"response_action": "update", "view": form()});
    assert!(matches!(slack.take(&submit(), &answer(&update)), Ok(Taken::View(view)) if view.errors.is_empty()));
    let typing = slack.typing("Service", "").unwrap();
    slack.take(&typing, &answer(&json!({"options": [{"text": plain("api"), "value": "api"}]}))).unwrap();
    assert!(matches!(slack.take(&submit(), &status(http::StatusCode::OK)), Ok(Taken::Closed)));
    assert!(slack.view().is_none());
}

#[tokio::test]
async fn a_press_is_made_from_what_was_posted() {
    let slack = workspace().await;
    let button =
        |label: &str, value: &str| json!({"type": "button", "action_id": "b0", "text": plain(label), "value": value});
    let blocks =
        json!([{"type": "section", "text": plain("x")}, {"type": "actions", "elements": [button("Restart", "r")]}]);
    let message = json!({"channel": "C0002", "text": "x", "blocks": blocks, "thread_ts": "1.2"});
    call(&slack, "chat.postMessage", &message).await;
    let press = slack.press("Restart").unwrap().by("U0007");
    let sent = read(&press);
    let action = json!({
        "type": "button", "action_id": "b0", "block_id": "b1", "text": plain("Restart"), "value": "r",
        "action_ts": "1700000005.000200",
    });
    assert_eq!(sent["actions"], json!([action]));
    assert_eq!((&sent["user"]["id"], &sent["channel"]["id"]), (&json!("U0007"), &json!("C0002")));
    assert_eq!((&sent["container"]["thread_ts"], &sent["message"]["text"]), (&json!("1.2"), &json!("x")));
    assert!(slack.press("Stop").unwrap_err().to_string().contains("there are [\"Restart\"]"));
    // The message that held the button is the original of the press.
    let gone = json!({"text": "ann pressed", "replace_original": true});
    post(press.response_url().unwrap(), "", &gone).await;
    assert_eq!(slack.messages("C0002")[0].text(), "ann pressed");

    // What only one person sees is not sent along, and can be taken away all the same.
    let alone = slack.command("y").by("U0008");
    slack.sign(&alone);
    post(alone.response_url().unwrap(), "", &json!({"text": "y", "blocks": blocks})).await;
    let press = slack.press("Restart").unwrap();
    let sent = read(&press);
    assert_eq!((&sent["container"]["is_ephemeral"], &sent["message"]), (&json!(true), &Value::Null));
    assert_eq!(sent["user"]["id"], "U0008");
    post(press.response_url().unwrap(), "", &json!({"delete_original": true})).await;
    assert!(slack.messages("C0001").is_empty());
    assert!(slack.press("Restart").is_err());
}

#[tokio::test]
async fn a_press_in_a_view_has_no_reply_address() {
    let slack = with_form().await;
    let press = slack.press("Add").unwrap();
    let sent = read(&press);
    assert_eq!((press.response_url(), &sent["actions"][0]["block_id"]), (None, &json!("more")));
    assert_eq!(sent["view"]["state"]["values"]["note"]["a"]["value"], "none");
    assert!(!press.trigger_id().is_empty());
    assert!(slack.press("Drop").is_err());
}

#[test]
fn shortcuts() {
    let sent = read(&Call::shortcut("run").with_trigger("1.2.x"));
    assert_eq!(
        (&sent["type"], &sent["channel"], &sent["response_url"]),
        (&json!("shortcut"), &Value::Null, &Value::Null)
    );
    let sent =
        read(&Call::message_shortcut("look", "it burns").with_trigger("1.2.x").with_address("https://a.example/x"));
    assert_eq!((&sent["type"], &sent["message"]["text"]), (&json!("message_action"), &json!("it burns")));
    assert_eq!((&sent["channel"]["id"], &sent["response_url"]), (&json!("C0001"), &json!("https://a.example/x")));
}

/// Reads an event as another's program reads it.
fn event(call: &Call) -> Value {
    let envelope: Value = serde_json::from_str(&call.body()).unwrap();
    let read: SlackPushEvent = serde_json::from_value(envelope.clone()).unwrap();
    let SlackPushEvent::EventCallback(SlackPushEventCallback { event_id, .. }) = read else { panic!("{envelope}") };
    assert_eq!(event_id.0, envelope["event_id"]);
    envelope
}

#[tokio::test]
async fn events() {
    let slack = workspace().await;
    let mention = slack.mention("ping").in_thread("1.2");
    let sent = event(&mention);
    assert_eq!((&sent["event"]["text"], &sent["event"]["thread_ts"]), (&json!("<@U0BOT> ping"), &json!("1.2")));
    assert_eq!(sent["event"]["ts"], mention.ts());
    assert_eq!(event(&slack.direct("ping"))["event"]["channel_type"], "im");
    assert_eq!(event(&Call::bot_message("x"))["event"]["subtype"], "bot_message");
    assert_eq!(event(&Call::own_message("x"))["event"]["user"], sent["authorizations"][0]["user_id"]);
    let app = event(&Call::app_message("x"));
    assert!(app["event"]["bot_id"].is_string() && app["event"]["subtype"].is_null(), "{app}");
    let changed = event(&Call::changed_message("new"));
    assert_eq!((&changed["event"]["message"]["text"], &changed["event"]["text"]), (&json!("new"), &Value::Null));
    assert_eq!(event(&Call::deleted_message("x"))["event"]["subtype"], "message_deleted");
    let shared = event(&Call::mention("x").from_team("T0002"));
    assert_eq!((&shared["team_id"], &shared["event"]["user_team"]), (&json!("T0001"), &json!("T0002")));
    assert_eq!(shared["is_ext_shared_channel"], true);
    assert_eq!(event(&Call::mention("x").in_enterprise("E0001"))["enterprise_id"], "E0001");
    // The other program does not know that a bot of a whole organisation is authorised for no one workspace.
    let grid = Call::mention("x").in_enterprise("E0001").org_wide().body();
    let grid: Value = serde_json::from_str(&grid).unwrap();
    assert_eq!(
        (&grid["enterprise_id"], &grid["authorizations"][0]["is_enterprise_install"]),
        (&json!("E0001"), &json!(true))
    );
    // Sent again it is the same event, with a signature of its own time.
    let again = mention.clone().again(2, "http_timeout");
    assert_eq!(again.body(), mention.body());
    let http = slack.sign(&again);
    assert_eq!(http.headers()["x-slack-retry-num"], "2");
    assert_eq!(http.headers()["x-slack-retry-reason"], "http_timeout");
    assert!(slack.mention("ping").ts() != mention.ts() && slack.mention("ping").body() != mention.body());
}

#[tokio::test]
async fn other_requests_are_answered_by_a_bot() {
    let slack = workspace().await;
    let chat = slack.chat().unwrap();
    let now = slack.now();
    let mut probe = Call::probe().signed(slack.signer(), now);
    probe.headers_mut().remove("x-slack-signature");
    for (http, expected) in [
        (probe, ""),
        (Call::handshake("3eZ").signed(slack.signer(), now), r#"{"challenge":"3eZ"}"#),
        (Call::rate_limited().signed(slack.signer(), now), ""),
    ] {
        match catops_core::chat::Chat::receive(&chat, &http, now).await {
            Ok(catops_core::chat::Inbound::Answer(response)) => assert_eq!(response.body(), expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_file_goes_up_in_three_steps() {
    let slack = workspace().await;
    let begin = json!({"filename": "log.txt", "length": 5});
    let begun = call(&slack, "files.getUploadURLExternal", &begin).await;
    let complete =
        json!({"files": [{"id": begun["file_id"], "title": "The log"}], "channel_id": "C0001", "thread_ts": "1.2"});
    assert_eq!(refused(&slack, "files.completeUploadExternal", &complete).await, "file_not_found");
    let url = begun["upload_url"].as_str().unwrap();
    let upload = |body: &'static str| Client::shared().post(url).body(body).send();
    assert_eq!(upload("too long").await.unwrap().status(), 400);
    assert_eq!(upload("12345").await.unwrap().text().await.unwrap(), "OK - 5");
    assert!(slack.files().is_empty(), "nobody sees it before it is shared");
    call(&slack, "files.completeUploadExternal", &complete).await;
    let [file] = &slack.files()[..] else { panic!("one file is shared") };
    assert_eq!((file.name.as_str(), file.title.as_str(), &file.content[..]), ("log.txt", "The log", &b"12345"[..]));
    assert_eq!((file.channel.as_deref(), file.thread_ts.as_deref()), (Some("C0001"), Some("1.2")));
    // As a form, and the content as the part of one.
    let form = Client::shared().post(slack.url(&format!("{API}files.getUploadURLExternal")));
    let form = form.header("authorization", format!("Bearer {BOT_TOKEN}")).body("filename=a+b.txt&length=2");
    let begun: Value =
        form.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap().json().await.unwrap();
    let parts = "--x\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nhi\r\n--x--\r\n";
    let answer = Client::shared().post(begun["upload_url"].as_str().unwrap()).body(parts).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "OK - 2");
}

#[tokio::test]
#[should_panic(expected = "Slack waits for 3s")]
async fn an_answer_after_three_seconds_fails_the_test() {
    in_time(tokio::time::sleep(Duration::from_millis(3_050))).await;
}

/// Say hello, or a secret.
#[command]
fn hello(ctx: &Context, name: String) -> Reply {
    let reply = Reply::to_channel(format!("{} greets {name}", ctx.actor()));
    reply.button("Again", "hello again")
}

fn find(path: &str) -> Option<catops_core::Command> {
    (path == "hello").then(__catops_hello)
}

static COMMANDS: Commands = Commands::new("hello", |_| "", find);

#[tokio::test]
async fn a_bot_is_installed_in_one_line() {
    let slack = workspace().await;
    let bot = slack.install(&COMMANDS).unwrap();
    bot.send(slack.command("hello world").named("bob").in_channel("C0005")).await;
    let [message] = &slack.messages("C0005")[..] else { panic!("there is one message") };
    assert_eq!((message.text(), message.is_public()), ("bob greets world", true));
    assert_eq!(message.buttons(), ["Again"]);
    let Taken::Message(help) = bot.send(slack.command("help hello")).await else { panic!("help is shown at once") };
    assert!(help.all().contains("Say hello") && !help.is_public());
    bot.hear(&slack.command("hello later")).await;
    assert_eq!(slack.messages("C0001").len(), 1, "it waits in the queue");
    bot.work().await;
    assert_eq!(slack.messages("C0001").len(), 2);
    assert_eq!(bot.store().records(10).await.unwrap().len(), 2);
    assert!(slack.refusals().is_empty());
}

/// Checks that whatever was recorded is in what the kit sends, and of the same type.
fn covers(recorded: &Value, ours: &Value, at: &str) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(_)) => {
            for (name, value) in recorded {
                // What a bot or a person writes is of any form; `authed_users` was left behind, icons come in many sizes.
                let theirs = ["blocks", "values", "edited", "authed_users", "icons", "text"].contains(&name.as_str());
                if !theirs {
                    covers(value, &ours[name], &format!("{at}.{name}"));
                }
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            for (one, other) in recorded.iter().zip(ours) {
                covers(one, other, at);
            }
        }
        (recorded, ours) => {
            let same = std::mem::discriminant(recorded) == std::mem::discriminant(ours);
            assert!(same || recorded.is_null(), "{at} is {recorded} in what was recorded, and {ours} in ours");
        }
    }
}

/// Compares what the kit sends with what was recorded, where a folder of that is given; see CONTRIBUTING.
#[tokio::test]
async fn recorded_requests_have_nothing_that_ours_lack() {
    let Some(folder) = std::env::var_os("CATOPS_FIXTURES") else { return };
    let grid = |call: Call| call.in_enterprise("E0001");
    let alone = workspace().await;
    let command = alone.command("x");
    let button = json!([{"type": "actions", "elements": [{"type": "button", "action_id": "a", "text": plain("Go"), "value": "v"}]}]);
    post(command.response_url().unwrap(), "", &json!({"text": "x", "blocks": button})).await;
    let slack = with_form().await;
    let typing = slack.typing("Service", "").unwrap();
    slack.take(&typing, &answer(&json!({"options": [{"text": plain("api"), "value": "api"}]}))).unwrap();
    let submission = slack.submit(&[("Service", "api"), ("Region", "us")]).unwrap();
    let form = |body: &str| -> Value {
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), decode(value))).collect()
    };
    for (file, ours) in [
        ("block-actions", payload(&grid(alone.press("Go").unwrap()))),
        ("block-suggestion", payload(&grid(typing))),
        ("view-submission", payload(&grid(submission))),
        ("shortcut-global", payload(&grid(alone.shortcut("x")))),
        ("shortcut-message", payload(&grid(alone.message_shortcut("x", "y")))),
        ("event-app-mention", event(&grid(alone.mention("x")))),
        ("event-message", event(&grid(Call::message("x")))),
        ("event-message-bot", event(&grid(Call::app_message("x")))),
        ("event-message-changed", event(&grid(Call::changed_message("x")))),
        ("url-verification", serde_json::from_str(&Call::handshake("x").body()).unwrap()),
        ("slash-command-form", form(&grid(alone.command("x")).body())),
    ] {
        let path = std::path::Path::new(&folder).join("slack").join(file).with_extension("json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut recorded: Value = serde_json::from_str(&text).unwrap();
        if let Some(body) = recorded["body"].as_str() {
            recorded = form(body);
        }
        covers(&recorded, &ours, file);
    }
}
