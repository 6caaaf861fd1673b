//! The bot's own words.

use super::*;
use crate::policy::{Kind, Limit, Member, Per, Place, Policy, Role, Rule, Rules, Target, Text, Window};
use crate::reply::Color;
use crate::request::Channel;
use crate::store::MemoryStore;

/// Drains a zone.
#[command(requires = "ops.drain")]
fn drain(zone: String) -> String {
    format!("{zone} is drained")
}

/// Wipes a disk.
#[command(requires = "ops.wipe")]
fn wipe(#[arg(long)] disk: Option<String>) -> String {
    format!("{disk:?} is wiped")
}

/// Deploys a version.
#[command]
fn deploy(version: String) -> String {
    version
}

/// Logs in.
#[command]
fn login(user: String, #[arg(long, secret)] token: Option<String>) -> String {
    let _ = token;
    format!("{user} is in")
}

fn find(path: &str) -> Option<Command> {
    Some(match path {
        "deploy" => __catops_deploy().set_plan(__catops_deploy().run()).set_exclusive("prod"),
        "drain" => __catops_drain().set_approve("leads", 2).set_exclusive("zone"),
        "login" => __catops_login(),
        "page" => __catops_page(),
        "restart" => __catops_restart().from_file("ops", "plugins/ops.rs"),
        "team note" => __catops_note().in_group("team"),
        "hush" => __catops_whisper().set_approve("leads", 1),
        "whisper" => __catops_whisper(),
        "wipe" => __catops_wipe(),
        _ => return None,
    })
}

static COMMANDS: Commands =
    Commands::new("deploy\ndrain\nhush\nlogin\npage\nrestart\nteam note\nwhisper\nwipe", |_| "", find);

const AT: Place = Place { line: 1, column: 1 };

const fn text(text: &'static str) -> Text {
    Text { text, at: AT }
}

const fn user(id: &'static str) -> Member {
    Member { kind: Kind::User, id, at: AT }
}

const NIGHTS: Rule = Rule {
    name: "restarts of api",
    at: Place { line: 7, column: 1 },
    effect: crate::policy::Effect::Deny,
    target: Target::Commands(&[text("restart")]),
    roles: &[text("everybody")],
    except: &[],
    channels: &[text("C9")],
    window: None::<Window>,
    when: None,
    by: &[],
    count: 1,
    within: 3600,
};

static RULES: Rules = Rules {
    file: "plugins/catops.toml",
    roles: &[
        Role { name: text("leads"), members: &[user("U-bob"), user("U-eve")], allow: &[text("ops.wipe")] },
        Role { name: text("oncall"), members: &[user("U-ann"), user("U-joe")], allow: &[text("ops.drain")] },
        Role { name: text("audit"), members: &[user("U-eve")], allow: &[text("catops.audit")] },
    ],
    rules: &[NIGHTS],
    limits: &[
        Limit {
            name: "calm",
            at: AT,
            target: Target::Commands(&[text("deploy")]),
            per: Per::User,
            count: 3,
            within: 600,
        },
        Limit {
            name: "",
            at: AT,
            target: Target::Commands(&[text("deploy")]),
            per: Per::Command,
            count: 1,
            within: 90,
        },
    ],
    break_glass: &[text("oncall")],
    ..Rules::NONE
};

static NO_GLASS: Rules = Rules { break_glass: &[], ..RULES };

/// A bot in the channel C1, where everybody is unless it is said otherwise.
struct Bot(Dispatcher);

impl Bot {
    fn new() -> Self {
        Self::with(&RULES)
    }

    fn with(rules: &'static Rules) -> Self {
        let app = App::new(&COMMANDS, Vec::new(), JobKey::derive([])).with_policy(Policy::new(rules));
        Self(Dispatcher::new(Arc::new(app), Arc::new(MemoryStore::default())))
    }

    async fn asks(&self, who: &str, line: &str) -> (Record, Reply) {
        self.asks_in("C1", who, line).await
    }

    async fn asks_in(&self, channel: &str, who: &str, line: &str) -> (Record, Reply) {
        let mut job = job(JobId::random().as_str(), who, line, Via::Line);
        job.request.channel = Channel { id: channel.to_owned(), name: String::new() };
        self.takes(&job).await
    }

    async fn takes(&self, job: &Job) -> (Record, Reply) {
        let desk = Arc::new(Desk::default());
        match self.0.run(job, desk.clone(), NOW, LIMIT).await {
            Dispatched::Ended(record) => (*record, desk.last()),
            other => panic!("{other:?}"),
        }
    }

    /// Returns what `history` lists, a line for each record: who and what.
    async fn history(&self, channel: &str, who: &str, line: &str) -> Vec<String> {
        let (record, reply) = self.asks_in(channel, who, line).await;
        assert_eq!((record.outcome, reply.audience), (Outcome::Help, Audience::Asker), "{line}");
        let rows = reply.parts.iter().find_map(|part| match part {
            Part::Table { rows, .. } => Some(rows.clone()),
            _ => None,
        });
        rows.unwrap_or_default().iter().map(|row| format!("{} {}", row[1], row[2])).collect()
    }
}

async fn why(who: &str, line: &str, outcome: Outcome, said: &str) {
    let bot = Bot::new();
    let (record, reply) = bot.asks(who, &format!("why {line}")).await;
    assert_eq!((record.outcome, reply.text().as_str()), (outcome, said), "{line}");
    assert_eq!((record.command.as_str(), reply.audience, reply.color), ("why", Audience::Asker, None), "{line}");
    assert_eq!(bot.0.store().get("state/ops/count", NOW).await.unwrap(), None);
}

#[tokio::test]
async fn why_says_what_the_policy_says() {
    use Outcome::{Help, Usage};
    why("ann", "login bo", Help, "You may run `login bo`: it requires no permission.").await;
    why("ann", "login bo --token hunter2", Help, "You may run `login bo --token …`: it requires no permission.").await;
    let denied = "You may not run `wipe --disk a`: it requires `ops.wipe`, and nothing opens it here and now. Somebody with \
                  the role `leads` may.";
    why("ann", "wipe --disk a", Help, denied).await;
    why("bob", "wipe", Help, "You may run `wipe`: role `leads` allows `ops.wipe` (catops.toml line 1).").await;
    // How it is used is not for ann to know, but that she may not is.
    let denied = "You may not run `wipe`: it requires `ops.wipe`, and nothing opens it here and now. Somebody with the role \
                  `leads` may.";
    why("ann", "wipe --now", Help, denied).await;
    why("bob", "wipe --now", Usage, "`wipe` has no --now\n\nUsage: wipe [OPTIONS]").await;
    why("ann", "restrat api", Usage, "There is no command `restrat`: did you mean `restart`?").await;
    let use_of = "\n\nUsage: /meow why <command> [words]";
    why("ann", "team", Usage, &format!("`team` is no line that runs a command{use_of}")).await;
    why("ann", "login --help", Usage, &format!("`login …` is no line that runs a command{use_of}")).await;
    why("ann", "", Usage, &format!("a command is missing{use_of}")).await;
}

#[tokio::test]
async fn why_says_what_else_it_takes() {
    let drain = "You may run `drain eu`: role `oncall` allows `ops.drain` (catops.toml line 1). It takes the approval of 2 \
                 others with the role `leads` within 1 hour (the command itself). With `break-glass` and a reason you may \
                 run it at once.\n\
                 It holds `zone/eu` while it runs, so that nothing else does that takes the same.";
    why("ann", "drain eu", Outcome::Help, drain).await;
    let deploy = "You may run `deploy v7`: it requires no permission. How often: limit `calm` lets each person run `deploy` 3 \
                  times in 10 minutes (catops.toml line 1). How often: a limit lets `deploy` be run once in 90 seconds, each \
                  command for itself (catops.toml line 1).\n\
                  It shows first what it would change, and runs when that is applied or approved. It holds `prod` while it \
                  runs, so that nothing else does that takes the same.";
    why("joe", "deploy v7", Outcome::Help, deploy).await;
    let bot = Bot::with(&NO_GLASS);
    assert!(!bot.asks("ann", "why drain eu").await.1.text().contains("break-glass"));
}

#[tokio::test]
async fn why_sees_where_it_is_asked() {
    let (record, reply) = Bot::new().asks_in("C9", "ann", "why restart api").await;
    let said = "You may not run `restart api`: rule `restarts of api` denies it in C9 (catops.toml line 7). Nobody may at \
                the moment.";
    assert_eq!((record.outcome, reply.text().as_str()), (Outcome::Help, said));
}

#[tokio::test]
async fn history_shows_ones_own_and_what_all_saw() {
    let bot = Bot::new();
    for (channel, who, line) in [
        ("C1", "ann", "restart api"),
        ("C2", "ann", "restart web"),
        ("C1", "bob", "restart db"),
        ("C2", "bob", "restart log"),
        ("C1", "bob", "whisper"),
        ("C1", "ann", "whisper"),
        ("C1", "bob", "nothing at all"),
        ("C1", "bob", "login joe --token hunter2"),
        ("C1", "bob", "team note a `b`\n c"),
        ("C1", "ann", "drain eu"),
        ("C1", "bob", "help restart"),
        ("C1", "ann", "help restart"),
        ("C1", "bob", "why restart api"),
    ] {
        bot.asks_in(channel, who, line).await;
    }
    let all_here =
        ["ann drain eu", "bob team note a 'b' c", "bob login joe --token …", "ann whisper", "bob restart db"];
    let check = async |channel: &str, who: &str, line: &str, expected: &[&str]| {
        assert_eq!(bot.history(channel, who, line).await, expected, "{who} in {channel}: {line}");
    };
    check("C1", "ann", "history", &[&all_here[..], &["ann restart web", "ann restart api"]].concat()).await;
    check("C1", "ann", "history here", &[&all_here[..], &["ann restart api"]].concat()).await;
    check("C1", "ann", "history mine", &["ann drain eu", "ann whisper", "ann restart web", "ann restart api"]).await;
    check("C1", "ann", "history mine here restart", &["ann restart api"]).await;
    check("C1", "ann", "history team", &["bob team note a 'b' c"]).await;
    check("C1", "ann", "history team note", &["bob team note a 'b' c"]).await;
    check("C2", "joe", "history", &["bob restart log", "ann restart web"]).await;
    check("C3", "joe", "history", &[]).await;
    // Looks are left out unless they are asked for; whispers and what is no command are the asker's own.
    check("C1", "ann", "history help", &["ann help restart"]).await;
    check("C1", "bob", "history why", &["bob why restart api"]).await;
    check("C1", "joe", "history whisper", &[]).await;
    let everything = [
        "ann drain eu",
        "bob team note a 'b' c",
        "bob login joe --token …",
        "bob nothing …",
        "ann whisper",
        "bob whisper",
        "bob restart log",
        "bob restart db",
        "ann restart web",
        "ann restart api",
    ];
    check("C3", "eve", "history", &everything).await;
    check("", "joe", "history", &[]).await;
}

#[tokio::test]
async fn a_person_of_another_workspace_or_chat_is_another() {
    let bot = Bot::new();
    bot.asks("ann", "whisper").await;
    let mut job = job("other", "ann", "history", Via::Line);
    job.request.channel.id = "C1".to_owned();
    job.request.actor.team = "T2".to_owned();
    assert!(!bot.takes(&job).await.1.text().contains("whisper"));
    job.id = JobId::of(&["another"]);
    job.request.actor.team = "T1".to_owned();
    job.reply_to.chat = "other".to_owned();
    assert!(!bot.takes(&job).await.1.text().contains("whisper"));
    assert_eq!(bot.history("C1", "ann", "history").await, ["ann whisper"]);
}

#[tokio::test]
async fn history_looks_back_as_far_as_it_is_told() {
    let bot = Bot::new();
    for (hours, line) in [(49, "restart old"), (3, "restart new"), (0, "restart now")] {
        let asked = Timestamp::from_secs(NOW.as_secs() - hours * 3600);
        let job = Job { asked, ..job(line, "ann", line, Via::Line) };
        bot.takes(&job).await;
    }
    for (since, expected) in [
        ("", &["ann restart now", "ann restart new", "ann restart old"][..]),
        ("since 3h", &["ann restart now", "ann restart new"]),
        ("since 179m", &["ann restart now"]),
        ("since 1w", &["ann restart now", "ann restart new", "ann restart old"]),
        ("since 2026-11-21", &["ann restart now", "ann restart new"]),
        ("since 2026-11-23", &[]),
    ] {
        assert_eq!(bot.history("", "ann", &format!("history {since}")).await, expected, "{since}");
    }
}

#[tokio::test]
async fn history_says_when_who_and_how_it_ended() {
    let bot = Bot::new();
    let (asked, _) = bot.asks("ann", "drain eu").await;
    let (failed, _) = bot.asks("ann", "restart odd").await;
    let (_, reply) = bot.asks("ann", "history").await;
    let [Part::Text(first), Part::Table { head, rows }, Part::Note(note)] = &reply.parts[..] else {
        panic!("{reply:?}")
    };
    assert_eq!(first, "This was asked for, in UTC:");
    assert_eq!(head.join(" "), "when who what outcome job");
    let row = |what: &str, outcome: &str, record: &Record| {
        ["2026-11-22 00:00:00", "ann", what, outcome, record.job.as_str()].map(str::to_owned).to_vec()
    };
    assert_eq!(rows[..], [row("restart odd", "panicked", &failed), row("drain eu", "waiting", &asked)]);
    assert_eq!(note, "You see what you asked for, and what was run in this channel. `rerun <job>` runs one again.");
}

#[tokio::test]
async fn history_shows_the_newest_twenty() {
    let bot = Bot::new();
    for number in 0..20 {
        bot.asks("ann", &format!("restart {}{number}", "long".repeat(30))).await;
    }
    let (_, reply) = bot.asks("ann", "history").await;
    assert!(!reply.text().contains("newest"), "{}", reply.text());
    bot.asks("ann", "restart last").await;
    let (_, reply) = bot.asks("ann", "history").await;
    assert!(reply.text().contains("\nThese are the newest 20; `history [mine] [here]"), "{}", reply.text());
    let lines = bot.history("C1", "ann", "history").await;
    let cut = format!("ann restart {}", "long".repeat(13));
    assert_eq!((lines.len(), lines[0].as_str(), lines[1].as_str()), (20, "ann restart last", &*format!("{cut}…")));
}

#[tokio::test]
async fn a_job_is_run_again_for_the_one_who_asks() {
    let bot = Bot::new();
    let (first, _) = bot.asks("ann", "restart “the &lt;api&gt;” us").await;
    let (again, reply) = bot.asks("bob", &format!("rerun `{}`", first.job)).await;
    assert_eq!((again.outcome, again.actor.name.as_str()), (Outcome::Ran, "bob"));
    assert_eq!((again.command.as_str(), again.arguments.as_str()), ("restart", "“the <api>” us"));
    assert_eq!(again.origin.as_ref(), Some(&first.job));
    // Nobody but bob saw his words, so the reply says what ran.
    assert_eq!(reply.text(), "bob ran `restart “the <api>” us`\nthe <api> was restarted");
    assert_eq!((reply.audience, reply.color), (Audience::Channel, None));
    // What ran again can be run again.
    let (third, _) = bot.asks("ann", &format!("rerun {}", again.job)).await;
    assert_eq!((third.outcome, third.origin), (Outcome::Ran, Some(again.job)));
}

#[tokio::test]
async fn a_mention_is_one_again() {
    let bot = Bot::new();
    for (line, text, said) in [
        ("page <@U1|bob lee> <@U2>", Some("page <@U1|bob lee> <@U2>"), "U1 U2"),
        ("restart &lt;@U1&gt;", Some("restart &lt;@U1&gt;"), "<@U1> was restarted"),
        ("restart a&lt;b&amp;c", None, "a<b&c was restarted"),
        (
            "restart <http://x.example|x.example>",
            Some("restart <http://x.example|x.example>"),
            "x.example was restarted",
        ),
        ("Team  Note it's <@U1>", Some("Team  Note it's <@U1>"), "it's @U1"),
        ("login &lt;@U1&gt;", Some("login &lt;@U1&gt;"), "<@U1> is in"),
    ] {
        let (first, _) = bot.asks("ann", line).await;
        assert_eq!(first.text.as_deref(), text, "{line}");
        let (again, reply) = bot.asks("ann", &format!("rerun {}", first.job)).await;
        assert_eq!((again.outcome, reply.text().lines().last()), (Outcome::Ran, Some(said)), "{line}");
        assert_eq!(again.text, first.text, "{line}");
    }
    // What may hold a secret is not kept.
    for line in [
        "login <@U1> --token hunter2",
        "login <@U1> --tokn hunter2",
        "login &lt;@U1&gt; --token=hunter2",
        "nothing <@U1> hunter2",
        "why login <@U1> --token hunter2",
    ] {
        let (record, _) = bot.asks("ann", line).await;
        assert!(!serde_json::to_string(&record).unwrap().contains("hunter2"), "{record:?}");
        assert_eq!(record.text, None, "{line}");
    }
}

#[tokio::test]
async fn what_is_run_again_is_held_against_todays_rules() {
    let bot = Bot::new();
    let (wiped, _) = bot.asks("bob", "wipe --disk a").await;
    assert_eq!(wiped.outcome, Outcome::Ran);
    let (again, reply) = bot.asks("ann", &format!("rerun {}", wiped.job)).await;
    assert_eq!((again.outcome, again.command.as_str(), reply.audience), (Outcome::Denied, "wipe", Audience::Asker));
    assert_eq!(again.origin, Some(wiped.job), "also the record of a denial leads back");
    let (drained, _) = bot.asks("ann", "drain eu").await;
    assert_eq!(drained.outcome, Outcome::Waiting);
    let (again, reply) = bot.asks("joe", &format!("rerun {}", drained.job)).await;
    assert_eq!((again.outcome, again.origin), (Outcome::Waiting, Some(drained.job)));
    assert!(reply.parts.iter().any(|part| matches!(part, Part::Decision(_))), "{reply:?}");
    let (denied, _) = bot.asks_in("C9", "ann", "restart api").await;
    assert_eq!(denied.outcome, Outcome::Denied);
    assert_eq!(bot.asks("ann", &format!("rerun {}", denied.job)).await.0.outcome, Outcome::Ran);
}

#[tokio::test]
async fn what_cannot_be_run_again_is_said_so() {
    let bot = Bot::new();
    for (who, line, said) in [
        ("ann", "login bo --token hunter2", "was given a secret, which I do not keep. Please type `login` again."),
        ("ann", "help restart", "ran no command that I know (`help`)"),
        ("ann", "", "ran no command that I know (`help`)"),
        ("ann", "team", "ran no command that I know (`team`)"),
        ("ann", "nothing", "ran no command that I know (`nothing`)"),
        ("ann", "restart", "ran no command that I know (`restart`)"),
        ("ann", "restart --help", "ran no command that I know (`restart`)"),
        ("ann", "why restart api", "ran no command that I know (`why`)"),
        ("ann", "history", "ran no command that I know (`history`)"),
        ("ann", "rerun x", "ran no command that I know (`rerun`)"),
        ("ann", "break-glass \"it is no emergency\" restart api", "ran no command that I know (`break-glass`)"),
        ("bob", "whisper", "I know of no job"),
        ("bob", "nothing", "I know of no job"),
    ] {
        let (first, _) = bot.asks(who, line).await;
        let (again, reply) = bot.asks("ann", &format!("rerun {}", first.job)).await;
        assert_eq!((again.outcome, again.command.as_str(), reply.audience), (Outcome::Usage, "rerun", Audience::Asker));
        assert!(reply.text().contains(said), "{line}: {}", reply.text());
        assert_eq!(again.origin, None);
    }
    let (elsewhere, _) = bot.asks_in("C2", "bob", "restart api").await;
    let unknown = bot.asks("ann", "rerun nothing").await.1.text().replace("nothing", "JOB");
    let hidden = bot.asks("ann", &format!("rerun {}", elsewhere.job)).await.1.text();
    assert_eq!(
        hidden.replace(elsewhere.job.as_str(), "JOB"),
        unknown,
        "what cannot be seen is as if it were not there"
    );
    assert_eq!(bot.asks("eve", &format!("rerun {}", elsewhere.job)).await.0.outcome, Outcome::Ran);
    // A command that ran and found the words wrong can be run again.
    let (wrong, _) = bot.asks("ann", "restart wrong").await;
    let (again, reply) = bot.asks("ann", &format!("rerun {}", wrong.job)).await;
    assert_eq!((again.command.as_str(), reply.text().as_str()), ("restart", "there is no such service"));
}

#[tokio::test]
async fn a_button_that_runs_something_again_runs_once() {
    let bot = Bot::new();
    let (first, _) = bot.asks("ann", "restart api").await;
    let line = format!("rerun {}", first.job);
    let pressed = |id: &str, who: &str| {
        let mut job = job(id, who, &line, press());
        job.request.channel.id = "C1".to_owned();
        job
    };
    assert_eq!(bot.takes(&pressed("1", "ann")).await.0.outcome, Outcome::Ran);
    assert_eq!(bot.takes(&pressed("2", "bob")).await.0.outcome, Outcome::Used);
}

#[tokio::test]
async fn whoever_breaks_the_glass_says_why_to_all() {
    let bot = Bot::new();
    let (record, reply) = bot.asks("ann", "break-glass \"the whole zone is down\" drain eu").await;
    assert_eq!((record.outcome, record.command.as_str(), record.arguments.as_str()), (Outcome::Ran, "drain", "eu"));
    assert_eq!(record.reason.as_deref(), Some("the whole zone is down"));
    assert_eq!(record.rule.as_deref(), Some("role `oncall`"));
    let said = "**ann broke the glass** and ran `drain eu` without the approval that it takes. The reason: `the whole zone \
                is down`\neu is drained";
    assert_eq!((reply.text().as_str(), reply.audience, reply.color), (said, Audience::Channel, Some(Color::Danger)));
    let (_, reply) = bot.asks("bob", "history drain").await;
    assert!(reply.text().contains("ran, glass broken"), "{}", reply.text());
}

#[tokio::test]
async fn where_only_the_asker_sees_the_reply_all_see_that_the_glass_is_broken() {
    let (bot, desk) = (Bot::new(), Arc::new(Desk::default()));
    let job = job("1", "ann", "break-glass \"the whole zone is down\" hush", Via::Line);
    bot.0.run(&job, desk.clone(), NOW, LIMIT).await;
    let told = desk.told();
    let [Told::Reply(cry), Told::Reply(reply)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((cry.audience, cry.color, reply.audience), (Audience::Channel, Some(Color::Danger), Audience::Asker));
    assert!(cry.text().starts_with("**ann broke the glass** and ran `whisper`"), "{}", cry.text());
}

#[tokio::test]
async fn the_glass_stays_whole_where_it_is_not_needed_or_not_theirs() {
    let check = async |rules, who: &str, line: &str, outcome, said: &str| {
        let (record, reply) = Bot::with(rules).asks(who, &format!("break-glass \"the zone is down\" {line}")).await;
        assert_eq!((record.outcome, reply.audience), (outcome, Audience::Asker), "{line}: {}", reply.text());
        assert_eq!((record.command.as_str(), record.reason), ("break-glass", None), "{line}");
        assert!(reply.text().starts_with(said), "{line}: {}", reply.text());
    };
    let nobody = "You may not run `drain eu`: it requires `ops.drain`, and nothing opens it here and now.";
    check(&RULES, "bob", "drain eu", Outcome::Denied, nobody).await;
    let not_needed = "`restart api` takes no approval, so no glass has to break for it. Nothing was run.";
    check(&RULES, "ann", "restart api", Outcome::Usage, not_needed).await;
    check(&RULES, "ann", "wipe", Outcome::Denied, "You may not run `wipe`").await;
    check(&RULES, "ann", "wipe --now", Outcome::Denied, "You may not run `wipe`").await;
    check(&RULES, "ann", "drain", Outcome::Usage, "`drain` needs <zone>").await;
    check(&RULES, "ann", "drian eu", Outcome::Usage, "There is no command `drian`: did you mean `drain`?").await;
    check(&RULES, "ann", "team", Outcome::Usage, "`team` is no line that runs a command").await;
    check(&RULES, "ann", "rerun x", Outcome::Usage, "this is for commands").await;
    let nobody = "You may not break the glass: the policy lets nobody do so. Nothing was run.";
    check(&NO_GLASS, "ann", "drain eu", Outcome::Denied, nobody).await;
    static LEADS: Rules = Rules { break_glass: &[text("leads"), text("audit")], ..RULES };
    let whom = "You may not break the glass. Somebody with the role `leads` or `audit` may. Nothing was run.";
    check(&LEADS, "ann", "drain eu", Outcome::Denied, whom).await;
}

#[tokio::test]
async fn a_reason_is_more_than_a_word() {
    let bot = Bot::new();
    let (record, reply) = bot.asks("ann", "break-glass urgent drain eu").await;
    let said = "`urgent` is too short for a reason: it has at least 10 characters, in quotes\n\nUsage: /meow break-glass \
                \"<reason>\" <command> [words]";
    assert_eq!((record.outcome, reply.text().as_str()), (Outcome::Usage, said));
    assert_eq!(bot.asks("ann", "break-glass INC-2026-11-22 drain eu").await.0.outcome, Outcome::Ran);
}

#[tokio::test]
async fn without_a_store_nothing_is_told() {
    let store = Counted::default();
    store.go_wrong(Some(("records", Wrong::Away)));
    let app = App::new(&COMMANDS, Vec::new(), JobKey::derive([])).with_policy(Policy::new(&RULES));
    let dispatcher = Dispatcher::new(Arc::new(app), Arc::new(store));
    for line in ["history", "rerun x"] {
        let desk = Arc::new(Desk::default());
        let ended = dispatcher.run(&job(line, "ann", line, Via::Line), desk.clone(), NOW, LIMIT).await;
        assert_eq!(ended, Dispatched::Unclaimed, "{line}");
        assert!(desk.last().text().starts_with("I cannot reach my store"), "{:?}", desk.told());
    }
}

#[tokio::test]
async fn the_audit_is_verified_for_those_who_may() {
    let bot = Bot::new();
    for line in ["restart api", "drain eu", "help"] {
        bot.asks("ann", line).await;
    }
    let (record, reply) = bot.asks("ann", "audit verify").await;
    let said = "You may not run `audit verify`: it requires `catops.audit`, and nothing opens it here and now. Somebody with \
                the role `audit` may.";
    assert_eq!((record.outcome, reply.text().as_str()), (Outcome::Denied, said));
    let (record, reply) = bot.asks("eve", "audit verify").await;
    assert_eq!((record.outcome, reply.audience, reply.color), (Outcome::Help, Audience::Asker, None));
    assert!(reply.text().starts_with("The audit is whole: 4 records from "), "{}", reply.text());
    let (_, reply) = bot.asks("eve", "audit verify since 2026-11-23").await;
    assert!(reply.text().starts_with("There are no records yet."), "{}", reply.text());

    let records = bot.0.store().records(9).await.unwrap();
    let altered = Bot::new();
    for record in records.into_iter().rev() {
        let arguments = record.arguments.replace("api", "web");
        altered.0.store().append(&Record { arguments, ..record }).await.unwrap();
    }
    let (_, reply) = altered.asks("eve", "audit verify").await;
    assert_eq!(reply.color, Some(Color::Danger));
    let said = reply.text();
    assert!(said.starts_with("The audit is not whole: 1 fault in 6 records"), "{said}");
    assert!(said.contains("is not as it was written, or was sealed with another key."), "{said}");
}
