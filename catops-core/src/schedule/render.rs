//! Writes a schedule as the schedulers of the clouds want it.

use super::{Cron, Days};
use crate::error::{Error, ErrorKind};

/// How a scheduler writes every n-th number.
#[derive(Clone, Copy)]
enum Steps {
    /// `5/15`: from 5 to the end.
    Open,
    /// `*/15`, `5-59/15`.
    Closed,
    /// Not at all: each number is listed.
    None,
}

impl Cron {
    /// Returns the expression for EventBridge Scheduler, such as `cron(0 3 * * ? *)`. It is in UTC there unless the schedule
    /// names a time zone.
    ///
    /// Its fields are minute, hour, day of the month, month, day of the week (1 is Sunday) and year; one field of days must
    /// be `?`. ✔ EventBridge guide, "Cron expressions reference". So a schedule that restricts both is an error of kind
    /// [`ErrorKind::Invalid`].
    pub fn aws(&self) -> Result<String, Error> {
        let (days, weekdays) = match self.days() {
            Days::Every => ("*".to_owned(), "?".to_owned()),
            Days::OfMonth => (field(self.0.days, 1, 31, Steps::Open), "?".to_owned()),
            Days::OfWeek => ("?".to_owned(), field(self.0.weekdays << 1, 1, 7, Steps::None)),
            Days::Both | Days::Either => return Err(unsayable("EventBridge Scheduler")),
        };
        let (minutes, hours) = (field(self.0.minutes, 0, 59, Steps::Open), field(self.0.hours, 0, 23, Steps::Open));
        let months = field(self.0.months, 1, 12, Steps::Open);
        Ok(format!("cron({minutes} {hours} {days} {months} {weekdays} *)"))
    }

    /// Returns the NCRONTAB expression for a timer trigger of Azure Functions, such as `0 0 3 * * *`. It is in UTC there
    /// unless the function app names a time zone.
    ///
    /// Its fields are second, minute, hour, day of the month, month and day of the week (0 is Sunday), and a day must be in
    /// both fields of days. ✔ the NCrontab library, `CrontabSchedule.TryGetNextOccurrence`. So a schedule for which one is
    /// enough is an error of kind [`ErrorKind::Invalid`].
    pub fn azure(&self) -> Result<String, Error> {
        let of_month = || field(self.0.days, 1, 31, Steps::Closed);
        let of_week = || field(self.0.weekdays, 0, 6, Steps::Closed);
        let (days, weekdays) = match self.days() {
            Days::Every => ("*".to_owned(), "*".to_owned()),
            Days::OfMonth => (of_month(), "*".to_owned()),
            Days::OfWeek => ("*".to_owned(), of_week()),
            Days::Both => (of_month(), of_week()),
            Days::Either => return Err(unsayable("Azure Functions")),
        };
        let (minutes, hours) = (field(self.0.minutes, 0, 59, Steps::Closed), field(self.0.hours, 0, 23, Steps::Closed));
        let months = field(self.0.months, 1, 12, Steps::Closed);
        Ok(format!("0 {minutes} {hours} {days} {months} {weekdays}"))
    }
}

fn unsayable(scheduler: &str) -> Error {
    let said = format!(
        "{scheduler} cannot restrict the day of the month and the day of the week at once; put `*` for one of them, or \
         make two commands of it"
    );
    Error::new(ErrorKind::Invalid, said)
}

/// Writes a set of numbers within `first..=last` as short as a scheduler can read it.
fn field(set: u64, first: u8, last: u8, steps: Steps) -> String {
    let numbers: Vec<u8> = (first..=last).filter(|number| set >> number & 1 == 1).collect();
    if numbers.len() == usize::from(last - first) + 1 {
        return "*".to_owned();
    }
    if let Some(text) = stepped(&numbers, first, last, steps) {
        return text;
    }
    let mut parts = Vec::new();
    for run in numbers.chunk_by(|a, b| a + 1 == *b) {
        match run {
            [from, _, .., to] => parts.push(format!("{from}-{to}")),
            few => parts.extend(few.iter().map(u8::to_string)),
        }
    }
    parts.join(",")
}

/// Writes numbers that are every n-th up to the end of the field.
fn stepped(numbers: &[u8], first: u8, last: u8, steps: Steps) -> Option<String> {
    let [from, second, .., end] = *numbers else { return None };
    let step = second - from;
    let is_even = numbers.windows(2).all(|pair| pair[1] - pair[0] == step);
    if step < 2 || !is_even || end + step <= last {
        return None;
    }
    match steps {
        Steps::Open => Some(format!("{from}/{step}")),
        Steps::Closed if from == first => Some(format!("*/{step}")),
        Steps::Closed => Some(format!("{from}-{last}/{step}")),
        Steps::None => None,
    }
}
