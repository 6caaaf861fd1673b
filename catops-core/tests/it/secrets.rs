//! No secret gets out: neither by what a value shows of itself, nor by an error, a log line, a record or a message.

mod bot;
mod commands;
mod hunt;
mod log;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use catops_core::chat::slack::Slack;
use catops_core::chat::{Chat as _, Incoming, Opening, Submission, Typing};
use catops_core::client::Patience;
use catops_core::dispatcher::Dispatched;
use catops_core::form::{Draft, Form};
use catops_core::job::{Job, JobKey, SealedJob};
use catops_core::pending::Pending;
use catops_core::request::{ReplyTo, Request};
use catops_core::responder::Responder as _;
use catops_core::settings::Settings;
use catops_core::store::{Entry, Store as _, When};
use catops_core::testing::slack::{API, Answer, BOT_TOKEN, Signer};
use catops_core::{App, JobId, Reply, Timestamp};
use ring::hmac;

use self::bot::{ABOUT, ARGUMENT, Bot, JOB_KEY, LIMIT, SIGNING_SECRET, WRONG_TOKEN, secret, settings, typed};
use self::commands::COMMANDS;
use self::hunt::{Hunt, forms};
use self::log::Lines;

#[tokio::test]
async fn lines_of_every_kind_show_no_secret() {
    let mut bot = Bot::new().await;
    let word = typed();
    for (line, expected) in [
        (format!("login ann --password {word}"), "ran"),
        (format!("login ann --password={word}"), "ran"),
        (format!("login ann --password “{word}”"), "ran"),
        (format!("login ann --pasword {word}"), "usage"),
        (format!("login ann extra --password {word}"), "usage"),
        (format!("login ann --password {word} --password {word}"), "usage"),
        (format!("login ann --password '{word}"), "usage"),
        (format!("login ann --pasword={word}"), "usage"),
        (format!("login ann {word}"), "usage"),
        (format!("login -p{word}"), "usage"),
        (format!("login ann -- {word}"), "usage"),
        (format!("login --help --password {word}"), "help"),
        (format!("lgoin ann --password {word}"), "unknown"),
        (format!("pin {word}"), "usage"),
        (format!("pin 7 --more {word}"), "usage"),
        (format!("pin 7 --more={word}"), "usage"),
        (format!("note {word} and more"), "ran"),
        (format!("closed {word}"), "denied"),
        (format!("offer ann --token {word}"), "ran"),
        (format!("pager ok --token {word}"), "ran"),
        (format!("pager failed --token {word}"), "failed"),
        (format!("pager usage --token {word}"), "usage"),
        (format!("pager panic --token {word}"), "panicked"),
        ("pager missing".to_owned(), "failed"),
        ("pager address".to_owned(), "failed"),
        ("pager user".to_owned(), "failed"),
        ("pager host".to_owned(), "failed"),
        ("pager header".to_owned(), "failed"),
        ("pager 'header name'".to_owned(), "failed"),
        ("pager state".to_owned(), "failed"),
        ("pager update".to_owned(), "failed"),
        ("pager list".to_owned(), "failed"),
        ("pager number".to_owned(), "failed"),
    ] {
        assert_eq!(bot.types(&line).await, [expected], "{line}");
    }
    // The inline ones, and help, are answered in the first leg.
    for line in [format!("peek {word}"), format!("help login {word}")] {
        assert_eq!(bot.types(&line).await, [""; 0], "{line}");
    }
    // Those that outlive their time.
    for (line, expected) in
        [(format!("pager slow --token {word}"), "timed_out"), (format!("grind {word}"), "timed_out")]
    {
        let call = bot.slack.command(&line);
        bot.hear(&call).await;
        assert_eq!(bot.work(Duration::from_millis(300)).await, [expected], "{line}");
    }
    let tick = bot.slack.now();
    let ended = bot.dispatcher.tick("nightly", tick, tick, LIMIT).await;
    bot.hunt.shown("a tick", &ended);
    assert!(matches!(ended, Dispatched::Ended(record) if record.undelivered.is_none()));
    bot.look().await;
}

#[tokio::test]
async fn forms_and_buttons_show_no_secret() {
    let mut bot = Bot::new().await;
    let word = typed();
    // A line that lacks something opens a form, with what was given but without what is secret.
    let lacks = bot.slack.command(&format!("login --password {word}"));
    assert_eq!(bot.hear(&lacks).await, 200);
    let view = bot.slack.view().expect("a form is open");
    assert!(!view.all().contains(ARGUMENT) && view.all().contains("login"), "{}", view.all());
    let sent = bot.slack.submit(&[("user", "ann"), ("password", ARGUMENT)]).unwrap();
    assert_eq!(bot.hear(&sent).await, 200);
    assert_eq!(bot.work(LIMIT).await, ["ran"]);
    // A shortcut on a message asks which command is meant.
    let shortcut = bot.slack.message_shortcut("run", ABOUT);
    bot.hear(&shortcut).await;
    assert!(bot.slack.view().is_some_and(|view| !view.title().is_empty()));

    // A button, pressed, pressed again, altered, and of somebody who is not Slack.
    assert_eq!(bot.types(&format!("offer ann --token {word}")).await, ["ran"]);
    let message = bot.slack.messages("C0001").pop().unwrap();
    for expected in ["ran", "used"] {
        let press = bot.slack.press_in(&message, "Again").unwrap();
        assert_eq!(bot.hear(&press).await, 200);
        assert_eq!(bot.work(LIMIT).await, [expected]);
    }
    let mut altered = message.clone();
    let text = altered.body.to_string().replace("offer ann", "offer bob");
    altered.body = serde_json::from_str(&text).unwrap();
    let press = bot.slack.press_in(&altered, "Again").unwrap();
    bot.hear(&press).await;
    assert_eq!(bot.work(LIMIT).await, [""; 0], "an altered button runs nothing");
    let call = bot.slack.command(&format!("login ann --password {word}"));
    let now = bot.slack.now();
    let forged = call.signed(&Signer::new(secret("of another bot, 32 characters at least")), now);
    assert_eq!(bot.hears(&call, forged).await, 401);
    let stale = call.signed(bot.slack.signer(), Timestamp::from_secs(now.as_secs() - 900));
    assert_eq!(bot.hears(&call, stale).await, 401);
    bot.look().await;
}

#[tokio::test]
async fn what_waits_shows_no_secret() {
    let mut bot = Bot::new().await;
    let line = format!("deploy v7 --token {}", typed());
    assert_eq!(bot.types(&line).await, ["waiting"]);
    let message = bot.slack.messages("C0001").pop().unwrap();
    let now = bot.slack.now();
    let kept = bot.store.list("pending/", now).await.unwrap();
    assert_eq!(kept.len(), 1, "no button carries it");
    bot.hunt.shown("what waits", &kept);
    for (user, expected) in [("U0001", "denied"), ("U0002", "ran"), ("U0002", "used")] {
        let press = bot.slack.press_in(&message, "Approve").unwrap().by(user);
        assert_eq!(bot.hear(&press).await, 200);
        assert_eq!(bot.work(LIMIT).await, [expected]);
    }
    assert_eq!(bot.types(&line).await, ["waiting"]);
    let message = bot.slack.messages("C0001").pop().unwrap();
    let mut altered = message.clone();
    let text = altered.body.to_string().replace("\"value\":\"", "\"value\":\"1");
    altered.body = serde_json::from_str(&text).unwrap();
    let press = bot.slack.press_in(&altered, "Deny").unwrap().by("U0002");
    bot.hear(&press).await;
    assert_eq!(bot.work(LIMIT).await, [""; 0], "an altered button decides nothing");
    let press = bot.slack.press_in(&message, "Deny").unwrap().by("U0002");
    bot.hear(&press).await;
    assert_eq!(bot.work(LIMIT).await, ["rejected"]);
    bot.store.fail("put pending/");
    assert_eq!(bot.types(&line).await, ["unclaimed"]);
    bot.store.fail("");
    // What stands behind the bot's own words is a line like any other.
    for own in ["why", "break-glass", "break-glass 'it burns'", "history", "rerun", "audit verify", "help why", "help"]
    {
        bot.types(&format!("{own} login ann --password {}", typed())).await;
    }
    bot.look().await;
}

#[tokio::test]
async fn what_goes_wrong_shows_no_secret() {
    let mut bot = Bot::new().await;
    let line = format!("login ann --password {}", typed());
    // The queue is full, and then the jobs die: never started, half-way, and of another version.
    for status in [200, 200, 200, 200] {
        let call = bot.slack.command(&line);
        assert_eq!(bot.hear(&call).await, status);
    }
    let jobs = bot.jobs();
    assert_eq!(jobs.len(), 3, "the fourth found no room");
    let now = bot.slack.now();
    bot.store.claim(jobs[1].id(), now + LIMIT, now).await.unwrap();
    let altered = jobs[0].as_str().replace("hunter2", "hunter3");
    for text in [jobs[0].as_str(), jobs[1].as_str(), &altered, ARGUMENT, "{}"] {
        let dead = bot.dispatcher.rerun_or_report(text, "it was tried 5 times", &*bot.queue, now).await;
        bot.hunt.shown("a dead job", &dead);
        let ended = bot.dispatcher.dispatch(text, now, LIMIT).await;
        bot.hunt.shown("a dead job", &ended);
    }
    let content = serde_json::json!({
        "v": 99, "id": "of-tomorrow", "reply_to": jobs[2].open(bot.app.key()).unwrap().reply_to, "request": ARGUMENT,
    });
    let skewed = SealedJob::of_content(JobId::of(&["x"]), &content, bot.app.key());
    bot.hunt.shown("a job of tomorrow", &skewed);
    let id = JobId::try_from("of-tomorrow".to_owned()).unwrap();
    let skewed = SealedJob::of_content(id, &content, bot.app.key()).unwrap();
    bot.hunt.shown("a job of tomorrow", &skewed.open(bot.app.key()));
    let ended = bot.dispatcher.dispatch(skewed.as_str(), now, LIMIT).await;
    assert!(matches!(&ended, Dispatched::Ended(record) if record.outcome.as_str() == "skewed"), "{ended:?}");

    // The store is away: when a job is claimed, when its record is written, when its lock is freed.
    for (call, expected) in [("put job/", "unclaimed"), ("append", "ran"), ("get state/", "ran")] {
        bot.store.fail(call);
        assert_eq!(bot.types(&line).await, [expected], "{call}");
    }
    bot.store.fail("get state/");
    assert_eq!(bot.types("pager update").await, ["failed"]);
    bot.store.fail("delete lock/");
    bot.store.put("state/ops/open", "true", None, When::Always, now).await.unwrap();
    assert_eq!(bot.types(&format!("guarded {}", typed())).await, ["ran"]);
    bot.store.fail("");
    // Somebody else holds the lock.
    bot.store.delete("state/ops/open", When::Always, now).await.unwrap();
    for _ in 0..2 {
        let call = bot.slack.command(&format!("guarded {}", typed()));
        bot.hear(&call).await;
    }
    let jobs = bot.jobs();
    let (first, second) = (bot.dispatcher.clone(), bot.dispatcher.clone());
    let release = async {
        while bot.store.list("lock/", now).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let locks = format!("{:?}", bot.store.list("lock/", now).await.unwrap());
        let ended = second.dispatch(jobs[1].as_str(), now, LIMIT).await;
        bot.store.put("state/ops/open", "true", None, When::Always, now).await.unwrap();
        (locks, ended)
    };
    let (ran, (locks, locked)) = tokio::join!(first.dispatch(jobs[0].as_str(), now, LIMIT), release);
    assert!(matches!(&ran, Dispatched::Ended(record) if record.outcome.as_str() == "ran"), "{ran:?}");
    assert!(matches!(&locked, Dispatched::Ended(record) if record.outcome.as_str() == "locked"), "{locked:?}");
    bot.hunt.text("the key of a lock", locks);
    bot.hunt.shown("a lock", &locked);

    // The reply is not taken: by the address, by the token, by neither.
    for (answers, refuses) in [
        ([Answer::Status(404), Answer::Status(404)], None),
        ([Answer::Refused("used_url"), Answer::Status(404)], Some("channel_not_found")),
        ([Answer::Refused(NOT_A_CODE), Answer::Status(410)], Some("not_in_channel")),
    ] {
        let call = bot.slack.command(&line).in_channel("C0007");
        bot.slack.script(call.path(), answers);
        refuses.into_iter().for_each(|code| bot.slack.refuse_channel("C0007", code));
        bot.hear(&call).await;
        assert_eq!(bot.work(LIMIT).await, ["ran"]);
    }
    let late = bot.slack.command(&line);
    bot.hear(&late).await;
    bot.slack.pass(Duration::from_secs(3600));
    assert_eq!(bot.work(LIMIT).await, ["expired"]);
    bot.look().await;
}

/// What stands where Slack's codes do, and is none.
const NOT_A_CODE: &str = "Refused: hunter2+7a/6b<5c>&ü%4d=3e2f";

/// The real patience, a hundred times shorter.
const BRIEF: Patience = Patience {
    attempt: Duration::from_millis(150),
    total: Duration::from_millis(450),
    pause: Duration::from_millis(3),
    longest_pause: Duration::from_millis(80),
};

#[tokio::test]
async fn no_error_of_a_chat_shows_a_secret() {
    let mut bot = Bot::new().await;
    let now = bot.slack.now();
    let host = bot.slack.host();
    let slack = |token: &str, hosts: Vec<String>| {
        let slack = Slack::new(secret(SIGNING_SECRET), hosts).with_patience(BRIEF);
        slack.with_token(secret(token), Some(&bot.slack.url(API))).unwrap()
    };
    let (sound, wrong) = (slack(BOT_TOKEN, vec![host.clone()]), slack(WRONG_TOKEN, vec![host.clone()]));
    let elsewhere = slack(WRONG_TOKEN, Vec::new());
    let tokenless = Slack::new(secret(SIGNING_SECRET), vec![host]).with_patience(BRIEF);
    let path = "/services/T0001/a-reply-address-0f1e2d";
    bot.hunt.secret("a reply address", "a-reply-address-0f1e2d");
    bot.hunt.secret("a trigger", "13345224609.738474920.8088930838d88f008e0");
    let to = |url: &str| ReplyTo {
        chat: "slack".to_owned(),
        url: Some(secret(url)),
        channel: "C0001".to_owned(),
        user: "U0001".to_owned(),
        expires: now + LIMIT,
        ..ReplyTo::default()
    };
    let url = bot.slack.url(path);
    let none = ReplyTo { url: None, ..to("") };
    let reply = Reply::to_channel("hello");
    let answers = |answer: Answer| bot.slack.script(path, [answer; 64]);

    let mut errors = Vec::new();
    for (what, answer) in [
        ("status 500", Answer::Status(500)),
        ("busy", Answer::Busy(1)),
        ("a silence", Answer::Late(Duration::from_millis(600))),
    ] {
        answers(answer);
        errors.push((what, tokenless.respond(&to(&url), &reply, None, now).await));
    }
    answers(Answer::Status(404));
    errors.push(("a wrong token", wrong.respond(&to(&url), &reply, None, now).await));
    errors.push(("no address, a wrong token", wrong.respond(&none, &reply, None, now).await));
    errors.push(("no address, no token", tokenless.respond(&none, &reply, None, now).await));
    errors.push(("progress", wrong.progress(&none, &reply, None, now).await));
    for address in [
        "https://hooks.slack.example/services/T0001/a-reply-address-0f1e2d",
        "https://me:a-reply-address-0f1e2d@hooks.slack.com/services",
        "no address: a-reply-address-0f1e2d",
        "http://127.0.0.1:1/a-reply-address-0f1e2d",
        "https://127.0.0.1:1/a-reply-address-0f1e2d",
    ] {
        errors.push(("another host", tokenless.respond(&to(address), &reply, None, now).await));
        errors.push(("another host", elsewhere.respond(&to(address), &reply, None, now).await));
    }
    let expired = ReplyTo { expires: now, ..to(&url) };
    errors.push(("an expired address", tokenless.respond(&expired, &reply, None, now).await));
    for (what, result) in errors {
        bot.error(what, result);
    }

    let draft = Draft { command: "login".to_owned(), about: ABOUT.to_owned(), reply_to: to(&url), ..Draft::default() };
    let form = Form {
        title: "Sign in".to_owned(),
        about: String::new(),
        submit: "Run",
        fields: Vec::new(),
        asks_channel: false,
        draft: draft.clone(),
    };
    let trigger = secret("13345224609.738474920.8088930838d88f008e0");
    for (what, slack) in [("a trigger that is none", &sound), ("a form", &wrong), ("a form without token", &tokenless)]
    {
        let result = slack.open_form(&form, &trigger, Duration::from_secs(2)).await;
        bot.error(what, result);
    }
    bot.error(
        "a token of two lines",
        Slack::new(secret(SIGNING_SECRET), Vec::new()).with_token(secret(&format!("{WRONG_TOKEN}\n")), Some("ftp://x")),
    );
    bot.error(
        "no signing secret",
        App::with_settings(&COMMANDS, Settings { slack_signing_secret: None, ..settings(&bot.slack) }),
    );

    // What came in, as each type shows it.
    let request = Request { text: format!("login ann --password {}", typed()), ..Request::default() };
    let actor = request.actor.clone();
    let incoming =
        Incoming { trigger: Some(trigger.clone()), ..Incoming::new(JobId::of(&["1"]), request.clone(), to(&url)) };
    let job = Job::new(incoming.clone(), now);
    let waits = Pending {
        origin: job.id.clone(),
        asker: actor.clone(),
        channel: request.channel.clone(),
        chat: "slack".to_owned(),
        prefix: String::new(),
        line: request.text.clone(),
        asked: now,
        expires: now + LIMIT,
        plan: None,
        approvers: Vec::new(),
    };
    let submission = Submission {
        id: job.id.clone(),
        actor: actor.clone(),
        draft: draft.clone(),
        values: vec![("password".to_owned(), vec![ARGUMENT.to_owned()])],
    };
    let typing =
        Typing { actor: actor.clone(), draft: draft.clone(), field: "password".to_owned(), typed: ARGUMENT.to_owned() };
    let opening = Opening { actor, draft: draft.clone(), trigger };
    let entry = Entry { value: serde_json::to_string(&waits).unwrap(), version: "1".to_owned(), expires: None };
    for value in [&incoming as &dyn Debug, &job, &waits, &submission, &typing, &opening, &entry, &draft, &form] {
        bot.hunt.shown("what came in", value);
    }
    for slack in [&sound, &wrong, &tokenless] {
        bot.hunt.shown("a chat", slack);
    }
    bot.hunt.shown("a key", &JobKey::derive([&secret(JOB_KEY)]));
    bot.error(
        "a job that is too large",
        Job { request: Request { text: request.text.repeat(2000), ..request }, ..job }.seal(bot.app.key()),
    );
    let base = hmac::Key::new(hmac::HMAC_SHA256, b"catops sealed job");
    let length = (JOB_KEY.len() as u64).to_be_bytes();
    let derived = hmac::sign(&base, &[&length[..], JOB_KEY.as_bytes()].concat());
    bot.hunt.bytes("the key that seals", derived.as_ref());
    bot.look().await;
}

#[test]
fn what_is_planted_is_found() {
    let planted = "plant+4f/9c<1e8b>&ü\"7d2a%3c5e=60f1";
    let hunt = |text: &str| {
        let mut hunt = Hunt::default();
        hunt.secret("it", planted);
        hunt.text("a text", text);
        hunt.found().1.len()
    };
    assert_eq!(hunt("plants are green"), 0);
    assert_eq!((hunt("a plant+4f/9c<1"), hunt("7d2a%3c5e=60f1 ")), (1, 1), "pieces");
    assert_eq!(hunt("plant+4f/9c"), 0, "but no crumbs");
    let mut seen = BTreeSet::new();
    for (form, text) in forms(planted) {
        assert!(hunt(&format!("before {text} after")) > 0, "{form}");
        seen.insert(text);
    }
    assert!(seen.len() >= 13, "the forms differ: {seen:?}");
    // Against what others wrote: the bytes `any carnal pleas` of a well-known example, shifted by each of the three places.
    for (text, secret) in [
        ("YW55IGNhcm5hbCBwbGVhcw==", "any carnal pleas"),
        ("YW55IGNhcm5hbCBwbGVhcw==", "ny carnal pleas"),
        ("YW55IGNhcm5hbCBwbGVhcw==", "y carnal plea"),
        ("any+carnal%2Fpleas", "any carnal/pleas"),
        ("any%20carnal%2fpleas", "any carnal/pleas"),
        (r#"{\"a\":\"\\\"any carnal\\\"\"}"#, "\"any carnal\""),
        ("616e79206361726e616c", "any carnal"),
    ] {
        let mut hunt = Hunt::default();
        hunt.whole("it", secret);
        hunt.text("a text", text);
        assert_eq!(hunt.found().1.len(), 1, "{secret} in {text}");
    }
    // In the log, also of another thread, at each level, in a span, and in both ways to write a field.
    Lines::keep();
    for (n, log) in [
        (|n: &str| tracing::trace!(token = n, "planted")) as fn(&str),
        |n| tracing::error!(token = ?Some(n), "planted"),
        |n| tracing::info!("planted {n}"),
        |n| tracing::debug!(token = %n, "planted"),
        |n| drop(tracing::info_span!("planted", token = n).entered()),
        |n| {
            let n = n.to_owned();
            std::thread::spawn(move || tracing::warn!(n, "planted")).join().unwrap();
        },
    ]
    .into_iter()
    .enumerate()
    {
        let planted = format!("planted+{n}/<ü>\"-in-the-log");
        log(&planted);
        let mut hunt = Hunt::default();
        hunt.secret("it", &planted);
        hunt.text("the log", Lines::kept());
        assert!(!hunt.found().1.is_empty(), "{n}");
    }
}
