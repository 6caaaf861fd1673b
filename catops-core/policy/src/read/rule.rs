//! Rules.

use super::approve::APPROVE;
use super::{Reader, find, find_empty, listed};
use crate::keep::{keep, keep_all};
use crate::near::{nearest, one_of};
use crate::rules::{EVERYBODY, Effect, Place, Role, Rule, Target, Text};
use crate::toml::Table;
use crate::when::{self, Condition};
use crate::window::{self, Window};
use crate::{member, pattern};

/// The keys of a rule.
const RULE: &[&str] = &[
    "name",
    "effect",
    "permission",
    "command",
    "roles",
    "except",
    "channels",
    "days",
    "hours",
    "zone",
    "when",
    APPROVE[0],
    APPROVE[1],
    APPROVE[2],
];

impl Reader {
    pub(super) fn rule(&mut self, table: &Table, roles: &[Role]) -> Option<Rule> {
        let is_known = self.keys(table, "of a rule", RULE);
        let name = self.text(table, "name").map_or("", |(name, _)| keep(name));
        let effect = match self.text(table, "effect") {
            Some((effect, at)) => match effect.as_str() {
                "allow" => Some(Effect::Allow),
                "deny" => Some(Effect::Deny),
                "approve" => Some(Effect::Approve),
                _ => {
                    self.wrong(at, format!("`effect` cannot be `{effect}`; it is `allow`, `deny` or `approve`"));
                    None
                }
            },
            None => {
                if find(table, "effect").is_none() && is_known {
                    self.wrong(
                        table.at,
                        "this rule has no `effect`; write `effect = \"allow\"`, `effect = \"deny\"` or `effect = \"approve\"`",
                    );
                }
                None
            }
        };
        let target = self.target(table, "rule", is_known);
        let about = self.named(table, "roles", roles);
        match find(table, "roles") {
            None if is_known => {
                let said =
                    format!("this rule does not say whom it is about; write `roles = [\"{EVERYBODY}\"]` or name roles");
                self.wrong(table.at, said);
            }
            _ => {}
        }
        if let Some(entry) = find_empty(table, "roles") {
            let said = format!("this rule is about nobody; write `roles = [\"{EVERYBODY}\"]` or name roles");
            self.wrong(entry.at, said);
        }
        let except = self.named(table, "except", roles);
        for role in &except {
            if role.text == EVERYBODY {
                self.wrong(role.at, "a rule with an exception for everybody is about nobody; name roles");
            } else if about.iter().any(|one| one.text == role.text) {
                self.wrong(role.at, format!("`{role}` is in `roles` and in `except`; remove it from one"));
            }
        }
        let channels = self.texts(table, "channels").into_iter();
        let channels = channels.filter_map(|text| self.plain(text, member::channel)).collect();
        if let Some(entry) = find_empty(table, "channels") {
            self.wrong(entry.at, "this rule holds in no channel; name channels, or leave `channels` out");
        }
        let window = self.window(table);
        let when = self.text(table, "when").and_then(|(text, at)| self.condition(text, at));
        let approvers = effect.map(|effect| self.approvers(table, effect, is_known, roles)).unwrap_or_default();
        let (effect, target) = (effect?, target?);
        let (roles, except, channels) = (keep_all(about), keep_all(except), keep_all(channels));
        Some(Rule {
            name,
            at: table.at,
            effect,
            target,
            roles,
            except,
            channels,
            window,
            when,
            by: keep_all(approvers.by),
            count: approvers.count,
            within: approvers.within,
        })
    }

    /// Returns what a rule or a limit, as `sort` says, is about.
    pub(super) fn target(&mut self, table: &Table, sort: &str, is_known: bool) -> Option<Target> {
        for key in ["permission", "command"] {
            if let Some(entry) = find_empty(table, key) {
                self.wrong(entry.at, format!("this {sort} is about nothing; name a {key}"));
            }
        }
        match (find(table, "permission"), find(table, "command")) {
            (Some(_), None) => {
                let permissions = self.permissions(table, "permission");
                (!permissions.is_empty()).then(|| Target::Permissions(keep_all(permissions)))
            }
            (None, Some(_)) => {
                let commands = self.texts(table, "command").into_iter();
                let commands: Vec<Text> = commands.filter_map(|text| self.plain(text, pattern::command)).collect();
                (!commands.is_empty()).then(|| Target::Commands(keep_all(commands)))
            }
            (Some(_), Some(entry)) => {
                let said = format!("a {sort} has either `permission` or `command`; write two {sort}s");
                self.wrong(entry.at, said);
                None
            }
            (None, None) if !is_known => None,
            (None, None) => {
                let said = "this rule does not say what it is about; write `permission = \"ops.restart\"` or `command = \"restart\"`";
                self.wrong(table.at, said);
                None
            }
        }
    }

    /// Returns the roles that stand for `key`.
    pub(super) fn named(&mut self, table: &Table, key: &str, roles: &[Role]) -> Vec<Text> {
        let mut named: Vec<Text> = Vec::new();
        for (text, at) in self.texts(table, key) {
            let names = || roles.iter().map(|role| role.name.text).chain([EVERYBODY]);
            if names().any(|name| name == text) {
                named.push(Text { text: keep(text), at });
                continue;
            }
            let cure = match nearest(&text, names()).as_slice() {
                [] => format!("the roles are {}", listed(&names().collect::<Vec<_>>())),
                near => format!("did you mean {}?", one_of(near)),
            };
            self.wrong(at, format!("there is no role `{text}`; {cure}"));
        }
        named
    }

    fn window(&mut self, table: &Table) -> Option<Window> {
        let days = self.text(table, "days").and_then(|(text, at)| self.part(at, window::days(&text)));
        let hours = self.text(table, "hours").and_then(|(text, at)| self.part(at, window::hours(&text)));
        let zone = self.text(table, "zone").and_then(|(text, at)| self.part(at, window::zone(&text)));
        if find(table, "days").is_none() && find(table, "hours").is_none() {
            if let Some(entry) = find(table, "zone") {
                self.wrong(entry.at, "`zone` belongs to `days` or `hours`, and there are none");
            }
            return None;
        }
        let (from, to) = hours.unwrap_or((Window::ALWAYS.from, Window::ALWAYS.to));
        Some(Window { days: days.unwrap_or(Window::ALWAYS.days), from, to, zone: zone.unwrap_or_default() })
    }

    pub(super) fn part<T>(&mut self, at: Place, part: Result<T, String>) -> Option<T> {
        part.map_err(|wrong| self.wrong(at, wrong)).ok()
    }

    fn condition(&mut self, text: String, at: Place) -> Option<Condition> {
        match when::read(&text) {
            Ok(terms) => Some(Condition { text: keep(text), at, terms: keep_all(terms) }),
            Err((byte, wrong)) => {
                // Inside the quotes; an escape before it would shift this by a column.
                let column = u16::try_from(text[..byte].chars().count() + 1).unwrap_or(u16::MAX);
                self.wrong(Place { line: at.line, column: at.column.saturating_add(column) }, wrong);
                None
            }
        }
    }
}
