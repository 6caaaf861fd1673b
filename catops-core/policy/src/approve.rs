//! What waits for others, and who they are.

use crate::decide::{Question, Who};
use crate::near::one_of;
use crate::rules::{EVERYBODY, Kind, Limit, Role, Rule, Rules, Text};
use crate::truth::Truth;

/// How long what a command declares waits to be approved, and what a rule holds back that does not say: an hour, in seconds.
pub(crate) const WITHIN: u32 = 60 * 60;

/// What it takes to run something that may be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// An approver has one role of each of these.
    pub by: Vec<Vec<&'static str>>,
    /// How many have to approve.
    pub count: u8,
    /// How long it waits for them, in seconds.
    pub within: u32,
}

impl Approval {
    /// Says who has to approve beside the `approvers` who did, as the end of a sentence with light Markdown: "2 others with
    /// the role `leads`", "1 more with the role `leads`".
    pub fn others(&self, approvers: usize) -> String {
        others(&self.by, usize::from(self.count).saturating_sub(approvers), approvers > 0)
    }
}

pub(crate) fn others(by: &[Vec<&'static str>], missing: usize, are_more: bool) -> String {
    let mut text = match (missing, are_more) {
        (_, true) => format!("{missing} more"),
        (1, false) => "somebody else".to_owned(),
        (_, false) => format!("{missing} others"),
    };
    // Everybody has a role of those among which `everybody` is.
    for (index, roles) in by.iter().filter(|roles| !roles.contains(&EVERYBODY)).enumerate() {
        text.push_str(if index == 0 { " with the role " } else { " and the role " });
        text.push_str(&one_of(roles));
    }
    text
}

/// What a command declares of its approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The role that an approver has.
    pub role: &'static str,
    /// How many have to approve.
    pub count: u8,
}

impl Declared {
    /// Says who has to approve, as [`Approval::others`] does.
    pub fn others(&self) -> String {
        others(&[vec![self.role]], self.count.into(), false)
    }
}

impl Rules {
    /// Returns what it takes to run what `question` asks for, if others have to approve it. Where several rules say so,
    /// an approver has a role of each, the largest count holds and the shortest time. A rule of which it cannot be told
    /// whether it applies does.
    pub fn approval(&self, question: &Question<'_>, declared: Option<Declared>) -> Option<Approval> {
        self.approval_for(question, Who::ASKER, declared)
    }

    pub(crate) fn approval_for(
        &self,
        question: &Question<'_>,
        who: Who<'_>,
        declared: Option<Declared>,
    ) -> Option<Approval> {
        let mut all = Approval { by: Vec::new(), count: 0, within: u32::MAX };
        let mut add = |by: Vec<&'static str>, count: u8, within: u32| {
            all.count = all.count.max(count);
            all.within = all.within.min(within);
            if !all.by.contains(&by) {
                all.by.push(by);
            }
        };
        if let Some(declared) = declared {
            add(vec![declared.role], declared.count, WITHIN);
        }
        for rule in self.approving(question, who) {
            add(names(rule), rule.count, rule.within);
        }
        (!all.by.is_empty()).then_some(all)
    }

    /// Returns whether the asker of `question` can approve. What is not known approves nothing, and nobody of another
    /// workspace does where the file names some.
    pub fn can_approve(&self, approval: &Approval, question: &Question<'_>) -> bool {
        let has = |roles: &Vec<&'static str>| roles.iter().any(|role| self.has_surely(role, question, Who::ASKER));
        !approval.by.is_empty() && approval.by.iter().all(has)
    }

    /// Returns whether the asker of `question` may run without approval what else would wait for it.
    pub fn may_break_glass(&self, question: &Question<'_>) -> bool {
        self.breaks_glass_as(question, Who::ASKER).is_some()
    }

    /// Returns the role, as `break-glass` names it, by which somebody may do without approval.
    pub(crate) fn breaks_glass_as(&self, question: &Question<'_>, who: Who<'_>) -> Option<&'static Text> {
        self.break_glass.iter().find(|role| self.has_surely(role.text, question, who))
    }

    /// Returns the limits on a command.
    pub fn limits_on(&self, path: &str, permission: Option<&str>) -> impl Iterator<Item = &'static Limit> {
        self.limits.iter().filter(move |limit| limit.target.has(path, permission))
    }

    /// Returns whether somebody has a role for sure, `everybody` only in the workspaces of the file.
    fn has_surely(&self, role: &str, question: &Question<'_>, who: Who<'_>) -> bool {
        !self.is_foreign(question) && self.has_named(role, question, who) == Truth::Yes
    }
}

/// Says that fewer people have one of these roles than have to approve, if that is so: of a group or a channel nobody can
/// tell how many are in it.
pub(crate) fn too_few(by: &[&str], count: u8, roles: &[Role]) -> Option<String> {
    let mut people: Vec<&str> = Vec::new();
    for name in by {
        for member in roles.iter().find(|role| role.name.text == *name)?.members {
            match member.kind {
                Kind::User | Kind::Email if people.contains(&member.id) => {}
                Kind::User | Kind::Email => people.push(member.id),
                Kind::Group | Kind::Channel => return None,
            }
        }
    }
    let said = match people.len() {
        // A role without any is told of where it stands.
        0 => return None,
        most if most >= usize::from(count) => return None,
        1 => format!("{count} have to approve, and 1 person has the role {}", one_of(by)),
        most => format!("{count} have to approve, and {most} people have the role {}", one_of(by)),
    };
    Some(said)
}

/// Returns the roles whose members can approve what a rule holds back.
pub(crate) fn names(rule: &Rule) -> Vec<&'static str> {
    rule.by.iter().map(|role| role.text).collect()
}
