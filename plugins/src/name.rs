//! What people call the things that a plugin keeps: a lock, a team.

use std::fmt;
use std::str::FromStr;

/// The longest name, in bytes. Names are keys in the store, which takes 512 bytes with the plugin's own part.
const LONGEST: usize = 64;

/// A name that means the same however it is typed: one word of letters, digits and `-_./:`, in lower case.
///
/// So it can stand in a command line without quotes, and within backquotes in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// Returns it as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.to_lowercase();
        let fits = |c: char| c.is_alphanumeric() || "-_./:".contains(c);
        if !name.starts_with(char::is_alphanumeric) || !name.chars().all(fits) {
            return Err("a name is one word of letters, digits and -_./: and begins with a letter or a digit");
        }
        if name.len() > LONGEST {
            return Err("a name takes at most 64 bytes, which is 64 plain letters");
        }
        Ok(Self(name))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, name: &str) {
        assert_eq!(text.parse::<Name>().map(|name| name.0).as_deref(), Ok(name));
    }

    fn refuses(text: &str) {
        assert!(text.parse::<Name>().is_err(), "{text}");
    }

    #[test]
    fn names() {
        reads("api", "api");
        reads("Prod/API-2", "prod/api-2");
        reads("größe", "größe");
        reads(&"x".repeat(LONGEST), &"x".repeat(LONGEST));
        for text in ["", "-x", "--force", "a b", "a`b", "a\nb", "*", "@ann", &"x".repeat(LONGEST + 1)] {
            refuses(text);
        }
    }
}
