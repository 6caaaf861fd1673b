//! What is read here means the same to the `toml` crate.

use proptest::prelude::*;
use toml::de::{DeTable, DeValue};

use crate::toml::{self as ours, Data, Table};

/// A document in one form, whoever read it.
fn of_ours(data: &Data) -> String {
    match data {
        Data::Text(text) => format!("{text:?}"),
        Data::Number(number) => number.to_string(),
        Data::Bool(value) => value.to_string(),
        Data::List(values) => joined('[', values.iter().map(|value| of_ours(&value.data))),
        Data::Table(table) => of_table(table),
        Data::Tables(tables) => joined('[', tables.iter().map(of_table)),
    }
}

fn of_table(table: &Table) -> String {
    let mut entries: Vec<String> =
        table.entries.iter().map(|entry| format!("{:?}: {}", entry.key, of_ours(&entry.value.data))).collect();
    entries.sort();
    joined('{', entries.into_iter())
}

fn of_theirs(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{:?}", text.as_ref()),
        DeValue::Integer(number) => {
            number.as_str().trim_start_matches('+').parse::<i64>().map_or_else(|_| "?".to_owned(), |n| n.to_string())
        }
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Array(values) => joined('[', values.iter().map(|value| of_theirs(value.get_ref()))),
        DeValue::Table(table) => of_their_table(table),
        DeValue::Float(_) | DeValue::Datetime(_) => "?".to_owned(),
    }
}

fn of_their_table(table: &DeTable<'_>) -> String {
    let mut entries: Vec<String> = table
        .iter()
        .map(|(key, value)| format!("{:?}: {}", key.get_ref().as_ref(), of_theirs(value.get_ref())))
        .collect();
    entries.sort();
    joined('{', entries.into_iter())
}

fn joined(open: char, items: impl Iterator<Item = String>) -> String {
    format!("{open}{}", items.collect::<Vec<_>>().join(", "))
}

/// Reads a document in both ways: what is right here is right there, and the same.
fn agree(text: &str) -> bool {
    match (ours::read(text), DeTable::parse(text)) {
        (Ok(table), Ok(theirs)) => {
            assert_eq!(of_table(&table), of_their_table(theirs.get_ref()), "{text}");
            true
        }
        (Ok(table), Err(error)) => panic!("{text}\n{table:?}\n{error}"),
        (Err(_), _) => false,
    }
}

#[test]
fn what_a_policy_file_can_hold_is_read() {
    for text in [
        "",
        "\u{feff}# nothing\r\n\r\n",
        "a = \"b\" # c\nd.e = 'f\\g'\n\"h i\" = true\n",
        "[a]\nb = 1\n[a.c]\nd = -2\n[e.f]\ng = false\n[e]\nh = 0\n",
        "[[a]]\nb = 1\n[a.c]\nd = 2\n[[a]]\nb = 3\n[[a.e]]\nf = 4\n[[a.e]]\nf = 5\n",
        "a = [ # one\n  \"b\",\n  # two\n  [\"c\", 'd'],\n]\n",
        "a = { b = 1, c.d = \"e\", f = [] , g = {} }\n",
        "a = \"\\\"\\\\\\b\\t\\n\\f\\r\\u00e9\\U0001F600\"\n",
        "a.b = 1\na.c.d = 2\n",
        "a = +7\nb = 0\nc = -0\n",
        "  [ a . \"b\" ]  \n\t'c' = 'é'",
    ] {
        assert!(agree(text), "{text}: {:?}", ours::read(text));
    }
}

#[test]
fn what_toml_refuses_is_refused() {
    for text in [
        "a",
        "a = ",
        "a = 1 b = 2",
        "a = 01",
        "a = 1_",
        "= 1",
        "a = \"b\nc\"",
        "a = \"\\q\"",
        "a = \"\\u12\"",
        "a = \"\\uD800\"",
        "a = '\u{1}'",
        "# \u{0}",
        "a = 1\na = 2",
        "[a]\n[a]",
        "[a]\nb = 1\n[a.b]",
        "a = {b = 1}\na.c = 2",
        "a = {b = 1}\n[a.c]",
        "a = []\n[[a]]",
        "[[a]]\n[a]",
        "[a]\n[[a]]",
        "[a.b.c]\nz = 1\n[a]\nb.c.t = 2",
        "a.b = 1\n[a]",
        "[a]]",
        "[[a]",
        "[]",
        "a = [1 2]",
        "a = [1,,2]",
        "a = {b = 1",
        "a = 1\rb = 2",
        "a..b = 1",
    ] {
        assert!(ours::read(text).is_err() && DeTable::parse(text).is_err(), "{text}: {:?}", ours::read(text));
    }
}

fn document() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "c",
        ".",
        "=",
        " = ",
        "\"",
        "'",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        ",",
        "\n",
        "\r\n",
        "#",
        " ",
        "\\",
        "\\n",
        "\\u00e9",
        "1",
        "-2",
        "0",
        "true",
        "é",
        "\"x\"",
        "'y'",
        "a = 1\n",
        "[a]\n",
        "[[b]]\n",
        "[a.b]\n",
        "b.c = []\n",
        "\u{7}",
        "c = {a = 1, b.c = 2}\n",
        "\"\"\"",
        "_",
        "\t",
        "[[a.b]]\n",
        "\u{7f}",
        "\u{85}",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_read_means_the_same(text in document()) {
        agree(&text);
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,60}|[\\[\\]{}='\"\\\\.a#\n ,0-9]{0,60}") {
        agree(&text);
        let _ = crate::read("f", &text);
        let _ = crate::when::read(&text);
        let _ = crate::member(&text);
        let _ = (crate::window::days(&text), crate::window::hours(&text), crate::window::zone(&text), crate::moment(&text));
        let _ = crate::span::read(&text);
    }
}
