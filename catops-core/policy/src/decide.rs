//! The decision: who asks, for what, where and when, and what the file says to that.

use std::cell::Cell;

use crate::rules::{EVERYBODY, Effect, Kind, Member, Role, Rule, Rules, Text, covers};
use crate::truth::Truth;

/// What is to be decided. What is not known opens nothing.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The chat's id of the one who asks.
    pub user: &'a str,
    /// The workspace that this id belongs to.
    pub team: &'a str,
    /// What else the chat knows of the one who asks.
    pub groups: Groups<'a>,
    /// The chat's id of the channel where it is asked, if that is known.
    pub channel: Option<&'a str>,
    /// The path of the command.
    pub command: &'a str,
    /// The permission that the command requires.
    pub permission: Option<&'a str>,
    /// What was given to the command.
    pub arguments: Arguments<'a>,
    /// When it is asked, in seconds since 1970, if that is known.
    pub now: Option<u64>,
}

/// The groups that somebody is in and the e-mail addresses that the chat has verified.
#[derive(Clone, Copy, Debug)]
pub enum Groups<'a> {
    /// They were not asked for, or the chat did not tell.
    Unknown,
    /// All of them.
    Known(&'a [String]),
}

/// What was given to a command.
#[derive(Clone, Copy, Debug)]
pub enum Arguments<'a> {
    /// These, one for each of the command's parameters.
    Known(&'a [Argument]),
    /// Not read yet, or wrong.
    Unknown,
    /// Whatever suits: asks whether there are any with which the command may be run. For lists of commands and for usage,
    /// never for the decision to run one.
    Any,
}

/// What was given for one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The parameter's name, as help shows it.
    pub name: &'static str,
    /// What was given.
    pub given: Given,
}

/// What was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A flag, or not.
    Flag(bool),
    /// Values as plain text, the default among them; none if nothing was given.
    Words(Vec<String>),
}

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be run.
    Allow(Why),
    /// It may not.
    Deny(Denial),
}

impl Verdict {
    /// Returns whether it may be run.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// Why a command may be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It requires no permission, and no rule denies it.
    Open,
    /// The asker has this role, which has the permission in this line.
    Role(&'static Role, &'static Text),
    /// This rule allows it.
    Rule(&'static Rule),
}

impl Why {
    /// Says it in few words, for the audit; `None` where nothing had to allow it.
    pub fn short(&self) -> Option<String> {
        match self {
            Self::Open => None,
            Self::Role(role, _) => Some(format!("role `{}`", role.name)),
            Self::Rule(rule) if rule.name.is_empty() => Some(format!("the rule in line {}", rule.at.line)),
            Self::Rule(rule) => Some(rule.to_string()),
        }
    }
}

/// Why a command may not be run, and what could change that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What denies it.
    pub because: Because,
    /// The names of the roles that may, here and now and with these arguments.
    pub ask: Vec<&'static str>,
    /// Whether the asker's groups are unknown and could change the decision: resolve them and decide again.
    pub hinges_on_groups: bool,
}

/// What denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The guardrail has the permission, in this line.
    Guardrail(&'static Text),
    /// This rule.
    Rule(&'static Rule),
    /// This rule might: it cannot be told, since something is not known or not exact.
    Unclear(&'static Rule),
    /// Nothing that opens it applies. The rule, if there is one, is for the asker and would open it but for its conditions.
    Closed(Option<&'static Rule>),
}

/// The one for whom a role is looked up.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// The one who asks. Notes whether groups that are unknown could change the answer.
    Asker(Option<&'a Cell<bool>>),
    /// Somebody who has this role and no other.
    Holder(&'a str),
}

impl Who<'_> {
    pub(crate) const ASKER: Self = Self::Asker(None);
}

impl Rules {
    /// Decides. What denies beats what allows, and the guardrail beats everything.
    pub fn decide(&self, question: &Question<'_>) -> Verdict {
        let unsure = Cell::new(false);
        let because = match self.judge(question, Who::Asker(Some(&unsure))) {
            Ok(why) => return Verdict::Allow(why),
            Err(because) => because,
        };
        let is_final = matches!(because, Because::Guardrail(_) | Because::Rule(_));
        let ask = self.holders(question).collect();
        Verdict::Deny(Denial { because, ask, hinges_on_groups: unsure.get() && !is_final })
    }

    /// Decides for somebody who has this one role.
    pub(crate) fn decide_for(&self, role: &str, question: &Question<'_>) -> Verdict {
        match self.judge(question, Who::Holder(role)) {
            Ok(why) => Verdict::Allow(why),
            Err(because) => Verdict::Deny(Denial { because, ask: Vec::new(), hinges_on_groups: false }),
        }
    }

    /// Returns whether a decision on this command looks at its arguments: else they need not be read for it.
    pub fn weighs_arguments(&self, command: &str, permission: Option<&str>) -> bool {
        self.rules.iter().any(|rule| rule.when.is_some() && rule.target.has(command, permission))
    }

    /// Returns the roles whose members may.
    fn holders<'a>(&'a self, question: &'a Question<'_>) -> impl Iterator<Item = &'static str> + 'a {
        let may = |role: &&'static Role| self.judge(question, Who::Holder(role.name.text)).is_ok();
        self.roles.iter().filter(may).map(|role| role.name.text)
    }

    fn judge(&self, question: &Question<'_>, who: Who<'_>) -> Result<Why, Because> {
        if let Some(permission) = question.permission
            && let Some(guard) = self.guardrail.iter().find(|guard| covers(guard.text, permission))
        {
            return Err(Because::Guardrail(guard));
        }
        // One pass: the first rule that surely denies, the first that may, the first that allows, the first that almost does.
        let (mut unclear, mut allowed, mut almost) = (None, None, None);
        let decides = |rule: &&Rule| rule.effect != Effect::Approve;
        for rule in self.about(question).filter(decides) {
            let people = self.people(rule, question, who);
            if people == Truth::No {
                continue;
            }
            match (rule.effect, people.min(conditions(rule, question))) {
                (Effect::Deny, Truth::Yes) => return Err(Because::Rule(rule)),
                (Effect::Deny, Truth::Unknown) => unclear = unclear.or(Some(rule)),
                (Effect::Deny, Truth::No) | (Effect::Approve, _) => {}
                (Effect::Allow, Truth::Yes) => allowed = allowed.or(Some(rule)),
                (Effect::Allow, _) if people == Truth::Yes => almost = almost.or(Some(rule)),
                (Effect::Allow, _) => {}
            }
        }
        let why = match (question.permission, self.grant(question, who), allowed) {
            // What is open needs no rule, so taking away a rule that allows never opens anything.
            (None, ..) => Why::Open,
            (_, Some((role, grant)), _) => Why::Role(role, grant),
            (_, None, Some(rule)) => Why::Rule(rule),
            (_, None, None) => return Err(Because::Closed(almost)),
        };
        unclear.map_or(Ok(why), |rule| Err(Because::Unclear(rule)))
    }

    /// Returns the rules about a command, whomever they are about.
    pub(crate) fn about(&self, question: &Question<'_>) -> impl Iterator<Item = &'static Rule> {
        self.rules.iter().filter(|rule| rule.target.has(question.command, question.permission))
    }

    /// Returns the rules that make somebody wait for approval. One of which that cannot be told is among them.
    pub(crate) fn approving(&self, question: &Question<'_>, who: Who<'_>) -> impl Iterator<Item = &'static Rule> {
        let holds = move |rule: &Rule| self.people(rule, question, who).min(conditions(rule, question)) != Truth::No;
        self.about(question).filter(move |rule| rule.effect == Effect::Approve && holds(rule))
    }

    /// Returns the first role that has the permission.
    fn grant(&self, question: &Question<'_>, who: Who<'_>) -> Option<(&'static Role, &'static Text)> {
        let permission = question.permission?;
        self.roles.iter().find_map(|role| {
            let grant = role.allow.iter().find(|grant| covers(grant.text, permission))?;
            (self.has(role, question, who) == Truth::Yes).then_some((role, grant))
        })
    }

    /// Returns whether a rule is about somebody.
    fn people(&self, rule: &Rule, question: &Question<'_>, who: Who<'_>) -> Truth {
        self.any(rule.roles, question, who).min(!self.any(rule.except, question, who))
    }

    /// Returns whether somebody has one of these roles.
    fn any(&self, roles: &[Text], question: &Question<'_>, who: Who<'_>) -> Truth {
        roles.iter().map(|role| self.has_named(role.text, question, who)).max().unwrap_or(Truth::No)
    }

    pub(crate) fn has_named(&self, name: &str, question: &Question<'_>, who: Who<'_>) -> Truth {
        match name {
            EVERYBODY => Truth::Yes,
            // A role that the file does not have cannot be read; nothing is known of one.
            name => self.role(name).map_or(Truth::Unknown, |role| self.has(role, question, who)),
        }
    }

    fn has(&self, role: &Role, question: &Question<'_>, who: Who<'_>) -> Truth {
        let unsure = match who {
            Who::Holder(name) => return (role.name.text == name).into(),
            Who::Asker(unsure) => unsure,
        };
        if self.is_foreign(question) {
            return Truth::No;
        }
        let is_one = |member: &Member| match member.kind {
            Kind::User => (member.id == question.user).into(),
            Kind::Channel => question.channel.map_or(Truth::Unknown, |channel| (member.id == channel).into()),
            Kind::Group | Kind::Email => match question.groups {
                Groups::Unknown => Truth::Unknown,
                Groups::Known(groups) => groups
                    .iter()
                    .any(|group| match member.kind {
                        Kind::Email => group.eq_ignore_ascii_case(member.id),
                        _ => group == member.id,
                    })
                    .into(),
            },
        };
        let truth = role.members.iter().map(is_one).max().unwrap_or(Truth::No);
        let has_groups = |member: &Member| matches!(member.kind, Kind::Group | Kind::Email);
        if truth == Truth::Unknown && matches!(question.groups, Groups::Unknown) && role.members.iter().any(has_groups)
        {
            unsure.inspect(|unsure| unsure.set(true));
        }
        truth
    }

    /// Returns whether the asker is of a workspace whose people can have no role. Ids are given out by workspaces, each for
    /// itself.
    pub(crate) fn is_foreign(&self, question: &Question<'_>) -> bool {
        !self.teams.is_empty() && !self.teams.iter().any(|team| team.text == question.team)
    }

    /// Returns the roles that the asker has, and those of which it cannot be told.
    pub(crate) fn roles_of(&self, question: &Question<'_>) -> Vec<(&'static Role, Truth)> {
        let roles = self.roles.iter().map(|role| (role, self.has(role, question, Who::ASKER)));
        roles.filter(|(_, truth)| *truth != Truth::No).collect()
    }

    /// Returns whether all conditions of a rule hold for the asker.
    pub(crate) fn holds(&self, rule: &Rule, question: &Question<'_>) -> Truth {
        self.people(rule, question, Who::ASKER).min(conditions(rule, question))
    }
}

/// Returns whether all conditions of a rule hold.
pub(crate) fn conditions(rule: &Rule, question: &Question<'_>) -> Truth {
    let when = rule.when.map_or(Truth::Yes, |when| match (when.holds(&question.arguments), question.arguments) {
        // With arguments of their choice, what opens is met and what closes is avoided.
        (Truth::Unknown, Arguments::Any) => (rule.effect == Effect::Allow).into(),
        (truth, _) => truth,
    });
    let place = match (rule.channels, question.channel) {
        ([], _) => Truth::Yes,
        (_, None) => Truth::Unknown,
        (channels, Some(channel)) => channels.iter().any(|one| one.text == channel).into(),
    };
    let time = match (rule.window, question.now) {
        (None, _) => Truth::Yes,
        (Some(_), None) => Truth::Unknown,
        (Some(window), Some(now)) => window.has(now).into(),
    };
    when.min(place).min(time)
}
