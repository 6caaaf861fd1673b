//! Reads, checks and applies the policy file of a bot: who may run what.
//!
//! Core decides with it and the plugins' build script checks with it, so it uses `std` alone and knows no command: what it
//! needs to know of one it is told. [`read`] makes [`Rules`] of a text, [`Rules::check`] holds them against the commands,
//! [`Rules::decide`] answers a [`Question`].
//!
//! What cannot be told opens nothing: see [`Truth`].

mod approve;
mod check;
mod decide;
mod explain;
mod keep;
mod member;
mod moment;
#[path = "../../src/command/near.rs"]
mod near;
mod pattern;
mod read;
mod rules;
mod span;
mod toml;
mod truth;
mod when;
mod window;

#[cfg(test)]
mod tests;

pub use self::approve::{Approval, Declared};
pub use self::check::{Facts, Parameter};
pub use self::decide::{Argument, Arguments, Because, Denial, Given, Groups, Question, Verdict, Why};
pub use self::member::read as member;
pub use self::moment::moment;
pub use self::read::{File, read};
pub use self::rules::{
    AUDIT, EVERYBODY, Effect, Expectation, Kind, Limit, Member, Mistake, Per, Place, Role, Rule, Rules, Target, Text,
    covers, names,
};
pub use self::truth::Truth;
pub use self::when::{Condition, Term, Test};
pub use self::window::Window;
