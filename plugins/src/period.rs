//! How long something lasts, as people type it: `30m`, `2h`, `1d`, `1h30m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use catops_core::Context;

/// The units, from the largest down, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// The longest period that is taken, in seconds: what is meant for longer is meant for good.
const LONGEST: u64 = 365 * 86_400;

/// A length of time in whole seconds, at least one and at most 365 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period(Duration);

impl Period {
    /// Returns it as the standard library's type.
    pub(crate) const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Period {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write how long as in 30m, 2h, 1d or 1h30m";
        const TOO_LONG: &str = "the longest is 365d";
        let mut units = UNITS.iter();
        let mut rest = text;
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(FORM)?;
            let (number, unit) = rest.split_at(end);
            let unit = unit.chars().next().ok_or(FORM)?;
            // The same iterator goes on, so that `30m1h` and `1h1h`, more likely slips than wishes, are refused.
            let (_, secs) = units.find(|(letter, _)| letter.eq_ignore_ascii_case(&unit)).ok_or(FORM)?;
            if number.is_empty() {
                return Err(FORM);
            }
            // What is not even a `u64` has only digits, so it is too long and not badly written.
            let number: u64 = number.parse().map_err(|_| TOO_LONG)?;
            total = number.checked_mul(*secs).and_then(|more| total.checked_add(more)).ok_or(TOO_LONG)?;
            rest = &rest[end + 1..];
        }
        match total {
            0 => Err(FORM),
            1..=LONGEST => Ok(Self(Duration::from_secs(total))),
            _ => Err(TOO_LONG),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&rounded(self.0))
    }
}

/// Proposes a few lengths of time, as a completer.
pub(crate) async fn periods(_: &Context, _: &str) -> Vec<String> {
    ["15m", "30m", "1h", "2h", "4h", "8h", "1d", "2d", "7d"].map(str::to_owned).to_vec()
}

/// Shows a duration by its two largest units, rounded down: `1h30m`, `2d`, `45s`.
pub(crate) fn rounded(duration: Duration) -> String {
    let secs = duration.as_secs();
    let Some(first) = UNITS.iter().position(|(_, unit)| secs >= *unit) else { return "0s".to_owned() };
    let mut rest = secs;
    let mut out = String::new();
    for (letter, unit) in &UNITS[first..UNITS.len().min(first + 2)] {
        if rest >= *unit {
            out.push_str(&format!("{}{letter}", rest / unit));
        }
        rest %= unit;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, secs: u64, shown: &str) {
        let period: Period = text.parse().unwrap();
        assert_eq!((period.duration().as_secs(), period.to_string().as_str()), (secs, shown), "{text}");
    }

    fn refuses(text: &str, why: &str) {
        let error = text.parse::<Period>().unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }

    #[test]
    fn what_people_type() {
        reads("30m", 1800, "30m");
        reads("2h", 7200, "2h");
        reads("1d", 86_400, "1d");
        reads("1h30m", 5400, "1h30m");
        reads("1H30M", 5400, "1h30m");
        reads("90m", 5400, "1h30m");
        reads("1d0h5m", 86_700, "1d");
        reads("45s", 45, "45s");
        reads("365d", LONGEST, "365d");
    }

    #[test]
    fn what_cannot_be_meant() {
        for text in ["", "0m", "m", "30", "h30m", "1h30", "30m1h", "1h1h", "-5m", "1.5h", "1 h", "2ü", "½h", "soon"] {
            refuses(text, "30m, 2h, 1d or 1h30m");
        }
        for text in ["366d", "365d1s", "99999999999999999999d", "18446744073709551615d", "18446744073709551615s"] {
            refuses(text, "the longest is 365d");
        }
    }

    #[test]
    fn less_than_a_second_is_none() {
        assert_eq!(rounded(Duration::from_millis(999)), "0s");
    }
}
