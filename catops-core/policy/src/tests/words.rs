//! What the operator sees, and what conditions and windows are.

use super::{Asked, load};
use crate::keep::keep_all;
use crate::{Truth, Window, moment, span, when, window};

/// A file with one of everything.
const FILE: &str = r#"guardrail = ["ops.delete-everything"]
[roles.oncall]
members = ["U1", "S1"]
allow = ["ops.restart", "ops.delete-everything-else", "ops.*"]
[[rule]]
name = "billing"
effect = "deny"
command = ["restart", "logs"]
roles = ["everybody"]
except = ["oncall"]
when = 'service == "billing"'
channels = ["C2"]
[[rule]]
effect = "allow"
permission = "ops.restart"
roles = ["everybody"]
hours = "09:00-17:00"
"#;

fn file() -> crate::Rules {
    load(&FILE.replace("\"ops.delete-everything-else\", ", "")).unwrap().rules
}

#[test]
fn a_trace_shows_every_step() {
    let asked = Asked::new("restart api");
    let groups = ["S1".to_owned()];
    assert_eq!(
        file().trace("restart api", &asked.question("U5", &groups), None),
        "U5 asks for `restart api` in C1 on Mon 10:00 UTC
  groups    S1
  roles     oncall (line 2)
  requires  ops.restart
  line 4    role `oncall` allows `ops.restart`: yes
  line 4    role `oncall` allows `ops.*`: yes
  line 5    rule `billing` denies `restart, logs` to everybody except oncall when `service == \"billing\"` and in C2: no
  line 13   a rule allows `ops.restart` to everybody at 09:00-17:00 UTC: yes
allowed: role `oncall` allows `ops.restart` (catops.toml line 4)"
    );
    let asked = Asked::new("wipe");
    assert_eq!(
        file().trace("wipe", &crate::Question { channel: None, now: None, ..asked.question("U5", &[]) }, None),
        "U5 asks for `wipe`
  groups    none
  roles     none
  requires  ops.delete-everything
  line 1    the guardrail keeps `ops.delete-everything` from everybody: yes
  line 4    role `oncall` allows `ops.*`: no
denied: it requires `ops.delete-everything`, which nobody has from chat (the guardrail, catops.toml line 1)."
    );
}

#[test]
fn who_may_is_told_by_roles() {
    let asked = Asked::new("restart api");
    let question = crate::Question { now: None, ..asked.question("", &[]) };
    let closed = "it requires `ops.restart`, and a rule opens it only at 09:00-17:00 UTC (catops.toml line 13)";
    assert_eq!(
        file().who(&question, None),
        [
            ["oncall: U1, S1", "yes", "role `oncall` allows `ops.restart` (catops.toml line 4)"],
            ["everybody else", "depends", closed],
        ]
    );
    let night = crate::Question { now: Some(moment("2026-11-23T03:00Z").unwrap()), ..question };
    assert_eq!(file().who(&night, None)[1], ["everybody else", "no", closed]);
    let asked = Asked::new("ping");
    assert_eq!(
        crate::Rules::NONE.who(&asked.question("", &[]), None),
        [["everybody", "yes", "it requires no permission"]]
    );
}

/// A file with what waits.
const WAITING: &str = r#"break-glass = ["oncall"]
[roles.oncall]
members = ["U1"]
allow = ["deploy.*"]
[roles.leads]
members = ["U2", "U3"]
[[rule]]
name = "prod"
effect = "approve"
command = "deploys start"
roles = ["everybody"]
except = ["leads"]
when = 'env == "prod"'
by = ["leads", "oncall"]
count = 2
within = "30m"
[[limit]]
name = "slowly"
command = "deploys *"
per = "user"
count = 3
within = "1d"
"#;

#[test]
fn a_trace_shows_what_waits() {
    let rules = load(WAITING).unwrap().rules;
    let declared = crate::Declared { role: "leads", count: 1 };
    let trace = |line: &str, declared| rules.trace(line, &Asked::new(line).question("U1", &[]), declared);
    let begin = |line: &str, applies: &str| {
        format!(
            "U1 asks for `{line}` in C1 on Mon 10:00 UTC
  groups    none
  roles     oncall (line 2)
  requires  deploy.start
  line 4    role `oncall` allows `deploy.*`: yes
  line 7    rule `prod` takes the approval of 2 others with the role `leads` or `oncall` for `deploys start` of everybody except leads when `env == \"prod\"`: {applies}
  line 17   limit `slowly` lets each person run `deploys *` 3 times in 1 day
allowed: role `oncall` allows `deploy.start` by `deploy.*` (catops.toml line 4)"
        )
    };
    let glass = "break-glass: at once, with a reason, by role `oncall` (catops.toml line 1)";
    assert_eq!(trace("deploys start dev", None), begin("deploys start dev", "no"));
    assert_eq!(
        trace("deploys start prod", None),
        begin("deploys start prod", "yes")
            + "\ntakes the approval of 2 others with the role `leads` or `oncall` within 30 minutes (rule `prod`, catops.toml line 7)\n"
            + glass
    );
    assert_eq!(
        trace("deploys start dev", Some(declared)),
        begin("deploys start dev", "no")
            + "\ntakes the approval of somebody else with the role `leads` within 1 hour (the command itself)\n"
            + glass
    );
    assert_eq!(
        trace("deploys start Prod", Some(declared)),
        begin("deploys start Prod", "cannot be told, so yes")
            + "\ntakes the approval of 2 others with the role `leads` and the role `leads` or `oncall` within 30 minutes (the command \
               itself; rule `prod`, catops.toml line 7)\n"
            + glass
    );
}

#[test]
fn who_may_once_it_is_approved_is_told_by_roles() {
    let open = WAITING.replace("members = [\"U2\", \"U3\"]", "members = [\"U2\", \"U3\"]\nallow = [\"deploy.start\"]");
    let rules = load(&open).unwrap().rules;
    let asked = Asked::new("deploys start prod");
    let question = asked.question("", &[]);
    let (oncall, leads) = (
        "role `oncall` allows `deploy.start` by `deploy.*` (catops.toml line 4)",
        "role `leads` allows `deploy.start` (catops.toml line 7)",
    );
    let waits =
        format!("{oncall}; it takes the approval of 2 others with the role `leads` or `oncall`, or `break-glass`");
    let closed = "it requires `deploy.start`, and nothing opens it here and now";
    assert_eq!(
        rules.who(&question, None),
        [["oncall: U1", "if approved", &waits], ["leads: U2, U3", "yes", leads], ["everybody else", "no", closed]]
    );
    let declared = Some(crate::Declared { role: "leads", count: 1 });
    let waits = format!("{leads}; it takes the approval of somebody else with the role `leads`");
    assert_eq!(rules.who(&question, declared)[1], ["leads: U2, U3", "if approved", &waits]);
}

#[test]
fn spans() {
    for (text, seconds, shown) in [
        ("1s", 1, "1 second"),
        ("90s", 90, "90 seconds"),
        ("60s", 60, "1 minute"),
        ("30m", 1800, "30 minutes"),
        ("90m", 5400, "90 minutes"),
        ("2h", 7200, "2 hours"),
        ("24h", 86_400, "1 day"),
        ("1d", 86_400, "1 day"),
        ("7d", 604_800, "7 days"),
        ("604800s", 604_800, "7 days"),
        ("007d", 604_800, "7 days"),
    ] {
        assert_eq!(span::read(text), Ok(seconds), "{text}");
        assert_eq!(span::words(seconds), shown, "{text}");
    }
    for text in [
        "",
        "s",
        "30",
        "-1m",
        "+1m",
        "1 m",
        "1M",
        "1.5h",
        "0s",
        "0d",
        "604801s",
        "8d",
        "4294967296s",
        "1h30m",
        "\u{661}d",
    ] {
        assert!(span::read(text).is_err(), "{text}");
    }
}

#[test]
fn conditions() {
    let given = |line: &str| Asked::new(line).arguments;
    for (condition, line, expected) in [
        ("service == \"api\"", "restart api", Truth::Yes),
        ("service == 'api'", "restart api", Truth::Yes),
        ("Service == \"api\"", "restart api", Truth::Yes),
        ("service == \"api\"", "restart web", Truth::No),
        ("service == \"api\"", "restart API", Truth::Unknown),
        ("service == \"my-api\"", "restart my_api", Truth::Unknown),
        ("service == \"api\"", "restart", Truth::Unknown),
        ("service == \"api\"", "restart api,api", Truth::Yes),
        ("service == \"api\"", "restart api,web", Truth::Unknown),
        ("service != \"api\"", "restart web", Truth::Yes),
        ("service != \"api\"", "restart api", Truth::No),
        ("service != \"api\"", "restart api,web", Truth::Unknown),
        ("service != \"api\"", "restart", Truth::Unknown),
        ("service in [\"api\", \"web\"]", "restart web", Truth::Yes),
        ("service in [\"api\", \"web\"]", "restart api,web", Truth::Yes),
        ("service in [\"api\", \"web\"]", "restart db", Truth::No),
        ("service not in [\"api\", \"web\"]", "restart db", Truth::Yes),
        ("service not in [\"api\"]", "restart Api", Truth::Unknown),
        ("service like \"web-*\"", "restart web-1", Truth::Yes),
        ("service like \"web-*\"", "restart web", Truth::No),
        ("service like \"*-web-*-x\"", "restart a-web-b-x", Truth::Yes),
        ("service like \"a*a\"", "restart a", Truth::No),
        ("service like \"web-*\"", "restart WEB-1", Truth::Unknown),
        ("service not like \"web-*\"", "restart db-1", Truth::Yes),
        ("now", "restart api --now", Truth::Yes),
        ("now", "restart api", Truth::No),
        ("not now", "restart api", Truth::Yes),
        ("service", "restart", Truth::No),
        ("not service", "restart", Truth::Yes),
        ("count == 3", "scale api 3", Truth::Yes),
        ("count == 3", "scale api 03", Truth::Yes),
        ("count == \"3\"", "scale api 03", Truth::Unknown),
        ("count != 3", "scale api 4", Truth::Yes),
        ("count <= 3", "scale api 3", Truth::Yes),
        ("count < 3", "scale api 3", Truth::No),
        ("count > 3", "scale api 3", Truth::No),
        ("count >= 3", "scale api 3", Truth::Yes),
        ("count >= -3", "scale api -4", Truth::No),
        ("count <= 3", "scale api 99999999999999999999", Truth::Unknown),
        ("count > 3", "scale api many", Truth::Unknown),
        ("now and service == \"api\"", "restart web", Truth::No),
        ("now and service == \"api\"", "restart --now", Truth::Unknown),
        ("service == \"api\" and now", "restart api --now", Truth::Yes),
    ] {
        let terms = keep_all(when::read(condition).unwrap_or_else(|wrong| panic!("{condition}: {wrong:?}")));
        let condition_read = crate::Condition { text: "", at: crate::Place::default(), terms };
        let truth = condition_read.holds(&crate::Arguments::Known(&given(line)));
        assert_eq!(truth, expected, "{condition}: {line}");
    }
}

#[test]
fn of_an_argument_that_the_command_lacks_nothing_is_known() {
    let terms = keep_all(when::read("zone").unwrap());
    let condition = crate::Condition { text: "", at: crate::Place::default(), terms };
    assert_eq!(condition.holds(&crate::Arguments::Known(&[])), Truth::Unknown);
}

#[test]
fn patterns_cover_what_begins_with_them() {
    for (pattern, text, expected) in [
        ("ops.restart", "ops.restart", true),
        ("ops.restart", "ops.restart.all", false),
        ("ops.*", "ops.restart", true),
        ("ops.*", "ops.db.drop", true),
        ("ops.*", "ops", false),
        ("ops.*", "opsx.restart", false),
        ("*", "ops.restart", true),
        ("deploys *", "deploys start", true),
        ("deploys *", "deploys", false),
    ] {
        assert_eq!(crate::covers(pattern, text), expected, "{pattern}: {text}");
    }
}

#[test]
fn windows() {
    let window = |days: &str, hours: &str, zone: &str| {
        let (from, to) = window::hours(hours).unwrap();
        Window { days: window::days(days).unwrap(), from, to, zone: window::zone(zone).unwrap() }
    };
    // 2026-11-27 is a Friday.
    for (days, hours, zone, time, expected) in [
        ("Fri", "09:00-17:00", "UTC", "2026-11-27T09:00Z", true),
        ("fri", "09:00-17:00", "UTC", "2026-11-27T17:00Z", false),
        ("Fri", "09:00-17:00", "UTC", "2026-11-27T16:59:59Z", true),
        ("Mon-Thu, Sat", "00:00-24:00", "UTC", "2026-11-27T12:00Z", false),
        ("Mon-Thu, Sat", "00:00-24:00", "UTC", "2026-11-28T12:00Z", true),
        ("Sat-Mon", "00:00-24:00", "UTC", "2026-11-29T12:00Z", true),
        ("Sat-Mon", "00:00-24:00", "UTC", "2026-11-27T12:00Z", false),
        ("Fri", "22:00-06:00", "UTC", "2026-11-27T05:00Z", false),
        ("Fri", "22:00-06:00", "UTC", "2026-11-28T05:00Z", true),
        ("Sun", "22:00-06:00", "UTC", "2026-11-30T05:59Z", true),
        ("Fri", "09:00-17:00", "+05:30", "2026-11-27T03:30Z", true),
        ("Fri", "09:00-17:00", "+05:30", "2026-11-27T03:29Z", false),
        ("Fri", "00:00-01:00", "+01:00", "2026-11-26T23:30Z", true),
        ("Fri", "23:00-24:00", "-01:00", "2026-11-28T00:30Z", true),
        ("Wed", "23:00-24:00", "-01:00", "1970-01-01T00:30Z", false),
        ("Thu", "22:00-06:00", "-01:00", "1970-01-01T00:30Z", false),
    ] {
        let window = window(days, hours, zone);
        assert_eq!(window.has(moment(time).unwrap()), expected, "{window}: {time}");
    }
    for (days, hours, zone, shown) in [
        ("Mon-Fri", "09:00-17:30", "+01:00", "Mon-Fri 09:00-17:30 +01:00"),
        ("Sat-Mon, Wed", "00:00-24:00", "UTC", "Wed, Sat-Mon UTC"),
        ("Mon-Sun", "22:00-06:00", "-05:30", "22:00-06:00 -05:30"),
    ] {
        assert_eq!(window(days, hours, zone).to_string(), shown);
    }
}

#[test]
fn moments() {
    for (text, seconds) in [
        ("1970-01-01T00:00Z", Some(0)),
        ("2000-02-29T00:00Z", Some(951_782_400)),
        ("2026-11-22T00:00:00Z", Some(1_795_305_600)),
        ("2100-03-01T00:00Z", Some(4_107_542_400)),
        ("2026-11-22T03:04:05Z", Some(1_795_316_645)),
        ("2026-02-29T00:00Z", None),
        ("2026-13-01T00:00Z", None),
        ("2026-00-01T00:00Z", None),
        ("2026-11-22T24:00Z", None),
        ("2026-11-22T03:00", None),
        ("2026-11-22 03:00Z", None),
        ("2026-11-22T03:00+01:00", None),
        ("1969-12-31T23:59Z", None),
        ("2026-1-022T00:00Z", None),
        ("now", None),
    ] {
        assert_eq!(moment(text).ok(), seconds, "{text}");
    }
}
