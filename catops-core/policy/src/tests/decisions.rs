//! What is decided, and what the asker is told.

use super::{Asked, load};
use crate::{Arguments, Groups, Question};

/// The file of these cases.
const FILE: &str = r#"# line 1
teams = ["T1"]
guardrail = ["ops.delete-everything"]

[roles.oncall]
members = ["U1", "S1"]
allow = ["ops.restart", "ops.logs"]

[roles.leads]
members = ["lead@example.com"]
allow = ["*"]

[roles.desk]
members = ["C7"]

[[rule]]
name = "billing is for leads"
effect = "deny"
permission = "ops.restart"
roles = ["everybody"]
except = ["leads"]
when = 'service == "billing"'

[[rule]]
name = "small steps"
effect = "allow"
command = "scale"
roles = ["oncall"]
when = 'count <= 3 and service like "web-*"'

[[rule]]
name = "office hours"
effect = "allow"
permission = "deploy.*"
roles = ["oncall"]
channels = ["C1"]
days = "Mon-Fri"
hours = "09:00-17:00"
zone = "+01:00"

[[rule]]
effect = "deny"
command = "deploys *"
roles = ["everybody"]
days = "Fri"
hours = "22:00-06:00"

[[rule]]
name = "the vault"
effect = "deny"
command = "status"
roles = ["everybody"]
except = ["oncall", "desk"]
when = 'service in ["vault", "keys"]'

[[rule]]
name = "draining only"
effect = "deny"
command = "restart"
roles = ["oncall"]
when = 'now and service not in ["api", "web"]'
"#;

/// Who asks and how: an id, then groups and addresses, `?` if these are unknown, `#` before the channel, `~` before the
/// workspace, `@` before the time (Monday 2026-11-23 at 10:00 UTC unless given); then the line; then what is said.
type Case = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("U1", "ping",
        "You may run `ping`: it requires no permission"),
    ("U9", "ping",
        "You may run `ping`: it requires no permission"),
    ("U9", "status api",
        "You may run `status api`: it requires no permission"),
    ("U1", "restart api",
        "You may run `restart api`: role `oncall` allows `ops.restart` (catops.toml line 7)"),
    ("U2 S1", "restart api",
        "You may run `restart api`: role `oncall` allows `ops.restart` (catops.toml line 7)"),
    ("U2", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may."),
    ("U2 S2", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may."),
    ("U2 ?", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may. Which groups you are in could not be found out, so what your groups may stays closed."),
    ("U1 ?", "restart api",
        "You may run `restart api`: role `oncall` allows `ops.restart` (catops.toml line 7)"),
    ("U1 ~T2", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it to people of other workspaces. Somebody with the role `oncall` or `leads` may."),
    ("U2 S1 ~T2", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it to people of other workspaces. Somebody with the role `oncall` or `leads` may."),
    ("U9 lead@example.com", "restart api",
        "You may run `restart api`: role `leads` allows `ops.restart` by `*` (catops.toml line 11)"),
    ("U9 Lead@Example.com", "restart api",
        "You may run `restart api`: role `leads` allows `ops.restart` by `*` (catops.toml line 11)"),
    ("U9 lead@example.com.evil.example", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may."),
    ("U9 lead@example.com ~T2", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it to people of other workspaces. Somebody with the role `oncall` or `leads` may."),
    ("U1", "restart billing",
        r#"You may not run `restart billing`: rule `billing is for leads` denies it when `service == "billing"` (catops.toml line 16). Somebody with the role `leads` may."#),
    ("U9 lead@example.com", "restart billing",
        "You may run `restart billing`: role `leads` allows `ops.restart` by `*` (catops.toml line 11)"),
    ("U1 ?", "restart billing",
        r#"You may not run `restart billing`: rule `billing is for leads` denies it when `service == "billing"`, and whether that is so cannot be told (catops.toml line 16). Somebody with the role `leads` may. Which groups you are in could not be found out, so what your groups may stays closed."#),
    ("U1", "restart Billing",
        r#"You may not run `restart Billing`: rule `billing is for leads` denies it when `service == "billing"`, and whether that is so cannot be told (catops.toml line 16). Somebody with the role `leads` may."#),
    ("U1", "restart api,billing",
        r#"You may not run `restart api,billing`: rule `billing is for leads` denies it when `service == "billing"`, and whether that is so cannot be told (catops.toml line 16). Somebody with the role `leads` may."#),
    ("U1", "restart",
        r#"You may not run `restart`: rule `billing is for leads` denies it when `service == "billing"`, and whether that is so cannot be told (catops.toml line 16). Somebody with the role `leads` may."#),
    ("U1 ?arguments", "restart api",
        r#"You may not run `restart api`: rule `billing is for leads` denies it when `service == "billing"`, and whether that is so cannot be told (catops.toml line 16). Somebody with the role `leads` may."#),
    ("U1 ?any", "restart api",
        "You may run `restart api`: role `oncall` allows `ops.restart` (catops.toml line 7)"),
    ("U9 ?any", "restart api",
        "You may not run `restart api`: it requires `ops.restart`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may."),
    ("U1", "restart api --now",
        "You may run `restart api --now`: role `oncall` allows `ops.restart` (catops.toml line 7)"),
    ("U1", "restart db --now",
        r#"You may not run `restart db --now`: rule `draining only` denies it when `now and service not in ["api", "web"]` (catops.toml line 56). Somebody with the role `leads` may."#),
    ("U1", "restart db",
        "You may run `restart db`: role `oncall` allows `ops.restart` (catops.toml line 7)"),
    ("U1", "restart web,db --now",
        r#"You may not run `restart web,db --now`: rule `draining only` denies it when `now and service not in ["api", "web"]`, and whether that is so cannot be told (catops.toml line 56). Somebody with the role `leads` may."#),
    ("U9 lead@example.com", "restart db --now",
        "You may run `restart db --now`: role `leads` allows `ops.restart` by `*` (catops.toml line 11)"),
    ("U1 lead@example.com", "restart db --now",
        r#"You may not run `restart db --now`: rule `draining only` denies it when `now and service not in ["api", "web"]` (catops.toml line 56). Somebody with the role `leads` may."#),
    ("U1", "logs api",
        "You may run `logs api`: role `oncall` allows `ops.logs` (catops.toml line 7)"),
    ("U9", "logs api",
        "You may not run `logs api`: it requires `ops.logs`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may."),
    ("U1", "scale web-1 3",
        "You may run `scale web-1 3`: rule `small steps` allows it (catops.toml line 24)"),
    ("U1", "scale web-1 4",
        r#"You may not run `scale web-1 4`: it requires `ops.scale`, and rule `small steps` opens it only when `count <= 3 and service like "web-*"` (catops.toml line 24). Somebody with the role `leads` may."#),
    ("U1", "scale web-1 three",
        r#"You may not run `scale web-1 three`: it requires `ops.scale`, and rule `small steps` opens it only when `count <= 3 and service like "web-*"` (catops.toml line 24). Somebody with the role `leads` may."#),
    ("U1", "scale web-1",
        r#"You may not run `scale web-1`: it requires `ops.scale`, and rule `small steps` opens it only when `count <= 3 and service like "web-*"` (catops.toml line 24). Somebody with the role `leads` may."#),
    ("U1", "scale db-1 1",
        r#"You may not run `scale db-1 1`: it requires `ops.scale`, and rule `small steps` opens it only when `count <= 3 and service like "web-*"` (catops.toml line 24). Somebody with the role `leads` may."#),
    ("U1", "scale Web-1 1",
        r#"You may not run `scale Web-1 1`: it requires `ops.scale`, and rule `small steps` opens it only when `count <= 3 and service like "web-*"` (catops.toml line 24). Somebody with the role `leads` may."#),
    ("U9", "scale web-1 1",
        "You may not run `scale web-1 1`: it requires `ops.scale`, and nothing opens it here and now. Somebody with the role `oncall` or `leads` may."),
    ("U9 ?", "scale web-1 9",
        "You may not run `scale web-1 9`: it requires `ops.scale`, and nothing opens it here and now. Somebody with the role `leads` may. Which groups you are in could not be found out, so what your groups may stays closed."),
    ("U9 lead@example.com", "scale db-1 90",
        "You may run `scale db-1 90`: role `leads` allows `ops.scale` by `*` (catops.toml line 11)"),
    ("U1", "wipe",
        "You may not run `wipe`: it requires `ops.delete-everything`, which nobody has from chat (the guardrail, catops.toml line 3)."),
    ("U9 lead@example.com", "wipe",
        "You may not run `wipe`: it requires `ops.delete-everything`, which nobody has from chat (the guardrail, catops.toml line 3)."),
    ("U1", "deploys start prod",
        "You may run `deploys start prod`: rule `office hours` allows it (catops.toml line 31)"),
    ("U1 #C2", "deploys start prod",
        "You may not run `deploys start prod`: it requires `deploy.start`, and rule `office hours` opens it only on Mon-Fri 09:00-17:00 +01:00 and in C1 (catops.toml line 31). Somebody with the role `leads` may."),
    ("U1 ?channel", "deploys start prod",
        "You may not run `deploys start prod`: it requires `deploy.start`, and rule `office hours` opens it only on Mon-Fri 09:00-17:00 +01:00 and in C1 (catops.toml line 31). Somebody with the role `leads` may."),
    ("U1 @2026-11-23T07:59Z", "deploys start prod",
        "You may not run `deploys start prod`: it requires `deploy.start`, and rule `office hours` opens it only on Mon-Fri 09:00-17:00 +01:00 and in C1 (catops.toml line 31). Somebody with the role `leads` may."),
    ("U1 @2026-11-23T08:00Z", "deploys start prod",
        "You may run `deploys start prod`: rule `office hours` allows it (catops.toml line 31)"),
    ("U1 @2026-11-23T15:59Z", "deploys start prod",
        "You may run `deploys start prod`: rule `office hours` allows it (catops.toml line 31)"),
    ("U1 @2026-11-23T16:00Z", "deploys start prod",
        "You may not run `deploys start prod`: it requires `deploy.start`, and rule `office hours` opens it only on Mon-Fri 09:00-17:00 +01:00 and in C1 (catops.toml line 31). Somebody with the role `leads` may."),
    ("U1 @2026-11-28T10:00Z", "deploys start prod",
        "You may not run `deploys start prod`: it requires `deploy.start`, and rule `office hours` opens it only on Mon-Fri 09:00-17:00 +01:00 and in C1 (catops.toml line 31). Somebody with the role `leads` may."),
    ("U1 ?time", "deploys start prod",
        "You may not run `deploys start prod`: it requires `deploy.start`, and rule `office hours` opens it only on Mon-Fri 09:00-17:00 +01:00 and in C1 (catops.toml line 31). Nobody may at the moment."),
    ("U9 lead@example.com @2026-11-27T21:59Z", "deploys start prod",
        "You may run `deploys start prod`: role `leads` allows `deploy.start` by `*` (catops.toml line 11)"),
    ("U9 lead@example.com @2026-11-27T22:00Z", "deploys start prod",
        "You may not run `deploys start prod`: a rule denies it on Fri 22:00-06:00 UTC (catops.toml line 41). Nobody may at the moment."),
    ("U9 lead@example.com @2026-11-28T05:59Z", "deploys start prod",
        "You may not run `deploys start prod`: a rule denies it on Fri 22:00-06:00 UTC (catops.toml line 41). Nobody may at the moment."),
    ("U9 lead@example.com @2026-11-28T06:00Z", "deploys start prod",
        "You may run `deploys start prod`: role `leads` allows `deploy.start` by `*` (catops.toml line 11)"),
    ("U9 lead@example.com @2026-11-27T05:00Z", "deploys start prod",
        "You may run `deploys start prod`: role `leads` allows `deploy.start` by `*` (catops.toml line 11)"),
    ("U9 lead@example.com ?time", "deploys start prod",
        "You may not run `deploys start prod`: a rule denies it on Fri 22:00-06:00 UTC, and whether that is so cannot be told (catops.toml line 41). Nobody may at the moment."),
    ("U9 @2026-11-27T23:00Z", "deploys list",
        "You may not run `deploys list`: a rule denies it on Fri 22:00-06:00 UTC (catops.toml line 41). Nobody may at the moment."),
    ("U9 @2026-11-26T23:00Z", "deploys list",
        "You may run `deploys list`: it requires no permission"),
    ("U9", "status vault",
        r#"You may not run `status vault`: rule `the vault` denies it when `service in ["vault", "keys"]` (catops.toml line 48). Somebody with the role `oncall` or `desk` may."#),
    ("U9", "status VAULT",
        r#"You may not run `status VAULT`: rule `the vault` denies it when `service in ["vault", "keys"]`, and whether that is so cannot be told (catops.toml line 48). Somebody with the role `oncall` or `desk` may."#),
    ("U9", "status api,keys",
        r#"You may not run `status api,keys`: rule `the vault` denies it when `service in ["vault", "keys"]`, and whether that is so cannot be told (catops.toml line 48). Somebody with the role `oncall` or `desk` may."#),
    ("U9", "status",
        r#"You may not run `status`: rule `the vault` denies it when `service in ["vault", "keys"]`, and whether that is so cannot be told (catops.toml line 48). Somebody with the role `oncall` or `desk` may."#),
    ("U9 ?any", "status",
        "You may run `status`: it requires no permission"),
    ("U1", "status vault",
        "You may run `status vault`: it requires no permission"),
    ("U9 #C7", "status vault",
        "You may run `status vault`: it requires no permission"),
    ("U9 #C7 ~T2", "status vault",
        r#"You may not run `status vault`: rule `the vault` denies it when `service in ["vault", "keys"]` (catops.toml line 48). Somebody with the role `oncall` or `desk` may."#),
    ("U9 ?", "status vault",
        r#"You may not run `status vault`: rule `the vault` denies it when `service in ["vault", "keys"]`, and whether that is so cannot be told (catops.toml line 48). Somebody with the role `oncall` or `desk` may. Which groups you are in could not be found out, so what your groups may stays closed."#),
    ("U9 ?channel", "status vault",
        r#"You may not run `status vault`: rule `the vault` denies it when `service in ["vault", "keys"]`, and whether that is so cannot be told (catops.toml line 48). Somebody with the role `oncall` or `desk` may."#),
];

/// Asks as a case says, and gives the question to `use_it`.
pub(super) fn ask<T>(who: &str, line: &str, use_it: impl FnOnce(&Question<'_>) -> T) -> T {
    let asked = Asked::new(line);
    let mut words = who.split(' ');
    let user = words.next().unwrap();
    let (mut groups, mut known) = (Vec::new(), true);
    let mut question = asked.question(user, &[]);
    for word in words {
        match word.split_at(1) {
            ("?", "") => known = false,
            ("?", "arguments") => question.arguments = Arguments::Unknown,
            ("?", "any") => question.arguments = Arguments::Any,
            ("?", "channel") => question.channel = None,
            ("?", "time") => question.now = None,
            ("#", channel) => question.channel = Some(channel),
            ("~", team) => question.team = team,
            ("@", time) => question.now = Some(crate::moment(time).unwrap()),
            _ => groups.push(word.to_owned()),
        }
    }
    question.groups = if known { Groups::Known(&groups) } else { Groups::Unknown };
    use_it(&question)
}

#[test]
fn each_is_decided_and_told() {
    let rules = load(FILE).unwrap().rules;
    for (who, line, expected) in CASES {
        let said = ask(who, line, |question| rules.sentence(line, question, &rules.decide(question)));
        assert_eq!(said, *expected, "{who}: {line}");
    }
}

#[test]
fn groups_are_worth_asking_for_only_where_they_could_change_it() {
    let rules = load(FILE).unwrap().rules;
    for (who, line, expected) in [
        ("U2 ?", "restart api", true),
        ("U1 ?", "restart billing", true),
        ("U9 ?", "status vault", true),
        ("U2", "restart api", false),
        ("U9 ?", "wipe", false),
        ("U9 ? @2026-11-27T23:00Z", "deploys list", false),
        ("U9 ? @2026-11-27T23:00Z", "deploys start prod", false),
        ("U9 ? ~T2", "restart api", false),
    ] {
        let verdict = ask(who, line, |question| rules.decide(question));
        let crate::Verdict::Deny(denial) = verdict else { panic!("{who}: {line}") };
        assert_eq!(denial.hinges_on_groups, expected, "{who}: {line}");
    }
}

#[test]
fn arguments_are_read_only_where_a_rule_weighs_them() {
    let rules = load(FILE).unwrap().rules;
    for (line, expected) in [
        ("restart", true),
        ("scale", true),
        ("status", true),
        ("logs", false),
        ("ping", false),
        ("deploys start", false),
    ] {
        let asked = Asked::new(line);
        assert_eq!(rules.weighs_arguments(&asked.path, asked.permission.as_deref()), expected, "{line}");
    }
}

#[test]
fn without_a_file_only_what_requires_nothing_is_open() {
    for (line, expected) in [("ping", true), ("status vault", true), ("restart api", false), ("wipe", false)] {
        let verdict = ask("U1 S1", line, |question| crate::Rules::NONE.decide(question));
        assert_eq!(verdict.is_allowed(), expected, "{line}");
    }
}
