//! Reads TOML: what a policy file can hold, with the place of every key and value.
//!
//! Tables, arrays of tables, inline tables, dotted and quoted keys, one-line strings, lists, whole numbers and booleans. A
//! string over several lines, a fraction or a date is refused with the cure, so whatever is read here means the same to
//! every other reader of TOML; the tests hold it against the `toml` crate. That crate would do as well, for 43 kB of a
//! function's zip.

mod reader;

use self::reader::Reader;
use crate::rules::{Mistake, Place};

/// A table: its entries in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) at: Place,
    pub(crate) entries: Vec<Entry>,
    origin: Origin,
}

/// How a table came to be, which says what may still be added to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Origin {
    /// By the name of a table in it, as `a` by `[a.b]`.
    #[default]
    Implied,
    /// By its own line `[a]`.
    Header,
    /// By a dotted key, as `a` by `a.b = 1`.
    Dotted,
    /// As a value, `{ … }`.
    Inline,
}

/// A key and what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Place,
    pub(crate) value: Value,
}

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) at: Place,
    pub(crate) data: Data,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Text(String),
    Number(i64),
    Bool(bool),
    List(Vec<Value>),
    Table(Table),
    /// The tables that `[[name]]` adds, one after the other.
    Tables(Vec<Table>),
}

impl Data {
    /// Returns what it is called in messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Bool(_) => "`true` or `false`",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Tables(_) => "a list of tables",
        }
    }
}

/// Reads a whole file. It ends at the first mistake, since what follows one cannot be trusted.
pub(crate) fn read(text: &str) -> Result<Table, Mistake> {
    let mut reader = Reader::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut root = Table { at: reader.place(), entries: Vec::new(), origin: Origin::Header };
    let mut path: Vec<(String, Place)> = Vec::new();
    loop {
        reader.skip_lines()?;
        match reader.peek() {
            None => return Ok(root),
            Some('[') => {
                let at = reader.place();
                reader.bump();
                let is_list = reader.take('[');
                path = reader.keys()?;
                if !(reader.take(']') && (!is_list || reader.take(']'))) {
                    let sign = if is_list { "]]" } else { "]" };
                    return Err(reader.mistake(format!("the name of a table ends with `{sign}`")));
                }
                open(&mut root, &path, is_list, at)?;
            }
            Some(_) => {
                let keys = reader.keys()?;
                if !reader.take('=') {
                    return Err(reader.mistake("a key is followed by `=` and its value, as in `effect = \"deny\"`"));
                }
                reader.skip_spaces();
                let value = reader.value(0)?;
                insert(section(&mut root, &path), &keys, value)?;
            }
        }
        reader.end_of_line()?;
    }
}

/// Goes to the table that the last `[…]` or `[[…]]` named.
fn section<'a>(root: &'a mut Table, path: &[(String, Place)]) -> &'a mut Table {
    let mut table = root;
    for (key, _) in path {
        let index = table.entries.iter().position(|entry| entry.key == *key);
        // `open` has made the whole path; what it could not make was a mistake.
        let entry = &mut table.entries[index.expect("the path of a section was made when it was opened")];
        table = match &mut entry.value.data {
            Data::Table(table) => table,
            Data::Tables(tables) => tables.last_mut().expect("a list of tables has one from the start"),
            _ => unreachable!("the path of a section has tables only"),
        };
    }
    table
}

/// Makes the table of a line `[path]` or `[[path]]`.
fn open(root: &mut Table, path: &[(String, Place)], is_list: bool, at: Place) -> Result<(), Mistake> {
    let Some(((last, last_at), parents)) = path.split_last() else { return Ok(()) };
    let mut table = root;
    for (key, at) in parents {
        let index = position_or(table, key, *at, || Data::Table(Table { at: *at, ..Table::default() }));
        let first = table.entries[index].at;
        table = match &mut table.entries[index].value.data {
            Data::Table(table) if table.origin != Origin::Inline => table,
            Data::Tables(tables) => tables.last_mut().expect("a list of tables has one from the start"),
            _ => return Err(twice(*at, key, first)),
        };
    }
    let fresh = Table { at, entries: Vec::new(), origin: Origin::Header };
    let known = table.entries.iter().position(|entry| entry.key == *last);
    let Some(index) = known else {
        let data = if is_list { Data::Tables(vec![fresh]) } else { Data::Table(fresh) };
        table.entries.push(Entry { key: last.clone(), at: *last_at, value: Value { at, data } });
        return Ok(());
    };
    let first = table.entries[index].at;
    match &mut table.entries[index].value.data {
        Data::Tables(tables) if is_list => {
            tables.push(fresh);
            Ok(())
        }
        Data::Table(table) if !is_list && table.origin == Origin::Implied => {
            table.at = at;
            table.origin = Origin::Header;
            Ok(())
        }
        _ => Err(twice(*last_at, last, first)),
    }
}

/// Puts a value where its dotted key says.
fn insert(table: &mut Table, keys: &[(String, Place)], value: Value) -> Result<(), Mistake> {
    let Some(((last, last_at), parents)) = keys.split_last() else { return Ok(()) };
    let mut table = table;
    for (key, at) in parents {
        let data = || Data::Table(Table { at: *at, entries: Vec::new(), origin: Origin::Dotted });
        let index = position_or(table, key, *at, data);
        let first = table.entries[index].at;
        table = match &mut table.entries[index].value.data {
            Data::Table(table) if table.origin == Origin::Dotted => table,
            _ => return Err(twice(*at, key, first)),
        };
    }
    if let Some(entry) = table.entries.iter().find(|entry| entry.key == *last) {
        return Err(twice(*last_at, last, entry.at));
    }
    table.entries.push(Entry { key: last.clone(), at: *last_at, value });
    Ok(())
}

fn position_or(table: &mut Table, key: &str, at: Place, data: impl FnOnce() -> Data) -> usize {
    table.entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
        table.entries.push(Entry { key: key.to_owned(), at, value: Value { at, data: data() } });
        table.entries.len() - 1
    })
}

fn twice(at: Place, key: &str, first: Place) -> Mistake {
    Mistake::new(at, format!("`{key}` is already in line {}; keep one of them", first.line))
}
