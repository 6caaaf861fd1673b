//! Reads a cron line of five fields into sets of numbers.
//!
//! The macro crate compiles this file as well, to check `schedule = "…"` while the plugin is built. So it uses `std` alone,
//! and there is one reader of cron lines.

/// What every error ends with.
const EXAMPLE: &str = "a schedule is `minute hour day-of-month month day-of-week` in UTC, such as `30 3 * * MON-FRI`";

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The most days that each month can have.
const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// What a field is, and which numbers and names it takes.
struct Field {
    name: &'static str,
    first: u8,
    last: u8,
    /// The names of the numbers from `first` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", first: 0, last: 59, names: &[] },
    Field { name: "hour", first: 0, last: 23, names: &[] },
    Field { name: "day of the month", first: 1, last: 31, names: &[] },
    Field { name: "month", first: 1, last: 12, names: &MONTHS },
    // 7 is Sunday too, so that a week may begin and end with it.
    Field { name: "day of the week", first: 0, last: 7, names: &WEEKDAYS },
];

/// The numbers of each field as the bits of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) minutes: u64,
    pub(crate) hours: u64,
    pub(crate) days: u64,
    pub(crate) months: u64,
    /// 0 is Sunday, 6 is Saturday.
    pub(crate) weekdays: u64,
    /// Whether one of the fields of days begins with `*`: then a day must be in both, else in one of them.
    pub(crate) both_days: bool,
}

impl Line {
    /// Reads a line. An error says what is wrong in it, and shows one that is right.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        read(line).map_err(|wrong| format!("{wrong}; {EXAMPLE}"))
    }
}

fn read(line: &str) -> Result<Line, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let &[_, _, days, _, weekdays] = words.as_slice() else {
        let fields = if words.len() == 1 { "field" } else { "fields" };
        return Err(format!("the schedule `{line}` has {} {fields}, not 5", words.len()));
    };
    let mut sets = [0; 5];
    for ((set, field), word) in sets.iter_mut().zip(&FIELDS).zip(&words) {
        *set = field.set(word)?;
    }
    let [minutes, hours, day_set, months, weekday_set] = sets;
    // Sunday is one day, whether it was written 0 or 7.
    let weekday_set = (weekday_set | weekday_set >> 7) & 0x7f;
    // As Vixie's cron has it: what begins with `*`, also `*/2`, only narrows the other field.
    let both_days = days.starts_with('*') || weekdays.starts_with('*');
    let in_month = |month: usize, length: u8| months >> month & 1 == 1 && day_set & span(1, length) != 0;
    if both_days && !LENGTHS.into_iter().enumerate().any(|(at, length)| in_month(at + 1, length)) {
        return Err(format!("the schedule `{line}` never comes: no month in it has such a day"));
    }
    Ok(Line { minutes, hours, days: day_set, months, weekdays: weekday_set, both_days })
}

impl Field {
    /// Reads a list, such as `1,10-20/5`.
    fn set(&self, word: &str) -> Result<u64, String> {
        word.split(',').try_fold(0, |set, part| Ok(set | self.part(part)?))
    }

    /// Reads `*`, a number, a range, or one of these with a step.
    fn part(&self, part: &str) -> Result<u64, String> {
        let name = self.name;
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            // All that a week has is 0 to 6: with 7, a step would count Sunday twice.
            _ if range == "*" => (self.first, self.first + self.count() - 1),
            Some((from, to)) => (self.number(from, false)?, self.number(to, true)?),
            None if step.is_some() => {
                let last = self.first + self.count() - 1;
                return Err(format!(
                    "the {name} `{part}` has a step but no range: write `{range}-{last}/{}`",
                    step.unwrap_or_default()
                ));
            }
            None => {
                let number = self.number(range, false)?;
                (number, number)
            }
        };
        if from > to {
            return Err(format!("the {name} `{range}` ends before it begins"));
        }
        let step = match step.map(str::parse::<u8>) {
            None => 1,
            Some(Ok(step)) if (1..=self.count()).contains(&step) => step,
            Some(_) => return Err(format!("the {name} `{part}` has a step that is not from 1 to {}", self.count())),
        };
        Ok((from..=to).step_by(step.into()).fold(0, |set, number| set | 1 << number))
    }

    /// Reads a number or a name; `is_end` if it ends a range, where Sunday comes after Saturday.
    fn number(&self, word: &str, is_end: bool) -> Result<u8, String> {
        let Self { name, first, last, names } = self;
        if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(word)) {
            let number = first + at as u8;
            return Ok(if is_end && number == 0 { *last } else { number });
        }
        let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        match word.parse::<u8>() {
            Ok(number) if is_number && (*first..=*last).contains(&number) => Ok(number),
            _ if is_number => Err(format!("the {name} `{word}` is not from {first} to {last}")),
            _ => match names {
                [] => Err(format!("the {name} `{word}` is not a number from {first} to {last}")),
                [begin, .., end] => Err(format!(
                    "the {name} `{word}` is neither a number from {first} to {last} nor a name from {begin} to {end}"
                )),
                [_] => Err(format!("the {name} `{word}` is not known")),
            },
        }
    }

    /// Returns how many different numbers it has.
    fn count(&self) -> u8 {
        if self.names.is_empty() { self.last - self.first + 1 } else { self.names.len() as u8 }
    }
}

/// Returns the set of all numbers from `first` to `last`.
pub(crate) fn span(first: u8, last: u8) -> u64 {
    (first..=last).fold(0, |set, number| set | 1 << number)
}
