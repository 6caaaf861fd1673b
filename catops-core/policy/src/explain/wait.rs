//! What a command waits for, and how often it may be run, in words.

use std::fmt::Write;

use super::joined;
use crate::approve::Declared;
use crate::decide::{Question, Who};
use crate::rules::{Limit, Per, Rules};
use crate::span;

impl Limit {
    /// Says it as a sentence with light Markdown, without the full stop.
    pub fn sentence(&self) -> String {
        let about = match joined(self.target.patterns()).as_str() {
            "*" => "any command".to_owned(),
            patterns => format!("`{patterns}`"),
        };
        let (whom, run, counted) = match self.per {
            Per::User => ("each person run ", "", ""),
            Per::Command => ("", " be run", ", each command for itself"),
            Per::Bot => ("", " be run", ", all together"),
        };
        let times = if self.count == 1 { "once".to_owned() } else { format!("{} times", self.count) };
        format!("{self} lets {whom}{about}{run} {times} in {}{counted}", span::words(self.within))
    }
}

impl Rules {
    /// Says to the one who asked for `line` whether they may and why, what it takes, and how often, in sentences with light
    /// Markdown.
    pub fn sentences(&self, line: &str, question: &Question<'_>, declared: Option<Declared>) -> String {
        let verdict = self.decide(question);
        let mut text = self.sentence(line, question, &verdict);
        if !verdict.is_allowed() {
            return text;
        }
        text.push('.');
        if let Some(held) = self.held(question, declared) {
            let _ = write!(text, " It {held}.");
            if self.may_break_glass(question) {
                text.push_str(" With `break-glass` and a reason you may run it at once.");
            }
        }
        for limit in self.limits_on(question.command, question.permission) {
            let _ = write!(text, " How often: {} ({}).", limit.sentence(), self.at(limit.at));
        }
        text
    }

    /// Says which approval it takes, how long it waits, and what says so, as the end of a sentence.
    fn held(&self, question: &Question<'_>, declared: Option<Declared>) -> Option<String> {
        let approval = self.approval(question, declared)?;
        let own = declared.map(|_| "the command itself".to_owned());
        let rules = self.approving(question, Who::ASKER).map(|rule| format!("{rule}, {}", self.at(rule.at)));
        let from: Vec<String> = own.into_iter().chain(rules).collect();
        let within = span::words(approval.within);
        Some(format!("takes the approval of {} within {within} ({})", approval.others(0), from.join("; ")))
    }

    /// Says to the operator which approval it takes, what says so, and who may do without.
    pub(super) fn waits(&self, question: &Question<'_>, declared: Option<Declared>) -> Option<String> {
        let mut text = self.held(question, declared)?;
        if let Some(role) = self.breaks_glass_as(question, Who::ASKER) {
            let _ = write!(text, "\nbreak-glass: at once, with a reason, by role `{role}` ({})", self.at(role.at));
        }
        Some(text)
    }

    /// Says to the operator what it takes for those who have one role and no other.
    pub(super) fn waits_as(&self, role: &str, question: &Question<'_>, declared: Option<Declared>) -> Option<String> {
        let who = Who::Holder(role);
        let approval = self.approval_for(question, who, declared)?;
        let glass = self.breaks_glass_as(question, who).map_or("", |_| ", or `break-glass`");
        Some(format!("it takes the approval of {}{glass}", approval.others(0)))
    }
}
