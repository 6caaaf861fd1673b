//! The policy file beside the plugins: checked here, written down as data.

use std::fs;
use std::path::Path;

use catops_policy::{
    Condition, Effect, Facts, Kind, Limit, Member, Per, Place, Role, Rule, Rules, Target, Term, Test, Text, Window,
};

use crate::Scan;
use crate::file::{Command, File};

/// The file's name.
const NAME: &str = "catops.toml";

/// Reads the policy file in `root`, if there is one, and holds it against the commands.
pub(crate) fn read(root: &Path, files: &[File], scan: &mut Scan) -> Option<Rules> {
    let path = root.join(NAME);
    // Watched only where it is: cargo takes a file that is not there for one that has changed. The folder tells when it comes.
    let folder = root.file_name().map_or_else(|| "plugins".to_owned(), |name| name.to_string_lossy().into_owned());
    let shown = format!("{folder}/{NAME}");
    if !path.exists() {
        scan.faults.extend(files.iter().flat_map(|file| unapproved(file, &shown)));
        return None;
    }
    scan.watched.push(path.clone());
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            scan.faults.push(format!("{shown} cannot be read: {error}"));
            return None;
        }
    };
    // Of commands that do not parse nothing is known, so nothing is said of the rules about them; rustc stops the build.
    let commands: Vec<Facts> = files.iter().flat_map(|file| &file.commands).map(facts).collect();
    let checked = catops_policy::read(&shown, &text).and_then(|file| match file.rules.check(&commands) {
        mistakes if mistakes.is_empty() || files.iter().any(|file| !file.is_whole) => Ok(file.rules),
        mistakes => Err(mistakes),
    });
    checked.map_err(|mistakes| scan.faults.extend(mistakes.iter().map(|mistake| mistake.in_file(&shown)))).ok()
}

/// Complains of commands that nobody could approve, since there is no file that says who may.
fn unapproved(file: &File, shown: &str) -> Vec<String> {
    let complaint = |command: &Command| {
        let (at, path) = (format!("{}:{}", file.shown, command.line), command.path());
        let role = command.approve.as_deref().filter(|role| *role != catops_policy::EVERYBODY)?;
        Some(format!(
            "{at}: nobody could approve `{path}`: it takes the role `{role}`, and there is no {shown}; write one with \
             `[roles.{role}]` and `members` below it"
        ))
    };
    file.commands.iter().filter_map(complaint).collect()
}

fn facts(command: &Command) -> Facts {
    Facts {
        path: command.path(),
        requires: command.requires.clone(),
        approve: command.approve.clone().map(|role| (role, command.approvals)),
        parameters: command.parameters.clone(),
    }
}

/// Writes the rules as a `static`.
pub(crate) fn write(rules: &Rules) -> String {
    let Rules { file, teams, guardrail, roles, rules, limits, break_glass } = rules;
    let (teams, guardrail, break_glass) = (texts(teams), texts(guardrail), texts(break_glass));
    let (roles, rules, limits) = (list(roles, role), list(rules, rule), list(limits, limit));
    format!(
        "#[doc(hidden)]\nstatic __CATOPS_RULES: ::catops_core::policy::Rules = {{\n    #[allow(unused_imports)]\n    use \
         ::catops_core::policy::{{Condition, Effect, Kind, Limit, Member, Per, Place, Role, Rule, Rules, Target, Term, \
         Test, Text, Window}};\n    Rules {{ file: {file:?}, teams: {teams}, guardrail: {guardrail}, roles: {roles}, rules: {rules}, \
         limits: {limits}, break_glass: {break_glass} }}\n}};\n\n"
    )
}

fn list<T>(items: &[T], item: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(item).collect();
    format!("&[{}]", items.join(", "))
}

fn option<T>(item: Option<&T>, write: impl Fn(&T) -> String) -> String {
    let some = |item| format!("::core::option::Option::Some({})", write(item));
    item.map_or_else(|| "::core::option::Option::None".to_owned(), some)
}

fn place(at: &Place) -> String {
    format!("Place {{ line: {}, column: {} }}", at.line, at.column)
}

fn text(text: &Text) -> String {
    format!("Text {{ text: {:?}, at: {} }}", text.text, place(&text.at))
}

fn texts(items: &[Text]) -> String {
    list(items, text)
}

fn role(role: &Role) -> String {
    let (members, allow) = (list(role.members, member), texts(role.allow));
    format!("Role {{ name: {}, members: {members}, allow: {allow} }}", text(&role.name))
}

fn member(member: &Member) -> String {
    let kind = match member.kind {
        Kind::User => "User",
        Kind::Group => "Group",
        Kind::Email => "Email",
        Kind::Channel => "Channel",
    };
    format!("Member {{ kind: Kind::{kind}, id: {:?}, at: {} }}", member.id, place(&member.at))
}

fn rule(rule: &Rule) -> String {
    let effect = match rule.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
        Effect::Approve => "Approve",
    };
    format!(
        "Rule {{ name: {:?}, at: {}, effect: Effect::{effect}, target: {}, roles: {}, except: {}, channels: {}, window: \
         {}, when: {}, by: {}, count: {}, within: {} }}",
        rule.name,
        place(&rule.at),
        target(&rule.target),
        texts(rule.roles),
        texts(rule.except),
        texts(rule.channels),
        option(rule.window.as_ref(), window),
        option(rule.when.as_ref(), condition),
        texts(rule.by),
        rule.count,
        rule.within,
    )
}

fn limit(limit: &Limit) -> String {
    let per = match limit.per {
        Per::User => "User",
        Per::Command => "Command",
        Per::Bot => "Bot",
    };
    let Limit { name, at, target: about, per: _, count, within } = limit;
    let (at, target) = (place(at), target(about));
    format!("Limit {{ name: {name:?}, at: {at}, target: {target}, per: Per::{per}, count: {count}, within: {within} }}")
}

fn target(target: &Target) -> String {
    match target {
        Target::Permissions(patterns) => format!("Target::Permissions({})", texts(patterns)),
        Target::Commands(patterns) => format!("Target::Commands({})", texts(patterns)),
    }
}

fn window(window: &Window) -> String {
    let Window { days, from, to, zone } = window;
    format!("Window {{ days: {days}, from: {from}, to: {to}, zone: {zone} }}")
}

fn condition(condition: &Condition) -> String {
    let terms = list(condition.terms, term);
    format!("Condition {{ text: {:?}, at: {}, terms: {terms} }}", condition.text, place(&condition.at))
}

fn term(term: &Term) -> String {
    let test = match term.test {
        Test::IsGiven => "IsGiven".to_owned(),
        Test::Is(values) => format!("Is(&{values:?})"),
        Test::Like(pattern) => format!("Like({pattern:?})"),
        Test::Equals(number) => format!("Equals({number})"),
        Test::AtMost(number) => format!("AtMost({number})"),
        Test::Below(number) => format!("Below({number})"),
    };
    format!("Term {{ argument: {:?}, negated: {}, test: Test::{test} }}", term.argument, term.negated)
}
