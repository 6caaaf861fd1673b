//! Document ids, made so that Firestore's order by id is the order that is needed.
//!
//! An id has at most 1,500 bytes, no `/`, is neither `.` nor `..`, and is not of the form `__…__` ("Usage and limits").
//! Firestore compares ids by their bytes in UTF-8.

use catops_core::Timestamp;

/// What all ids of entries begin with, so that none is `.` or `..` or begins with `__`.
const LEAD: &str = "k-";

/// Encodes a key, or the beginning of one, into an id, or the beginning of one. Ids are in the order of their keys: `.` is
/// just below `/`, and `.-` is below `..`. An id has at most twice the bytes of its key, and two: 1,026.
pub(super) fn encode(key: &str) -> String {
    let mut id = String::with_capacity(LEAD.len() + key.len() + 8);
    id.push_str(LEAD);
    for letter in key.chars() {
        match letter {
            '.' => id.push_str(".-"),
            '/' => id.push_str(".."),
            letter => id.push(letter),
        }
    }
    id
}

/// Reads what [`encode`] has written.
pub(super) fn decode(id: &str) -> Option<String> {
    let mut letters = id.strip_prefix(LEAD)?.chars();
    let mut key = String::with_capacity(id.len());
    while let Some(letter) = letters.next() {
        key.push(match letter {
            '.' => match letters.next()? {
                '-' => '.',
                '.' => '/',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(key)
}

/// Returns the least id above all ids of keys that begin with `prefix`.
pub(super) fn after(prefix: &str) -> String {
    let mut id = encode(prefix);
    while let Some(last) = id.pop() {
        let next = match last {
            '.' => Some('0'), // `/`, the next one, is in no id
            last => (last..=char::MAX).nth(1),
        };
        if let Some(next) = next {
            id.push(next);
            break;
        }
    }
    id
}

/// Makes the id of an audit record, below those of all that ended earlier. Those of one millisecond are in the order in
/// which they were written.
pub(super) fn latest_first(ended: Timestamp, written: u128, random: &str) -> String {
    let (ended, written) = (u64::MAX - ended.as_millis(), u128::from(u64::MAX).saturating_sub(written));
    format!("{ended:020}-{written:020}-{random}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 16] = [
        "!", "-", ".", "..", "./", "/", "//", "0", "__a__", "job/a", "job/a.b", "job/a/b", "job/ab", "job0", "ü", "🐈",
    ];

    #[test]
    fn ids_are_allowed_and_come_back() {
        for key in KEYS {
            let id = encode(key);
            assert_eq!(decode(&id).as_deref(), Some(key));
            assert!(!id.contains('/') && id != "." && id != ".." && !id.starts_with("__"), "{id}");
        }
        assert_eq!(encode("state/a.b"), "k-state..a.-b");
        assert!(encode(&"/".repeat(512)).len() <= 1500);
        for wrong in ["", "k", "state", "k-a.", "k-a.b"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_are_in_the_order_of_their_keys() {
        assert!(KEYS.is_sorted());
        assert!(KEYS.map(encode).is_sorted());
    }

    #[test]
    fn a_prefix_is_a_range() {
        for prefix in KEYS.into_iter().chain(["", "job", "job/", "job/a", "\u{d7ff}", "\u{10ffff}"]) {
            for key in KEYS.into_iter().chain(["\u{d7ff}x", "\u{e000}", "\u{10ffff}\u{10ffff}"]) {
                let is_in = (encode(prefix)..after(prefix)).contains(&encode(key));
                assert_eq!(is_in, key.starts_with(prefix), "{key:?} in {prefix:?}");
            }
        }
    }

    #[test]
    fn the_latest_record_is_first() {
        let at = |ended, written| latest_first(Timestamp::from_millis(ended), written, "r");
        assert!([at(9, 1), at(2, 20), at(2, 3), at(1, 99), at(0, u128::MAX), at(0, 0)].is_sorted());
        assert_eq!(at(1_800_000_000_000, 1).len(), 43);
    }
}
