//! The names that somebody may have meant.

/// How many names are proposed at most.
pub(super) const PROPOSED: usize = 3;

/// Returns the few of `names` that are nearest to `typed`.
pub(super) fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = near(typed, names);
    found.truncate(PROPOSED);
    found
}

/// Returns those of `names` that are near `typed`, the nearest first: at most one mistake and one more for every four
/// letters, or what was typed is their beginning.
pub(super) fn near<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed: Vec<char> = typed.to_lowercase().replace('_', "-").chars().collect();
    // Nobody mistypes a name of this length; whoever sends one wants to see us work.
    if typed.is_empty() || typed.len() > 64 {
        return Vec::new();
    }
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let letters: Vec<char> = name.chars().collect();
            let limit = 1 + typed.len() / 4;
            let is_beginning = letters.starts_with(&typed);
            // Each letter more or less is one mistake, so most names need no closer look.
            if typed.len().abs_diff(letters.len()) > limit {
                return is_beginning.then_some((2, name));
            }
            let far = distance(&typed, &letters);
            let is_near = far <= limit && far < typed.len().max(letters.len());
            // A beginning ranks behind a slip of one letter, before everything further off.
            let rank = if is_beginning { far.min(2) } else { far };
            (is_near || is_beginning).then_some((rank, name))
        })
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().map(|(_, name)| name).collect()
}

/// Joins names as in "`a`, `b` or `c`".
pub(crate) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Counts the letters to add, remove, change or swap with their neighbour (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1; width];
        for (j, &y) in b.iter().enumerate() {
            let change = last[j] + usize::from(x != y);
            row[j + 1] = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found() {
        let names = ["restart", "status", "start", "lock", "locks", "unlock", "ping"];
        for (typed, expected) in [
            ("restrat", vec!["restart"]),
            ("Restrat", vec!["restart"]),
            ("lcok", vec!["lock", "locks"]),
            ("loc", vec!["lock", "locks"]),
            ("st", vec!["start", "status"]),
            ("pong", vec!["ping"]),
            ("deploy", vec![]),
            ("x", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(nearest(typed, names), expected, "{typed}");
        }
        assert_eq!(near(&"a".repeat(65), ["a"]), Vec::<&str>::new());
    }

    #[test]
    fn names_are_joined() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }

    #[test]
    fn a_swap_is_one_mistake() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (a, b, expected) in [("nwo", "now", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0)] {
            assert_eq!(distance(&chars(a), &chars(b)), expected);
        }
    }
}
