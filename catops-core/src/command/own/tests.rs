//! How the bot's own words are read.

use std::time::Duration;

use proptest::prelude::*;

use super::{OWN, Own, Since, Sought};
use crate::command;
use crate::command::{Command, Commands, What};
use crate::job::JobId;
use crate::reply::Reply;
use crate::time::Timestamp;

/// Restarts a service.
#[command]
fn restart(service: String) -> String {
    service
}

/// Logs in.
#[command]
fn login(#[arg(long, secret)] token: String) -> String {
    token
}

/// Starts a deploy.
#[command(group = "deploys")]
fn start() {}

fn find(path: &str) -> Option<Command> {
    Some(match path {
        "deploys start" => __catops_start(),
        "login" => __catops_login(),
        "restart" => __catops_restart(),
        _ => return None,
    })
}

static COMMANDS: Commands = Commands::new("deploys start\nlogin\nrestart", |_| "", find);

/// Reads a line as an own word, and returns what is recorded of it.
fn own(line: &str) -> (String, Own) {
    let asked = COMMANDS.read("/meow", line, &|_| true);
    match asked.what {
        What::Own(own) => (format!("{} {}", asked.command, asked.arguments).trim_end().to_owned(), own),
        other => panic!("{line}: {other:?}"),
    }
}

fn reads(line: &str, expected: Own, recorded: &str) {
    assert_eq!(own(line), (recorded.to_owned(), expected), "{line}");
}

#[test]
fn lines_are_kept_and_their_secrets_are_not_recorded() {
    let why = |line: &str| Own::Why(line.to_owned());
    reads("why restart api", why("restart api"), "why restart api");
    reads("Why  restart “the &lt;api&gt;” ", why("restart “the &lt;api&gt;”"), "why restart “the <api>”");
    reads("why login --token hunter2", why("login --token hunter2"), "why login --token …");
    reads("why login --tokn hunter2", why("login --tokn hunter2"), "why login …");
    reads("why nothing hunter2", why("nothing hunter2"), "why …");
    reads("why deploys", why("deploys"), "why deploys");
    let glass = |reason: &str, line: &str| Own::BreakGlass { reason: reason.to_owned(), line: line.to_owned() };
    reads(
        "break-glass \"the shop\n is down\" login --token hunter2",
        glass("the shop is down", "login --token hunter2"),
        "break-glass \"the shop is down\" login --token …",
    );
    let recorded = "break-glass \"bo &amp; ann &amp; all\" restart a".replace("&amp;", "&");
    reads("Break_glass “bo &amp; ann &amp; all” restart a", glass("bo & ann & all", "restart a"), &recorded);
}

#[test]
fn what_is_looked_for() {
    let sought = |mine, here, since, path: &str| Own::History(Sought { mine, here, since, path: path.to_owned() });
    let hours = |hours: u64| Some(Since::Ago(Duration::from_secs(hours * 3600)));
    let day = Some(Since::At(Timestamp::from_secs(1_795_305_600)));
    for (line, expected) in [
        ("history", sought(false, false, None, "")),
        ("history mine", sought(true, false, None, "")),
        ("history Here MINE", sought(true, true, None, "")),
        ("history since 2h", sought(false, false, hours(2), "")),
        ("history since 90m mine", sought(true, false, Some(Since::Ago(Duration::from_secs(5400))), "")),
        ("history restart since 2d", sought(false, false, hours(48), "restart")),
        ("history since 1w deploys start", sought(false, false, hours(168), "deploys start")),
        ("history deploys", sought(false, false, None, "deploys")),
        ("history why", sought(false, false, None, "why")),
        ("history deploys since 2026-11-22 start here", sought(false, true, day, "deploys start")),
        ("history since 2026-11-22T01:00:00+01:00", sought(false, false, day, "")),
        ("history since 4294967295w", sought(false, false, hours(4_294_967_295 * 168), "")),
    ] {
        reads(line, expected, line);
    }
}

#[test]
fn jobs_and_the_audit() {
    let job = || Own::Rerun(JobId::of(&["1"]));
    let id = JobId::of(&["1"]);
    reads(&format!("rerun {id}"), job(), &format!("rerun {id}"));
    reads(&format!("rerun `{id}`"), job(), &format!("rerun `{id}`"));
    reads("audit verify", Own::Verify(None), "audit verify");
    let day = Since::Ago(Duration::from_secs(86_400));
    reads("audit Verify since 1d", Own::Verify(Some(day)), "audit Verify since 1d");
}

#[test]
fn wrong_words_are_answered_with_the_use() {
    let check = |line: &str, reason: &str| match own(line) {
        (recorded, Own::Wrong(reply)) => {
            let text = reply.text();
            assert!(text.starts_with(reason) && text.contains("\n\nUsage: /meow "), "{line}: {text}");
            let is_alone = !line.contains(' ');
            assert_eq!(
                recorded,
                if is_alone { line.to_owned() } else { format!("{} …", line.split_once(' ').unwrap().0) }
            );
            assert_eq!(reply.audience, crate::reply::Audience::Asker);
        }
        other => panic!("{line}: {other:?}"),
    };
    check("why", "a command is missing");
    for line in ["why why restart api", "why help", "why --help x", "why history"] {
        check(line, "this is for commands");
    }
    check("history since", "`since` cannot be ``");
    for word in ["2", "2y", "h", "-2h", "+2h", "2 h", "2026-13-22", "2026-11-31", "ü", "4294967296h", "2026-11-2ü"] {
        let first = word.split(' ').next().unwrap();
        check(&format!("history since {word}"), &format!("`since` cannot be `{first}`: it is a time back"));
    }
    check("history restrat", "there is no command `restrat`");
    check("history restart api", "there is no command `restart api`");
    check("history nothing", "there is no command `nothing`");
    check("rerun", "it takes the id of one job");
    check("rerun a b", "it takes the id of one job");
    check("rerun a/b", "a job id is 1 to 64 letters");
    check("break-glass", "a reason and a command are missing");
    check("break-glass restart api", "`restart` is too short for a reason: it has at least 10 characters");
    check("break-glass \"a  b  c  d\" restart api", "`a b c d` is too short");
    check("break-glass \"the shop is down restart api", "this quote is never closed: \"the shop");
    check("break-glass \"the shop is down\"", "a command is missing");
    check("break-glass \"the shop is down\" rerun x", "this is for commands");
    check("audit", "`audit` can `verify`");
    check("audit delete", "`audit` can `verify`");
    check("audit verify now", "`audit` can `verify`");
    check("audit verify since", "`since` cannot be ``");
    check("audit verify since 1d 2d", "there is a word too many");
}

#[test]
fn help_says_how_each_is_used() {
    let help = |line: &str| match COMMANDS.read("/meow", line, &|_| true).what {
        What::Help(reply) => reply.text(),
        other => panic!("{line}: {other:?}"),
    };
    for word in OWN {
        let usage = format!("\nUsage: /meow {word} ");
        for line in [format!("help {word}"), format!("{word} --help")] {
            assert!(help(&line).contains(&usage), "{line}: {}", help(&line));
        }
    }
    // A slash that is a command's own has no room for them.
    let text = |reply: Reply| reply.text();
    assert!(text(super::about("why", "/")).ends_with("Usage: why <command> [words]"));
}

#[test]
fn a_slip_in_an_own_word_is_found() {
    for (typed, meant) in [("histroy", "history"), ("wy", "why"), ("re-run", "rerun"), ("breakglass", "break-glass")] {
        let What::Unknown(reply) = COMMANDS.read("/meow", typed, &|_| false).what else { panic!("{typed}") };
        assert_eq!(reply.text(), format!("There is no command `{typed}`: did you mean `{meant}`?"));
    }
}

#[test]
fn a_line_of_own_words_is_read_once() {
    for word in OWN {
        let line = format!("{word} ").repeat(10_000);
        let _ = COMMANDS.read("/meow", &line, &|_| true);
    }
}

#[test]
fn looking_back_ends_at_the_beginning() {
    let now = Timestamp::from_secs(86_400);
    assert_eq!(Since::Ago(Duration::from_secs(3600)).time(now), Timestamp::from_secs(82_800));
    assert_eq!(Since::Ago(Duration::MAX).time(now), Timestamp::from_secs(0));
    assert_eq!(Since::At(Timestamp::from_secs(7)).time(now), Timestamp::from_secs(7));
}

proptest! {
    #[test]
    fn no_line_panics(word in prop::sample::select(OWN), rest in r#"([a-z0-9"“'`\\<>@&;… -]|\PC){0,60}"#) {
        let asked = COMMANDS.read("/meow", &format!("{word} {rest}"), &|_| true);
        prop_assert!(asked.command == word);
    }

    #[test]
    fn no_secret_is_recorded(word in prop::sample::select(OWN), before in r#"["' a-z]{0,20}"#, after in r#"["' a-z]{0,9}"#) {
        for line in [
            format!("{word} {before} login --token Hunter2{after}"),
            format!("{word} \"{before}\" login --token=Hunter2 {after}"),
        ] {
            let asked = COMMANDS.read("/meow", &line, &|_| true);
            // A reason is for all to read, whatever is in it.
            let is_reason = matches!(&asked.what, What::Own(Own::BreakGlass { reason, .. }) if reason.contains("Hunter2"));
            prop_assert!(is_reason || !asked.arguments.contains("Hunter2"), "{}: {:?}", line, asked);
        }
    }
}
