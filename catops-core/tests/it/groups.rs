//! Roles by user groups and addresses: what Slack vouches for opens, and what it does not tell stays closed.

use std::sync::Arc;
use std::time::Duration;

use catops_core::audit::Outcome;
use catops_core::chat::Chat;
use catops_core::dispatcher::Dispatched;
use catops_core::job::JobKey;
use catops_core::policy::{Effect, Kind, Member, Place, Policy, Role, Rule, Rules, Target, Text};
use catops_core::request::Actor;
use catops_core::store::MemoryStore;
use catops_core::testing::slack::{Answer, Call, Installed, Message, Person, Taken, Workspace};
use catops_core::{App, Command, Commands, Dispatcher, ErrorKind, Reply, command};

/// Restart a service.
#[command(requires = "ops.restart", next = ["deploy {service}", "status"])]
fn restart(service: String) -> Reply {
    Reply::to_channel(format!("{service} restarted"))
}

/// Deploy a service.
#[command(requires = "ops.deploy")]
fn deploy(service: String) -> Reply {
    Reply::to_channel(format!("{service} deployed"))
}

/// Say how things are.
#[command]
fn status() -> &'static str {
    "all is well"
}

/// Turn the logs over.
#[command(requires = "ops.night", schedule = "0 3 * * *")]
fn nightly() -> Reply {
    Reply::to_channel("turned over")
}

fn find(path: &str) -> Option<Command> {
    match path {
        "deploy" => Some(__catops_deploy()),
        "nightly" => Some(__catops_nightly()),
        "restart" => Some(__catops_restart()),
        "status" => Some(__catops_status()),
        _ => None,
    }
}

const fn text(text: &'static str) -> Text {
    Text { text, at: Place { line: 1, column: 1 } }
}

const fn member(kind: Kind, id: &'static str) -> Member {
    Member { kind, id, at: Place { line: 1, column: 1 } }
}

const fn role(name: &'static str, members: &'static [Member], allow: &'static [Text]) -> Role {
    Role { name: text(name), members, allow }
}

/// On call may restart, bo may deploy as well, and whoever is locked out has no status.
static RULES: Rules = Rules {
    roles: &[
        role("oncall", &[member(Kind::Group, "S0ONCALL1")], &[text("ops.restart")]),
        role("leads", &[member(Kind::Email, "bo@example.com")], &[text("ops.restart"), text("ops.deploy")]),
        role("locked-out", &[member(Kind::Group, "S0LOCKED1"), member(Kind::Group, "42")], &[]),
    ],
    rules: &[Rule {
        name: "locked out",
        effect: Effect::Deny,
        target: Target::Commands(&[text("status")]),
        roles: &[text("locked-out")],
        except: &[],
        when: None,
        channels: &[],
        window: None,
        by: &[],
        count: 1,
        within: 0,
        at: Place { line: 9, column: 1 },
    }],
    ..Rules::NONE
};

static COMMANDS: Commands = Commands::new("deploy\nnightly\nrestart\nstatus", |_| "", find).with_policy(&RULES);
static WITHOUT: Commands = Commands::new("deploy\nnightly\nrestart\nstatus", |_| "", find);

const MEMBERS: &str = "/api/usergroups.users.list";
const INFO: &str = "/api/users.info";
const OWN: &str = "/api/auth.test";

/// What the asker reads where it could not be told who they are.
const UNKNOWN: &str = "Which groups you are in could not be found out";

/// Ann is on call, bo has an address, cy is locked out, and di has nothing.
async fn workspace() -> Workspace {
    let slack = Workspace::start().await.unwrap();
    for (id, address) in [("U0ANN", "ann"), ("U0CY", "cy"), ("U0DI", "di")] {
        slack.person(Person::new(id).with_address(&format!("{address}@example.com")));
    }
    slack.person(Person::new("U0BO").with_address("Bo@Example.com"));
    slack.group("S0ONCALL1", &["U0ANN", "U0CY"]);
    slack.group("S0LOCKED1", &["U0CY"]);
    slack
}

async fn bot() -> (Workspace, Installed) {
    let slack = workspace().await;
    let bot = slack.install(&COMMANDS).unwrap();
    (slack, bot)
}

/// Sends a line of somebody's, and returns all they read.
async fn says(slack: &Workspace, bot: &Installed, user: &str, line: &str) -> String {
    let call = slack.command(line).by(user);
    says_to(slack, bot, call).await
}

async fn says_to(slack: &Workspace, bot: &Installed, call: Call) -> String {
    let answered = match bot.send(call.clone()).await {
        Taken::Message(message) => message.all(),
        _ => String::new(),
    };
    slack.replies(&call).iter().fold(answered, |all, reply| all + &reply.all())
}

fn calls(slack: &Workspace) -> [usize; 3] {
    [MEMBERS, INFO, OWN].map(|method| slack.tries(method))
}

#[tokio::test]
async fn a_group_and_an_address_open_what_their_roles_may() {
    let (slack, bot) = bot().await;
    for (user, line, may) in [
        ("U0ANN", "restart api", true),
        ("U0ANN", "deploy api", false),
        ("U0BO", "restart api", true),
        ("U0BO", "deploy api", true),
        ("U0DI", "restart api", false),
        ("U0DI", "status", true),
        ("U0CY", "status", false),
    ] {
        let said = says(&slack, &bot, user, line).await;
        assert_eq!(!said.contains("You may not run"), may, "{user} {line}: {said}");
        assert!(!said.contains(UNKNOWN), "{said}");
    }
    assert_eq!(slack.posts(MEMBERS)[0].body["usergroup"], "S0ONCALL1", "the argument comes in a form");
    assert_eq!(slack.posts(INFO)[0].body["user"], "U0ANN");
    // Two groups once, the account of each of four, and whose bot it is; the group of another chat never.
    assert_eq!(calls(&slack), [2, 4, 1]);
}

#[tokio::test]
async fn what_slack_said_holds_for_five_minutes_and_no_longer() {
    let (slack, bot) = bot().await;
    let restarts = async || says(&slack, &bot, "U0ANN", "restart api").await.contains("api restarted");
    assert!(restarts().await);
    slack.group("S0ONCALL1", &["U0CY"]);
    slack.pass(Duration::from_secs(280));
    assert!(restarts().await, "she was taken out of the group, and it is not asked again yet");
    assert_eq!(calls(&slack), [2, 1, 1]);
    slack.pass(Duration::from_secs(20));
    assert!(!restarts().await);
    assert_eq!(calls(&slack), [4, 2, 2]);
    slack.group("S0ONCALL1", &["U0ANN"]);
    slack.pass(Duration::from_secs(300));
    assert!(restarts().await);
}

#[tokio::test]
async fn what_slack_does_not_tell_opens_nothing_and_the_asker_reads_so() {
    for (path, answer) in [
        (MEMBERS, Answer::Refused("missing_scope")),
        (MEMBERS, Answer::Refused("no_such_subteam")),
        (MEMBERS, Answer::Refused("plan_upgrade_required")),
        (MEMBERS, Answer::Refused("ratelimited")),
        (MEMBERS, Answer::Busy(30)),
        (MEMBERS, Answer::Status(500)),
        (MEMBERS, Answer::Status(404)),
        (INFO, Answer::Refused("user_not_found")),
        (INFO, Answer::Refused("invalid_auth")),
        (INFO, Answer::Busy(1)),
        (OWN, Answer::Status(503)),
        (OWN, Answer::Refused("token_revoked")),
    ] {
        let (slack, bot) = bot().await;
        slack.script(path, [answer]);
        // One of what was asked for is not known, and that is enough.
        let denied = says(&slack, &bot, "U0ANN", "restart api").await;
        assert!(denied.contains("You may not run") && denied.contains(UNKNOWN), "{path} {answer:?}: {denied}");
        // Somebody of whom it is not known that they are not locked out may be.
        let denied = says(&slack, &bot, "U0DI", "status").await;
        let is_of_ann_alone = path == INFO;
        assert_eq!(denied.contains(UNKNOWN), !is_of_ann_alone, "{path} {answer:?}: {denied}");
        let before = calls(&slack);
        assert!(says(&slack, &bot, "U0ANN", "deploy api").await.contains(UNKNOWN), "{path} {answer:?}");
        assert_eq!(calls(&slack), before, "a failure rests: {path} {answer:?}");
        slack.pass(Duration::from_secs(31));
        let restarted = says(&slack, &bot, "U0ANN", "restart api").await;
        assert!(restarted.contains("api restarted"), "{path} {answer:?}: {restarted}");
    }
}

#[tokio::test]
async fn a_busy_slack_is_left_alone_for_as_long_as_it_says() {
    let (slack, bot) = bot().await;
    slack.script(INFO, [Answer::Busy(120)]);
    for (passed, expected) in [(0, 1), (20, 1), (90, 1), (20, 2)] {
        slack.pass(Duration::from_secs(passed));
        says(&slack, &bot, "U0ANN", "restart api").await;
        assert_eq!(slack.tries(INFO), expected, "after {passed} s more");
    }
}

#[tokio::test]
async fn without_a_group_in_the_policy_slack_is_asked_nothing() {
    let slack = workspace().await;
    let bot = slack.install(&WITHOUT).unwrap();
    for line in ["status", "restart api", "help", "restart"] {
        says(&slack, &bot, "U0ANN", line).await;
    }
    assert_eq!(calls(&slack), [0, 0, 0]);
}

#[tokio::test]
async fn nobody_asks_for_a_tick_so_slack_is_not_asked_who() {
    let slack = workspace().await;
    let key = JobKey::derive([slack.signer().secret()]);
    let app = App::new(&COMMANDS, vec![Arc::new(slack.chat().unwrap())], key);
    let app = app.with_schedule_channel(Some("C0001".to_owned()));
    let dispatcher = Dispatcher::new(Arc::new(app), Arc::new(MemoryStore::default()));
    let now = slack.now();
    let ended = dispatcher.tick("nightly", now, now, Duration::from_secs(10)).await;
    assert!(matches!(&ended, Dispatched::Ended(record) if record.outcome == Outcome::Ran), "{ended:?}");
    assert_eq!(slack.messages("C0001")[0].text(), "turned over");
    assert_eq!(calls(&slack), [0, 0, 0]);
}

#[test]
fn groups_matter_where_roles_name_some_and_are_for_people_of_the_workspace() {
    static OWN_TEAM: Rules = Rules { teams: &[text("T0001")], ..RULES };
    static PEOPLE: Rules = Rules { roles: &[role("ops", &[member(Kind::User, "U1")], &[])], ..Rules::NONE };
    for (rules, team, expected) in [
        (&RULES, "T0001", true),
        (&RULES, "T9", true),
        (&OWN_TEAM, "T0001", true),
        (&OWN_TEAM, "T9", false),
        (&OWN_TEAM, "", false),
        (&PEOPLE, "T0001", false),
        (&Rules::NONE, "T0001", false),
    ] {
        assert_eq!(Policy::new(rules).asks_for_groups(team), expected, "{team}");
    }
    let named: Vec<_> = Policy::new(&RULES).groups().collect();
    assert_eq!(named, ["S0ONCALL1", "bo@example.com", "S0LOCKED1", "42"]);
}

#[tokio::test]
async fn an_address_is_theirs_alone_whom_slack_vouches_for() {
    let bo = || Person::new("U0BO").with_address("bo@example.com");
    for (what, person, team) in [
        ("not confirmed", bo().with("is_email_confirmed", false), "T0001"),
        ("deleted", bo().with("deleted", true), "T0001"),
        ("a bot", bo().with("is_bot", true), "T0001"),
        ("a stranger", bo().with("is_stranger", true).of_team("T9"), "T9"),
        ("of another workspace, which shares a channel", bo().of_team("T9"), "T9"),
        ("of another workspace than the request", bo(), "T9"),
        ("of another organisation", bo().of_team("T9").with("enterprise_user", organisation("E9", "T9")), "T9"),
        ("without an address, as where the scope lacks", Person::new("U0BO"), "T0001"),
    ] {
        let (slack, bot) = bot().await;
        slack.person(person);
        let call = slack.command("deploy api").by("U0BO").from_team(team);
        let said = says_to(&slack, &bot, call).await;
        assert!(said.contains("You may not run") && said.contains(UNKNOWN), "{what}: {said}");
    }
    let (slack, bot) = bot_with(bo().with("is_restricted", true)).await;
    assert!(says(&slack, &bot, "U0BO", "deploy api").await.contains("api deployed"), "a guest whom the file names");
}

fn organisation(id: &str, team: &str) -> serde_json::Value {
    serde_json::json!({"id": "W0BO", "enterprise_id": id, "teams": [team]})
}

async fn bot_with(person: Person) -> (Workspace, Installed) {
    let (slack, bot) = bot().await;
    slack.person(person);
    (slack, bot)
}

#[tokio::test]
async fn help_forms_menus_and_next_steps_offer_what_a_group_opens() {
    let (slack, bot) = bot().await;
    let helped = says(&slack, &bot, "U0ANN", "help").await;
    assert!(helped.contains("restart") && !helped.contains("deploy"), "{helped}");
    let helped = says(&slack, &bot, "U0DI", "help").await;
    assert!(!helped.contains("restart") && helped.contains("status"), "{helped}");
    let offered = async |user: &str| {
        bot.send(slack.shortcut("run").by(user)).await;
        match bot.send(slack.typing("Command", "").unwrap().by(user)).await {
            Taken::Options(words) => words,
            other => panic!("options, and not {other:?}"),
        }
    };
    assert_eq!(offered("U0ANN").await, ["restart", "status"]);
    assert_eq!(offered("U0BO").await, ["deploy", "restart", "status"]);
    assert_eq!(offered("U0DI").await, ["status"]);
    // A form for what was left out is for those who may run it.
    bot.send(slack.command("restart").by("U0BO")).await;
    assert_eq!(slack.views("U0BO").last().unwrap().title(), "restart");
    assert!(says(&slack, &bot, "U0DI", "restart").await.contains("You may not run"));
    let steps = async |user: &str| {
        let call = slack.command("restart api").by(user);
        bot.send(call.clone()).await;
        slack.replies(&call).iter().flat_map(Message::buttons).collect::<Vec<_>>()
    };
    assert_eq!(steps("U0ANN").await, ["status"]);
    assert_eq!(steps("U0BO").await, ["deploy api", "status"]);
}

#[tokio::test]
async fn the_first_leg_answers_in_time_while_slack_does_not() {
    let (slack, bot) = bot().await;
    let slow = Answer::Late(Duration::from_secs(3));
    slack.script(MEMBERS, [slow, slow]);
    // `send` fails the test where the answer takes longer than Slack waits.
    let helped = says(&slack, &bot, "U0ANN", "help").await;
    assert!(!helped.contains("restart"), "{helped}");
    // The second leg has more time, and asks again for what came too late for the first.
    assert!(says(&slack, &bot, "U0ANN", "restart api").await.contains("api restarted"));
}

#[tokio::test]
async fn many_at_once_ask_for_a_group_once() {
    let slack = workspace().await;
    slack.script(MEMBERS, [Answer::Late(Duration::from_millis(100))]);
    let (chat, now) = (Arc::new(slack.chat().unwrap()), slack.now());
    let asked: Vec<_> = (0..20)
        .map(|n| {
            let chat = chat.clone();
            tokio::spawn(async move {
                let actor = Actor { id: format!("U{n}"), team: "T0001".to_owned(), ..Actor::default() };
                chat.groups(&actor, &["S0ONCALL1"], Duration::from_secs(5), now).await.unwrap()
            })
        })
        .collect();
    for one in asked {
        assert_eq!(one.await.unwrap(), [""; 0]);
    }
    assert_eq!(calls(&slack), [1, 0, 0]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_an_error_that_names_the_cure() {
    let slack = workspace().await;
    let ann = Actor { id: "U0ANN".to_owned(), team: "T0001".to_owned(), ..Actor::default() };
    let limit = Duration::from_secs(5);
    for (path, answer, kind, says) in [
        (MEMBERS, Answer::Refused("missing_scope"), ErrorKind::Config, "lacks the scope `usergroups:read`"),
        (
            INFO,
            Answer::Refused("missing_scope"),
            ErrorKind::Config,
            "lacks the scope `users:read` with `users:read.email`",
        ),
        (
            MEMBERS,
            Answer::Refused("no_such_subteam"),
            ErrorKind::Refused,
            "no user group `S0ONCALL1` (no_such_subteam)",
        ),
        (INFO, Answer::Refused("user_not_found"), ErrorKind::Refused, "refused the question: user_not_found"),
        (INFO, Answer::Busy(2), ErrorKind::Unavailable, "fewer calls of `users.info` for now (ratelimited)"),
        (OWN, Answer::Status(502), ErrorKind::Unavailable, "Slack answered 502 to `auth.test`"),
        (OWN, Answer::Refused("account_inactive"), ErrorKind::Config, "CATOPS_SLACK_BOT_TOKEN (account_inactive)"),
    ] {
        slack.script(path, [answer]);
        let chat = slack.chat().unwrap();
        let error = chat.groups(&ann, &["S0ONCALL1", "bo@example.com"], limit, slack.now()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", error.chain());
        assert!(error.chain().contains(says) && !error.chain().contains("@"), "{}", error.chain());
    }
    let chat = slack.chat().unwrap();
    slack.script(MEMBERS, [Answer::Late(Duration::from_secs(2))]);
    let error = chat.groups(&ann, &["S0ONCALL1"], Duration::from_millis(50), slack.now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let odd = Actor { id: "U0ANN&user=U0BO".to_owned(), ..ann.clone() };
    assert!(chat.groups(&odd, &["bo@example.com"], limit, slack.now()).await.is_err());
    let without = catops_core::chat::slack::Slack::new(slack.signer().secret().clone(), Vec::new());
    let error = without.groups(&ann, &["S0ONCALL1"], limit, slack.now()).await.unwrap_err();
    assert!(error.to_string().contains("CATOPS_SLACK_BOT_TOKEN"), "{error}");
}
