//! Limits.

use std::ops::RangeInclusive;

use super::{Reader, find};
use crate::keep::{keep, keep_all};
use crate::rules::{Limit, Per, Target, Text};
use crate::toml::Table;

/// The keys of a limit.
const LIMIT: &[&str] = &["name", "permission", "command", "per", "count", "within"];

/// How many runs a limit can allow: each is remembered until it is over.
const COUNT: RangeInclusive<u8> = 1..=100;

impl Reader {
    /// Reads a limit that stands below `others`.
    pub(super) fn limit(&mut self, table: &Table, others: &[Limit]) -> Option<Limit> {
        let is_known = self.keys(table, "of a limit", LIMIT);
        let name = self.text(table, "name").map_or("", |(name, at)| {
            // Runs are counted under the name.
            if let Some(other) = others.iter().find(|other| other.name == name && !name.is_empty()) {
                let said = format!("`{name}` is already the limit in line {}; choose another name", other.at.line);
                self.wrong(at, said);
            }
            keep(name)
        });
        let target = match LIMIT[1..3].iter().any(|key| find(table, key).is_some()) {
            true => self.target(table, "limit", is_known),
            false => Some(Target::Commands(keep_all(vec![Text { text: "*", at: table.at }]))),
        };
        let per = self.text(table, "per").and_then(|(per, at)| {
            let read = match per.as_str() {
                "user" => Ok(Per::User),
                "command" => Ok(Per::Command),
                "bot" => Ok(Per::Bot),
                _ => Err(format!("`per` cannot be `{per}`; it is `user`, `command` or `bot`")),
            };
            self.part(at, read)
        });
        let count = self.number(table, "count", COUNT);
        let within = self.span(table, "within");
        for (key, example) in [("per", "\"user\""), ("count", "10"), ("within", "\"1h\"")] {
            if find(table, key).is_none() && is_known {
                self.wrong(table.at, format!("this limit has no `{key}`; write such as `{key} = {example}`"));
            }
        }
        Some(Limit { name, at: table.at, target: target?, per: per?, count: count?.into(), within: within? })
    }
}
