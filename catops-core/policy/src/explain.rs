//! A decision in words: for the one who asked, and step by step for the operator.

mod wait;

use std::fmt::Write;

use crate::approve::{Declared, names, others};
use crate::decide::{self, Because, Denial, Groups, Question, Verdict, Why};
use crate::rules::{EVERYBODY, Effect, Place, Rule, Rules, Text, covers};
use crate::truth::Truth;
use crate::window::{Window, clock};

impl Rules {
    /// Says to the one who asked for `line` what was decided and why, in one or two sentences with light Markdown.
    pub fn sentence(&self, line: &str, question: &Question<'_>, decision: &Verdict) -> String {
        match decision {
            Verdict::Allow(why) => format!("You may run `{line}`: {}", self.why(question, why)),
            Verdict::Deny(denial) => {
                let mut text = format!("You may not run `{line}`: {}.", self.because(question, denial));
                if let Some(ask) = asked(denial) {
                    let _ = write!(text, " {ask}");
                }
                if denial.hinges_on_groups {
                    text.push_str(
                        " Which groups you are in could not be found out, so what your groups may stays closed.",
                    );
                }
                text
            }
        }
    }

    /// Says why a command may be run, as the end of a sentence.
    pub fn why(&self, question: &Question<'_>, why: &Why) -> String {
        match why {
            Why::Open => "it requires no permission".to_owned(),
            Why::Role(role, grant) => {
                let permission = question.permission.unwrap_or_default();
                let by = if grant.text == permission { String::new() } else { format!(" by `{grant}`") };
                format!("role `{}` allows `{permission}`{by} ({})", role.name, self.at(grant.at))
            }
            Why::Rule(rule) => format!("{rule} allows it ({})", self.at(rule.at)),
        }
    }

    /// Says why a command may not be run, as the end of a sentence.
    pub fn because(&self, question: &Question<'_>, denial: &Denial) -> String {
        match denial.because {
            Because::Guardrail(guard) => {
                let permission = question.permission.unwrap_or_default();
                format!("it requires `{permission}`, which nobody has from chat (the guardrail, {})", self.at(guard.at))
            }
            Because::Rule(rule) => format!("{rule} denies it{} ({})", conditions(rule), self.at(rule.at)),
            Because::Unclear(rule) => format!(
                "{rule} denies it{}, and whether that is so cannot be told ({})",
                conditions(rule),
                self.at(rule.at)
            ),
            Because::Closed(almost) => {
                let opened = match almost {
                    Some(rule) => format!("{rule} opens it only{} ({})", conditions(rule), self.at(rule.at)),
                    None if self.is_foreign(question) => "nothing opens it to people of other workspaces".to_owned(),
                    None => "nothing opens it here and now".to_owned(),
                };
                format!("it requires `{}`, and {opened}", question.permission.unwrap_or_default())
            }
        }
    }

    /// Says where in the file something is, by the file's own name: `catops.toml line 12`.
    fn at(&self, at: Place) -> String {
        format!("{} line {}", self.file.rsplit('/').next().unwrap_or_default(), at.line)
    }

    /// Shows the operator how a decision comes about: who asks, every role, rule and limit that was looked at, and the end.
    pub fn trace(&self, line: &str, question: &Question<'_>, declared: Option<Declared>) -> String {
        let mut out = format!("{} asks for `{line}`", question.user);
        if let Some(channel) = question.channel.filter(|channel| !channel.is_empty()) {
            let _ = write!(out, " in {channel}");
        }
        if let Some(now) = question.now {
            let _ = write!(out, " on {} UTC", clock(now, 0));
        }
        let _ = write!(out, "\n  {:<10}{}", "groups", groups(question.groups));
        let _ = write!(out, "\n  {:<10}{}", "roles", self.roles_in_words(question));
        let _ = write!(out, "\n  {:<10}{}", "requires", question.permission.unwrap_or("nothing"));
        let mut steps = self.steps(question);
        steps.sort_by_key(|(at, _)| *at);
        for (at, step) in steps {
            let _ = write!(out, "\n  {:<10}{step}", format!("line {}", at.line));
        }
        let verdict = self.decide(question);
        match &verdict {
            Verdict::Allow(why) => {
                let _ = write!(out, "\nallowed: {}", self.why(question, why));
                if let Some(waits) = self.waits(question, declared) {
                    let _ = write!(out, "\n{waits}");
                }
            }
            Verdict::Deny(denial) => {
                let _ = write!(out, "\ndenied: {}.", self.because(question, denial));
                if let Some(ask) = asked(denial) {
                    let _ = write!(out, " {ask}");
                }
            }
        }
        out
    }

    fn roles_in_words(&self, question: &Question<'_>) -> String {
        let roles: Vec<String> = self
            .roles_of(question)
            .iter()
            .map(|(role, truth)| match truth {
                Truth::Unknown => format!("{} (line {}: cannot be told)", role.name, role.name.at.line),
                _ => format!("{} (line {})", role.name, role.name.at.line),
            })
            .collect();
        match (roles.is_empty(), self.is_foreign(question)) {
            (true, true) => format!("none, since the workspace is not in `teams` (line {})", self.teams[0].at.line),
            (true, false) => "none".to_owned(),
            _ => roles.join(", "),
        }
    }

    /// Returns what is in the file about this command, and whether it applies.
    fn steps(&self, question: &Question<'_>) -> Vec<(Place, String)> {
        let covering = |pattern: &&Text| question.permission.is_some_and(|own| covers(pattern.text, own));
        let mut steps = Vec::new();
        for guard in self.guardrail.iter().filter(covering) {
            steps.push((guard.at, format!("the guardrail keeps `{guard}` from everybody: yes")));
        }
        let own = self.roles_of(question);
        for role in self.roles {
            let truth = own.iter().find(|(one, _)| one.name == role.name).map_or(Truth::No, |(_, truth)| *truth);
            let said = applies(truth, Effect::Allow);
            let grants = role.allow.iter().filter(covering);
            steps.extend(grants.map(|grant| (grant.at, format!("role `{}` allows `{grant}`: {said}", role.name))));
        }
        for rule in self.about(question) {
            steps.push((rule.at, format!("{}: {}", describe(rule), applies(self.holds(rule, question), rule.effect))));
        }
        let limits = self.limits_on(question.command, question.permission);
        steps.extend(limits.map(|limit| (limit.at, limit.sentence())));
        steps
    }

    /// Shows who may: for each role whether somebody with that role alone may, then everybody else. The three columns are
    /// who, whether, and why.
    pub fn who(&self, question: &Question<'_>, declared: Option<Declared>) -> Vec<[String; 3]> {
        let row = |who: String, role: &str| {
            let verdict = self.decide_for(role, question);
            let (may, why) = match &verdict {
                Verdict::Allow(why) => match self.waits_as(role, question, declared) {
                    Some(waits) => ("if approved", format!("{}; {waits}", self.why(question, why))),
                    None => ("yes", self.why(question, why)),
                },
                Verdict::Deny(denial) => {
                    let depends = match denial.because {
                        Because::Unclear(_) => true,
                        Because::Closed(Some(rule)) => decide::conditions(rule, question) == Truth::Unknown,
                        _ => false,
                    };
                    (if depends { "depends" } else { "no" }, self.because(question, denial))
                }
            };
            [who, may.to_owned(), why]
        };
        let mut rows: Vec<[String; 3]> = Vec::new();
        for role in self.roles {
            let members: Vec<&str> = role.members.iter().map(|member| member.id).collect();
            rows.push(row(format!("{}: {}", role.name, members.join(", ")), role.name.text));
        }
        let everybody = if rows.is_empty() { EVERYBODY.to_owned() } else { format!("{EVERYBODY} else") };
        rows.push(row(everybody, ""));
        rows
    }
}

fn groups(groups: Groups<'_>) -> String {
    match groups {
        Groups::Unknown => "unknown".to_owned(),
        Groups::Known([]) => "none".to_owned(),
        Groups::Known(groups) => groups.join(", "),
    }
}

/// Says whether something applies, and what comes of it where that cannot be told.
const fn applies(truth: Truth, effect: Effect) -> &'static str {
    match (truth, effect) {
        (Truth::Yes, _) => "yes",
        (Truth::No, _) => "no",
        (Truth::Unknown, Effect::Deny | Effect::Approve) => "cannot be told, so yes",
        (Truth::Unknown, Effect::Allow) => "cannot be told, so no",
    }
}

/// Says whom to ask.
fn asked(denial: &Denial) -> Option<String> {
    let quoted: Vec<String> = denial.ask.iter().map(|role| format!("`{role}`")).collect();
    match (quoted.split_last(), denial.because) {
        (_, Because::Guardrail(_)) => None,
        (None, _) => Some("Nobody may at the moment.".to_owned()),
        (Some((last, [])), _) => Some(format!("Somebody with the role {last} may.")),
        (Some((last, rest)), _) => Some(format!("Somebody with the role {} or {last} may.", rest.join(", "))),
    }
}

/// Says under which conditions a rule holds, as a part of a sentence.
fn conditions(rule: &Rule) -> String {
    let mut parts = Vec::new();
    if let Some(when) = rule.when {
        parts.push(format!("when `{}`", when.text));
    }
    if let Some(window) = rule.window {
        let on = if window.days == Window::ALWAYS.days { "at" } else { "on" };
        parts.push(format!("{on} {window}"));
    }
    if !rule.channels.is_empty() {
        parts.push(format!("in {}", joined(rule.channels)));
    }
    if parts.is_empty() { String::new() } else { format!(" {}", parts.join(" and ")) }
}

/// Says what a rule does, for the operator.
fn describe(rule: &Rule) -> String {
    let (does, to) = match rule.effect {
        Effect::Allow => ("allows".to_owned(), "to"),
        Effect::Deny => ("denies".to_owned(), "to"),
        Effect::Approve => {
            (format!("takes the approval of {} for", others(&[names(rule)], rule.count.into(), false)), "of")
        }
    };
    let target = joined(rule.target.patterns());
    let except = if rule.except.is_empty() { String::new() } else { format!(" except {}", joined(rule.except)) };
    format!("{rule} {does} `{target}` {to} {}{except}{}", joined(rule.roles), conditions(rule))
}

fn joined(texts: &[Text]) -> String {
    texts.iter().map(|text| text.text).collect::<Vec<_>>().join(", ")
}
