//! What a policy file says, as plain data that a build script can write down as Rust.
//!
//! Everything is `&'static`: compiled in, it costs nothing at start and needs no reading; a file that is read at start is
//! read once in a process and kept.

use std::fmt;

use crate::when::Condition;
use crate::window::Window;

/// The role that everybody has, also those whom no role names.
pub const EVERYBODY: &str = "everybody";

/// The permission to read what others did, `history` of everybody, and to check it with `audit verify`. No command
/// requires it, and it is closed until a role or a rule opens it.
pub const AUDIT: &str = "catops.audit";

/// A line and a column of the file, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u16,
    /// The column.
    pub column: u16,
}

/// A word of the file and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// The word.
    pub text: &'static str,
    /// Where it stands.
    pub at: Place,
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// A policy: who may run what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How the file is called in messages, such as `plugins/catops.toml`; empty if there is none.
    pub file: &'static str,
    /// The workspaces whose people can have a role; with none it does not matter where somebody is from.
    pub teams: &'static [Text],
    /// The permissions that nobody has, whatever the roles say.
    pub guardrail: &'static [Text],
    /// The roles, in the order of the file.
    pub roles: &'static [Role],
    /// The rules, in the order of the file.
    pub rules: &'static [Rule],
    /// How often something may be run, in the order of the file.
    pub limits: &'static [Limit],
    /// The roles that may run without the approval it takes what they may run otherwise, and say why.
    pub break_glass: &'static [Text],
}

impl Rules {
    /// No file: what requires a permission is closed, everything else is open.
    pub const NONE: Self =
        Self { file: "", teams: &[], guardrail: &[], roles: &[], rules: &[], limits: &[], break_glass: &[] };

    /// Returns the role of this name.
    pub fn role(&self, name: &str) -> Option<&'static Role> {
        self.roles.iter().find(|role| role.name.text == name)
    }
}

/// A role: who has it, and which permissions come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: Text,
    /// Who has it.
    pub members: &'static [Member],
    /// The permissions that come with it, at any time and whatever the arguments are.
    pub allow: &'static [Text],
}

/// Somebody who has a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// What the id is of.
    pub kind: Kind,
    /// The chat's id, or the address in lower case.
    pub id: &'static str,
    /// Where it stands.
    pub at: Place,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person, by the chat's id.
    User,
    /// A group of people, by the chat's id.
    Group,
    /// A person, by an e-mail address that the chat has verified.
    Email,
    /// Whoever asks in this channel, by the chat's id.
    Channel,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// A rule: it allows or denies, for some people, and under conditions that must all hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What the file calls it; empty if it does not.
    pub name: &'static str,
    /// Where it begins.
    pub at: Place,
    /// What it does.
    pub effect: Effect,
    /// Which commands it is about.
    pub target: Target,
    /// Whom it is about.
    pub roles: &'static [Text],
    /// Whom of these it is not about.
    pub except: &'static [Text],
    /// Where it holds; everywhere if there is none.
    pub channels: &'static [Text],
    /// When it holds.
    pub window: Option<Window>,
    /// For which arguments it holds.
    pub when: Option<Condition>,
    /// The roles of those who can approve; only where the effect is [`Effect::Approve`].
    pub by: &'static [Text],
    /// How many have to approve.
    pub count: u8,
    /// How long it waits to be approved, in seconds.
    pub within: u32,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            "" => f.write_str("a rule"),
            name => write!(f, "rule `{name}`"),
        }
    }
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It opens what it is about.
    Allow,
    /// It closes what it is about, whatever else allows it.
    Deny,
    /// It opens nothing and closes nothing: what may be run waits until others approve it.
    Approve,
}

/// How often something may be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What the file calls it; empty if it does not.
    pub name: &'static str,
    /// Where it begins.
    pub at: Place,
    /// Which commands it is about.
    pub target: Target,
    /// What is counted together.
    pub per: Per,
    /// How many runs there may be.
    pub count: u16,
    /// Within how many seconds.
    pub within: u32,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            "" => f.write_str("a limit"),
            name => write!(f, "limit `{name}`"),
        }
    }
}

/// What a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// What one person runs of all the commands that the limit is about.
    User,
    /// What everybody runs of each command.
    Command,
    /// What everybody runs of all the commands that the limit is about.
    Bot,
}

/// Which commands a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Those that require one of these permissions.
    Permissions(&'static [Text]),
    /// Those with one of these paths.
    Commands(&'static [Text]),
}

impl Target {
    /// Returns the permissions or paths, as written.
    pub(crate) const fn patterns(&self) -> &'static [Text] {
        match self {
            Self::Permissions(patterns) | Self::Commands(patterns) => patterns,
        }
    }

    /// Returns whether it is about a command of this path that requires this permission.
    pub fn has(&self, path: &str, permission: Option<&str>) -> bool {
        match self {
            Self::Permissions(patterns) => {
                permission.is_some_and(|permission| patterns.iter().any(|pattern| covers(pattern.text, permission)))
            }
            Self::Commands(patterns) => patterns.iter().any(|pattern| names(pattern.text, path)),
        }
    }
}

/// Returns whether the permission pattern `ops.*`, `*` or `ops.restart` covers `permission`.
pub fn covers(pattern: &str, permission: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => permission.starts_with(beginning),
        None => pattern == permission,
    }
}

/// Returns whether the command pattern `deploys *`, `*` or `restart` names the command at `path`.
pub fn names(pattern: &str, path: &str) -> bool {
    covers(pattern, path)
}

/// One situation and the answers that are expected in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What the file calls it; empty if it does not.
    pub name: &'static str,
    /// Where it begins.
    pub at: Place,
    /// Who asks: the chat's id.
    pub asker: &'static str,
    /// The workspace of the one who asks; the first of the file's, if it names any.
    pub team: &'static str,
    /// The groups and e-mail addresses of the one who asks.
    pub groups: Vec<String>,
    /// The channel where it is asked; somewhere else than any that the file names, if it is not given.
    pub channel: &'static str,
    /// When it is asked, in seconds since 1970.
    pub now: Option<u64>,
    /// The lines that are to be allowed, at once or once they are approved.
    pub allows: Vec<Text>,
    /// The lines that are to be allowed, and to wait until others approve them.
    pub approves: Vec<Text>,
    /// The lines that are to be denied.
    pub denies: Vec<Text>,
}

/// A mistake in the file: where it is, what is wrong, and the cure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where it is.
    pub at: Place,
    /// What is wrong, and the cure.
    pub text: String,
}

impl Mistake {
    /// Makes the mistake at a place.
    pub fn new(at: Place, text: impl Into<String>) -> Self {
        Self { at, text: text.into() }
    }

    /// Puts it among others, in the order of their places. They are few: a sort would be more code than its use.
    pub(crate) fn put(self, among: &mut Vec<Self>) {
        let index = among.partition_point(|other| other.at <= self.at);
        among.insert(index, self);
    }

    /// Returns it as one line that begins with file, line and column.
    pub fn in_file(&self, file: &str) -> String {
        format!("{file}:{}:{}: {}", self.at.line, self.at.column, self.text)
    }
}
