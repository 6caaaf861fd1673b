//! The policy beside real commands.

use std::path::{Path, PathBuf};

use super::{Arguments, Asker, Groups, Policy, Question, Verdict, check, open, question, test};
use crate::command::{Command, Commands};
use crate::error::ErrorKind;
use crate::request::{Actor, ChannelRef, UserRef};
use crate::{Choice, Error, Timestamp, command};

/// Noon in UTC.
const NOW: Timestamp = Timestamp::from_secs(1_795_348_800);

#[derive(Clone, Copy, Debug, Choice)]
enum Zone {
    /// Ireland
    EuWest,
    /// Ohio
    UsEast,
}

/// Restart a service.
#[command(requires = "ops.restart")]
fn restart(service: String, #[arg(default_value = "eu-west")] zone: Zone, now: bool) -> String {
    format!("{service} {zone:?} {now}")
}

/// Page somebody.
#[command(group = "oncall", requires = "oncall.page")]
fn page(
    person: UserRef,
    place: ChannelRef,
    #[arg(long = "note")] notes: Vec<String>,
    #[arg(rest)] text: String,
) -> String {
    format!("{person} {place} {notes:?} {text}")
}

/// Says that it is there.
#[command]
fn ping() {}

/// Delete what is kept.
#[command(requires = "ops.purge")]
fn purge() {}

fn find(path: &str) -> Option<Command> {
    Some(match path {
        "oncall page" => __catops_page().in_group("oncall"),
        "ping" => __catops_ping(),
        // As `#[command(approve = "role:leads", n = 2)]` declares it.
        "purge" => __catops_purge().set_approve("leads", 2),
        "restart" => __catops_restart(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("oncall page\nping\nrestart", |_| "", find);

/// Those, and one that declares who approves it.
static DECLARED: Commands = Commands::new("oncall page\nping\npurge\nrestart", |_| "", find);

/// A file that is gone with the test.
struct Written(PathBuf);

impl Written {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("catops-policy-{}-{name}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn policy(&self) -> Result<Policy, Error> {
        Policy::configured(&COMMANDS, Some(&self.0))
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn actor(id: &str) -> Actor {
    Actor { id: id.to_owned(), name: "ann".to_owned(), team: "T1".to_owned() }
}

const FILE: &str = r#"
[roles.oncall]
members = ["U1", "S1"]
allow = ["ops.*"]

[[rule]]
name = "not in Ireland"
effect = "deny"
command = "restart"
roles = ["oncall"]
when = 'now and zone == "eu-west"'

[[rule]]
effect = "allow"
permission = "oncall.page"
roles = ["everybody"]
when = 'person != "U9" and text not like "*urgent*"'
channels = ["C1"]

[[test]]
name = "Ireland"
as = "U1"
allows = ["restart api --now us-east", "restart api"]
denies = ["restart api --now", "restart api EU_West --now"]

[[test]]
as = "U7"
groups = ["S1"]
in = "C1"
at = "2026-11-22T03:00Z"
allows = ["restart api", "oncall page <@U2> <#C1> --note x all is well"]
denies = ["oncall page <@U9> <#C1> all is well", "oncall page <@U2> <#C1> URGENT", "restart", "ping"]
"#;

#[test]
fn a_file_tests_itself_beside_the_commands() {
    let written = Written::new("expect", FILE);
    let file = open(&written.0).unwrap();
    check(&file, &COMMANDS).unwrap();
    let (count, surprises) = test(&file, &COMMANDS);
    let path = written.0.display();
    let said: Vec<String> = surprises.iter().map(ToString::to_string).collect();
    assert_eq!(count, 10);
    assert_eq!(
        said,
        [
            format!(
                "{path}:32: U7 of S1 in C1 at 2026-11-22 03:00:00 UTC\n- `restart` is denied\n\
                 + `restart` is no line to run: `restart` needs <service>"
            ),
            format!(
                "{path}:32: U7 of S1 in C1 at 2026-11-22 03:00:00 UTC\n- `ping` is denied\n\
                 + `ping` is allowed: it requires no permission"
            ),
        ]
    );
}

#[test]
fn a_line_gives_what_the_command_gets() {
    use super::Given::{Flag, Words};
    let words = |words: &[&str]| Words(words.iter().map(|word| (*word).to_owned()).collect());
    for (line, expected) in [
        ("restart api", vec![("service", words(&["api"])), ("zone", words(&["eu-west"])), ("now", Flag(false))]),
        (
            "restart a&amp;b US_EAST --now",
            vec![("service", words(&["a&b"])), ("zone", words(&["us-east"])), ("now", Flag(true))],
        ),
        ("oncall page &lt;x&gt; y", vec![]),
        (
            "Oncall page <@U2|bob> <#C3|ops> --note=a --note b  two  words",
            vec![
                ("person", words(&["U2"])),
                ("place", words(&["C3"])),
                ("notes", words(&["a", "b"])),
                ("text", words(&["two  words"])),
            ],
        ),
    ] {
        let given: Vec<_> = COMMANDS
            .line(line)
            .map(|line| line.arguments.into_iter().map(|argument| (argument.name, argument.given)).collect())
            .unwrap_or_default();
        assert_eq!(given, expected, "{line}");
    }
    for (line, reason) in [
        ("restart", "`restart` needs <service>"),
        ("restart api nowhere", "<zone> cannot be `nowhere`; it is one of eu-west, us-east"),
        ("restrat", "There is no command `restrat`: did you mean `restart`?"),
        ("help restart", "it asks for help"),
    ] {
        assert_eq!(COMMANDS.line(line).map(|line| line.arguments), Err(reason.to_owned()), "{line}");
    }
}

#[test]
fn without_rules_what_requires_a_permission_is_closed() {
    let policy = Policy::default();
    let ann = actor("U1");
    let asker = Asker { actor: &ann, channel: "C1", now: NOW, groups: Groups::Unknown };
    for (path, required) in [("ping", None), ("restart", Some("ops.restart")), ("oncall page", Some("oncall.page"))] {
        let command = find(path).unwrap();
        let denied = required.map(|permission| {
            format!("You may not run `{path} x`: it requires `{permission}`, and nothing opens it here and now. Nobody may at the moment.")
        });
        assert_eq!(policy.admit(asker, &command, None, &format!("{path} x")).err(), denied, "{path}");
        assert_eq!(policy.offers(asker, &command), required.is_none(), "{path}");
    }
    policy.check(&COMMANDS).unwrap();
    let policy = Policy::configured(&COMMANDS, None).unwrap();
    assert_eq!(policy.rules(), &super::Rules::NONE);
}

#[test]
fn a_command_alone_opens_only_what_needs_no_more_to_be_known() {
    let simple = "[roles.oncall]\nmembers = [\"U1\", \"S1\"]\nallow = [\"ops.restart\"]\n";
    let policy = Written::new("simple", simple).policy().unwrap();
    let restart = find("restart").unwrap();
    let admits = |policy: &Policy, user: &str, command: &Command, now: Timestamp| {
        policy.admit(Asker { actor: &actor(user), channel: "C1", now, groups: Groups::Unknown }, command, None, "it")
    };
    assert_eq!(admits(&policy, "U1", &restart, NOW), Ok(Some("role `oncall`".to_owned())));
    let why = admits(&policy, "U2", &restart, NOW).unwrap_err();
    assert!(why.contains("Which groups you are in could not be found out"), "whether U2 is in S1 is not known: {why}");
    let closed = format!(
        "{simple}[[rule]]\nname = \"quiet\"\neffect = \"deny\"\ncommand = \"ping\"\nroles = [\"everybody\"]\nhours = \"22:00-06:00\"\n"
    );
    let (policy, ping) = (Written::new("closed", &closed).policy().unwrap(), find("ping").unwrap());
    assert_eq!(admits(&policy, "U1", &ping, NOW), Ok(None), "it is noon");
    let why = admits(&policy, "U1", &ping, NOW + std::time::Duration::from_secs(12 * 60 * 60)).unwrap_err();
    assert!(why.contains("rule `quiet` denies it"), "it is midnight: {why}");
}

#[test]
fn a_verdict_weighs_what_is_known() {
    let policy = Written::new("verdict", FILE).policy().unwrap();
    let ann = actor("U7");
    let line = COMMANDS.line("restart api --now").unwrap();
    let path = line.command.path();
    let groups = ["S1".to_owned()];
    let question = Question {
        groups: Groups::Known(&groups),
        arguments: Arguments::Known(&line.arguments),
        ..question(&ann, &path, &line.command)
    };
    assert!(policy.weighs_arguments(&line.command) && !policy.weighs_arguments(&find("ping").unwrap()));
    let verdict = policy.judge(&question);
    let name = policy.rules().file.rsplit('/').next().unwrap();
    assert_eq!(
        policy.rules().sentence("restart api --now", &question, &verdict),
        format!(
            "You may not run `restart api --now`: rule `not in Ireland` denies it when `now and zone == \"eu-west\"` ({name} line \
             6). Nobody may at the moment."
        )
    );
    assert!(matches!(policy.judge(&Question { arguments: Arguments::Any, ..question }), Verdict::Allow(_)));
}

#[test]
fn a_mistake_in_the_file_that_replaces_it_stops_the_start() {
    let wrong =
        FILE.replace("oncall.page", "oncall.pag").replace("eu-west", "eu-wst").replace("\"U1\", \"S1\"", "\"U1\"");
    let written = Written::new("wrong", &wrong);
    let path = written.0.display().to_string();
    let error = written.policy().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.chain(),
        format!(
            "CATOPS_CONFIG names `{path}`, which cannot be used: {path}:11:8: `zone` can never be `eu-wst`; did you mean \
             `eu-west`?\n{path}:15:14: no command requires `oncall.pag`; did you mean `oncall.page`?"
        )
    );
    let error = Written::new("syntax", "guardrail = [").policy().unwrap_err();
    assert!(
        error.chain().ends_with(".toml:1:13: this list is never closed; write `]` after its last value"),
        "{}",
        error.chain()
    );
    let error = Policy::configured(&COMMANDS, Some(Path::new("/nowhere/catops.toml"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let begin = "CATOPS_CONFIG names `/nowhere/catops.toml`, which cannot be used: the policy file `/nowhere/catops.toml` cannot be read: ";
    assert!(error.chain().starts_with(begin), "{}", error.chain());
}

/// A file with what waits.
const WAITING: &str = r#"
break-glass = ["oncall"]

[roles.oncall]
members = ["U1"]
allow = ["ops.*"]

[roles.leads]
members = ["U2", "U3", "S1"]

[[rule]]
name = "Ireland"
effect = "approve"
command = "restart"
roles = ["everybody"]
when = 'zone == "eu-west"'
by = ["leads"]
within = "30m"

[[test]]
as = "U1"
allows = ["restart api", "restart api us-east", "purge"]
approves = ["restart api", "restart api eu-west", "restart api EU_WEST", "purge", "restart api us-east", "ping", "oncall page <@U2> <#C1> x", "restart"]
denies = ["restart api"]
"#;

#[test]
fn a_file_expects_what_waits() {
    let written = Written::new("waiting", WAITING);
    let file = open(&written.0).unwrap();
    check(&file, &DECLARED).unwrap();
    let (count, surprises) = test(&file, &DECLARED);
    let path = written.0.display().to_string();
    let name = path.rsplit('/').next().unwrap();
    let said: Vec<String> = surprises.iter().map(ToString::to_string).collect();
    assert_eq!(count, 12);
    let waits = "is allowed and waits for approval";
    let role = format!("role `oncall` allows `ops.restart` by `ops.*` ({name} line 6)");
    assert_eq!(
        said,
        [
            format!("{path}:23: U1\n- `restart api us-east` {waits}\n+ `restart api us-east` is allowed: {role}"),
            format!("{path}:23: U1\n- `ping` {waits}\n+ `ping` is allowed: it requires no permission"),
            format!(
                "{path}:23: U1\n- `oncall page <@U2> <#C1> x` {waits}\n+ `oncall page <@U2> <#C1> x` is denied: it requires \
                 `oncall.page`, and nothing opens it here and now"
            ),
            format!("{path}:23: U1\n- `restart` {waits}\n+ `restart` is no line to run: `restart` needs <service>"),
            format!("{path}:24: U1\n- `restart api` is denied\n+ `restart api` is allowed: {role}"),
        ]
    );
}

#[test]
fn what_waits_is_asked_in_the_words_of_the_chat() {
    let policy = Written::new("asked", WAITING).policy().unwrap();
    let people: Vec<Actor> = ["U1", "U2", "U9"].into_iter().map(actor).collect();
    let [ann, bo, cy] =
        [0, 1, 2].map(|index: usize| Asker { actor: &people[index], channel: "C1", now: NOW, groups: Groups::Unknown });
    let line = DECLARED.line("restart api").unwrap();
    let approval = policy.approval(ann, &line.command, Some(&line.arguments)).unwrap();
    let expected = super::Approval { by: vec![vec!["leads"]], count: 1, within: 1800 };
    assert_eq!(approval, expected);
    let other = DECLARED.line("restart api us-east").unwrap();
    assert_eq!(policy.approval(ann, &other.command, Some(&other.arguments)), None);
    assert_eq!(policy.approval(ann, &other.command, None), Some(expected), "the arguments are not known");
    let can = |asker| policy.can_approve(&approval, asker);
    assert_eq!([can(ann), can(bo), can(cy)], [false, true, false]);
    let groups = ["S1".to_owned()];
    assert!(can(Asker { groups: Groups::Known(&groups), ..cy }), "the chat says that U9 is in S1");
    assert_eq!([ann, bo, cy].map(|asker| policy.may_break_glass(asker)), [true, false, false]);
    let purge = find("purge").unwrap();
    let said = policy.explain(ann, &purge, Some(&[]), "purge");
    let name = policy.rules().file.rsplit('/').next().unwrap();
    assert_eq!(
        said,
        format!(
            "You may run `purge`: role `oncall` allows `ops.purge` by `ops.*` ({name} line 6). It takes the approval of 2 others \
             with the role `leads` within 1 hour (the command itself). With `break-glass` and a reason you may run it at once."
        )
    );
    assert!(policy.explain(bo, &purge, Some(&[]), "purge").starts_with("You may not run `purge`: "));
}

#[test]
fn a_file_without_those_who_approve_stops_the_start() {
    let written = Written::new("nobody", &WAITING.replace("leads", "lead"));
    let file = open(&written.0).unwrap();
    check(&file, &COMMANDS).unwrap();
    let error = check(&file, &DECLARED).unwrap_err();
    assert_eq!(
        error.chain(),
        format!(
            "{}:1:1: nobody could approve `purge`: it takes the role `leads`, which has no members here; here is `lead`, so change \
             one of the names",
            written.0.display()
        )
    );
}

/// Deploy a version.
#[command(group = "deploys", requires = "deploy.start")]
fn start(version: String, zone: Zone, #[arg(long, default_value = 3)] batch: u32, force: bool) -> String {
    format!("{version} {zone:?} {batch} {force}")
}

/// Show a log.
#[command(requires = "ops.logs")]
fn logs(service: String) -> String {
    service
}

/// Delete everything.
#[command(requires = "ops.delete-everything")]
fn wipe() {}

fn find_documented(path: &str) -> Option<Command> {
    Some(match path {
        "deploys start" => __catops_start().in_group("deploys"),
        "logs" => __catops_logs(),
        "restart" => __catops_restart(),
        "wipe" => __catops_wipe(),
        _ => return None,
    })
}

/// The commands that the page on the policy is about.
static DOCUMENTED: Commands = Commands::new("deploys start\nlogs\nrestart\nwipe", |_| "", find_documented);

#[test]
fn the_files_in_the_documentation_are_right() {
    let page = include_str!("../../../docs/policy.md");
    let files: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let mut answers = 0;
    for (number, text) in files.iter().enumerate() {
        let written = Written::new(&format!("documented-{number}"), text);
        let file = open(&written.0).unwrap();
        check(&file, &DOCUMENTED).unwrap();
        let (count, surprises) = test(&file, &DOCUMENTED);
        assert_eq!(surprises, []);
        answers += count;
    }
    assert_eq!((files.len(), answers), (3, 11));
}
