//! The bot's own words in Slack: who sees what, and that they go the way of every line.

use catops_core::audit::Outcome;
use catops_core::policy::{Kind, Member, Place, Role, Rules, Text};
use catops_core::testing::slack::{Installed, Message, Taken, Workspace};
use catops_core::{Command, Commands, Reply, UserRef, command};

/// Restart a service.
#[command(approve = "role:leads")]
fn restart(service: String) -> Reply {
    Reply::to_channel(format!("{service} restarted"))
}

/// Page somebody.
#[command]
fn page(who: UserRef) -> String {
    format!("{} is paged", who.id)
}

/// Log in.
#[command(ephemeral)]
fn login(#[arg(long, secret)] token: String) -> &'static str {
    let _ = token;
    "you are in"
}

fn find(path: &str) -> Option<Command> {
    match path {
        "login" => Some(__catops_login()),
        "page" => Some(__catops_page()),
        "restart" => Some(__catops_restart()),
        _ => None,
    }
}

const fn text(text: &'static str) -> Text {
    Text { text, at: Place { line: 1, column: 1 } }
}

const fn user(id: &'static str) -> Member {
    Member { kind: Kind::User, id, at: Place { line: 1, column: 1 } }
}

static RULES: Rules = Rules {
    file: "plugins/catops.toml",
    roles: &[
        Role { name: text("leads"), members: &[user("U0BO")], allow: &[] },
        Role { name: text("oncall"), members: &[user("U0ANN")], allow: &[text("catops.audit")] },
    ],
    break_glass: &[text("oncall")],
    ..Rules::NONE
};

static COMMANDS: Commands = Commands::new("login\npage\nrestart", |_| "", find).with_policy(&RULES);

struct Desk {
    slack: Workspace,
    bot: Installed,
}

impl Desk {
    async fn new() -> Self {
        let slack = Workspace::start().await.unwrap();
        let bot = slack.install(&COMMANDS).unwrap();
        Self { slack, bot }
    }

    /// Sends a line, whose words only the asker sees, and returns the reply to it.
    async fn whispers(&self, user: &str, line: &str) -> Message {
        let call = self.slack.command(line).by(user);
        let taken = self.bot.send(call.clone()).await;
        assert!(matches!(&taken, Taken::Message(ack) if !ack.is_public()), "{line}: {taken:?}");
        self.slack.replies(&call).pop().unwrap()
    }

    async fn last_job(&self) -> String {
        self.bot.store().records(1).await.unwrap()[0].job.to_string()
    }
}

#[tokio::test]
async fn what_is_looked_up_only_the_asker_sees() {
    let desk = Desk::new().await;
    for line in ["why restart api", "why", "history", "history nothing", "rerun x", "audit verify", "break-glass x y"] {
        let reply = desk.whispers("U0ANN", line).await;
        assert!(!reply.is_public(), "{line}: {}", reply.all());
    }
    let said = desk.whispers("U0DI", "why restart api").await.all();
    assert!(said.contains("You may run `restart api`") && said.contains("approval of somebody else"), "{said}");
    assert!(!said.contains("break-glass"), "{said}");
    let said = desk.whispers("U0ANN", "why restart api").await.all();
    assert!(said.contains("break-glass"), "{said}");
}

#[tokio::test]
async fn a_mention_and_a_message_to_the_bot_alone_are_understood_too() {
    let desk = Desk::new().await;
    for call in [desk.slack.mention("why restart api"), desk.slack.direct("why restart api")] {
        desk.bot.send(call).await;
        let said = desk.slack.last_message().unwrap().all();
        assert!(said.contains("You may run `restart api`"), "{said}");
    }
}

#[tokio::test]
async fn what_runs_again_is_seen_by_all_who_did_not_see_the_words() {
    let desk = Desk::new().await;
    desk.bot.send(desk.slack.command("page <@U0BO|bo>").by("U0ANN")).await;
    let reply = desk.whispers("U0DI", &format!("rerun {}", desk.last_job().await)).await;
    assert!(reply.is_public(), "{}", reply.all());
    assert!(reply.all().contains("ran `page @bo`") && reply.all().contains("U0BO is paged"), "{}", reply.all());
}

#[tokio::test]
async fn what_runs_again_waits_for_the_approval_it_takes() {
    let desk = Desk::new().await;
    desk.bot.send(desk.slack.command("restart api").by("U0ANN")).await;
    let first = desk.last_job().await;
    let asked = desk.whispers("U0DI", &format!("rerun {first}")).await;
    assert!(asked.is_public() && asked.buttons() == ["Approve", "Deny"], "{}", asked.all());
    let press = desk.slack.press_in(&asked, "Approve").unwrap();
    desk.bot.send(press.by("U0BO")).await;
    let records = desk.bot.store().records(2).await.unwrap();
    let (record, waited) = (&records[0], &records[1]);
    assert_eq!((record.outcome, record.actor.id.as_str(), record.command.as_str()), (Outcome::Ran, "U0DI", "restart"));
    assert_eq!(record.origin.as_ref(), Some(&waited.job), "the job that asked");
    assert_eq!(waited.origin.as_ref().map(|job| job.as_str().to_owned()), Some(first), "and what that runs again");
}

#[tokio::test]
async fn broken_glass_is_red_and_says_why() {
    let desk = Desk::new().await;
    let reply = desk.whispers("U0ANN", "break-glass \"the shop is *down*\" restart api").await;
    let said = reply.all();
    assert!(reply.is_public() && said.contains("`the shop is *down*`") && said.contains("api restarted"), "{said}");
    assert_eq!(reply.body["attachments"][0]["color"], "danger", "{said}");
    let record = &desk.bot.store().records(1).await.unwrap()[0];
    assert_eq!(record.reason.as_deref(), Some("the shop is *down*"));
    let reply = desk.whispers("U0BO", "break-glass \"the shop is down\" restart api").await;
    assert!(!reply.is_public() && reply.all().contains("Somebody with the role `oncall` may."), "{}", reply.all());
}

#[tokio::test]
async fn history_is_a_table_without_secrets() {
    let desk = Desk::new().await;
    desk.bot.send(desk.slack.command("login --token hunter2").by("U0BO")).await;
    desk.bot.send(desk.slack.command("page <@U0BO|bo>").by("U0BO")).await;
    let bo = desk.whispers("U0BO", "history").await.all();
    assert!(bo.contains("login --token …") && bo.contains("page @bo"), "{bo}");
    let di = desk.whispers("U0DI", "history").await.all();
    assert!(!di.contains("login") && di.contains("page @bo"), "{di}");
    let ann = desk.whispers("U0ANN", "history").await.all();
    assert!(ann.contains("login --token …"), "who has `catops.audit` sees all: {ann}");
    for said in [bo, di, ann] {
        assert!(!said.contains("hunter2"), "{said}");
    }
    let reply = desk.whispers("U0BO", &format!("rerun {}", desk.last_job().await)).await;
    assert!(!reply.is_public(), "{}", reply.all());
}

#[tokio::test]
async fn the_audit_is_whole() {
    let desk = Desk::new().await;
    desk.bot.send(desk.slack.command("page <@U0BO|bo>").by("U0BO")).await;
    let said = desk.whispers("U0ANN", "audit verify").await.all();
    assert!(said.contains("The audit is whole: 1 record from "), "{said}");
    let said = desk.whispers("U0BO", "audit verify").await.all();
    assert!(said.contains("it requires `catops.audit`"), "{said}");
}

#[tokio::test]
async fn a_long_history_fits_into_a_message() {
    let desk = Desk::new().await;
    let long = "&lt;x&gt;`|*_~".repeat(30);
    for number in 0..22 {
        desk.bot.send(desk.slack.command(&format!("restart {number}{long}")).by("U0BO")).await;
    }
    let reply = desk.whispers("U0BO", "history").await;
    let last = desk.last_job().await;
    let records = desk.bot.store().records(23).await.unwrap();
    let listed = records.iter().filter(|record| reply.all().contains(record.job.as_str())).count();
    assert_eq!((listed, reply.all().contains(&last)), (20, false), "{}", reply.all());
    assert!(reply.all().contains("These are the newest 20"), "{}", reply.all());
    assert!(desk.slack.refusals().is_empty(), "{:?}", desk.slack.refusals());
}
