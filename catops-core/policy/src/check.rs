//! What only shows beside the commands: permissions that none requires, rules that none can match, arguments that one lacks.

use crate::approve::too_few;
use crate::near::{nearest, one_of};
use crate::rules::{AUDIT, EVERYBODY, Effect, Limit, Mistake, Place, Role, Rule, Rules, Target, Text, covers, names};
use crate::when::{Condition, Term, Test};

/// What a check needs to know of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its path.
    pub path: String,
    /// The permission that it requires.
    pub requires: Option<String>,
    /// The role that it declares of those who have to approve it, and how many of them have to.
    pub approve: Option<(String, u8)>,
    /// What it takes.
    pub parameters: Vec<Parameter>,
}

/// What a check needs to know of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, as help shows it.
    pub name: String,
    /// Whether it is a flag, where that is known.
    pub is_flag: Option<bool>,
    /// Whether its value must not be recorded.
    pub is_secret: bool,
    /// The words it can be; none if it may be anything, or if they are not known.
    pub choices: Vec<String>,
}

impl Rules {
    /// Returns what is wrong with the rules, given all commands of the bot.
    pub fn check(&self, commands: &[Facts]) -> Vec<Mistake> {
        let mut check = Check { commands, guardrail: self.guardrail, mistakes: Vec::new() };
        for guard in self.guardrail {
            check.permission(guard, &[AUDIT]);
        }
        for role in self.roles {
            for grant in role.allow {
                check.permission(grant, &[AUDIT]);
                check.guarded(grant);
            }
        }
        for rule in self.rules {
            check.rule(rule);
        }
        for limit in self.limits {
            check.limit(limit);
        }
        for command in commands {
            check.approvers(command, self.roles);
        }
        check.mistakes
    }
}

struct Check<'a> {
    commands: &'a [Facts],
    guardrail: &'static [Text],
    mistakes: Vec<Mistake>,
}

impl Check<'_> {
    fn wrong(&mut self, at: Place, text: impl Into<String>) {
        Mistake::new(at, text).put(&mut self.mistakes);
    }

    fn required(&self) -> Vec<&str> {
        let mut required: Vec<&str> = Vec::new();
        for permission in self.commands.iter().filter_map(|command| command.requires.as_deref()) {
            if let Err(index) = required.binary_search(&permission) {
                required.insert(index, permission);
            }
        }
        required
    }

    /// Complains of a permission that no command requires, unless it is one of the bot's `own`.
    fn permission(&mut self, pattern: &Text, own: &[&str]) {
        let required = self.required();
        let known = || required.iter().chain(own).copied();
        if known().any(|permission| covers(pattern.text, permission)) {
            return;
        }
        let cure = match nearest(pattern.text, known()).as_slice() {
            [] if required.is_empty() => {
                "they require none at all; write `#[command(requires = \"…\")]`, or name it in a rule with `command`"
                    .to_owned()
            }
            [] => format!("they require {}", all(&required)),
            near => format!("did you mean {}?", one_of(near)),
        };
        self.wrong(pattern.at, format!("no command requires `{pattern}`; {cure}"));
    }

    /// Complains of what is allowed by name and kept back by the guardrail.
    fn guarded(&mut self, pattern: &Text) {
        let is_guarded = |guard: &&Text| {
            guard.text == pattern.text || (!pattern.text.ends_with('*') && covers(guard.text, pattern.text))
        };
        if let Some(guard) = self.guardrail.iter().find(is_guarded) {
            let said = format!(
                "`{pattern}` can never be allowed: the guardrail in line {} keeps it from everybody; remove one of them",
                guard.at.line
            );
            self.wrong(pattern.at, said);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        match rule.target {
            Target::Permissions(patterns) => {
                for pattern in patterns {
                    // To look at what was done takes no approval.
                    self.permission(pattern, if rule.effect == Effect::Approve { &[] } else { &[AUDIT] });
                    if rule.effect == Effect::Allow {
                        self.guarded(pattern);
                    }
                }
            }
            Target::Commands(patterns) => {
                for pattern in patterns {
                    self.command(pattern);
                    if rule.effect == Effect::Allow {
                        self.open_anyway(pattern);
                    }
                }
            }
        }
        let has = |command: &&Facts| rule.target.has(&command.path, command.requires.as_deref());
        let commands: Vec<&Facts> = self.commands.iter().filter(has).collect();
        if let Some(when) = rule.when {
            for term in when.terms {
                self.term(&when, term, &commands);
            }
            if commands.is_empty() && rule.target.has("", Some(AUDIT)) {
                self.wrong(when.at, format!("what `{AUDIT}` opens has no arguments; leave `when` out"));
            }
        }
        self.kept_back(rule, &commands);
    }

    fn limit(&mut self, limit: &Limit) {
        match limit.target {
            Target::Permissions(patterns) => patterns.iter().for_each(|pattern| self.permission(pattern, &[])),
            // Where the limit does not say, it is about whatever there is.
            Target::Commands(patterns) => {
                patterns.iter().filter(|pattern| pattern.at != limit.at).for_each(|pattern| self.command(pattern));
            }
        }
    }

    /// Complains of a command that nobody could approve, or not as many as it takes.
    fn approvers(&mut self, command: &Facts, roles: &[Role]) {
        let Some((name, count)) = command.approve.as_ref().filter(|(name, _)| name != EVERYBODY) else { return };
        let (name, path) = (name.as_str(), &command.path);
        let said = if roles.iter().any(|role| role.name.text == name && !role.members.is_empty()) {
            let Some(few) = too_few(&[name], *count, roles) else { return };
            format!("`{path}` can never be run: {few}; add members to it, or lower `n` of the command")
        } else {
            let cure = match nearest(name, roles.iter().map(|role| role.name.text)).as_slice() {
                [] => format!("write `[roles.{name}]` and `members` below it"),
                near => format!("here is {}, so change one of the names", one_of(near)),
            };
            format!("nobody could approve `{path}`: it takes the role `{name}`, which has no members here; {cure}")
        };
        self.wrong(Place { line: 1, column: 1 }, said);
    }

    /// Complains of a rule that opens commands which the guardrail closes.
    fn kept_back(&mut self, rule: &Rule, commands: &[&Facts]) {
        let Target::Commands(patterns) = rule.target else { return };
        let guard = |command: &Facts| {
            let permission = command.requires.as_deref()?;
            self.guardrail.iter().find(|guard| covers(guard.text, permission))
        };
        let first = commands.first().and_then(|command| guard(command));
        if let (Some(guarding), Some(pattern), Effect::Allow) = (first, patterns.first(), rule.effect)
            && commands.iter().all(|command| guard(command).is_some())
        {
            let said = format!(
                "`{pattern}` can never be allowed: it requires `{guarding}`, which the guardrail in line {} keeps from everybody; remove one of them",
                guarding.at.line
            );
            self.wrong(pattern.at, said);
        }
    }

    fn command(&mut self, pattern: &Text) {
        if self.commands.iter().any(|command| names(pattern.text, &command.path)) {
            return;
        }
        let group = format!("{} ", pattern.text);
        if self.commands.iter().any(|command| command.path.starts_with(&group)) {
            let said = format!("`{pattern}` is a group; write `{pattern} *` for all commands in it");
            self.wrong(pattern.at, said);
            return;
        }
        let paths: Vec<&str> = self.commands.iter().map(|command| command.path.as_str()).collect();
        let cure = match nearest(pattern.text, paths.iter().copied()).as_slice() {
            [] => "`list` shows what there is".to_owned(),
            near => format!("did you mean {}?", one_of(near)),
        };
        self.wrong(pattern.at, format!("there is no command `{pattern}`; {cure}"));
    }

    /// Complains of what is allowed and open to everybody anyway: whoever writes that means to close it to others.
    fn open_anyway(&mut self, pattern: &Text) {
        let mut named = self.commands.iter().filter(|command| names(pattern.text, &command.path)).peekable();
        if named.peek().is_some() && named.all(|command| command.requires.is_none()) {
            let said = format!(
                "`{pattern}` requires no permission, so everybody may already; to close it to others write `effect = \"deny\"`, \
                 `roles = [\"{EVERYBODY}\"]` and `except` with those who may"
            );
            self.wrong(pattern.at, said);
        }
    }

    fn term(&mut self, when: &Condition, term: &Term, commands: &[&Facts]) {
        for command in commands {
            let path = &command.path;
            let named = command.parameters.iter().find(|parameter| parameter.name == term.argument);
            let said = match named {
                None => lacks(command, term.argument, commands.len() > 1),
                Some(parameter) if parameter.is_secret => {
                    format!(
                        "the argument `{}` of `{path}` is secret, and a rule would tell of it; decide by another",
                        parameter.name
                    )
                }
                Some(parameter) if parameter.is_flag == Some(true) && term.test != Test::IsGiven => {
                    format!("`{0}` of `{path}` is a flag; write `{0}` or `not {0}`", parameter.name)
                }
                Some(parameter) => match never(term.test, parameter) {
                    Some(said) => said,
                    None => continue,
                },
            };
            // One command shows what is wrong; the next would say the same.
            self.wrong(when.at, said);
            return;
        }
    }
}

fn lacks(command: &Facts, argument: &str, is_one_of_many: bool) -> String {
    let path = &command.path;
    let names: Vec<&str> = command.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let has = match names.as_slice() {
        [] => "it takes none".to_owned(),
        names => match nearest(argument, names.iter().copied()).as_slice() {
            [] => format!("it has {}", all(names)),
            near => format!("did you mean {}?", one_of(near)),
        },
    };
    let narrow = match is_one_of_many {
        true => "; or name the commands that have it with `command = […]`",
        false => "",
    };
    format!("`{path}`, which this rule is about, has no argument `{argument}`; {has}{narrow}")
}

/// Says which value the argument can never have.
fn never(test: Test, parameter: &Parameter) -> Option<String> {
    let Test::Is(values) = test else { return None };
    if parameter.choices.is_empty() {
        return None;
    }
    let value = values.iter().find(|value| !parameter.choices.iter().any(|choice| choice == **value))?;
    let choices: Vec<&str> = parameter.choices.iter().map(String::as_str).collect();
    let cure = match nearest(value, choices.iter().copied()).as_slice() {
        [] => format!("it is one of {}", all(&choices)),
        near => format!("did you mean {}?", one_of(near)),
    };
    Some(format!("`{}` can never be `{value}`; {cure}", parameter.name))
}

fn all(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
