//! Who may run what: the roles and rules of `catops.toml`.
//!
//! The file stands beside the plugins. Their build script checks it and writes it down as data, so a function neither reads
//! nor checks anything at start. `CATOPS_CONFIG` names a file that replaces it, which is read and checked at start.
//!
//! ```toml
//! guardrail = ["ops.delete-everything"]     # nobody has this from chat, whatever is written below
//!
//! [roles.oncall]
//! members = ["U012AB3CD", "S0614TZR7"]      # ann, and the user group @oncall
//! allow = ["ops.restart"]
//!
//! [[rule]]
//! name = "billing is for leads"
//! effect = "deny"
//! permission = "ops.restart"
//! roles = ["everybody"]
//! except = ["leads"]
//! when = 'service == "billing"'
//! ```
//!
//! What holds:
//!
//! - A command without `requires` is open, unless a rule names it. One that requires a permission is closed until a role or
//!   a rule opens it.
//! - What denies beats what allows; the guardrail beats everything.
//! - What is not known, such as groups that the chat did not tell, opens nothing.
//! - A rule that takes the approval of others opens nothing and closes nothing: what may be run waits for them. If it is not
//!   known whether it applies, it does.
//! - A mistake in the file stops the build, or the start; it is shown with line, column and the cure.

mod expect;
mod facts;
mod load;

use std::fmt;
use std::path::Path;

pub use catops_policy::{
    AUDIT, Approval, Argument, Arguments, Because, Condition, Declared, Denial, EVERYBODY, Effect, Expectation, File,
    Given, Groups, Kind, Limit, Member, Mistake, Per, Place, Question, Role, Rule, Rules, Target, Term, Test, Text,
    Verdict, Why, Window, member, moment,
};

pub use self::expect::{Surprise, test};
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::load::of_text;
pub use self::load::open;
use crate::command::{Command, Commands};
use crate::error::{Error, ErrorKind};
use crate::request::{Actor, Request};
use crate::time::Timestamp;

/// Decides whether an actor may run a command.
///
/// The default has no rules: a command without `requires` is open to everybody who can talk to the bot, a command that
/// requires a permission is closed to all.
#[derive(Clone, Copy)]
pub struct Policy {
    rules: &'static Rules,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(&Rules::NONE)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("file", &self.rules.file).finish_non_exhaustive()
    }
}

/// Who asks, where and when.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The person.
    pub actor: &'a Actor,
    /// The id of the channel; empty if there is none.
    pub channel: &'a str,
    /// The time.
    pub now: Timestamp,
    /// What else the chat knows of the person.
    pub groups: Groups<'a>,
}

impl<'a> Asker<'a> {
    /// Returns who asks by `request`, at `now`.
    pub fn of(request: &'a Request, now: Timestamp) -> Self {
        Self { actor: &request.actor, channel: &request.channel.id, now, groups: Groups::Unknown }
    }

    /// Returns whether they may run a command, as a question.
    pub fn asks(self, path: &'a str, command: &Command, arguments: Arguments<'a>) -> Question<'a> {
        Question { command: path, permission: command.requires(), arguments, ..self.question() }
    }

    /// Returns who asks, as a question about no command: for what hinges on roles alone.
    pub fn question(self) -> Question<'a> {
        Question {
            user: &self.actor.id,
            team: &self.actor.team,
            groups: self.groups,
            channel: Some(self.channel).filter(|channel| !channel.is_empty()),
            command: "",
            permission: None,
            arguments: Arguments::Unknown,
            now: Some(self.now.as_secs()),
        }
    }
}

impl Policy {
    /// Makes the policy of these rules.
    pub const fn new(rules: &'static Rules) -> Self {
        Self { rules }
    }

    /// Returns the policy of the file that `config` names, held against the commands; else the one beside the plugins, which
    /// the build has checked.
    ///
    /// Without the feature `config` no file is read: that one is named is an error, so that nobody takes it for heeded.
    #[cfg(not(feature = "config"))]
    pub fn configured(commands: &Commands, config: Option<&Path>) -> Result<Self, Error> {
        match config {
            None => Ok(*commands.policy()),
            Some(path) => Err(wrong(format!(
                "CATOPS_CONFIG names `{}`, and this build reads no such file; put it beside the plugins as `catops.toml` and \
                 build anew, or build with the feature `config` of catops-core",
                path.display()
            ))),
        }
    }

    /// Returns the policy of the file that `config` names, held against the commands; else the one beside the plugins, which
    /// the build has checked.
    #[cfg(feature = "config")]
    pub fn configured(commands: &Commands, config: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = config else { return Ok(*commands.policy()) };
        let file = load::open(path).map_err(|error| named(path, error))?;
        let policy = Self::new(Box::leak(Box::new(file.rules)));
        policy.check(commands).map_err(|error| named(path, error))?;
        Ok(policy)
    }

    /// Returns the rules.
    pub const fn rules(&self) -> &'static Rules {
        self.rules
    }

    /// Returns the groups and e-mail addresses that the roles name: what to ask the chat for.
    pub fn groups(&self) -> impl Iterator<Item = &'static str> {
        let named = |member: &&Member| matches!(member.kind, Kind::Group | Kind::Email);
        self.rules.roles.iter().flat_map(|role| role.members).filter(named).map(|member| member.id)
    }

    /// Returns whether the groups and addresses of somebody of that workspace can matter: the roles name some, and are for
    /// people of it.
    pub fn asks_for_groups(&self, team: &str) -> bool {
        let teams = self.rules.teams;
        self.groups().next().is_some() && (teams.is_empty() || teams.iter().any(|one| one.text == team))
    }

    /// Decides. [`Rules::sentence`] says it in words.
    pub fn judge(&self, question: &Question<'_>) -> Verdict {
        self.rules.decide(question)
    }

    /// Returns whether a decision on this command looks at its arguments: else they need not be read for it.
    pub fn weighs_arguments(&self, command: &Command) -> bool {
        self.rules.weighs_arguments(&command.path(), command.requires())
    }

    /// Returns whether a command is worth showing to somebody: whether there are arguments with which they may run it here
    /// and now.
    pub fn offers(&self, asker: Asker<'_>, command: &Command) -> bool {
        let path = command.path();
        self.judge(&asker.asks(&path, command, Arguments::Any)).is_allowed()
    }

    /// Decides whether somebody may run a command with these arguments; if so, says what allows it, if something had to; if
    /// not, says why, and whom to ask. `line` is what they asked for, without what is secret.
    ///
    /// Arguments are needed only where [`Policy::weighs_arguments`] says so; what needs them else stays closed.
    pub fn admit(
        &self,
        asker: Asker<'_>,
        command: &Command,
        arguments: Option<&[Argument]>,
        line: &str,
    ) -> Result<Option<String>, String> {
        let path = command.path();
        let arguments = arguments.map_or(Arguments::Unknown, Arguments::Known);
        let question = asker.asks(&path, command, arguments);
        match self.judge(&question) {
            Verdict::Allow(why) => Ok(why.short()),
            denied => Err(self.rules.sentence(line, &question, &denied)),
        }
    }

    /// Decides whether somebody has [`AUDIT`], which no command has to require; if not, says why they may not do `what`,
    /// and whom to ask.
    pub fn audits(&self, asker: Asker<'_>, what: &str) -> Result<Option<String>, String> {
        let question = Question { permission: Some(AUDIT), arguments: Arguments::Known(&[]), ..asker.question() };
        match self.judge(&question) {
            Verdict::Allow(why) => Ok(why.short()),
            denied => Err(self.rules.sentence(what, &question, &denied)),
        }
    }

    /// Returns whether it can be that others have to approve a command.
    pub fn may_take_approval(&self, command: &Command) -> bool {
        let is_about =
            |rule: &Rule| rule.effect == Effect::Approve && rule.target.has(&command.path(), command.requires());
        command.approve().is_some() || self.rules.rules.iter().any(is_about)
    }

    /// Returns what it takes to run a command that may be run, if others have to approve it.
    pub fn approval(&self, asker: Asker<'_>, command: &Command, arguments: Option<&[Argument]>) -> Option<Approval> {
        let path = command.path();
        let arguments = arguments.map_or(Arguments::Unknown, Arguments::Known);
        self.rules.approval(&asker.asks(&path, command, arguments), declared(command))
    }

    /// Says to somebody whether they may run a command with these arguments, why, what it takes, and how often, in
    /// sentences with light Markdown. `line` is what they would type, without what is secret.
    pub fn explain(&self, asker: Asker<'_>, command: &Command, arguments: Option<&[Argument]>, line: &str) -> String {
        let path = command.path();
        let arguments = arguments.map_or(Arguments::Unknown, Arguments::Known);
        self.rules.sentences(line, &asker.asks(&path, command, arguments), declared(command))
    }

    /// Returns whether somebody can approve. That it is not the one who asked is for the caller to see to.
    pub fn can_approve(&self, approval: &Approval, approver: Asker<'_>) -> bool {
        self.rules.can_approve(approval, &approver.question())
    }

    /// Returns whether somebody may run without approval what they may run and what else would wait for it.
    pub fn may_break_glass(&self, asker: Asker<'_>) -> bool {
        self.rules.may_break_glass(&asker.question())
    }

    /// Holds the rules against the commands, for what only shows beside them.
    ///
    /// The build script has done so for what is compiled in, but without the words of a `Choice`. An error names every
    /// mistake with its line and the cure.
    pub fn check(&self, commands: &Commands) -> Result<(), Error> {
        hold(self.rules, commands)
    }
}

/// Holds the rules of a file against the commands, as [`Policy::check`] does.
pub fn check(file: &File, commands: &Commands) -> Result<(), Error> {
    hold(&file.rules, commands)
}

fn hold(rules: &Rules, commands: &Commands) -> Result<(), Error> {
    // No file, nothing to check: the commands need not be built.
    if rules.file.is_empty() {
        return Ok(());
    }
    load::refused(rules.file, &rules.check(&facts::all(commands)))
}

/// Returns what the author of a command declares of its approval.
pub fn declared(command: &Command) -> Option<Declared> {
    command.approve().map(|approve| Declared { role: approve.role, count: approve.count })
}

/// Makes the question whether `actor` may run `command`, in which nothing else is known yet. `path` is the command's.
pub fn question<'a>(actor: &'a Actor, path: &'a str, command: &Command) -> Question<'a> {
    Question {
        user: &actor.id,
        team: &actor.team,
        groups: Groups::Unknown,
        channel: None,
        command: path,
        permission: command.requires(),
        arguments: Arguments::Unknown,
        now: None,
    }
}

/// Says where the name of the file is from.
#[cfg(feature = "config")]
fn named(path: &Path, error: Error) -> Error {
    wrong(format!("CATOPS_CONFIG names `{}`, which cannot be used", path.display())).because(error)
}

/// Makes the error of a file that is not there or wrong.
fn wrong(said: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, said)
}

#[cfg(test)]
mod tests;
