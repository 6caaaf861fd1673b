//! What is known of a condition: that it holds, that it does not, or neither.

use std::ops::Not;

/// Kleene's three truths, from the least to the greatest: `min` is "and", `max` is "or".
///
/// What cannot be told stays that way through "and", "or" and "not", unless the rest settles the matter alone. So a rule
/// that allows asks for [`Yes`](Truth::Yes), a rule that denies asks for anything but [`No`](Truth::No), and nothing that
/// is unknown ever opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It does not hold.
    No,
    /// It cannot be told.
    Unknown,
    /// It holds.
    Yes,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}
