//! A value that must not be printed.

use std::fmt;

/// Holds a value that neither `Debug` nor a log line may show.
///
/// There is no `Display` and no `Serialize`: [`Secret::expose`] is the only way to the value, so every use can be found
/// by its name.
///
/// ```
/// let token = catops_core::Secret::new("xoxb-1".to_owned());
/// assert_eq!(format!("{token:?}"), "Secret(…)");
/// assert_eq!(token.expose(), "xoxb-1");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T = String>(T);

impl<T> Secret<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value. Never pass it to a log, an error or a reply.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
