//! From a line to the function and back, with commands as an author writes them.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use proptest::prelude::*;

use super::{Asked, Command, Commands, Run, What, check, usage};
use crate::context::{Clock, Context, Inner, Outbox};
use crate::job::JobId;
use crate::reply::{Audience, Reply};
use crate::request::{Actor, Channel, ChannelRef, ReplyTo, Request, UserRef};
use crate::responder::MemoryResponder;
use crate::store::MemoryStore;
use crate::time::Timestamp;
use crate::{Choice, command};

/// Restart a service, one instance
/// after the other.
///
/// Takes about a minute.
#[command(requires = "ops.restart", next = ["status", "deploys start"], on_failure = ["restart {service} --now"])]
async fn restart(
    /// The service, as `status` lists it
    #[arg(complete = services)]
    service: String,
    /// Do not drain
    now: bool,
    ctx: &Context,
) -> crate::Result<String> {
    Ok(format!("{} restarts {service}{}", ctx.actor(), if now { " at once" } else { "" }))
}

async fn services(_: &Context, typed: &str) -> Vec<String> {
    ["api", "web"].into_iter().filter(|name| name.starts_with(typed)).map(str::to_owned).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
enum Zone {
    /// Ireland. The first one.
    EuWest,
    /// Ohio
    UsEast,
}

/// Deploy a version to a zone.
#[command(group, inline, repeatable, ephemeral)]
async fn start(
    version: String,
    zone: Zone,
    #[arg(long, short = 'n', default_value = 3)] batch: u32,
    #[arg(long)] via: Option<IpAddr>,
    force: bool,
    #[arg(rest)] reason: String,
) -> crate::Result<String> {
    if reason.len() < 8 {
        return Err(usage("say why, in more than a word"));
    }
    Ok(format!("{version} {zone:?} {batch} {via:?} {force} {reason}"))
}

/// Looks back.
#[command(group = "deploys")]
fn history(#[arg(default_value = -1)] count: i64) -> String {
    format!("{count}")
}

/// Adds tags to a thing.
#[command]
fn tag_it(name: String, tags: Vec<u8>) -> String {
    format!("{name} {tags:?}")
}

/// Scales something.
#[command]
fn scale(#[arg(long)] count: u8, #[arg(long, short)] label: Vec<String>) -> String {
    format!("{count} {label:?}")
}

/// Pages somebody.
#[command]
fn page(who: UserRef, #[arg(long)] to: Option<ChannelRef>) -> String {
    format!("{} {to:?}", who.id)
}

/// Logs in.
#[command]
fn login(user: String, #[arg(long, short, secret)] token: String, #[arg(rest)] note: Option<String>) -> String {
    format!("{user} {token} {note:?}")
}

/// Keeps a secret.
#[command]
fn keep(name: String, #[arg(rest, secret)] value: String) -> String {
    format!("{name}={value}")
}

/// Says nothing.
#[command]
fn status() {}

fn pages(name: &str) -> &'static str {
    match name {
        "deploys" => "Deploys: start one, look back. And more.",
        "ops" => "Operations.",
        _ => "",
    }
}

fn find(path: &str) -> Option<Command> {
    let found = match path {
        "deploys history" => __catops_history().in_group("deploys"),
        "deploys start" => __catops_start().in_group("deploys"),
        "keep" => __catops_keep(),
        "login" => __catops_login(),
        "page" => __catops_page(),
        "restart" => __catops_restart().from_file("ops", "plugins/ops.rs"),
        "scale" => __catops_scale(),
        "status" => __catops_status().from_file("ops", "plugins/ops.rs"),
        "tag-it" => __catops_tag_it(),
        _ => return None,
    };
    Some(found)
}

static COMMANDS: Commands =
    Commands::new("deploys history\ndeploys start\nkeep\nlogin\npage\nrestart\nscale\nstatus\ntag-it", pages, find);

fn context() -> Context {
    let actor = Actor { id: "U1".to_owned(), name: "ann".to_owned(), team: String::new() };
    let to = ReplyTo::default();
    Context::new(Inner {
        job: JobId::of(&["test"]),
        request: Request {
            actor,
            channel: Channel::default(),
            prefix: "/meow".to_owned(),
            text: String::new(),
            ..Request::default()
        },
        chat: "test".to_owned(),
        plugin: "ops".to_owned(),
        clock: Clock::starting(Timestamp::from_secs(0)),
        deadline: Instant::now(),
        store: Arc::new(MemoryStore::default()),
        outbox: Arc::new(Outbox::new(
            Arc::new(MemoryResponder::default()),
            to,
            JobId::of(&["test"]),
            Audience::Channel,
        )),
    })
}

fn ask(line: &str) -> Asked {
    COMMANDS.read("/meow", line, &|_| true)
}

/// Finishes a future that has nothing to wait for.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(out) => out,
        Poll::Pending => panic!("it waits"),
    }
}

/// Reads and runs a line; returns what is said, and what is recorded of its words.
#[track_caller]
fn run(line: &str) -> (String, String) {
    let Asked { arguments, what, .. } = ask(line);
    let out = match what {
        What::Run(command, values) => match command.run() {
            Run::Async(run) => finish(run(&context(), values)),
            Run::Blocking(run) => run(&context(), values),
        },
        other => panic!("{line}: {other:?}"),
    };
    match out {
        Ok(reply) => (reply.text(), arguments),
        Err(error) => (format!("error: {}", error.detail()), arguments),
    }
}

#[track_caller]
fn says(line: &str, expected: &str) {
    assert_eq!(run(line).0, expected, "{line}");
}

#[track_caller]
fn wrong(line: &str, expected: &str) {
    match ask(line).what {
        What::Usage(command, reply) => {
            assert_eq!(reply.text(), format!("{expected}\n\nUsage: {}", command.usage()), "{line}");
            assert_eq!(reply.audience, Audience::Asker);
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[track_caller]
fn unknown(line: &str, expected: &str) {
    match ask(line).what {
        What::Unknown(reply) => {
            assert_eq!((reply.text().as_str(), reply.audience), (expected, Audience::Asker), "{line}");
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[track_caller]
fn help(line: &str) -> String {
    match ask(line).what {
        What::Help(reply) => {
            assert_eq!(reply.audience, Audience::Asker);
            reply.text()
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_commands_of_these_tests_are_sound() {
    assert_eq!(check(&COMMANDS), Vec::<String>::new());
}

#[test]
fn words_reach_the_function() {
    says("restart api", "ann restarts api");
    says("restart api --now", "ann restarts api at once");
    says("Restart —now “the api”", "ann restarts the api at once");
    says("restart -- --now", "ann restarts --now");
    says("restart &lt;b&gt;", "ann restarts <b>");
    says("restart <http://example.com|example.com>", "ann restarts example.com");
    says("status", "Done.");
}

#[test]
fn names_are_taken_as_people_type_them() {
    says("tag_it x", "x []");
    says("Tag-It x 1 2", "x [1, 2]");
    says("deploys history", "-1");
    says("DEPLOYS History -5", "-5");
    assert_eq!(ask("Tag_It x").command, "tag-it");
    assert_eq!(ask("deploys History").command, "deploys history");
}

#[test]
fn options_stand_anywhere() {
    says("scale --count 3", "3 []");
    says("scale --label a --count=3 -l “b c”", r#"3 ["a", "b c"]"#);
    says("restart --now api", "ann restarts api at once");
    says("deploys start 1 eu-west -n5 it was -n7 again", "1 EuWest 5 None false it was -n7 again");
    says("deploys start 1 -n=5 eu-west it was broken", "1 EuWest 5 None false it was broken");
}

#[test]
fn the_rest_is_as_typed() {
    says(
        "deploys start 1.4 eu-west -n 5 --force because the  “old” one can't go on --now",
        "1.4 EuWest 5 None true because the  “old” one can't go on --now",
    );
    says("deploys start 1.4 US_East --via 10.0.0.1 it 'is broken", "1.4 UsEast 3 Some(10.0.0.1) false it 'is broken");
    says("deploys start 1 eu-west see --help -- and — &lt;b&gt; ", "1 EuWest 3 None false see --help -- and — <b>");
    says("deploys start 1 eu-west -- --force is needed", "1 EuWest 3 None false --force is needed");
    says("deploys start 1 eu-west “quoted text”", "1 EuWest 3 None false “quoted text”");
    says("deploys start 1 eu-west no", "error: say why, in more than a word");
}

#[test]
fn references_keep_their_ids() {
    says("page <@U7|bob lee>", "U7 None");
    says("page <@U7> --to <#C1|ops>", r#"U7 Some(ChannelRef { id: "C1", name: Some("ops") })"#);
    wrong("page bob", "<who> cannot be `bob`: pick a person from the list that opens after @");
}

#[test]
fn mistakes_are_named() {
    wrong("restart", "`restart` needs <service>");
    wrong("deploys start", "`deploys start` needs <version>, <zone> and <reason>");
    wrong("scale", "`scale` needs --count <count>");
    wrong("restart api --nwo", "`restart` has no --nwo; did you mean `--now`?");
    wrong("restart api -now", "`restart` has no -n; did you mean `--now`?");
    wrong("restart api --zzz=&lt;", "`restart` has no --zzz");
    wrong("restart api -x", "`restart` has no -x");
    wrong("restart api web", "`web` is one word too many for `restart`; put quotes around words that belong together");
    wrong("deploys start 1 eu-wset since today", "<zone> cannot be `eu-wset`; did you mean `eu-west`?");
    wrong("deploys start 1 mars since today", "<zone> cannot be `mars`; it is one of eu-west, us-east");
    wrong("scale --count many", "--count <count> cannot be `many`: invalid digit found in string");
    wrong("scale --count 256", "--count <count> cannot be `256`: number too large to fit in target type");
    wrong("scale --count", "--count <count> needs a value");
    wrong("scale --count 1 --count 2", "--count <count> is given twice");
    wrong("restart api --now --now", "--now is given twice");
    wrong("restart api --now=yes", "--now takes no value");
    wrong("tag-it x 1 y", "<tags> cannot be `y`: invalid digit found in string");
    wrong("restart 'api", "this quote is never closed: 'api");
    wrong("restart api 'now for", "this quote is never closed: 'now for");
    wrong("deploys start “1 eu-west since today", "this quote is never closed: “1 eu-west since today");
    wrong("restart `a`\u{a0}b", "`b` is one word too many for `restart`; put quotes around words that belong together");
}

#[test]
fn what_is_repeated_is_cut() {
    let What::Usage(_, reply) = ask(&format!("restart api {}", "ü".repeat(500))).what else { panic!() };
    assert!(reply.text().starts_with(&format!("`{}…` is one word", "ü".repeat(60))));
}

#[test]
fn an_unknown_word_is_met_with_near_ones() {
    unknown("restrat api", "There is no command `restrat`: did you mean `restart`?");
    unknown("stat", "There is no command `stat`: did you mean `status`?");
    unknown("start 1.4", "There is no command `start`: did you mean `deploys start`?");
    unknown("'restart api", "this quote is never closed: 'restart api");
    unknown("'", "this quote is never closed: '");
    unknown("deploys “strat", "this quote is never closed: “strat");
    unknown("restrat 'api", "There is no command `restrat`: did you mean `restart`?");
    unknown(r#""" api"#, r#"There is no command `""`. `/meow help` lists what there is."#);
    unknown("deploy", "There is no command `deploy`: did you mean `deploys`?");
    unknown("deploys strat", "There is no command `deploys strat`: did you mean `deploys start`?");
    unknown("deploys zzz", "There is no command `deploys zzz`. `/meow help deploys` lists what there is.");
    unknown("xyzzy", "There is no command `xyzzy`. `/meow help` lists what there is.");
    unknown("“restart api”", "There is no command `restart api`. `/meow help` lists what there is.");
    let asked = COMMANDS.read("", "restrat x", &|command| command.path() != "restart");
    let What::Unknown(reply) = asked.what else { panic!() };
    assert_eq!(reply.text(), "There is no command `restrat`. `help` lists what there is.");
    assert_eq!((asked.command.as_str(), asked.arguments.as_str()), ("restrat", "…"));
}

#[test]
fn help_lists_what_there_is() {
    let overview = "\
These are the commands. `/meow help <command>` tells more about one.
  deploys …  Deploys: start one, look back.
  keep       Keeps a secret.
  login      Logs in.
  page       Pages somebody.
  restart    Restart a service, one instance after the other.
  scale      Scales something.
  status     Says nothing.
  tag-it     Adds tags to a thing.
Every bot also knows `why`, `history`, `rerun`, `break-glass`, `audit`.";
    for line in ["", "  ", "help", "Help", "--help", "help help"] {
        assert_eq!(help(line), overview, "{line}");
    }
    let group = "\
Deploys: start one, look back. And more.
  deploys history  Looks back.
  deploys start    Deploy a version to a zone.
`/meow help deploys <command>` tells more about one.";
    for line in ["deploys", "help deploys", "deploys --help", "deploys help"] {
        assert_eq!(help(line), group, "{line}");
    }
    assert!(help("help ops").starts_with("Operations.\n  restart  Restart a service"), "{}", help("help ops"));
    assert_eq!(help("help restrat"), "There is no command `restrat`: did you mean `restart`?");
}

#[test]
fn help_lists_what_the_reader_may_run() {
    let few = |command: &Command| command.path() == "restart";
    let text = |line: &str, may: &dyn Fn(&Command) -> bool| match COMMANDS.read("", line, may).what {
        What::Help(reply) => reply.text(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        text("", &few),
        "These are the commands. `help <command>` tells more about one.\n  restart  Restart a service, one instance after the other.\n\
         Every bot also knows `why`, `history`, `rerun`, `break-glass`, `audit`."
    );
    assert_eq!(text("", &|_| false), "None of the commands here is open to you.");
    assert!(text("deploys", &few).ends_with("None of its commands is open to you."));
}

#[test]
fn help_explains_one_command() {
    let restart = "\
Restart a service, one instance after the other.

Takes about a minute.
Usage: /meow restart [OPTIONS] <service>

  <service>  The service, as `status` lists it

  --now  Do not drain
Needs the permission `ops.restart`.
Often followed by `/meow status`, `/meow deploys start`.
When it fails, often by `/meow restart <service> --now`.";
    for line in ["help restart", "restart --help", "restart api --help", "restart --now --help api"] {
        assert_eq!(help(line), restart, "{line}");
    }
    let start = "\
Deploy a version to a zone.
Usage: /meow deploys start [OPTIONS] <version> <zone> <reason>...

  <version>
  <zone>
    eu-west  Ireland.
    us-east  Ohio
  <reason>   (the rest of the line)

  -n, --batch <batch>  [else 3]
  --via <via>
  --force";
    for line in ["help deploys start", "deploys start --help", "deploys start 1 eu-west --help"] {
        assert_eq!(help(line), start, "{line}");
    }
    says("restart -- --help", "ann restarts --help");
    assert_eq!(ask("restart api --help").command, "restart");
    assert_eq!(ask("help restart").command, "help");
}

#[test]
fn usage_shows_what_must_be_given() {
    let usage = |path: &str| COMMANDS.find(path).unwrap().usage();
    assert_eq!(usage("restart"), "restart [OPTIONS] <service>");
    assert_eq!(usage("scale"), "scale [OPTIONS] --count <count>");
    assert_eq!(usage("tag_it"), "tag-it <name> [tags]...");
    assert_eq!(usage("login"), "login --token <token> <user> [note]...");
    assert_eq!(usage("deploys history"), "deploys history [count]");
    assert_eq!(usage("status"), "status");
}

#[test]
fn secrets_are_not_recorded() {
    let recorded = |line: &str| ask(line).arguments;
    assert_eq!(run("login ann --token hunter2"), ("ann hunter2 None".to_owned(), "ann --token …".to_owned()));
    assert_eq!(recorded("login ann --token=hunter2 and more"), "ann --token=… and more");
    assert_eq!(recorded("login ann -thunter2"), "ann -t…");
    assert_eq!(recorded("login ann —token “hunter two” see &lt;b"), "ann —token … see <b");
    assert_eq!(recorded(r"login ann --token hunter\ 2"), "ann --token …");
    assert_eq!(run("keep pin 'one two"), ("pin='one two".to_owned(), "pin …".to_owned()));
    for line in
        ["login ann hunter2", "login ann --tokn hunter2", "keep", "keep --help hunter2", "lgoin --token hunter2"]
    {
        assert!(!recorded(line).contains("hunter2"), "{line}");
    }
    // Where nothing is secret, all is recorded as typed.
    assert_eq!(recorded("restart  “the  api” --nwo"), "“the  api” --nwo");
    assert_eq!(recorded("restart &lt;b&gt; --now "), "<b> --now");
    let What::Usage(_, reply) = ask("login ann --token").what else { panic!() };
    assert_eq!(reply.text().lines().next(), Some("--token <token> needs a value"));
}

#[test]
fn the_address_is_read_without_the_arguments() {
    let addressed = |line: &str| COMMANDS.addressed(line).map(|command| command.path());
    assert_eq!(addressed("restart 'api").as_deref(), Some("restart"));
    assert_eq!(addressed("Deploys start --nonsense").as_deref(), Some("deploys start"));
    for line in ["", "help restart", "deploys", "deploys zzz", "xyzzy", "“restart api”"] {
        assert_eq!(addressed(line), None, "{line}");
    }
}

#[test]
fn a_command_is_plain_data() {
    let restart = COMMANDS.find("restart").unwrap();
    assert_eq!((restart.plugin(), restart.file(), restart.requires()), ("ops", "plugins/ops.rs", Some("ops.restart")));
    assert_eq!(restart.next(), ["status", "deploys start"]);
    assert_eq!(restart.on_failure(), ["restart {service} --now"]);
    assert_eq!(restart.summary(), "Restart a service, one instance after the other.");
    assert!(!restart.is_inline() && !restart.is_repeatable() && !restart.is_ephemeral());
    let start = COMMANDS.find("deploys start").unwrap();
    assert!(start.is_inline() && start.is_repeatable() && start.is_ephemeral());
    let zone = start.params().iter().find(|param| param.name() == "zone").unwrap();
    assert_eq!(zone.choices(), [("eu-west", "Ireland. The first one."), ("us-east", "Ohio")]);
    let service = &restart.params()[0];
    let complete = service.completer().unwrap();
    assert_eq!(finish(complete(&context(), "w")), ["web"]);
}

/// Move a service.
#[command(plan = would_move, approve = "role:leads", n = 2, exclusive = "service_name")]
async fn move_it(
    service_name: String,
    _ctx: &Context,
    to: Option<u8>,
    #[arg(long)] tags: Vec<String>,
    now: bool,
) -> String {
    format!("moved {service_name} {to:?} {tags:?} {now}")
}

async fn would_move(
    service: String,
    ctx: &Context,
    to: Option<u8>,
    tags: Vec<String>,
    now: bool,
) -> Result<String, std::fmt::Error> {
    Ok(format!("{} moves {service} {to:?} {tags:?} {now}", ctx.actor()))
}

/// Close a door.
#[command(plan = would_close, approve = "role:doors", exclusive = "doors")]
fn close() {}

fn would_close() -> &'static str {
    "would close"
}

#[test]
fn what_a_command_waits_for_is_data_and_its_plan_takes_the_same_words() {
    static MOVES: Commands = Commands::new("move-it", |_| "", |path| (path == "move-it").then(__catops_move_it));
    let command = __catops_move_it();
    let approve = command.approve().unwrap();
    assert_eq!((approve.role, approve.count, command.exclusive()), ("leads", 2, Some("service-name")));
    let What::Run(command, values) = MOVES.read("", "move-it api 3 --tags a --now --tags b", &|_| true).what else {
        panic!()
    };
    let Some(Run::Async(plan)) = command.plan() else { panic!() };
    assert_eq!(finish(plan(&context(), values)).unwrap().text(), r#"ann moves api Some(3) ["a", "b"] true"#);

    let command = __catops_close();
    let approve = command.approve().unwrap();
    assert_eq!((approve.role, approve.count, command.exclusive()), ("doors", 1, Some("doors")));
    let Some(Run::Blocking(plan)) = command.plan() else { panic!() };
    assert_eq!(plan(&context(), super::read::Values::default()).unwrap().text(), "would close");
    let help = |command: &Command| super::help::command(command, "").text();
    assert!(help(&command).ends_with(
        "\nShows first what it would change.\nTakes the approval of somebody else with the role `doors`.\nRuns one at a time."
    ));
    assert!(
        help(&__catops_move_it())
            .ends_with("of 2 others with the role `leads`.\nRuns one at a time for each `service-name`.")
    );
    let restart = COMMANDS.find("restart").unwrap();
    assert!(restart.plan().is_none() && restart.approve().is_none() && restart.exclusive().is_none());
}

#[test]
fn steps_that_cannot_be_are_found() {
    fn odd() -> Command {
        let steps = &["status --all", "stat {name}", "tag-it {nam} --", "tag-it {value}", "tag-it {name", "{name}"];
        __catops_keep().set_next(steps).set_on_failure(&["restart {name} --now --nwo=1", "restart {NAME}"])
    }
    static ODD: Commands = Commands::new("keep\nrestart\nstatus\ntag-it", pages, |path| {
        if path == "keep" { Some(odd().from_file("odd", "plugins/odd.rs")) } else { find(path) }
    });
    let found = check(&ODD);
    let found: Vec<&str> = found.iter().filter_map(|text| text.strip_prefix("plugins/odd.rs: `keep`: ")).collect();
    assert_eq!(
        found,
        [
            "next names `status --all`, but `status` has no --all",
            "next names `stat {name}`, which is no command",
            "next names `tag-it {nam} --`, where `{nam}` is none of its parameters",
            "next names `tag-it {value}`, where `{value}` is a secret or a flag",
            "next names `tag-it {name`, `{` is never closed; `{name}` stands for what was given for the parameter `name`",
            "next names `{name}`, which is no command",
            "on_failure names `restart {name} --now --nwo=1`, but `restart` has no --nwo",
        ]
    );
}

#[test]
fn a_slip_in_the_name_of_a_lock_is_found() {
    static SLIP: Commands = Commands::new("restart", pages, |path| Some(find(path)?.set_exclusive("servce")));
    static PARAMETER: Commands = Commands::new("restart", pages, |path| Some(find(path)?.set_exclusive("service")));
    static OTHER: Commands = Commands::new("restart", pages, |path| Some(find(path)?.set_exclusive("deploys")));
    let found = check(&SLIP).join("\n");
    assert!(found.contains("`restart`: exclusive names `servce`, which is no parameter; write `service`"), "{found}");
    for fine in [&PARAMETER, &OTHER] {
        assert!(!check(fine).join("\n").contains("exclusive"));
    }
}

#[test]
fn only_what_a_step_names_is_kept() {
    assert_eq!(ask("restart “the api”").given, [("service", r#""the api""#.to_owned())]);
    assert_eq!(ask("tag-it x 1 2").given, []);
}

#[test]
fn a_failure_is_told_or_logged() {
    fn told() -> crate::Result<Reply> {
        Err(usage("so not"))
    }
    fn logged() -> crate::Result<Reply> {
        "x".parse::<u8>()?;
        Ok(Reply::default())
    }
    assert_eq!(told().unwrap_err().usage_text(), Some("so not"));
    let error = logged().unwrap_err();
    assert_eq!(error.usage_text(), None);
    assert!(error.detail().contains("invalid digit"));
    let boxed = super::CommandError::failed("plain words");
    assert_eq!((boxed.usage_text(), boxed.detail()), (None, "plain words"));
}

/// Returns anything.
#[command]
fn io() -> std::io::Result<()> {
    Err(std::io::Error::other("disk"))
}

/// Fails with words.
#[command]
fn words() -> Result<(), String> {
    Err("words".to_owned())
}

/// Fails with a box.
#[command]
fn boxed() -> Result<&'static str, Box<dyn std::error::Error + Send + Sync>> {
    Err("box".into())
}

#[test]
fn every_return_type_is_taken() {
    for (command, expected) in [(__catops_io(), "disk"), (__catops_words(), "words"), (__catops_boxed(), "box")] {
        let Run::Blocking(run) = command.run() else { panic!() };
        let values = super::read::Values::default();
        assert_eq!(run(&context(), values).unwrap_err().detail(), expected);
    }
}

proptest! {
    #[test]
    fn any_line_is_taken(
        first in "restart|deploys|deploys start|scale|login|keep|help|tag_it|",
        rest in r#"( |--now|--count|=|-|—|'|“|”|"|\\|&lt;|<@U1\|a>|eu-west|é|\PC){0,12}"#,
    ) {
        let line = format!("{first} {rest}");
        let asked = ask(&line);
        prop_assert!(!asked.command.is_empty());
        COMMANDS.addressed(&line);
    }

    #[test]
    fn no_secret_is_recorded(secret in r#"[a-z'“”\\ &;<>=-]{0,6}q7q[a-z'“” &;<>=-]{0,6}"#, form in 0..4) {
        let quoted = format!("\"{}\"", crate::line::escape(&secret).replace('\\', r"\\").replace('"', "\\\""));
        let line = match form {
            0 => format!("login ann --token {quoted}"),
            1 => format!("login ann -t{quoted} note"),
            2 => format!("login --token={quoted} ann"),
            _ => format!("keep it {quoted} and more"),
        };
        prop_assert!(!ask(&line).arguments.contains("q7q"));
    }
}
