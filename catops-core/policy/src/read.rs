//! From TOML to rules: which keys there are, what they take, and every mistake at once.

mod approve;
mod limit;
mod role;
mod rule;
mod test;

use crate::keep::{keep, keep_all};
use crate::near::{nearest, one_of};
use crate::rules::{Expectation, Limit, Mistake, Place, Role, Rules, Text};
use crate::toml::{self, Data, Entry, Table, Value};
use crate::{member, pattern};

/// A policy file: its rules, and the answers that it expects of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Who may run what.
    pub rules: Rules,
    /// What is expected of the rules.
    pub tests: Vec<Expectation>,
}

/// The keys at the top of the file.
const TOP: &[&str] = &["teams", "guardrail", "break-glass", "roles", "rule", "limit", "test"];

/// Reads the text of a policy file, which messages call `file`.
///
/// What it says is checked as far as that goes without the commands; [`check`](Rules::check) does the rest.
pub fn read(file: &str, text: &str) -> Result<File, Vec<Mistake>> {
    let root = toml::read(text).map_err(|mistake| vec![mistake])?;
    let mut reader = Reader::default();
    let read = reader.file(file, &root);
    if reader.mistakes.is_empty() { Ok(read) } else { Err(reader.mistakes) }
}

#[derive(Default)]
struct Reader {
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn wrong(&mut self, at: Place, text: impl Into<String>) {
        Mistake::new(at, text).put(&mut self.mistakes);
    }

    fn file(&mut self, file: &str, root: &Table) -> File {
        self.keys(root, "at the top of the file", TOP);
        let teams = self.texts(root, "teams").into_iter().filter_map(|text| self.plain(text, member::team)).collect();
        if let Some(entry) = find_empty(root, "teams") {
            self.wrong(entry.at, "no workspace is named; name one, or leave `teams` out for all");
        }
        let guardrail = self.permissions(root, "guardrail");
        let mut roles: Vec<Role> = Vec::new();
        if let Some(entry) = find(root, "roles") {
            match &entry.value.data {
                Data::Table(table) => roles = table.entries.iter().filter_map(|entry| self.role(entry)).collect(),
                data => {
                    let kind = data.kind();
                    self.wrong(
                        entry.at,
                        format!("`roles` is {kind}; write `[roles.oncall]` and what belongs to it below"),
                    );
                }
            }
        }
        let mut rules = Vec::new();
        for table in self.tables(root, "rule") {
            rules.extend(self.rule(table, &roles));
        }
        let mut limits: Vec<Limit> = Vec::new();
        for table in self.tables(root, "limit") {
            let limit = self.limit(table, &limits);
            limits.extend(limit);
        }
        let break_glass = self.break_glass(root, &roles);
        let mut tests = Vec::new();
        for table in self.tables(root, "test") {
            tests.extend(self.test(table));
        }
        let rules = Rules {
            file: keep(file.to_owned()),
            teams: keep_all(teams),
            guardrail: keep_all(guardrail),
            roles: keep_all(roles),
            rules: keep_all(rules),
            limits: keep_all(limits),
            break_glass: keep_all(break_glass),
        };
        File { rules, tests }
    }

    /// Complains of keys that are not known. Returns whether all are: else one that is missing may be among them.
    fn keys(&mut self, table: &Table, place: &str, known: &[&str]) -> bool {
        let before = self.mistakes.len();
        for entry in table.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let key = &entry.key;
            let cure = match nearest(key, known.iter().copied()).as_slice() {
                [] => format!("the keys {place} are {}", listed(known)),
                near => format!("did you mean {}?", one_of(near)),
            };
            self.wrong(entry.at, format!("unknown key `{key}`; {cure}"));
        }
        self.mistakes.len() == before
    }

    fn tables<'a>(&mut self, root: &'a Table, key: &str) -> &'a [Table] {
        match find(root, key).map(|entry| (&entry.value.data, entry.at)) {
            None => &[],
            Some((Data::Tables(tables), _)) => tables,
            Some((data, at)) => {
                let kind = data.kind();
                self.wrong(at, format!("`{key}` is {kind}; write `[[{key}]]` above each {key}"));
                &[]
            }
        }
    }

    /// Returns what stands for `key`: one text or a list of texts.
    fn texts(&mut self, table: &Table, key: &str) -> Vec<(String, Place)> {
        let Some(entry) = find(table, key) else { return Vec::new() };
        let values: Vec<&Value> = match &entry.value.data {
            Data::List(values) => values.iter().collect(),
            _ => vec![&entry.value],
        };
        let mut texts = Vec::new();
        for value in values {
            match &value.data {
                Data::Text(text) => texts.push((text.clone(), value.at)),
                data => self.wrong(value.at, format!("`{key}` takes texts in quotes, and this is {}", data.kind())),
            }
        }
        texts
    }

    /// Returns the one text that stands for `key`.
    fn text(&mut self, table: &Table, key: &str) -> Option<(String, Place)> {
        let entry = find(table, key)?;
        match &entry.value.data {
            Data::Text(text) => Some((text.clone(), entry.value.at)),
            data => {
                self.wrong(entry.value.at, format!("`{key}` takes one text in quotes, and this is {}", data.kind()));
                None
            }
        }
    }

    fn plain(&mut self, (text, at): (String, Place), read: fn(&str) -> Result<String, String>) -> Option<Text> {
        match read(&text) {
            Ok(text) => Some(Text { text: keep(text), at }),
            Err(wrong) => {
                self.wrong(at, wrong);
                None
            }
        }
    }

    fn permissions(&mut self, table: &Table, key: &str) -> Vec<Text> {
        self.texts(table, key).into_iter().filter_map(|text| self.plain(text, pattern::permission)).collect()
    }
}

/// Returns the entry of `key` if it is an empty list.
fn find_empty<'a>(table: &'a Table, key: &str) -> Option<&'a Entry> {
    find(table, key).filter(|entry| matches!(&entry.value.data, Data::List(list) if list.is_empty()))
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Entry> {
    table.entries.iter().find(|entry| entry.key == key)
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
