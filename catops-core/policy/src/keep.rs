//! What is read stays.

/// Keeps a text for as long as the process lives: a file is read once in it.
pub(crate) fn keep(text: String) -> &'static str {
    if text.is_empty() { "" } else { Box::leak(text.into_boxed_str()) }
}

/// Keeps a list for as long as the process lives.
pub(crate) fn keep_all<T>(list: Vec<T>) -> &'static [T] {
    if list.is_empty() { &[] } else { Box::leak(list.into_boxed_slice()) }
}
