//! Points in time that travel between processes.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time as whole milliseconds since 1970, UTC.
///
/// Core never reads the clock to decide something: the entry passes the time in, so a test can choose it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Makes a timestamp from milliseconds since 1970.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Makes a timestamp from seconds since 1970.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Reads the clock. For entries and command lines; everything below them is handed the time.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Returns the milliseconds since 1970.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the whole seconds since 1970.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// Returns the time from `earlier` to `self`, or zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns it as RFC 3339 writes it, to the millisecond, such as `2026-11-22T12:03:09.250Z`.
    pub fn rfc3339(self) -> String {
        let text = self.to_string();
        let (day, time_of_day) = (text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default());
        format!("{day}T{time_of_day}.{:03}Z", self.as_millis() % 1000)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Shows date and time in UTC to the second: `2026-11-22 12:03:09 UTC`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, secs) = (self.as_secs() / 86_400, self.as_secs() % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (secs / 3600, secs / 60 % 60, secs % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

/// Reads what RFC 3339 writes, such as `2026-11-22T12:03:09Z` or `2026-11-22T14:03:09.25+02:00`, and the form that is shown.
/// Times before 1970 and leap seconds are refused.
impl FromStr for Timestamp {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or("it is a time such as `2026-11-22T12:03:09Z`")
    }
}

fn read(text: &str) -> Option<Timestamp> {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    let two = |text: &str, most: u64| number(text).filter(|number| text.len() == 2 && *number <= most);
    // Whatever is not ASCII would make the places below fall between letters.
    let (date, rest) = text.is_ascii().then(|| text.split_at_checked(10))??;
    let mut parts = date.split('-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(number)?;
    let (month, day) = (two(parts.next()?, 12)?, two(parts.next()?, 31)?);
    let days = days(year, month, day)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, rest) = rest.split_at_checked(8)?;
    let mut parts = time.split(':');
    let (hour, minute, second) = (two(parts.next()?, 23)?, two(parts.next()?, 59)?, two(parts.next()?, 59)?);
    let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let (fraction, zone) = rest.split_at(end);
    let millis = match fraction.strip_prefix('.') {
        Some(digits) if !digits.is_empty() => number(&format!("{digits:0<3}")[..3])?,
        None if fraction.is_empty() => 0,
        _ => return None,
    };
    let offset = match zone {
        "Z" | "z" | " UTC" => 0,
        _ => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let seconds = (two(hours, 23)? * 3600 + two(minutes, 59)? * 60).cast_signed();
            if zone.starts_with('-') { -seconds } else { zone.starts_with('+').then_some(seconds)? }
        }
    };
    let seconds = (days * 86_400 + hour * 3600 + minute * 60 + second).checked_add_signed(-offset)?;
    Some(Timestamp(seconds * 1000 + millis))
}

/// Returns the days from 1970 to a date of the Gregorian calendar, or `None` if there is no such date from 1970 on.
pub(crate) fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 {
        return None;
    }
    // Count from a year that begins in March, so that the leap day comes last.
    let (of_march, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let since =
        of_march * 365 + of_march / 4 - of_march / 100 + of_march / 400 + (month_from_march * 153 + 2) / 5 + day;
    let days = since.checked_sub(719_469)?;
    (civil(days) == (year, month, day)).then_some(days)
}

/// Turns days since 1970 into year, month and day of the Gregorian calendar, by counting from a year that begins in
/// March, so that the leap day comes last.
pub(crate) const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(secs: u64, text: &str) {
        assert_eq!(Timestamp::from_secs(secs).to_string(), text);
    }

    #[test]
    fn dates() {
        shows(0, "1970-01-01 00:00:00 UTC");
        shows(951_782_399, "2000-02-28 23:59:59 UTC");
        shows(951_782_400, "2000-02-29 00:00:00 UTC");
        shows(1_795_305_600, "2026-11-22 00:00:00 UTC");
        shows(4_107_542_400, "2100-03-01 00:00:00 UTC");
    }

    fn reads(text: &str, millis: Option<u64>) {
        assert_eq!(text.parse().ok(), millis.map(Timestamp::from_millis), "{text}");
    }

    #[test]
    fn texts() {
        reads("1970-01-01T00:00:00Z", Some(0));
        reads("2000-02-29 00:00:00 UTC", Some(951_782_400_000));
        reads("2026-11-22t00:00:00z", Some(1_795_305_600_000));
        reads("2026-11-22T00:00:00.5Z", Some(1_795_305_600_500));
        reads("2026-11-22T00:00:00.123456789Z", Some(1_795_305_600_123));
        reads("2026-11-22T02:00:00+02:00", Some(1_795_305_600_000));
        reads("2026-11-21T18:30:00-05:30", Some(1_795_305_600_000));
        for wrong in [
            "",
            "now",
            "2026-11-22",
            "2026-11-22T00:00:00",
            "2026-11-22T00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T00:60:00Z",
            "2026-11-22T00:00:60Z",
            "2026-11-31T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "1969-12-31T00:00:00Z",
            "1970-01-01T00:00:00+01:00",
            "2026-11-22T00:00:00.Z",
            "2026-11-22T00:00:00.1.2Z",
            "2026-11-22T00:00:00+0200",
            "2026-11-22T00:00:00*02:00",
            "2026-1-022T00:00:00Z",
            "+026-11-22T00:00:00Z",
            "2026-11-22T00:00:00é",
            "2026-11-22é00:00:00Z",
        ] {
            reads(wrong, None);
        }
    }

    #[test]
    fn what_is_shown_is_read() {
        for secs in (0..8_000_000_000).step_by(86_400 * 17 + 12_345) {
            let time = Timestamp::from_secs(secs);
            assert_eq!(time.to_string().parse(), Ok(time));
        }
    }

    #[test]
    fn the_largest_value_does_not_overflow() {
        let _ = Timestamp::from_millis(u64::MAX).to_string();
        assert_eq!(Timestamp::from_millis(u64::MAX) + Duration::MAX, Timestamp::from_millis(u64::MAX));
    }
}
