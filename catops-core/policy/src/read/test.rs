//! Tests.

use super::{Reader, find};
use crate::keep::keep;
use crate::member;
use crate::moment::moment;
use crate::rules::{Expectation, Kind, Text};
use crate::toml::Table;

/// The keys of a test.
const TEST: &[&str] = &["name", "as", "team", "groups", "in", "at", "allows", "approves", "denies"];

impl Reader {
    pub(super) fn test(&mut self, table: &Table) -> Option<Expectation> {
        let is_known = self.keys(table, "of a test", TEST);
        let asker = self.text(table, "as");
        if find(table, "as").is_none() && is_known {
            self.wrong(table.at, "this test does not say who asks; write `as = \"U012AB3CD\"`");
        }
        let asker = asker.and_then(|(text, at)| match member::read(&text) {
            Ok((Kind::User, id)) => Some(keep(id)),
            Ok(_) => {
                self.wrong(
                    at,
                    format!("`{text}` is not the id of a person; `groups` takes groups and e-mail addresses"),
                );
                None
            }
            Err(wrong) => {
                self.wrong(at, wrong);
                None
            }
        });
        let mut groups = Vec::new();
        for (text, at) in self.texts(table, "groups") {
            match member::read(&text) {
                Ok((Kind::Group | Kind::Email, id)) => groups.push(id),
                Ok(_) => self.wrong(at, format!("`{text}` is neither a group nor an e-mail address")),
                Err(wrong) => self.wrong(at, wrong),
            }
        }
        let team = self.text(table, "team").and_then(|text| self.plain(text, member::team));
        let channel = self.text(table, "in").and_then(|text| self.plain(text, member::channel));
        let now = self.text(table, "at").and_then(|(text, at)| self.part(at, moment(&text)));
        let mut lines = |key: &str| -> Vec<Text> {
            let texts = self.texts(table, key).into_iter();
            texts.map(|(text, at)| Text { text: keep(text), at }).collect()
        };
        let (allows, approves, denies) = (lines("allows"), lines("approves"), lines("denies"));
        if allows.is_empty() && approves.is_empty() && denies.is_empty() && is_known {
            self.wrong(table.at, "this test expects nothing; write `allows = [\"restart api\"]` or `denies = […]`");
        }
        Some(Expectation {
            name: self.text(table, "name").map_or("", |(name, _)| keep(name)),
            at: table.at,
            asker: asker?,
            team: team.map_or("", |team| team.text),
            groups,
            channel: channel.map_or("", |channel| channel.text),
            now,
            allows,
            approves,
            denies,
        })
    }
}
