//! Times of a rule: days of the week and hours of the day, at a fixed distance from UTC.

use std::fmt;

/// The days, from Monday on.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The minutes of a day.
pub(crate) const DAY: u16 = 24 * 60;

/// Days of the week and hours of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The days as bits, Monday being the lowest.
    pub days: u8,
    /// The first minute of the day.
    pub from: u16,
    /// The minute of the day after the last; before `from`, it is of the next day.
    pub to: u16,
    /// How many minutes the clock is ahead of UTC.
    pub zone: i16,
}

impl Window {
    /// All days, all hours, in UTC.
    pub const ALWAYS: Self = Self { days: 0x7f, from: 0, to: DAY, zone: 0 };

    /// Returns whether a time, in seconds since 1970, is in it. Hours that go past midnight belong to the day they began.
    pub fn has(&self, now: u64) -> bool {
        let minutes = (now / 60).saturating_add_signed(i64::from(self.zone));
        let (day, minute) = (minutes / u64::from(DAY), (minutes % u64::from(DAY)) as u16);
        let has_day = |day: u64| self.days >> weekday(day) & 1 == 1;
        match self.from < self.to {
            true => has_day(day) && (self.from..self.to).contains(&minute),
            // 1 January 1970 is the first day, so there is always one before; six days on is the same day of the week.
            false => (minute >= self.from && has_day(day)) || (minute < self.to && has_day(day + 6)),
        }
    }
}

/// Returns the day of the week of a day since 1970, Monday being 0. The first was a Thursday.
const fn weekday(day: u64) -> u64 {
    (day + 3) % 7
}

/// Reads days such as `Mon-Fri` or `Sat, Sun`.
pub(crate) fn days(text: &str) -> Result<u8, String> {
    let number = |word: &str| {
        DAYS.iter().position(|day| day.eq_ignore_ascii_case(word.trim())).ok_or_else(|| {
            let word = word.trim();
            format!(
                "`{word}` is no day; the days are Mon, Tue, Wed, Thu, Fri, Sat and Sun, as in `Mon-Fri` or `Sat, Sun`"
            )
        })
    };
    text.split(',').try_fold(0, |days, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        let count = (last + 7 - first) % 7;
        Ok((first..=first + count).fold(days, |days, day| days | 1 << (day % 7)))
    })
}

/// Reads hours such as `09:00-17:30` or `22:00-06:00`.
pub(crate) fn hours(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("`{text}` are no hours; write them as in `09:00-17:30`, or `22:00-06:00` past midnight");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (minute(from.trim()).ok_or_else(wrong)?, minute(to.trim()).ok_or_else(wrong)?);
    if from == DAY {
        return Err(wrong());
    }
    if from == to {
        return Err(format!("`{text}` begins when it ends; for the whole day leave `hours` out"));
    }
    Ok((from, to))
}

/// Reads a distance from UTC: `UTC`, `+01:00` or `-05:30`.
pub(crate) fn zone(text: &str) -> Result<i16, String> {
    let wrong = || {
        format!(
            "`{text}` is no fixed distance from UTC; write `UTC`, `+01:00` or `-05:30`: zones that change in summer are not known here"
        )
    };
    if text == "UTC" {
        return Ok(0);
    }
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong()),
    };
    // From Baker Island to Kiribati.
    let most = if sign < 0 { 12 * 60 } else { 14 * 60 };
    let minutes = minute(rest).filter(|minutes| *minutes <= most).ok_or_else(wrong)?;
    Ok(sign * minutes.cast_signed())
}

/// Reads `09:30` as the minute of the day; `24:00` is its end.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
}

impl fmt::Display for Window {
    /// Shows it as in `Mon-Fri 09:00-17:30 +01:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_hours = (self.from, self.to) != (0, DAY);
        if self.days != Self::ALWAYS.days {
            write!(f, "{} ", spans(self.days))?;
        }
        if has_hours {
            write!(f, "{:02}:{:02}-{:02}:{:02} ", self.from / 60, self.from % 60, self.to / 60, self.to % 60)?;
        }
        match self.zone {
            0 => f.write_str("UTC"),
            zone => {
                let sign = if zone < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", zone.abs() / 60, zone.abs() % 60)
            }
        }
    }
}

/// Shows days as in `Mon-Fri` or `Wed, Sat`; a span may go over the end of the week.
fn spans(days: u8) -> String {
    let has = |day: usize| days >> (day % 7) & 1 == 1;
    let firsts = (0..7).filter(|day| has(*day) && !has(day + 6));
    let span = |first: usize| {
        let length = (1..7).take_while(|more| has(first + more)).count();
        match (DAYS[first], DAYS[(first + length) % 7]) {
            (first, _) if length == 0 => first.to_owned(),
            (first, last) => format!("{first}-{last}"),
        }
    };
    firsts.map(span).collect::<Vec<_>>().join(", ")
}

/// Shows a time, in seconds since 1970, on the clock of a zone: `Sun 03:00`.
pub(crate) fn clock(now: u64, zone: i16) -> String {
    let minutes = (now / 60).saturating_add_signed(i64::from(zone));
    let (day, minute) = (minutes / u64::from(DAY), minutes % u64::from(DAY));
    format!("{} {:02}:{:02}", DAYS[weekday(day) as usize], minute / 60, minute % 60)
}
