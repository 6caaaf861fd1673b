//! What permissions and commands look like.

/// A letter or a digit; of what is not ASCII nothing is refused, so that no table of letters is needed.
pub(crate) const fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}

/// Reads `ops.restart`, `ops.*` or `*`.
pub(crate) fn permission(text: &str) -> Result<String, String> {
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| is_letter(c) || matches!(c, '-' | '_' | ':' | '/'));
    let is_whole = match text.strip_suffix('*') {
        Some("") => true,
        Some(beginning) => beginning.strip_suffix('.').is_some_and(|rest| rest.split('.').all(is_part)),
        None => text.split('.').all(is_part),
    };
    let wrong = || {
        format!(
            "`{text}` is no permission; one is words joined by dots, such as `ops.restart`, and `ops.*` is all that begin with `ops.`"
        )
    };
    is_whole.then(|| text.to_owned()).ok_or_else(wrong)
}

/// Reads `restart`, `deploys start`, `deploys *` or `*`.
pub(crate) fn command(text: &str) -> Result<String, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_name = |word: &&str| word.chars().all(|c| is_letter(c) || c == '-' || c == '_');
    let fits = match words.as_slice() {
        ["*"] => true,
        [name] => is_name(name),
        [group, name] => is_name(group) && (*name == "*" || is_name(name)),
        _ => false,
    };
    let wrong = || {
        format!(
            "`{text}` is no command; write its name as `help` shows it, such as `restart` or `deploys start`, and `deploys *` for a group; arguments belong into `when`"
        )
    };
    fits.then(|| words.join(" ").to_lowercase().replace('_', "-")).ok_or_else(wrong)
}
