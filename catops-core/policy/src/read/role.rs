//! Roles.

use super::{Reader, find, find_empty};
use crate::keep::{keep, keep_all};
use crate::member;
use crate::pattern::is_letter;
use crate::rules::{EVERYBODY, Member, Role, Text};
use crate::toml::{Data, Entry};

/// The keys of a role.
const ROLE: &[&str] = &["members", "allow"];

impl Reader {
    pub(super) fn role(&mut self, entry: &Entry) -> Option<Role> {
        let (name, at) = (entry.key.as_str(), entry.value.at);
        let Data::Table(table) = &entry.value.data else {
            let cure = format!("write `[roles.{name}]`, and below it `members` and `allow`");
            self.wrong(at, format!("the role `{name}` is {}; {cure}", entry.value.data.kind()));
            return None;
        };
        let is_word = |c: char| is_letter(c) || c == '-' || c == '_';
        if name == EVERYBODY {
            self.wrong(
                at,
                format!("the role `{EVERYBODY}` is there already, and everybody has it; choose another name"),
            );
        } else if name.is_empty() || !name.chars().all(is_word) {
            self.wrong(at, format!("a role's name is one word of letters, digits, `-` and `_`, and `{name}` is not"));
        }
        let is_known = self.keys(table, "of a role", ROLE);
        let mut members: Vec<Member> = Vec::new();
        for (text, at) in self.texts(table, "members") {
            match member::read(&text) {
                Ok((kind, id)) => match members.iter().find(|member| member.id == id && member.kind == kind) {
                    Some(first) => {
                        let said = format!("`{text}` is in this role already, in line {}; remove one", first.at.line);
                        self.wrong(at, said);
                    }
                    None => members.push(Member { kind, id: keep(id), at }),
                },
                Err(wrong) => self.wrong(at, wrong),
            }
        }
        if find(table, "members").is_none() && is_known {
            self.wrong(at, format!("the role `{name}` has no members; write `members = [\"U012AB3CD\"]`"));
        }
        if let Some(entry) = find_empty(table, "members") {
            self.wrong(entry.at, format!("the role `{name}` is empty; add a member, or remove the role"));
        }
        let allow = self.permissions(table, "allow");
        let name = Text { text: keep(name.to_owned()), at: entry.value.at };
        Some(Role { name, members: keep_all(members), allow: keep_all(allow) })
    }
}
