//! Every mistake in a policy file, as the operator sees it.

mod waiting;

use super::load;

/// A mistake: what it is, the file, and what is said after its name.
type Case = (&'static str, &'static str, &'static [&'static str]);

/// What the members of a role can be, at the end of what is said of a name.
macro_rules! ids {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            ", and people choose their own; write the id, such as `U012AB3CD` (in Slack: profile › ⋮ › Copy member ID), ",
            "`S0614TZR7` for a user group, `C024BE91L` for a channel, or an e-mail address",
            $after
        )
    };
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    (
        "a quote is open",
        r#"guardrail = ["ops.restart]"#,
        &[r#"1:14: this text is never closed; write " where it ends"#],
    ),
    (
        "a list is open",
        r#"guardrail = ["ops.restart""#,
        &["1:13: this list is never closed; write `]` after its last value"],
    ),
    (
        "no comma in a list",
        r#"guardrail = ["ops.restart" "ops.logs"]"#,
        &["1:28: the values of a list are separated by commas, and `]` ends it"],
    ),
    (
        "no value",
        "guardrail =",
        &["1:12: here a value is expected, such as a text in quotes"],
    ),
    (
        "no equals sign",
        r#"guardrail ["ops.restart"]"#,
        &[r#"1:11: a key is followed by `=` and its value, as in `effect = "deny"`"#],
    ),
    (
        "a bare word",
        "guardrail = [ops.restart]",
        &[r#"1:14: `ops.restart` belongs in quotes: `"ops.restart"`"#],
    ),
    (
        "two keys in a line",
        r#"[roles.oncall] members = ["U1"]"#,
        &["1:16: here the line should end; write the next key into a line of its own"],
    ),
    (
        "a text over several lines",
        r#"guardrail = """ops.restart""""#,
        &["1:13: a text over several lines is not read here; write it in one line"],
    ),
    (
        "a key twice",
        r#"guardrail = ["ops.restart"]
guardrail = ["ops.logs"]"#,
        &["2:1: `guardrail` is already in line 1; keep one of them"],
    ),
    (
        "a role twice",
        r#"[roles.oncall]
members = ["U1"]
[roles.oncall]
members = ["U2"]"#,
        &["3:8: `oncall` is already in line 1; keep one of them"],
    ),
    (
        "the name of a table is open",
        r#"[roles.oncall
members = ["U1"]"#,
        &["1:14: the name of a table ends with `]`"],
    ),
    (
        "a stray escape",
        r#"guardrail = ["ops\.restart"]"#,
        &[r#"1:18: `\` escapes what follows it; write `\\`, or put the text between `'`"#],
    ),
    (
        "an unknown key at the top",
        r#"gardrail = ["ops.restart"]"#,
        &["1:1: unknown key `gardrail`; did you mean `guardrail`?"],
    ),
    (
        "an unknown key that is like none",
        r#"colour = "blue""#,
        &["1:1: unknown key `colour`; the keys at the top of the file are `teams`, `guardrail`, `break-glass`, `roles`, `rule`, `limit` and `test`"],
    ),
    (
        "an unknown key of a role",
        r#"[roles.oncall]
member = ["U1"]"#,
        &["2:1: unknown key `member`; did you mean `members`?"],
    ),
    (
        "an unknown key of a rule",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
wen = 'service == "api"'"#,
        &["7:1: unknown key `wen`; did you mean `when`?"],
    ),
    (
        "an unknown key of a test",
        r#"[[test]]
as = "U1"
allow = ["ping"]"#,
        &["3:1: unknown key `allow`; did you mean `allows`?"],
    ),
    (
        "one rule in single brackets",
        r#"[roles.oncall]
members = ["U1"]
[rule]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
"#,
        &["3:2: `rule` is a table; write `[[rule]]` above each rule"],
    ),
    (
        "roles as a list",
        r#"[[roles]]
name = "oncall""#,
        &["1:3: `roles` is a list of tables; write `[roles.oncall]` and what belongs to it below"],
    ),
    (
        "a role that is a list",
        r#"[roles]
oncall = ["U1"]"#,
        &["2:10: the role `oncall` is a list; write `[roles.oncall]`, and below it `members` and `allow`"],
    ),
    (
        "a number for a text",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = 1
permission = "ops.restart"
roles = ["oncall"]"#,
        &["4:10: `effect` takes one text in quotes, and this is a number"],
    ),
    (
        "a number in a list",
        r#"guardrail = ["ops.restart", 7]"#,
        &["1:29: `guardrail` takes texts in quotes, and this is a number"],
    ),
    (
        "a mention",
        r#"[roles.oncall]
members = ["@ann"]"#,
        &[ids!("2:12: `@ann` is a name", "")],
    ),
    (
        "a channel's name",
        r##"[roles.oncall]
members = ["#ops"]"##,
        &["2:12: `#ops` is the name of a channel, which can be given to another; write the id, such as `C024BE91L` (in Slack: the channel's name › About › the last line)"],
    ),
    (
        "a bare name",
        r#"[roles.oncall]
members = ["ann"]"#,
        &[ids!("2:12: `ann` looks like a name", "; an id of another chat is written `user:ann`")],
    ),
    (
        "a name in capitals",
        r#"[roles.oncall]
members = ["UNCLE"]"#,
        &[ids!("2:12: `UNCLE` looks like a name", "; an id of another chat is written `user:UNCLE`")],
    ),
    (
        "an id in small letters",
        r#"[roles.oncall]
members = ["u012ab3cd"]"#,
        &["2:12: `u012ab3cd` is not how ids are written; did you mean `U012AB3CD`?"],
    ),
    (
        "half an address",
        r#"[roles.oncall]
members = ["ann@example"]"#,
        &["2:12: `ann@example` is not one e-mail address, such as `ann@example.com`"],
    ),
    (
        "two addresses in one",
        r#"[roles.oncall]
members = ["ann@example.com, bob@example.com"]"#,
        &["2:12: `ann@example.com, bob@example.com` is not one e-mail address, such as `ann@example.com`"],
    ),
    (
        "a kind that is none",
        r#"[roles.oncall]
members = ["role:leads"]"#,
        &["2:12: `role:` is no kind of id; there are `user:`, `group:` and `channel:`"],
    ),
    (
        "a workspace as a member",
        r#"[roles.oncall]
members = ["T024BE7LD"]"#,
        &["2:12: `T024BE7LD` is a workspace; `teams` at the top of the file takes it"],
    ),
    (
        "a member that is no text",
        "[roles.oncall]
members = [true]",
        &["2:12: `members` takes texts in quotes, and this is `true` or `false`"],
    ),
    (
        "a member twice",
        r#"[roles.oncall]
members = ["U1", "U1"]"#,
        &["2:18: `U1` is in this role already, in line 2; remove one"],
    ),
    (
        "an empty role",
        "[roles.oncall]
members = []",
        &["2:1: the role `oncall` is empty; add a member, or remove the role"],
    ),
    (
        "a role without members",
        r#"[roles.oncall]
allow = ["ops.restart"]"#,
        &[r#"1:1: the role `oncall` has no members; write `members = ["U012AB3CD"]`"#],
    ),
    (
        "a role named everybody",
        r#"[roles.everybody]
members = ["U1"]"#,
        &["1:1: the role `everybody` is there already, and everybody has it; choose another name"],
    ),
    (
        "a role with a space",
        r#"[roles."on call"]
members = ["U1"]"#,
        &["1:1: a role's name is one word of letters, digits, `-` and `_`, and `on call` is not"],
    ),
    (
        "a workspace's name",
        r#"teams = ["acme"]"#,
        &["1:10: `acme` is not the id of a workspace, such as `T024BE7LD` (in Slack on the web: the first id in the address)"],
    ),
    (
        "a permission that no command requires",
        r#"[roles.oncall]
members = ["U1"]
allow = ["ops.restrat"]"#,
        &["3:10: no command requires `ops.restrat`; did you mean `ops.restart`?"],
    ),
    (
        "a permission like none",
        r#"[roles.oncall]
members = ["U1"]
allow = ["billing.refund"]"#,
        &["3:10: no command requires `billing.refund`; they require `deploy.start`, `ops.delete-everything`, `ops.login`, `ops.logs`, `ops.restart` and `ops.scale`"],
    ),
    (
        "a star in a permission",
        r#"[roles.oncall]
members = ["U1"]
allow = ["*.restart"]"#,
        &["3:10: `*.restart` is no permission; one is words joined by dots, such as `ops.restart`, and `ops.*` is all that begin with `ops.`"],
    ),
    (
        "a permission of two words",
        r#"[roles.oncall]
members = ["U1"]
allow = ["ops restart"]"#,
        &["3:10: `ops restart` is no permission; one is words joined by dots, such as `ops.restart`, and `ops.*` is all that begin with `ops.`"],
    ),
    (
        "a guardrail that guards nothing",
        r#"guardrail = ["ops.delete"]"#,
        &["1:14: no command requires `ops.delete`; did you mean `ops.delete-everything`?"],
    ),
    (
        "a role allows what the guardrail keeps",
        r#"guardrail = ["ops.delete-everything"]
[roles.oncall]
members = ["U1"]
allow = ["ops.delete-everything"]"#,
        &["4:10: `ops.delete-everything` can never be allowed: the guardrail in line 1 keeps it from everybody; remove one of them"],
    ),
    (
        "a rule allows what the guardrail keeps",
        r#"guardrail = ["ops.delete-everything"]
[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
command = "wipe"
roles = ["oncall"]"#,
        &["6:11: `wipe` can never be allowed: it requires `ops.delete-everything`, which the guardrail in line 1 keeps from everybody; remove one of them"],
    ),
    (
        "a command that is not there",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
command = "restrat"
roles = ["oncall"]"#,
        &["5:11: there is no command `restrat`; did you mean `restart`?"],
    ),
    (
        "a group without a star",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
command = "deploys"
roles = ["oncall"]"#,
        &["5:11: `deploys` is a group; write `deploys *` for all commands in it"],
    ),
    (
        "arguments in a command",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
command = "restart api --now"
roles = ["oncall"]"#,
        &["5:11: `restart api --now` is no command; write its name as `help` shows it, such as `restart` or `deploys start`, and `deploys *` for a group; arguments belong into `when`"],
    ),
    (
        "a slash before a command",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
command = "/restart"
roles = ["oncall"]"#,
        &["5:11: `/restart` is no command; write its name as `help` shows it, such as `restart` or `deploys start`, and `deploys *` for a group; arguments belong into `when`"],
    ),
    (
        "a rule that allows what is open",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
command = "status"
roles = ["oncall"]"#,
        &[r#"5:11: `status` requires no permission, so everybody may already; to close it to others write `effect = "deny"`, `roles = ["everybody"]` and `except` with those who may"#],
    ),
    (
        "no effect",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
permission = "ops.restart"
roles = ["oncall"]"#,
        &[r#"3:1: this rule has no `effect`; write `effect = "allow"`, `effect = "deny"` or `effect = "approve"`"#],
    ),
    (
        "an effect that is none",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "forbid"
permission = "ops.restart"
roles = ["oncall"]"#,
        &["4:10: `effect` cannot be `forbid`; it is `allow`, `deny` or `approve`"],
    ),
    (
        "about nothing",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
roles = ["oncall"]"#,
        &[r#"3:1: this rule does not say what it is about; write `permission = "ops.restart"` or `command = "restart"`"#],
    ),
    (
        "about a permission and a command",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
command = "restart""#,
        &["7:1: a rule has either `permission` or `command`; write two rules"],
    ),
    (
        "no roles",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart""#,
        &[r#"3:1: this rule does not say whom it is about; write `roles = ["everybody"]` or name roles"#],
    ),
    (
        "an empty list of roles",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = []"#,
        &[r#"6:1: this rule is about nobody; write `roles = ["everybody"]` or name roles"#],
    ),
    (
        "an unknown role",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["onkall"]"#,
        &["6:10: there is no role `onkall`; did you mean `oncall`?"],
    ),
    (
        "an unknown role like none",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["managers"]"#,
        &["6:10: there is no role `managers`; the roles are `oncall` and `everybody`"],
    ),
    (
        "an exception for everybody",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
except = ["everybody"]"#,
        &["7:11: a rule with an exception for everybody is about nobody; name roles"],
    ),
    (
        "a role in both lists",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
except = ["oncall"]"#,
        &["7:11: `oncall` is in `roles` and in `except`; remove it from one"],
    ),
    (
        "a channel's name in a rule",
        r##"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
channels = ["#ops"]"##,
        &["7:13: `#ops` is not the id of a channel, whose name can be given to another; write the id, such as `C024BE91L` (in Slack: the channel's name › About › the last line)"],
    ),
    (
        "a person as a channel",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
channels = ["U1"]"#,
        &["7:13: `U1` is no channel; the id of one begins with C or G, such as `C024BE91L`"],
    ),
    (
        "no channel",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
channels = []"#,
        &["7:1: this rule holds in no channel; name channels, or leave `channels` out"],
    ),
    (
        "a day that is none",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
days = "Mon-Friday""#,
        &["7:8: `Friday` is no day; the days are Mon, Tue, Wed, Thu, Fri, Sat and Sun, as in `Mon-Fri` or `Sat, Sun`"],
    ),
    (
        "hours that are none",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
hours = "9-17""#,
        &["7:9: `9-17` are no hours; write them as in `09:00-17:30`, or `22:00-06:00` past midnight"],
    ),
    (
        "hours past the day",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
hours = "09:00-25:00""#,
        &["7:9: `09:00-25:00` are no hours; write them as in `09:00-17:30`, or `22:00-06:00` past midnight"],
    ),
    (
        "hours that begin when they end",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
hours = "09:00-09:00""#,
        &["7:9: `09:00-09:00` begins when it ends; for the whole day leave `hours` out"],
    ),
    (
        "a zone with summer time",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
days = "Sat"
zone = "Europe/Berlin""#,
        &["8:8: `Europe/Berlin` is no fixed distance from UTC; write `UTC`, `+01:00` or `-05:30`: zones that change in summer are not known here"],
    ),
    (
        "a zone too far",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
days = "Sat"
zone = "+15:00""#,
        &["8:8: `+15:00` is no fixed distance from UTC; write `UTC`, `+01:00` or `-05:30`: zones that change in summer are not known here"],
    ),
    (
        "a zone without hours",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
zone = "+01:00""#,
        &["7:1: `zone` belongs to `days` or `hours`, and there are none"],
    ),
    (
        "one equals sign",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service = "api"'"#,
        &["7:17: to compare write `==`"],
    ),
    (
        "a value without quotes",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service == api'"#,
        &[r#"7:20: a value stands in quotes: `service == "api"`"#],
    ),
    (
        "an open quote in a condition",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service == "api'"#,
        &[r#"7:20: this text is never closed; write " where it ends"#],
    ),
    (
        "or",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service == "api" or service == "web"'"#,
        &[r#"7:26: a condition has no `or`: write two rules, or `in ["a", "b"]` for one argument"#],
    ),
    (
        "two signs for and",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service == "api" && now'"#,
        &["7:26: write `and` between two comparisons"],
    ),
    (
        "nothing",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = ''"#,
        &[r#"7:9: here the name of an argument is expected, as in `service != "billing"`"#],
    ),
    (
        "no value after a sign",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service =='"#,
        &[r#"7:19: after `==` a value is expected, as in `service == "billing"`"#],
    ),
    (
        "a word for a number",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.scale"
roles = ["oncall"]
when = 'count <= "3"'"#,
        &["7:18: after `<=` a whole number is expected, without quotes"],
    ),
    (
        "a fraction",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.scale"
roles = ["oncall"]
when = "count <= 1.5""#,
        &["7:18: `1.5` is no whole number; a text stands in quotes"],
    ),
    (
        "in without a list",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service in "api"'"#,
        &[r#"7:20: here a list is expected, as in `in ["api", "web"]`"#],
    ),
    (
        "not before a comparison",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'not service == "api"'"#,
        &[r#"7:13: `not` stands before a flag; compare as in `service != "…"` or `service not in ["…"]`"#],
    ),
    (
        "a sign that is none",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service ~ "api"'"#,
        &["7:17: `service` is followed by `==`, `!=`, `in`, `not in`, `like`, `not like`, `<`, `<=`, `>` or `>=`"],
    ),
    (
        "two comparisons without and",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'service == "api" now'"#,
        &["7:26: here `and` is expected, or the end"],
    ),
    (
        "an argument that the command lacks",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'servcie == "api"'"#,
        &["7:8: `restart`, which this rule is about, has no argument `servcie`; did you mean `service`?"],
    ),
    (
        "an argument like none",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'env == "prod"'"#,
        &["7:8: `restart`, which this rule is about, has no argument `env`; it has `service` and `now`"],
    ),
    (
        "an argument that one of many lacks",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
permission = "ops.*"
roles = ["oncall"]
when = 'service == "api"'"#,
        &["7:8: `login`, which this rule is about, has no argument `service`; it has `user` and `token`; or name the commands that have it with `command = […]`"],
    ),
    (
        "an argument of a command without any",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
command = "wipe"
roles = ["oncall"]
when = 'service == "api"'"#,
        &["7:8: `wipe`, which this rule is about, has no argument `service`; it takes none"],
    ),
    (
        "a secret argument",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
command = "login"
roles = ["oncall"]
when = 'token == "x"'"#,
        &["7:8: the argument `token` of `login` is secret, and a rule would tell of it; decide by another"],
    ),
    (
        "a flag with a value",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["oncall"]
when = 'now == "yes"'"#,
        &["7:8: `now` of `restart` is a flag; write `now` or `not now`"],
    ),
    (
        "a choice that is none",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
command = "deploys start"
roles = ["oncall"]
when = 'env == "prd"'"#,
        &["7:8: `env` can never be `prd`; did you mean `prod`?"],
    ),
    (
        "a test of nobody",
        r#"[[test]]
allows = ["ping"]"#,
        &[r#"1:1: this test does not say who asks; write `as = "U012AB3CD"`"#],
    ),
    (
        "a test of a name",
        r#"[[test]]
as = "ann"
allows = ["ping"]"#,
        &[ids!("2:6: `ann` looks like a name", "; an id of another chat is written `user:ann`")],
    ),
    (
        "a test of a group",
        r#"[[test]]
as = "S1"
allows = ["ping"]"#,
        &["2:6: `S1` is not the id of a person; `groups` takes groups and e-mail addresses"],
    ),
    (
        "a test that expects nothing",
        r#"[[test]]
as = "U1""#,
        &[r#"1:1: this test expects nothing; write `allows = ["restart api"]` or `denies = […]`"#],
    ),
    (
        "a test at no time",
        r#"[[test]]
as = "U1"
at = "Monday"
allows = ["ping"]"#,
        &["3:6: `Monday` is no time; write it in UTC, such as `2026-11-22T03:00Z`"],
    ),
    (
        "a test in no channel",
        r##"[[test]]
as = "U1"
in = "#ops"
allows = ["ping"]"##,
        &["3:6: `#ops` is not the id of a channel, whose name can be given to another; write the id, such as `C024BE91L` (in Slack: the channel's name › About › the last line)"],
    ),
    (
        "a person among groups",
        r#"[[test]]
as = "U1"
groups = ["U2"]
allows = ["ping"]"#,
        &["3:11: `U2` is neither a group nor an e-mail address"],
    ),
    (
        "an empty list of permissions",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
permission = []
roles = ["oncall"]"#,
        &["5:1: this rule is about nothing; name a permission"],
    ),
    (
        "an empty list of commands",
        r#"[roles.oncall]
members = ["U1"]
[[rule]]
effect = "deny"
command = []
roles = ["oncall"]"#,
        &["5:1: this rule is about nothing; name a command"],
    ),
    (
        "an empty list of workspaces",
        "teams = []",
        &["1:1: no workspace is named; name one, or leave `teams` out for all"],
    ),
    (
        "several at once",
        r#"teams = ["acme"]
[roles.oncall]
members = ["U1"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["onkall"]
hours = "9-17"
wen = "x""#,
        &[
            "1:10: `acme` is not the id of a workspace, such as `T024BE7LD` (in Slack on the web: the first id in the address)",
            "7:10: there is no role `onkall`; did you mean `oncall`?",
            "8:9: `9-17` are no hours; write them as in `09:00-17:30`, or `22:00-06:00` past midnight",
            "9:1: unknown key `wen`; did you mean `when`?",
        ],
    ),
];

fn all() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(waiting::CASES)
}

#[test]
fn each_is_told_with_its_place_and_the_cure() {
    for (name, text, expected) in all() {
        let said = load(text).map(|_| Vec::new()).unwrap_or_else(|said| said);
        let said: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("plugins/catops.toml:")).collect();
        assert_eq!(said, *expected, "{name}:\n{text}");
    }
}

#[test]
fn no_two_cases_are_the_same() {
    let cases: Vec<&Case> = all().collect();
    for (at, (name, text, _)) in cases.iter().enumerate() {
        let same = cases[..at].iter().find(|(other, twin, _)| other == name || twin == text);
        assert_eq!(same, None, "{name}");
    }
}
