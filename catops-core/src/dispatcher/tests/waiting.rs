//! What waits: plans that their asker applies, and what others approve.

mod rights;

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::pending::{Answer, Pending};
use crate::policy::{Kind, Member, Place, Policy, Role, Rules, Text};
use crate::reply::Decision;
use crate::request::{Channel, Decided};

/// Deploys a version.
#[command]
async fn deploy(ctx: &Context, version: String, #[arg(long, secret)] token: Option<String>) -> crate::Result<String> {
    let _ = token;
    let count: u32 = ctx.state().get("count").await?.unwrap_or_default();
    ctx.state().set("count", &(count + 1)).await?;
    Ok(format!("{} deployed {version}", ctx.actor()))
}

/// What [`deploy_plan`] says is to be done; a test changes it.
static STEPS: AtomicU32 = AtomicU32::new(0);

/// Says what a deploy would do.
#[command]
async fn deploy_plan(version: String, #[arg(long, secret)] token: Option<String>) -> crate::Result<String> {
    let _ = token;
    match version.as_str() {
        "broken" => Err(std::io::Error::other("there is no such version").into()),
        "moving" => Ok(format!("{} steps", STEPS.fetch_add(1, Ordering::Relaxed))),
        _ => Ok(format!("{version} replaces v6")),
    }
}

/// Drains a zone.
#[command(requires = "ops.drain")]
fn drain(zone: String) -> String {
    format!("{zone} is drained")
}

/// Looks at a version.
#[command(ephemeral)]
async fn peek(version: String, #[arg(long, secret)] token: Option<String>) -> String {
    let _ = token;
    version
}

/// Makes a key.
#[command]
fn key() -> Reply {
    Reply::to_asker("the key is 1234")
}

fn find(path: &str) -> Option<Command> {
    let plan = || __catops_deploy_plan().run();
    Some(match path {
        "deploy" => __catops_deploy().set_plan(plan()).from_file("ops", "plugins/ops.rs"),
        "drain" => __catops_drain().set_approve("leads", 1),
        "key" => __catops_key().set_approve("leads", 1),
        "peek" => __catops_peek().set_plan(plan()),
        "release" => {
            let release = __catops_deploy().set_plan(plan()).set_approve("leads", 2);
            release.from_file("ops", "plugins/ops.rs")
        }
        "whisper" => __catops_whisper().set_approve("leads", 1),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("deploy\ndrain\nkey\npeek\nrelease\nwhisper", |_| "", find);

const fn text(text: &'static str) -> Text {
    Text { text, at: Place { line: 1, column: 1 } }
}

const fn user(id: &'static str) -> Member {
    Member { kind: Kind::User, id, at: Place { line: 1, column: 1 } }
}

static RULES: Rules = Rules {
    file: "catops.toml",
    roles: &[
        Role { name: text("leads"), members: &[user("U-bob"), user("U-eve"), user("U-ann")], allow: &[] },
        Role { name: text("oncall"), members: &[user("U-ann")], allow: &[text("ops.drain")] },
    ],
    ..Rules::NONE
};

/// A bot whose second legs share a store, as processes do.
struct Bot(Dispatcher);

impl Bot {
    fn new() -> Self {
        Self::with(&RULES, Arc::new(MemoryStore::default()))
    }

    fn with(rules: &'static Rules, store: Arc<dyn Store>) -> Self {
        let app = App::new(&COMMANDS, Vec::new(), JobKey::derive([])).with_policy(Policy::new(rules));
        Self(Dispatcher::new(Arc::new(app), store))
    }

    async fn asks(&self, who: &str, line: &str) -> (Record, Arc<Desk>) {
        let id = JobId::random();
        self.takes(&job(id.as_str(), who, line, Via::Line), NOW).await
    }

    async fn takes(&self, job: &Job, now: Timestamp) -> (Record, Arc<Desk>) {
        let desk = Arc::new(Desk::default());
        match self.0.run(job, desk.clone(), now, LIMIT).await {
            Dispatched::Ended(record) => (*record, desk),
            other => panic!("{other:?}"),
        }
    }

    /// Presses a button of the last message of `desk`, as the chat gives it back.
    async fn decides(&self, who: &str, answer: Answer, desk: &Desk) -> (Record, Arc<Desk>) {
        self.decides_at(who, answer, desk, NOW).await
    }

    async fn decides_at(&self, who: &str, answer: Answer, desk: &Desk, now: Timestamp) -> (Record, Arc<Desk>) {
        let job = press_of(who, answer, &decision(desk));
        self.takes(&Job { asked: now, expires: now + MAX_WAIT, ..job }, now).await
    }

    async fn runs(&self) -> u32 {
        let state = self.0.store().get("state/ops/count", NOW).await.unwrap();
        state.map_or(0, |entry| entry.value.parse().unwrap())
    }
}

fn decision(desk: &Desk) -> Decision {
    let is_it = |part| match part {
        Part::Decision(decision) => Some(decision),
        _ => None,
    };
    let reply = desk.last();
    reply.parts.clone().into_iter().find_map(is_it).unwrap_or_else(|| panic!("there is no decision in {reply:?}"))
}

fn press_of(who: &str, answer: Answer, decision: &Decision) -> Job {
    assert!(decision.answers.contains(&answer), "{answer:?} is not offered: {decision:?}");
    let press = Press { ticket: decision.ticket.clone(), label: answer.label().to_owned(), message: None };
    let line =
        serde_json::from_str::<Pending>(&decision.carried).map_or_else(|_| String::new(), |pending| pending.line);
    let via = Via::Decision(Box::new(Decided { press, answer, carried: decision.carried.clone() }));
    job(JobId::random().as_str(), who, &line, via)
}

fn approvers(record: &Record) -> Vec<&str> {
    record.approvers.iter().map(|approver| approver.who.name.as_str()).collect()
}

#[tokio::test]
async fn a_plan_is_shown_and_its_asker_applies_it() {
    let bot = Bot::new();
    let (record, desk) = bot.asks("ann", "deploy v7").await;
    assert_eq!((record.outcome, bot.runs().await), (Outcome::Planned, 0));
    let said = desk.last().text();
    assert!(said.contains("this is what `deploy v7` would do"), "{said}");
    assert!(said.ends_with("v7 replaces v6\n[Apply]\n[Cancel]"), "{said}");
    for answer in [Answer::Apply, Answer::Cancel] {
        let (theirs, told) = bot.decides("bob", answer, &desk).await;
        assert_eq!((theirs.outcome, theirs.actor.name.as_str()), (Outcome::Denied, "bob"));
        assert_eq!(told.last().text(), "This is for **ann** to decide, who asked for it.");
    }
    let (applied, told) = bot.decides("ann", Answer::Apply, &desk).await;
    assert_eq!((applied.outcome, bot.runs().await), (Outcome::Ran, 1));
    assert_eq!((applied.plan, applied.origin), (record.plan.clone(), Some(record.job)));
    assert!(record.plan.is_some_and(|hash| hash.len() == 64));
    assert!(told.last().text().ends_with("ann deployed v7"), "{:?}", told.last());
    let (again, _) = bot.decides("ann", Answer::Apply, &desk).await;
    assert_eq!((again.outcome, bot.runs().await), (Outcome::Used, 1));
    let (other, _) = bot.decides("ann", Answer::Cancel, &desk).await;
    assert_eq!(other.outcome, Outcome::Used, "both buttons are one ticket");
}

#[tokio::test]
async fn a_plan_that_is_another_by_now_is_shown_again() {
    let bot = Bot::new();
    let (planned, desk) = bot.asks("ann", "deploy moving").await;
    let (record, told) = bot.decides("ann", Answer::Apply, &desk).await;
    assert_eq!((record.outcome, bot.runs().await), (Outcome::Changed, 0));
    assert_ne!(record.plan, planned.plan);
    let said = told.last().text();
    assert!(said.starts_with("The plan of `deploy moving` is another by now, so nothing was run."), "{said}");
    let (again, _) = bot.decides("ann", Answer::Apply, &told).await;
    assert_eq!((again.outcome, again.origin), (Outcome::Changed, Some(planned.job)), "it moves each time");
}

#[tokio::test]
async fn a_plan_that_fails_runs_nothing() {
    let (record, desk) = Bot::new().asks("ann", "deploy broken").await;
    assert_eq!(record.outcome, Outcome::Failed);
    assert!(!desk.last().parts.iter().any(|part| matches!(part, Part::Decision(_))), "{:?}", desk.last());
}

#[tokio::test]
async fn what_is_cancelled_does_not_run() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "deploy v7").await;
    let (record, told) = bot.decides("ann", Answer::Cancel, &desk).await;
    assert_eq!((record.outcome, bot.runs().await), (Outcome::Rejected, 0));
    assert_eq!(told.last().text(), "**ann** took back `deploy v7`. Nothing was run.");
    let (record, _) = bot.decides("ann", Answer::Apply, &desk).await;
    assert_eq!((record.outcome, bot.runs().await), (Outcome::Used, 0));
}

#[tokio::test]
async fn another_approves_and_it_runs_for_its_asker() {
    let bot = Bot::new();
    let (asked, desk) = bot.asks("ann", "drain eu").await;
    assert_eq!((asked.outcome, asked.rule.as_deref()), (Outcome::Waiting, Some("role `oncall`")));
    let said = desk.last().text();
    assert!(
        said.starts_with(
            "**ann** asked for `drain eu`. Nothing has been run yet. It takes the approval of somebody else with"
        ),
        "{said}"
    );
    let (own, told) = bot.decides("ann", Answer::Approve, &desk).await;
    assert_eq!(own.outcome, Outcome::Denied, "ann is a lead too");
    assert_eq!(told.last().text(), "You asked for this yourself, so somebody else has to approve it.");
    for answer in [Answer::Approve, Answer::Deny] {
        let (stranger, told) = bot.decides("dan", answer, &desk).await;
        assert_eq!(stranger.outcome, Outcome::Denied);
        assert_eq!(
            told.last().text(),
            "You may not decide on this: it takes the approval of somebody else with the role `leads`."
        );
    }
    let (record, told) = bot.decides("bob", Answer::Approve, &desk).await;
    assert_eq!((record.outcome, record.actor.name.as_str(), approvers(&record)), (Outcome::Ran, "ann", vec!["bob"]));
    assert_eq!((record.rule.as_deref(), record.origin), (Some("role `oncall`"), Some(asked.job)));
    assert_eq!(told.told()[0], Told::Pressed("bob pressed **Approve** at 2026-11-22 00:00:00 UTC".to_owned()));
    assert_eq!(told.last().text(), "ann ran `drain eu`, approved by **bob**\neu is drained");
    let (late, _) = bot.decides("eve", Answer::Approve, &desk).await;
    assert_eq!(late.outcome, Outcome::Used);
}

#[tokio::test]
async fn the_same_id_of_another_workspace_is_not_taken_for_another_person() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "drain eu").await;
    for answer in [Answer::Approve, Answer::Deny] {
        let mut theirs = press_of("ann", answer, &decision(&desk));
        theirs.request.actor.team = "T2".to_owned();
        let (record, _) = bot.takes(&theirs, NOW).await;
        assert_eq!(record.outcome, Outcome::Denied, "{answer:?}");
    }
}

#[tokio::test]
async fn somebody_turns_it_down_and_its_asker_takes_it_back() {
    for (who, said) in [
        ("bob", "**bob** turned down `drain eu`, which **ann** asked for. Nothing was run."),
        ("ann", "**ann** took back `drain eu`. Nothing was run."),
    ] {
        let bot = Bot::new();
        let (_, desk) = bot.asks("ann", "drain eu").await;
        let (record, told) = bot.decides(who, Answer::Deny, &desk).await;
        assert_eq!((record.outcome, record.actor.name.as_str()), (Outcome::Rejected, who));
        assert_eq!((told.last().text(), told.last().audience), (said.to_owned(), Audience::Channel));
        let (late, _) = bot.decides("eve", Answer::Approve, &desk).await;
        assert_eq!(late.outcome, Outcome::Used);
    }
}

#[tokio::test]
async fn as_many_approve_as_it_takes_and_no_one_twice() {
    let bot = Bot::new();
    let (asked, desk) = bot.asks("dan", "release v7").await;
    let (first, more) = bot.decides("bob", Answer::Approve, &desk).await;
    assert_eq!((first.outcome, first.actor.name.as_str(), bot.runs().await), (Outcome::Approved, "bob", 0));
    let said = more.last().text();
    assert!(
        said.starts_with("**bob** approved `deploy v7`, which **dan** asked for. It takes the approval of 1 more"),
        "{said}"
    );
    let (twice, told) = bot.decides("bob", Answer::Approve, &more).await;
    assert_eq!(twice.outcome, Outcome::Denied);
    assert_eq!(told.last().text(), "You have approved this already; somebody else has to as well.");
    let (old, _) = bot.decides("eve", Answer::Approve, &desk).await;
    assert_eq!(old.outcome, Outcome::Used, "the first request is settled");
    let (record, _) = bot.decides("eve", Answer::Approve, &more).await;
    assert_eq!((record.outcome, bot.runs().await, approvers(&record)), (Outcome::Ran, 1, vec!["bob", "eve"]));
    assert_eq!((record.actor.name.as_str(), record.plan, record.origin), ("dan", asked.plan, Some(asked.job)));
}

#[tokio::test]
async fn who_approves_a_plan_approves_that_plan() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("dan", "release moving").await;
    let (_, more) = bot.decides("bob", Answer::Approve, &desk).await;
    let (record, told) = bot.decides("eve", Answer::Approve, &more).await;
    assert_eq!((record.outcome, bot.runs().await), (Outcome::Changed, 0));
    let said = told.last().text();
    assert!(said.contains("It takes the approval of 2 others with the role `leads`"), "from the beginning: {said}");
}

#[test]
fn of_approvals_at_once_one_runs() {
    let bot = Bot::new();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (_, desk) = runtime().block_on(bot.asks("ann", "drain eu"));
    let ends: Vec<Outcome> = std::thread::scope(|scope| {
        let press = |who: &'static str| {
            let (bot, desk) = (&bot, &desk);
            scope.spawn(move || runtime().block_on(bot.decides(who, Answer::Approve, desk)).0.outcome)
        };
        let presses: Vec<_> = ["bob", "eve"].into_iter().cycle().take(8).map(press).collect();
        presses.into_iter().map(|press| press.join().unwrap()).collect()
    });
    let count = |outcome| ends.iter().filter(|end| **end == outcome).count();
    assert_eq!((count(Outcome::Ran), count(Outcome::Used)), (1, 7));
}

#[tokio::test]
async fn after_its_time_nobody_decides() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "drain eu").await;
    let until = decision(&desk).expires;
    let late = bot.decides_at("bob", Answer::Approve, &desk, until).await;
    assert_eq!(late.0.outcome, Outcome::Expired);
    assert!(late.1.last().text().contains("and nothing was run"), "{:?}", late.1.last());
    let before = Timestamp::from_millis(until.as_millis() - 1);
    assert_eq!(bot.decides_at("bob", Answer::Approve, &desk, before).await.0.outcome, Outcome::Ran);
}

#[tokio::test]
async fn its_asker_must_still_be_allowed() {
    static FIRED: Rules = Rules { roles: &[RULES_LEADS], ..RULES_OF };
    const RULES_OF: Rules = Rules { file: "catops.toml", ..Rules::NONE };
    const RULES_LEADS: Role = Role { name: text("leads"), members: &[user("U-bob")], allow: &[] };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let (_, desk) = Bot::with(&RULES, store.clone()).asks("ann", "drain eu").await;
    let (record, told) = Bot::with(&FIRED, store.clone()).decides("bob", Answer::Approve, &desk).await;
    assert_eq!(record.outcome, Outcome::Denied);
    assert!(told.last().text().starts_with("**ann** may not run it by now, so it was not run."), "{:?}", told.last());
    let (record, _) = Bot::with(&RULES, store).decides("bob", Answer::Approve, &desk).await;
    assert_eq!(record.outcome, Outcome::Ran, "the button was left for when she may again");
}

#[tokio::test]
async fn a_secret_stays_in_the_store() {
    let bot = Bot::new();
    let (_, desk) = bot.asks("ann", "deploy v7 --token hunter2").await;
    assert!(!format!("{:?}", desk.told()).contains("hunter2"), "{:?}", desk.told());
    assert_eq!(decision(&desk).carried, "");
    assert!(desk.last().text().contains("`deploy v7 --token …`"), "{:?}", desk.last());
    let (record, _) = bot.decides("ann", Answer::Apply, &desk).await;
    assert_eq!((record.outcome, bot.runs().await), (Outcome::Ran, 1));
}

#[tokio::test]
async fn without_what_the_store_had_nothing_runs() {
    let (_, desk) = Bot::new().asks("ann", "deploy v7 --token hunter2").await;
    let (record, told) = Bot::new().decides("ann", Answer::Apply, &desk).await;
    assert_eq!(record.outcome, Outcome::Expired);
    assert!(told.last().text().starts_with("I no longer know what this button decides on"), "{:?}", told.last());
}

#[tokio::test]
async fn without_a_store_that_lasts_it_works_and_a_replay_shows() {
    let (_, desk) = Bot::new().asks("ann", "drain eu").await;
    let (bot, channel) = (Bot::new(), Channel::default());
    let (record, _) = bot.decides("bob", Answer::Approve, &desk).await;
    assert_eq!((record.outcome, record.channel), (Outcome::Ran, channel), "another process, which knows of nothing");
    assert_eq!(bot.decides("eve", Answer::Approve, &desk).await.0.outcome, Outcome::Used);
}

#[tokio::test]
async fn what_only_its_asker_sees_goes_to_its_asker() {
    let (asked, desk) = Bot::new().asks("ann", "whisper").await;
    assert_eq!((asked.outcome, desk.last().audience), (Outcome::Waiting, Audience::Channel), "approvers must see it");
    let (record, told) = Bot::new().decides("bob", Answer::Approve, &desk).await;
    assert_eq!((record.outcome, told.last().audience), (Outcome::Ran, Audience::Asker));
}
