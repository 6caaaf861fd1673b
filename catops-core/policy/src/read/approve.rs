//! What it takes to approve, and who may do without.

use std::ops::RangeInclusive;

use super::{Reader, find, find_empty};
use crate::approve::{WITHIN, too_few};
use crate::rules::{EVERYBODY, Effect, Role, Text};
use crate::span;
use crate::toml::{Data, Table};

/// The keys of a rule with the effect `approve` alone.
pub(super) const APPROVE: [&str; 3] = ["by", "count", "within"];

/// How many can have to approve.
const COUNT: RangeInclusive<u8> = 1..=9;

/// Who approves what a rule holds back, how many of them, and within how many seconds.
#[derive(Default)]
pub(super) struct Approvers {
    pub(super) by: Vec<Text>,
    pub(super) count: u8,
    pub(super) within: u32,
}

impl Reader {
    pub(super) fn approvers(&mut self, table: &Table, effect: Effect, is_known: bool, roles: &[Role]) -> Approvers {
        if effect != Effect::Approve {
            for entry in table.entries.iter().filter(|entry| APPROVE.contains(&entry.key.as_str())) {
                let key = &entry.key;
                self.wrong(
                    entry.at,
                    format!("`{key}` belongs to a rule with `effect = \"approve\"`; remove it, or write that effect"),
                );
            }
            return Approvers::default();
        }
        let by = self.named(table, "by", roles);
        if find(table, "by").is_none() && is_known {
            let said = format!("this rule does not say who can approve; write `by = [\"{EVERYBODY}\"]` or name roles");
            self.wrong(table.at, said);
        }
        if let Some(entry) = find_empty(table, "by") {
            let said = format!("nobody could approve this; write `by = [\"{EVERYBODY}\"]` or name roles");
            self.wrong(entry.at, said);
        }
        let count = self.number(table, "count", COUNT).unwrap_or(*COUNT.start());
        let within = self.span(table, "within").unwrap_or(WITHIN);
        let names: Vec<&str> = by.iter().map(|role| role.text).collect();
        // A member that could not be read is missing among them.
        if let (Some(entry), Some(few), true) =
            (find(table, "by"), too_few(&names, count, roles), self.mistakes.is_empty())
        {
            self.wrong(entry.at, format!("{few}; name more roles or members, or lower `count`"));
        }
        Approvers { by, count, within }
    }

    pub(super) fn break_glass(&mut self, root: &Table, roles: &[Role]) -> Vec<Text> {
        if let Some(entry) = find_empty(root, "break-glass") {
            self.wrong(entry.at, "no role is named; name one, or leave `break-glass` out");
        }
        self.named(root, "break-glass", roles)
    }

    /// Returns the number that stands for `key`.
    pub(super) fn number(&mut self, table: &Table, key: &str, range: RangeInclusive<u8>) -> Option<u8> {
        let entry = find(table, key)?;
        let read = match &entry.value.data {
            Data::Number(number) => {
                let fits = u8::try_from(*number).ok().filter(|number| range.contains(number));
                fits.ok_or_else(|| format!("this is {number}"))
            }
            data => Err(format!("this is {}", data.kind())),
        };
        let (least, most) = range.into_inner();
        let said = |wrong| format!("`{key}` takes a whole number from {least} to {most}, and {wrong}");
        self.part(entry.value.at, read.map_err(said))
    }

    /// Returns the time, in seconds, that stands for `key`.
    pub(super) fn span(&mut self, table: &Table, key: &str) -> Option<u32> {
        self.text(table, key).and_then(|(text, at)| self.part(at, span::read(&text)))
    }
}
