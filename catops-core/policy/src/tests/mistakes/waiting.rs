//! Mistakes in what is said of approvals, limits, the glass and the audit.

use super::Case;

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    (
        "nobody who approves",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]"#,
        &[r#"3:1: this rule does not say who can approve; write `by = ["everybody"]` or name roles"#],
    ),
    (
        "an empty list of those who approve",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = []"#,
        &[r#"7:1: nobody could approve this; write `by = ["everybody"]` or name roles"#],
    ),
    (
        "an unknown role that approves",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leeds"]"#,
        &["7:7: there is no role `leeds`; did you mean `leads`?"],
    ),
    (
        "an unknown role that approves, like none",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["managers"]"#,
        &["7:7: there is no role `managers`; the roles are `leads` and `everybody`"],
    ),
    (
        "a person who approves",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["U1"]"#,
        &["7:7: there is no role `U1`; the roles are `leads` and `everybody`"],
    ),
    (
        "a number that approves",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = 2"#,
        &["7:6: `by` takes texts in quotes, and this is a number"],
    ),
    (
        "no approvals",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
count = 0"#,
        &["8:9: `count` takes a whole number from 1 to 9, and this is 0"],
    ),
    (
        "too many approvals",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["everybody"]
count = 10"#,
        &["8:9: `count` takes a whole number from 1 to 9, and this is 10"],
    ),
    (
        "approvals below none",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["everybody"]
count = -1"#,
        &["8:9: `count` takes a whole number from 1 to 9, and this is -1"],
    ),
    (
        "approvals in quotes",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
count = "2""#,
        &["8:9: `count` takes a whole number from 1 to 9, and this is a text"],
    ),
    (
        "more approvals than people",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
count = 3"#,
        &["7:1: 3 have to approve, and 2 people have the role `leads`; name more roles or members, or lower `count`"],
    ),
    (
        "a person in two roles that approve",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads", "desk"]
count = 3
[roles.desk]
members = ["U2"]"#,
        &["7:1: 3 have to approve, and 2 people have the role `leads` or `desk`; name more roles or members, or lower `count`"],
    ),
    (
        "two approvals of one person",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["desk"]
count = 2
[roles.desk]
members = ["a@b.cc"]"#,
        &["7:1: 2 have to approve, and 1 person has the role `desk`; name more roles or members, or lower `count`"],
    ),
    (
        "a wait without a unit",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = "30""#,
        &["8:10: `30` is no time; write a whole number and `s`, `m`, `h` or `d`, such as `30m`"],
    ),
    (
        "a wait without quotes",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = 30m"#,
        &[r#"8:10: `30m` belongs in quotes: `"30m"`"#],
    ),
    (
        "a number as a wait",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = 30"#,
        &["8:10: `within` takes one text in quotes, and this is a number"],
    ),
    (
        "a wait in words",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = "soon""#,
        &["8:10: `soon` is no time; write a whole number and `s`, `m`, `h` or `d`, such as `30m`"],
    ),
    (
        "a wait in two units",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = "1h30m""#,
        &["8:10: `1h30m` is no time; write a whole number and `s`, `m`, `h` or `d`, such as `30m`"],
    ),
    (
        "a wait with a fraction",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = "1.5h""#,
        &["8:10: `1.5h` is no time; write a whole number and `s`, `m`, `h` or `d`, such as `30m`"],
    ),
    (
        "a wait in weeks",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = "1w""#,
        &["8:10: `1w` is no time; write a whole number and `s`, `m`, `h` or `d`, such as `30m`"],
    ),
    (
        "no wait",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = "0s""#,
        &["8:10: `0s` is not between `1s` and `7d`"],
    ),
    (
        "a wait too long",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = "8d""#,
        &["8:10: `8d` is not between `1s` and `7d`"],
    ),
    (
        "a wait beyond all numbers",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
within = "99999999999h""#,
        &["8:10: `99999999999h` is not between `1s` and `7d`"],
    ),
    (
        "a misspelled wait",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
withing = "1h""#,
        &["8:1: unknown key `withing`; did you mean `within`?"],
    ),
    (
        "those who approve where a rule allows",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "allow"
command = "restart"
roles = ["everybody"]
by = ["leads"]"#,
        &[r#"7:1: `by` belongs to a rule with `effect = "approve"`; remove it, or write that effect"#],
    ),
    (
        "a count and a wait where a rule denies",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "deny"
command = "restart"
roles = ["everybody"]
count = 2
within = "1h""#,
        &[
            r#"7:1: `count` belongs to a rule with `effect = "approve"`; remove it, or write that effect"#,
            r#"8:1: `within` belongs to a rule with `effect = "approve"`; remove it, or write that effect"#,
        ],
    ),
    (
        "a misspelled effect",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "aprove"
command = "restart"
roles = ["everybody"]
by = ["leads"]"#,
        &["4:10: `effect` cannot be `aprove`; it is `allow`, `deny` or `approve`"],
    ),
    (
        "approval for a command that is not there",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restrat"
roles = ["everybody"]
by = ["leads"]"#,
        &["5:11: there is no command `restrat`; did you mean `restart`?"],
    ),
    (
        "approval for an argument that is not there",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
command = "restart"
roles = ["everybody"]
by = ["leads"]
when = 'env == "prod"'"#,
        &["8:8: `restart`, which this rule is about, has no argument `env`; it has `service` and `now`"],
    ),
    (
        "approval for a look at the audit",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "approve"
permission = "catops.audit"
roles = ["everybody"]
by = ["leads"]"#,
        &["5:14: no command requires `catops.audit`; they require `deploy.start`, `ops.delete-everything`, `ops.login`, `ops.logs`, `ops.restart` and `ops.scale`"],
    ),
    (
        "a misspelled look at the audit",
        r#"[roles.leads]
members = ["U1", "U2"]
allow = ["catops.audti"]"#,
        &["3:10: no command requires `catops.audti`; did you mean `catops.audit`?"],
    ),
    (
        "a condition on a look at the audit",
        r#"[roles.leads]
members = ["U1", "U2"]
[[rule]]
effect = "allow"
permission = "catops.audit"
roles = ["leads"]
when = 'service == "api"'"#,
        &["7:8: what `catops.audit` opens has no arguments; leave `when` out"],
    ),
    (
        "a look at the audit that the guardrail keeps",
        r#"guardrail = ["catops.*"]
[roles.leads]
members = ["U1", "U2"]
allow = ["catops.audit"]"#,
        &["4:10: `catops.audit` can never be allowed: the guardrail in line 1 keeps it from everybody; remove one of them"],
    ),
    (
        "one limit in single brackets",
        r#"[limit]
per = "user""#,
        &["1:2: `limit` is a table; write `[[limit]]` above each limit"],
    ),
    (
        "an unknown key of a limit",
        r#"[[limit]]
pre = "user"
count = 3
within = "1h""#,
        &["2:1: unknown key `pre`; did you mean `per`?"],
    ),
    (
        "a limit for roles",
        r#"[[limit]]
per = "user"
count = 3
within = "1h"
roles = ["everybody"]"#,
        &["5:1: unknown key `roles`; the keys of a limit are `name`, `permission`, `command`, `per`, `count` and `within`"],
    ),
    (
        "a limit that says nothing",
        r#"[[limit]]
name = "x""#,
        &[
            r#"1:1: this limit has no `per`; write such as `per = "user"`"#,
            "1:1: this limit has no `count`; write such as `count = 10`",
            r#"1:1: this limit has no `within`; write such as `within = "1h"`"#,
        ],
    ),
    (
        "a limit with the name of another",
        r#"[[limit]]
name = "slowly"
per = "user"
count = 3
within = "1h"
[[limit]]
name = "slowly"
per = "bot"
count = 30
within = "1h""#,
        &["7:8: `slowly` is already the limit in line 1; choose another name"],
    ),
    (
        "a limit per channel",
        r#"[[limit]]
per = "channel"
count = 3
within = "1h""#,
        &["2:7: `per` cannot be `channel`; it is `user`, `command` or `bot`"],
    ),
    (
        "a limit of none",
        r#"[[limit]]
per = "user"
count = 0
within = "1h""#,
        &["3:9: `count` takes a whole number from 1 to 100, and this is 0"],
    ),
    (
        "a limit of many",
        r#"[[limit]]
per = "user"
count = 101
within = "1h""#,
        &["3:9: `count` takes a whole number from 1 to 100, and this is 101"],
    ),
    (
        "a limit in another time",
        r#"[[limit]]
per = "bot"
count = 3
within = "1 hour""#,
        &["4:10: `1 hour` is no time; write a whole number and `s`, `m`, `h` or `d`, such as `30m`"],
    ),
    (
        "a limit on a permission and a command",
        r#"[[limit]]
permission = "ops.restart"
command = "restart"
per = "bot"
count = 3
within = "1h""#,
        &["3:1: a limit has either `permission` or `command`; write two limits"],
    ),
    (
        "a limit on nothing",
        r#"[[limit]]
command = []
per = "bot"
count = 3
within = "1h""#,
        &["2:1: this limit is about nothing; name a command"],
    ),
    (
        "a limit on a command that is not there",
        r#"[[limit]]
command = "restrat"
per = "bot"
count = 3
within = "1h""#,
        &["2:11: there is no command `restrat`; did you mean `restart`?"],
    ),
    (
        "a limit on a group without a star",
        r#"[[limit]]
command = "deploys"
per = "bot"
count = 3
within = "1h""#,
        &["2:11: `deploys` is a group; write `deploys *` for all commands in it"],
    ),
    (
        "a limit on a permission that no command requires",
        r#"[[limit]]
permission = "ops.restrat"
per = "bot"
count = 3
within = "1h""#,
        &["2:14: no command requires `ops.restrat`; did you mean `ops.restart`?"],
    ),
    (
        "a limit on looks at the audit",
        r#"[[limit]]
permission = "catops.audit"
per = "bot"
count = 3
within = "1h""#,
        &["2:14: no command requires `catops.audit`; they require `deploy.start`, `ops.delete-everything`, `ops.login`, `ops.logs`, `ops.restart` and `ops.scale`"],
    ),
    (
        "an unknown role that breaks the glass",
        r#"break-glass = ["leeds"]
[roles.leads]
members = ["U1", "U2"]"#,
        &["1:16: there is no role `leeds`; did you mean `leads`?"],
    ),
    (
        "nobody who breaks the glass",
        "break-glass = []",
        &["1:1: no role is named; name one, or leave `break-glass` out"],
    ),
    (
        "a glass with another line",
        r#"break_glass = ["leads"]
[roles.leads]
members = ["U1", "U2"]"#,
        &["1:1: unknown key `break_glass`; did you mean `break-glass`?"],
    ),
    (
        "a glass for true",
        "break-glass = true",
        &["1:15: `break-glass` takes texts in quotes, and this is `true` or `false`"],
    ),
    (
        "a test with a misspelled answer",
        r#"[[test]]
as = "U1"
approve = ["ping"]"#,
        &["3:1: unknown key `approve`; did you mean `approves`?"],
    ),
];
