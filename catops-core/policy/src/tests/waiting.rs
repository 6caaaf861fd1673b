//! What waits for approval, who can give it, who can do without, and how often something may be run.

use super::decisions::ask;
use super::{commands, load};
use crate::{AUDIT, Approval, Declared, Facts, Mistake, Question, Rules, covers, read};

/// The file of these cases.
const FILE: &str = r#"# line 1
teams = ["T1"]
break-glass = ["oncall"]

[roles.oncall]
members = ["U1", "S1"]
allow = ["ops.restart", "ops.scale", "deploy.*", "catops.audit"]

[roles.leads]
members = ["U3", "lead@example.com"]
allow = ["*"]

[roles.sre]
members = ["S7", "C7"]

[[rule]]
name = "billing"
effect = "approve"
permission = "ops.restart"
roles = ["everybody"]
except = ["leads"]
when = 'service == "billing"'
by = ["leads"]
within = "30m"

[[rule]]
name = "big steps"
effect = "approve"
command = "scale"
roles = ["everybody"]
when = 'count > 3'
by = ["leads", "sre"]
count = 2

[[rule]]
name = "nights"
effect = "approve"
command = ["scale", "deploys *"]
roles = ["everybody"]
hours = "20:00-06:00"
by = ["everybody"]
within = "10m"

[[rule]]
effect = "approve"
command = "deploys start"
roles = ["oncall"]
channels = ["C2"]
by = ["sre"]

[[rule]]
effect = "deny"
command = "restart"
roles = ["everybody"]
when = 'service == "vault"'

[[limit]]
name = "slowly"
command = "deploys *"
per = "command"
count = 3
within = "10m"

[[limit]]
permission = "ops.restart"
per = "user"
count = 1
within = "90s"
"#;

/// Who asks and how, as for decisions, and `+role*count` for what the command declares; then the line; then what is said.
type Case = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("U1", "ping",
        "You may run `ping`: it requires no permission."),
    ("U1", "restart api",
        "You may run `restart api`: role `oncall` allows `ops.restart` (catops.toml line 7). How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1", "restart billing",
        "You may run `restart billing`: role `oncall` allows `ops.restart` (catops.toml line 7). It takes the approval of somebody else with the role `leads` within 30 minutes (rule `billing`, catops.toml line 16). With `break-glass` and a reason you may run it at once. How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1 S1", "restart billing",
        "You may run `restart billing`: role `oncall` allows `ops.restart` (catops.toml line 7). It takes the approval of somebody else with the role `leads` within 30 minutes (rule `billing`, catops.toml line 16). With `break-glass` and a reason you may run it at once. How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U3", "restart billing",
        "You may run `restart billing`: role `leads` allows `ops.restart` by `*` (catops.toml line 11). How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U9 lead@example.com", "restart billing",
        "You may run `restart billing`: role `leads` allows `ops.restart` by `*` (catops.toml line 11). How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1 lead@example.com", "restart billing",
        "You may run `restart billing`: role `oncall` allows `ops.restart` (catops.toml line 7). How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1 ?", "restart billing",
        "You may run `restart billing`: role `oncall` allows `ops.restart` (catops.toml line 7). It takes the approval of somebody else with the role `leads` within 30 minutes (rule `billing`, catops.toml line 16). With `break-glass` and a reason you may run it at once. How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1", "restart Billing",
        "You may run `restart Billing`: role `oncall` allows `ops.restart` (catops.toml line 7). It takes the approval of somebody else with the role `leads` within 30 minutes (rule `billing`, catops.toml line 16). With `break-glass` and a reason you may run it at once. How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1", "restart",
        r#"You may not run `restart`: a rule denies it when `service == "vault"`, and whether that is so cannot be told (catops.toml line 51). Nobody may at the moment."#),
    ("U1", "restart api,billing",
        "You may run `restart api,billing`: role `oncall` allows `ops.restart` (catops.toml line 7). It takes the approval of somebody else with the role `leads` within 30 minutes (rule `billing`, catops.toml line 16). With `break-glass` and a reason you may run it at once. How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1 ?arguments", "restart api",
        r#"You may not run `restart api`: a rule denies it when `service == "vault"`, and whether that is so cannot be told (catops.toml line 51). Nobody may at the moment."#),
    ("U1 ?any", "restart billing",
        "You may run `restart billing`: role `oncall` allows `ops.restart` (catops.toml line 7). How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U9", "restart billing",
        "You may not run `restart billing`: it requires `ops.restart`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may."),
    ("U1 ~T2", "restart billing",
        "You may not run `restart billing`: it requires `ops.restart`, and nothing opens it to people of other workspaces. Somebody with the role `oncall` or `leads` may."),
    ("U1", "restart vault",
        r#"You may not run `restart vault`: a rule denies it when `service == "vault"` (catops.toml line 51). Nobody may at the moment."#),
    ("U1", "scale web 3",
        "You may run `scale web 3`: role `oncall` allows `ops.scale` (catops.toml line 7)."),
    ("U1", "scale web 4",
        "You may run `scale web 4`: role `oncall` allows `ops.scale` (catops.toml line 7). It takes the approval of 2 others with the role `leads` or `sre` within 1 hour (rule `big steps`, catops.toml line 26). With `break-glass` and a reason you may run it at once."),
    ("U3", "scale web 4",
        "You may run `scale web 4`: role `leads` allows `ops.scale` by `*` (catops.toml line 11). It takes the approval of 2 others with the role `leads` or `sre` within 1 hour (rule `big steps`, catops.toml line 26)."),
    ("U1", "scale web many",
        "You may run `scale web many`: role `oncall` allows `ops.scale` (catops.toml line 7). It takes the approval of 2 others with the role `leads` or `sre` within 1 hour (rule `big steps`, catops.toml line 26). With `break-glass` and a reason you may run it at once."),
    ("U1", "scale web",
        "You may run `scale web`: role `oncall` allows `ops.scale` (catops.toml line 7). It takes the approval of 2 others with the role `leads` or `sre` within 1 hour (rule `big steps`, catops.toml line 26). With `break-glass` and a reason you may run it at once."),
    ("U1 @2026-11-23T20:00Z", "scale web 3",
        "You may run `scale web 3`: role `oncall` allows `ops.scale` (catops.toml line 7). It takes the approval of somebody else within 10 minutes (rule `nights`, catops.toml line 35). With `break-glass` and a reason you may run it at once."),
    ("U1 @2026-11-23T20:00Z", "scale web 4",
        "You may run `scale web 4`: role `oncall` allows `ops.scale` (catops.toml line 7). It takes the approval of 2 others with the role `leads` or `sre` within 10 minutes (rule `big steps`, catops.toml line 26; rule `nights`, catops.toml line 35). With `break-glass` and a reason you may run it at once."),
    ("U1 ?time", "scale web 3",
        "You may run `scale web 3`: role `oncall` allows `ops.scale` (catops.toml line 7). It takes the approval of somebody else within 10 minutes (rule `nights`, catops.toml line 35). With `break-glass` and a reason you may run it at once."),
    ("U1 @2026-11-23T06:00Z", "scale web 3",
        "You may run `scale web 3`: role `oncall` allows `ops.scale` (catops.toml line 7)."),
    ("U1", "deploys start prod",
        "You may run `deploys start prod`: role `oncall` allows `deploy.start` by `deploy.*` (catops.toml line 7). How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U1 #C2", "deploys start prod",
        "You may run `deploys start prod`: role `oncall` allows `deploy.start` by `deploy.*` (catops.toml line 7). It takes the approval of somebody else with the role `sre` within 1 hour (a rule, catops.toml line 44). With `break-glass` and a reason you may run it at once. How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U3 #C2", "deploys start prod",
        "You may run `deploys start prod`: role `leads` allows `deploy.start` by `*` (catops.toml line 11). How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U1 ?channel", "deploys start prod",
        "You may run `deploys start prod`: role `oncall` allows `deploy.start` by `deploy.*` (catops.toml line 7). It takes the approval of somebody else with the role `sre` within 1 hour (a rule, catops.toml line 44). With `break-glass` and a reason you may run it at once. How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U1 #C2 @2026-11-23T23:00Z", "deploys start prod",
        "You may run `deploys start prod`: role `oncall` allows `deploy.start` by `deploy.*` (catops.toml line 7). It takes the approval of somebody else with the role `sre` within 10 minutes (rule `nights`, catops.toml line 35; a rule, catops.toml line 44). With `break-glass` and a reason you may run it at once. How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U3 ? #C2", "deploys start prod",
        "You may run `deploys start prod`: role `leads` allows `deploy.start` by `*` (catops.toml line 11). It takes the approval of somebody else with the role `sre` within 1 hour (a rule, catops.toml line 44). How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U9", "deploys list",
        "You may run `deploys list`: it requires no permission. How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U9 @2026-11-23T23:00Z", "deploys list",
        "You may run `deploys list`: it requires no permission. It takes the approval of somebody else within 10 minutes (rule `nights`, catops.toml line 35). How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U9 ~T2 @2026-11-23T23:00Z", "deploys list",
        "You may run `deploys list`: it requires no permission. It takes the approval of somebody else within 10 minutes (rule `nights`, catops.toml line 35). How often: limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself (catops.toml line 57)."),
    ("U1 +leads*1", "ping",
        "You may run `ping`: it requires no permission. It takes the approval of somebody else with the role `leads` within 1 hour (the command itself). With `break-glass` and a reason you may run it at once."),
    ("U9 +sre*3", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may."),
    ("U1 +sre*3", "restart billing",
        "You may run `restart billing`: role `oncall` allows `ops.restart` (catops.toml line 7). It takes the approval of 3 others with the role `sre` and the role `leads` within 30 minutes (the command itself; rule `billing`, catops.toml line 16). With `break-glass` and a reason you may run it at once. How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1 +leads*1", "restart billing",
        "You may run `restart billing`: role `oncall` allows `ops.restart` (catops.toml line 7). It takes the approval of somebody else with the role `leads` within 30 minutes (the command itself; rule `billing`, catops.toml line 16). With `break-glass` and a reason you may run it at once. How often: a limit lets each person run `ops.restart` once in 90 seconds (catops.toml line 64)."),
    ("U1 +everybody*2", "ping",
        "You may run `ping`: it requires no permission. It takes the approval of 2 others within 1 hour (the command itself). With `break-glass` and a reason you may run it at once."),
    ("U1 +gone*1", "ping",
        "You may run `ping`: it requires no permission. It takes the approval of somebody else with the role `gone` within 1 hour (the command itself). With `break-glass` and a reason you may run it at once."),
];

/// Reads `+role*count`, if it is there, and returns the rest.
fn declared(who: &'static str) -> (String, Option<Declared>) {
    let (ours, rest): (Vec<&str>, Vec<&str>) = who.split(' ').partition(|word| word.starts_with('+'));
    let declared = ours.first().map(|word| {
        let (role, count) = word[1..].split_once('*').unwrap();
        Declared { role, count: count.parse().unwrap() }
    });
    (rest.join(" "), declared)
}

fn rules() -> Rules {
    load(FILE).unwrap().rules
}

#[test]
fn each_waits_or_does_not() {
    let rules = rules();
    for (who, line, expected) in CASES {
        let (asker, declared) = declared(who);
        let said = ask(&asker, line, |question| rules.sentences(line, question, declared));
        assert_eq!(said, *expected, "{who}: {line}");
    }
}

/// What several rules ask for becomes one approval.
#[test]
fn several_rules_are_one_approval() {
    let rules = rules();
    let by = |roles: &[&[&'static str]]| roles.iter().map(|roles| roles.to_vec()).collect::<Vec<_>>();
    for (who, line, expected) in [
        ("U1", "scale web 3", None),
        ("U1", "scale web 4", Some((by(&[&["leads", "sre"]]), 2, 3600))),
        ("U1 @2026-11-23T23:00Z", "scale web 4", Some((by(&[&["leads", "sre"], &["everybody"]]), 2, 600))),
        ("U1 #C2 @2026-11-23T23:00Z", "deploys start", Some((by(&[&["everybody"], &["sre"]]), 1, 600))),
        ("U1 +leads*1", "restart billing", Some((by(&[&["leads"]]), 1, 1800))),
        ("U1 +sre*3", "restart billing", Some((by(&[&["sre"], &["leads"]]), 3, 1800))),
        ("U1 +sre*3", "restart api", Some((by(&[&["sre"]]), 3, 3600))),
    ] {
        let (asker, declared) = declared(who);
        let approval = ask(&asker, line, |question| rules.approval(question, declared));
        let expected = expected.map(|(by, count, within)| Approval { by, count, within });
        assert_eq!(approval, expected, "{who}: {line}");
    }
    let approval = |by: &[&[&'static str]], count| Approval {
        by: by.iter().map(|roles| roles.to_vec()).collect(),
        count,
        within: 60,
    };
    for (by, count, approvers, expected) in [
        (&[&["leads"][..]][..], 1, 0, "somebody else with the role `leads`"),
        (&[&["leads", "sre"]], 2, 0, "2 others with the role `leads` or `sre`"),
        (&[&["leads", "sre"], &["desk"]], 3, 2, "1 more with the role `leads` or `sre` and the role `desk`"),
        (&[&["leads"], &["sre", "everybody"]], 3, 1, "2 more with the role `leads`"),
        (&[&["everybody"]], 1, 0, "somebody else"),
        (&[&["everybody"]], 9, 0, "9 others"),
    ] {
        assert_eq!(approval(by, count).others(approvers), expected);
    }
}

#[test]
fn who_can_approve_is_known_for_sure() {
    let rules = rules();
    for (who, by, expected) in [
        ("U3", &[&["leads"][..]][..], true),
        ("U9 lead@example.com", &[&["leads"]], true),
        ("U9 ?", &[&["leads"]], false),
        ("U3 ?", &[&["leads"]], true),
        ("U3 ~T2", &[&["leads"]], false),
        ("U1", &[&["leads"]], false),
        ("U1", &[&["leads", "oncall"]], true),
        ("U1", &[&["leads"], &["oncall"]], false),
        ("U1 lead@example.com", &[&["leads"], &["oncall"]], true),
        ("U9 #C7", &[&["sre"]], true),
        ("U9 ?channel", &[&["sre"]], false),
        ("U9", &[&["everybody"]], true),
        ("U9 ?", &[&["everybody"]], true),
        ("U9 ~T2", &[&["everybody"]], false),
        ("U9", &[&["everybody"], &["leads"]], false),
        ("U9", &[&["gone"]], false),
        ("U9", &[&["gone", "everybody"]], true),
        ("U9", &[&[]], false),
        ("U9", &[], false),
    ] {
        let approval = Approval { by: by.iter().map(|roles| roles.to_vec()).collect(), count: 1, within: 60 };
        let can = ask(who, "ping", |question| rules.can_approve(&approval, question));
        assert_eq!(can, expected, "{who}: {by:?}");
    }
}

#[test]
fn who_may_break_the_glass_is_known_for_sure() {
    let rules = rules();
    let open = Rules { break_glass: load("break-glass = \"everybody\"").unwrap().rules.break_glass, ..rules };
    for (who, expected, everybody) in [
        ("U1", true, true),
        ("U2 S1", true, true),
        ("U2 ?", false, true),
        ("U3", false, true),
        ("U1 ~T2", false, false),
        ("U9 #C7", false, true),
    ] {
        assert_eq!(ask(who, "ping", |question| rules.may_break_glass(question)), expected, "{who}");
        assert_eq!(ask(who, "ping", |question| open.may_break_glass(question)), everybody, "{who}");
    }
    assert!(!ask("U1", "ping", |question| Rules::NONE.may_break_glass(question)));
}

#[test]
fn limits_are_on_what_they_name() {
    let all = "[[limit]]\nname = \"all\"\nper = \"bot\"\ncount = 100\nwithin = \"7d\"\n";
    let rules = load(&format!("{FILE}{all}")).unwrap().rules;
    for (path, permission, expected) in [
        ("ping", None, &["all"][..]),
        ("restart", Some("ops.restart"), &["", "all"]),
        ("restart", None, &["all"]),
        ("deploys start", Some("deploy.start"), &["slowly", "all"]),
        ("deploys", None, &["all"]),
    ] {
        let names: Vec<&str> = rules.limits_on(path, permission).map(|limit| limit.name).collect();
        assert_eq!(names, expected, "{path}");
    }
    let said: Vec<String> = rules.limits.iter().map(crate::Limit::sentence).collect();
    assert_eq!(
        said,
        [
            "limit `slowly` lets `deploys *` be run 3 times in 10 minutes, each command for itself",
            "a limit lets each person run `ops.restart` once in 90 seconds",
            "limit `all` lets any command be run 100 times in 7 days, all together",
        ]
    );
}

#[test]
fn a_command_that_nobody_could_approve_is_a_mistake() {
    let said = |text: &str, role: &str, count: u8| -> Vec<String> {
        let file = read("catops.toml", text).unwrap();
        let command = Facts { approve: Some((role.to_owned(), count)), ..commands().remove(4) };
        file.rules.check(&[command]).iter().map(|mistake: &Mistake| mistake.in_file("catops.toml")).collect()
    };
    let leads = "[roles.leads]\nmembers = [\"U3\"]\n";
    let begin = "catops.toml:1:1: nobody could approve `ping`: it takes the role";
    assert_eq!(said(leads, "leads", 1), <[&str; 0]>::default());
    assert_eq!(said("", "everybody", 9), <[&str; 0]>::default());
    assert_eq!(
        said(leads, "leeds", 1),
        [format!("{begin} `leeds`, which has no members here; here is `leads`, so change one of the names")]
    );
    assert_eq!(
        said(leads, "sre", 1),
        [format!("{begin} `sre`, which has no members here; write `[roles.sre]` and `members` below it")]
    );
    let few = "catops.toml:1:1: `ping` can never be run: 2 have to approve, and 1 person has the role `leads`; add members to it, \
               or lower `n` of the command";
    assert_eq!(said(leads, "leads", 2), [few]);
    assert_eq!(said(&leads.replace("U3", "S3"), "leads", 2), <[&str; 0]>::default(), "of a group nobody can tell");
}

#[test]
fn a_look_at_the_audit_is_opened_like_a_command() {
    let rules = rules();
    assert!(covers("catops.*", AUDIT) && covers("*", AUDIT));
    for (who, expected) in [("U1", true), ("U3", true), ("U2", false), ("U1 ~T2", false)] {
        let verdict = ask(who, "ping", |question| {
            rules.decide(&Question { command: "audit", permission: Some(AUDIT), ..*question })
        });
        assert_eq!(verdict.is_allowed(), expected, "{who}");
    }
}

/// A rule about approval does not make the groups worth asking for.
#[test]
fn approval_plays_no_part_in_a_denial() {
    let text = "[roles.oncall]\nmembers = [\"U1\"]\nallow = [\"ops.restart\"]\n[roles.sre]\nmembers = [\"S7\"]\n";
    for (effect, by, expected) in [("approve", "by = [\"oncall\"]\n", false), ("allow", "", true)] {
        let rule = format!("[[rule]]\neffect = {effect:?}\ncommand = \"restart\"\nroles = [\"sre\"]\n{by}");
        let rules = load(&format!("{text}{rule}")).unwrap().rules;
        let verdict = ask("U9 ?", "restart api", |question| rules.decide(question));
        let crate::Verdict::Deny(denial) = verdict else { panic!("{verdict:?}") };
        assert_eq!((denial.because, denial.hinges_on_groups), (crate::Because::Closed(None), expected), "{effect}");
    }
}
