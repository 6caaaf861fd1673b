//! What holds for every file and every question.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{Asked, commands};
use crate::{Approval, Arguments, Effect, Groups, Question, Rules, read, when};

const ROLES: [&str; 3] = ["oncall", "leads", "desk"];
const MEMBERS: [&str; 5] = ["U1", "U2", "S1", "a@b.cc", "C1"];
const PERMISSIONS: [&str; 5] = ["ops.restart", "ops.*", "deploy.start", "*", "ops.scale"];
const COMMANDS: [&str; 6] = ["restart", "deploys *", "status", "*", "scale", "ping"];
const CONDITIONS: [&str; 7] = [
    "service == \"api\"",
    "service != \"api\"",
    "now",
    "not now",
    "count <= 3",
    "service in [\"api\", \"web\"] and count > 1",
    "service not like \"w*\"",
];
const LINES: [&str; 8] = [
    "restart api",
    "restart web --now",
    "restart api,web",
    "restart",
    "scale api 2",
    "scale web 9",
    "status api",
    "ping",
];
const GROUPS: [&str; 3] = ["S1", "a@b.cc", "S9"];

fn texts(items: &[&str]) -> String {
    format!("{items:?}")
}

fn role() -> impl Strategy<Value = String> {
    let members = subsequence(MEMBERS.to_vec(), 1..4);
    let allow = subsequence(PERMISSIONS.to_vec(), 0..3);
    (members, allow).prop_map(|(members, allow)| format!("members = {}\nallow = {}\n", texts(&members), texts(&allow)))
}

fn rule(effect: impl Strategy<Value = &'static str>) -> impl Strategy<Value = String> {
    let target = prop_oneof![
        select(PERMISSIONS.to_vec()).prop_map(|permission| format!("permission = {permission:?}\n")),
        select(COMMANDS.to_vec()).prop_map(|command| format!("command = {command:?}\n")),
    ];
    // `everybody` is in no `except`, and no role is in both.
    let people = subsequence(vec!["oncall", "leads", "desk", "everybody"], 1..4).prop_flat_map(|roles| {
        let others: Vec<&str> = ROLES.into_iter().filter(|role| !roles.contains(role)).collect();
        let most = others.len();
        subsequence(others, 0..=most)
            .prop_map(move |except| format!("roles = {}\nexcept = {}\n", texts(&roles), texts(&except)))
    });
    let extras = (
        prop::option::of(select(CONDITIONS.to_vec())),
        prop::option::of(select(vec!["C1", "C2"])),
        prop::option::of(select(vec!["Mon", "Tue-Sun"])),
        prop::option::of(select(vec!["09:00-17:00", "22:00-08:00"])),
    );
    (effect, target, people, extras).prop_map(|(effect, target, people, (when, channel, days, hours))| {
        let mut text = format!("[[rule]]\neffect = {effect:?}\n{target}{people}");
        let mut add = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                text.push_str(&format!("{key} = '{value}'\n"));
            }
        };
        add("when", when);
        add("channels", channel);
        add("days", days);
        add("hours", hours);
        text
    })
}

/// A rule that makes wait.
fn approve() -> impl Strategy<Value = String> {
    let by = subsequence(vec!["oncall", "leads", "desk", "everybody"], 1..3);
    let extras = (by, 1..=9, select(vec!["90s", "30m", "2h"]));
    (rule(Just("approve")), extras).prop_map(|(rule, (by, count, within))| {
        // A role may have a single member, of whom two would be too many.
        let count = if by.contains(&"everybody") { count } else { 1 };
        format!("{rule}by = {}\ncount = {count}\nwithin = {within:?}\n", texts(&by))
    })
}

fn any_rule() -> impl Strategy<Value = String> {
    prop_oneof![2 => rule(select(vec!["allow", "deny"])), 1 => approve()]
}

/// A file in parts: what is before the rules, and the rules.
fn file() -> impl Strategy<Value = (String, Vec<String>)> {
    let guardrail = subsequence(vec!["ops.scale", "deploy.*"], 0..2);
    let teams = subsequence(vec!["T1"], 0..=1);
    let roles = [role(), role(), role()];
    (guardrail, teams, roles, prop::collection::vec(any_rule(), 0..5)).prop_map(|(guardrail, teams, roles, rules)| {
        let mut head = format!("guardrail = {}\n", texts(&guardrail));
        if !teams.is_empty() {
            head.push_str(&format!("teams = {}\n", texts(&teams)));
        }
        for (name, role) in ROLES.iter().zip(roles) {
            head.push_str(&format!("[roles.{name}]\n{role}"));
        }
        (head, rules)
    })
}

fn rules(head: &str, rules: &[String]) -> Rules {
    let text = format!("{head}{}", rules.concat());
    let read = read("f", &text).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}")).rules;
    assert_eq!(read.rules.len(), rules.len(), "no rule is lost");
    read
}

/// Someone, somewhere, at some time: the user, the groups, the workspace, the channel, the time and the line.
type Situation = (&'static str, Vec<&'static str>, &'static str, &'static str, u64, &'static str);

fn situation() -> impl Strategy<Value = Situation> {
    let groups = subsequence(GROUPS.to_vec(), 0..=3);
    // A week from a Monday on.
    let time = (0_u64..7 * 24).prop_map(|hour| 1_795_392_000 + hour * 3600);
    (
        select(vec!["U1", "U2", "U3"]),
        groups,
        select(vec!["T1", "T2"]),
        select(vec!["C1", "C2", "C3"]),
        time,
        select(LINES.to_vec()),
    )
}

fn with<T>(situation: &Situation, use_it: impl FnOnce(&Question<'_>) -> T) -> T {
    let (user, groups, team, channel, now, line) = situation;
    let asked = Asked::new(line);
    let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    use_it(&Question { team, channel: Some(channel), now: Some(*now), ..asked.question(user, &groups) })
}

/// As [`with`], but for what the bits of `unknown` take away: groups, arguments, channel, time.
fn blind<T>(situation: &Situation, unknown: u8, use_it: impl FnOnce(&Question<'_>) -> T) -> T {
    with(situation, |question| {
        let mut question = *question;
        if unknown & 1 != 0 {
            question.groups = Groups::Unknown;
        }
        if unknown & 2 != 0 {
            question.arguments = Arguments::Unknown;
        }
        if unknown & 4 != 0 {
            question.channel = None;
        }
        if unknown & 8 != 0 {
            question.now = None;
        }
        use_it(&question)
    })
}

/// A verdict without the places in the file, which move.
fn plain(verdict: &crate::Verdict) -> (bool, Option<String>, Vec<&'static str>, bool) {
    match verdict {
        crate::Verdict::Allow(crate::Why::Rule(_)) => (true, Some("a rule".to_owned()), Vec::new(), false),
        crate::Verdict::Allow(why) => (true, why.short(), Vec::new(), false),
        crate::Verdict::Deny(denial) => {
            let because = match denial.because {
                crate::Because::Guardrail(guard) => guard.to_string(),
                crate::Because::Rule(_) => "a rule".to_owned(),
                crate::Because::Unclear(_) => "perhaps a rule".to_owned(),
                crate::Because::Closed(almost) => format!("closed {}", almost.is_some()),
            };
            (false, Some(because), denial.ask.clone(), denial.hinges_on_groups)
        }
    }
}

fn allows(rules: &Rules, situation: &Situation) -> bool {
    with(situation, |question| rules.decide(question).is_allowed())
}

/// Adds a rule at a place that depends on both.
fn inserted(rules: &[String], rule: String) -> Vec<String> {
    let mut all = rules.to_vec();
    all.insert(rule.len() % (rules.len() + 1), rule);
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn deny_beats_allow((head, others) in file(), situation in situation()) {
        let deny = "[[rule]]\neffect = \"deny\"\ncommand = \"*\"\nroles = [\"everybody\"]\n".to_owned();
        prop_assert!(!allows(&rules(&head, &inserted(&others, deny)), &situation));
    }

    #[test]
    fn a_rule_that_denies_and_holds_denies((head, others) in file(), situation in situation()) {
        let rules = rules(&head, &others);
        let denied = with(&situation, |question| {
            let denies = rules.rules.iter().filter(|rule| rule.effect == Effect::Deny);
            let about = denies.filter(|rule| rule.target.has(question.command, question.permission));
            about.map(|rule| rules.holds(rule, question)).max()
        });
        if denied.is_some_and(|truth| truth != crate::Truth::No) {
            prop_assert!(!allows(&rules, &situation));
        }
    }

    #[test]
    fn a_rule_that_denies_never_opens((head, others) in file(), deny in rule(Just("deny")), situation in situation()) {
        if allows(&rules(&head, &inserted(&others, deny)), &situation) {
            prop_assert!(allows(&rules(&head, &others), &situation));
        }
    }

    #[test]
    fn taking_away_what_allows_never_opens((head, others) in file(), allow in rule(Just("allow")), situation in situation()) {
        if allows(&rules(&head, &others), &situation) {
            prop_assert!(allows(&rules(&head, &inserted(&others, allow)), &situation));
        }
        let without: String = head.lines().filter(|line| !line.starts_with("allow")).map(|line| format!("{line}\n")).collect();
        if allows(&rules(&without, &others), &situation) {
            prop_assert!(allows(&rules(&head, &others), &situation));
        }
    }

    #[test]
    fn nobody_has_what_the_guardrail_keeps((head, others) in file(), situation in situation()) {
        let head = head.replace("guardrail = [", "guardrail = [\"ops.restart\", ");
        let requires = with(&situation, |question| question.permission == Some("ops.restart"));
        prop_assert!(!(requires && allows(&rules(&head, &others), &situation)));
    }

    #[test]
    fn the_order_of_rules_does_not_matter((head, others) in file(), situation in situation()) {
        let turned: Vec<String> = others.iter().rev().cloned().collect();
        prop_assert_eq!(allows(&rules(&head, &others), &situation), allows(&rules(&head, &turned), &situation));
    }

    /// Groups, arguments, channel and time that are not known open nothing that any value of them would close.
    #[test]
    fn what_is_unknown_opens_nothing((head, others) in file(), situation in situation(), unknown in 1_u8..16) {
        let rules = rules(&head, &others);
        let allowed = blind(&situation, unknown, |question| rules.decide(question).is_allowed());
        if allowed {
            prop_assert!(allows(&rules, &situation));
        }
    }

    /// Where groups that are unknown could change a denial, it says so: else some groups would open what it calls settled.
    #[test]
    fn a_denial_that_does_not_hinge_on_groups_stands((head, others) in file(), situation in situation()) {
        let rules = rules(&head, &others);
        let verdict = with(&situation, |question| rules.decide(&Question { groups: Groups::Unknown, ..*question }));
        if let crate::Verdict::Deny(denial) = verdict
            && !denial.hinges_on_groups
        {
            prop_assert!(!allows(&rules, &situation));
        }
    }

    /// What may be run with these arguments is shown as something that may be run.
    #[test]
    fn lists_show_what_may_be_run((head, others) in file(), situation in situation()) {
        let rules = rules(&head, &others);
        if allows(&rules, &situation) {
            let listed = with(&situation, |question| {
                let mut question = *question;
                question.arguments = Arguments::Any;
                rules.decide(&question).is_allowed()
            });
            prop_assert!(listed);
        }
    }

    /// A rule that makes wait changes nothing else: neither what may be run, nor why, nor whom to ask.
    #[test]
    fn a_rule_that_makes_wait_opens_nothing_and_closes_nothing((head, others) in file(), more in approve(), situation in situation(), unknown in 0_u8..16) {
        let (without, with_it) = (rules(&head, &others), rules(&head, &inserted(&others, more)));
        let verdict = |rules: &Rules| blind(&situation, unknown, |question| plain(&rules.decide(question)));
        prop_assert_eq!(verdict(&without), verdict(&with_it));
    }

    /// More rules ask for more: nobody can approve who could not before, as many have to at least, and it waits no longer.
    #[test]
    fn a_rule_that_makes_wait_asks_for_no_less((head, others) in file(), more in approve(), asks in situation(), approves in situation()) {
        let (without, with_it) = (rules(&head, &others), rules(&head, &inserted(&others, more)));
        let approval = |rules: &Rules| with(&asks, |question| rules.approval(question, None));
        if let Some(before) = approval(&without) {
            let after = approval(&with_it);
            prop_assert!(after.is_some());
            let after = after.unwrap();
            prop_assert!(after.count >= before.count && after.within <= before.within);
            let can = |approval: &Approval| with(&approves, |question| with_it.can_approve(approval, question));
            prop_assert!(can(&before) || !can(&after));
            prop_assert_eq!(with(&approves, |question| without.can_approve(&before, question)), can(&before));
        }
    }

    /// What is not known of the one who asks makes wait whatever some value of it would make wait; what is not known of
    /// the one who approves lets nobody approve whom some value of it would not let.
    #[test]
    fn what_is_unknown_makes_wait_and_approves_nothing((head, others) in file(), situation in situation(), unknown in 1_u8..16) {
        let rules = rules(&head, &others);
        if let Some(known) = with(&situation, |question| rules.approval(question, None)) {
            let blind_to = blind(&situation, unknown, |question| rules.approval(question, None)).unwrap();
            prop_assert!(known.by.iter().all(|roles| blind_to.by.contains(roles)), "{:?} {:?}", known, blind_to);
            prop_assert!(blind_to.count >= known.count && blind_to.within <= known.within);
        }
        for role in ROLES {
            let approval = Approval { by: vec![vec![role]], count: 1, within: 60 };
            let sees = with(&situation, |question| rules.can_approve(&approval, question));
            prop_assert!(sees || !blind(&situation, unknown, |question| rules.can_approve(&approval, question)));
        }
    }

    #[test]
    fn whom_to_ask_may((head, others) in file(), situation in situation()) {
        let rules = rules(&head, &others);
        with(&situation, |question| {
            if let crate::Verdict::Deny(denial) = rules.decide(question) {
                for role in denial.ask {
                    assert!(rules.decide_for(role, question).is_allowed());
                }
            }
        });
    }
}

#[test]
fn the_vocabulary_is_of_these_commands() {
    for condition in CONDITIONS {
        when::read(condition).unwrap();
    }
    for line in LINES {
        Asked::new(line);
    }
    assert!(
        commands().iter().any(|command| crate::covers(PERMISSIONS[1], command.requires.as_deref().unwrap_or_default()))
    );
}
