//! Schedules: when a command runs by itself.
//!
//! A command declares one with `#[command(schedule = "0 3 * * *")]`. Each target has a scheduler of its own that delivers
//! the ticks; [`Dispatcher::tick`](crate::Dispatcher::tick) runs the command for a tick.
//!
//! ```
//! use catops_core::Timestamp;
//! use catops_core::schedule::Cron;
//!
//! # fn main() -> Result<(), catops_core::Error> {
//! let cron = Cron::parse("0 3 * * *")?;
//! let now = Timestamp::from_secs(1_795_348_989);
//! assert_eq!(now.to_string(), "2026-11-22 12:03:09 UTC");
//! assert_eq!(cron.next_after(now).map(|tick| tick.to_string()).as_deref(), Some("2026-11-23 03:00:00 UTC"));
//! assert_eq!((cron.aws()?.as_str(), cron.azure()?.as_str()), ("cron(0 3 * * ? *)", "0 0 3 * * *"));
//! # Ok(())
//! # }
//! ```

mod line;
mod render;
#[cfg(test)]
mod tests;

use self::line::Line;
use crate::error::{Error, ErrorKind};
use crate::time::{Timestamp, civil};

/// The Gregorian calendar, weekdays included, repeats after 400 years of this many days.
const CYCLE: u64 = 146_097;

const MINUTES_OF_DAY: u64 = 24 * 60;

/// A schedule: a cron line of five fields in UTC, to the minute.
///
/// The fields are minute, hour, day of the month, month and day of the week (0 or 7 is Sunday; names such as `JAN` and
/// `MON` stand for numbers). Each is `*`, a number, a range `1-5`, one of these with a step as `*/15` or `8-18/2`, or a
/// list with commas. Where neither field of days begins with `*`, a day that is in one of them is enough, else it must be
/// in both: the rule of Vixie's cron. There is no daylight saving in UTC, so no tick comes twice and none is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron(Line);

/// Which days a schedule has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Days {
    Every,
    OfMonth,
    OfWeek,
    /// Days that are in both sets.
    Both,
    /// Days that are in one of the sets.
    Either,
}

impl Cron {
    /// Reads a line.
    ///
    /// An error is of kind [`ErrorKind::Invalid`], says what is wrong in the line, and shows one that is right. A line that
    /// never comes, such as 30 February, is an error.
    pub fn parse(line: &str) -> Result<Self, Error> {
        Line::parse(line).map(Self).map_err(|wrong| Error::new(ErrorKind::Invalid, wrong))
    }

    /// Returns the first tick after `time`, or `None` if it lies beyond the last [`Timestamp`].
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let minute = time.as_secs() / 60 + 1;
        let (today, first) = (minute / MINUTES_OF_DAY, minute % MINUTES_OF_DAY);
        let tick = |day: u64| {
            let minute = self.minute_from(if day == today { first } else { 0 })?;
            self.has_day(day).then_some(day * MINUTES_OF_DAY + minute)
        };
        let minute = (today..=today + CYCLE).find_map(tick)?;
        minute.checked_mul(60_000).map(Timestamp::from_millis)
    }

    /// Returns the first minute of a day from `first` on.
    fn minute_from(&self, first: u64) -> Option<u64> {
        (first / 60..24).filter(|hour| self.0.hours >> hour & 1 == 1).find_map(|hour| {
            let from = first.saturating_sub(hour * 60);
            let later = self.0.minutes >> from;
            (later != 0).then(|| hour * 60 + from + u64::from(later.trailing_zeros()))
        })
    }

    /// Returns whether it has this day, counted from 1970.
    fn has_day(&self, day: u64) -> bool {
        let (_, month, of_month) = civil(day);
        // 1 January 1970 was a Thursday.
        let of_week = (day + 4) % 7;
        let (in_month, in_week) = (self.0.days >> of_month & 1 == 1, self.0.weekdays >> of_week & 1 == 1);
        let has = if self.0.both_days { in_month && in_week } else { in_month || in_week };
        has && self.0.months >> month & 1 == 1
    }

    fn days(&self) -> Days {
        let (all_of_month, all_of_week) = (self.0.days == line::span(1, 31), self.0.weekdays == line::span(0, 6));
        match (all_of_month, all_of_week, self.0.both_days) {
            (true, true, _) | (true, _, false) | (_, true, false) => Days::Every,
            (true, false, true) => Days::OfWeek,
            (false, true, true) => Days::OfMonth,
            (false, false, true) => Days::Both,
            (false, false, false) => Days::Either,
        }
    }
}
