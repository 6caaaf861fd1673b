//! Cron lines: what is read, when they come, and how the clouds write them.

use proptest::prelude::*;

use super::Cron;
use crate::error::ErrorKind;
use crate::time::{Timestamp, civil};

/// 2026-11-22 was a Sunday.
const NOON: Timestamp = Timestamp::from_secs(1_795_348_800);

fn next(line: &str, expected: &str) {
    let next = Cron::parse(line).unwrap().next_after(NOON).map(|tick| tick.to_string());
    assert_eq!(next.as_deref(), Some(expected), "{line}");
}

#[test]
fn ticks() {
    assert_eq!(NOON.to_string(), "2026-11-22 12:00:00 UTC");
    next("* * * * *", "2026-11-22 12:01:00 UTC");
    next("0 12 * * *", "2026-11-23 12:00:00 UTC");
    next("0 3 * * *", "2026-11-23 03:00:00 UTC");
    next("*/15 * * * *", "2026-11-22 12:15:00 UTC");
    next("5-20/15 * * * *", "2026-11-22 12:05:00 UTC");
    next("59 11 * * *", "2026-11-23 11:59:00 UTC");
    next("0 0 1 1 *", "2027-01-01 00:00:00 UTC");
    next("0 0 1 jan *", "2027-01-01 00:00:00 UTC");
    next("30 3 * * MON-FRI", "2026-11-23 03:30:00 UTC");
    next("0 0 * * 0", "2026-11-29 00:00:00 UTC");
    next("0 0 * * 7", "2026-11-29 00:00:00 UTC");
    next("0 0 * * sat-sun", "2026-11-28 00:00:00 UTC");
    next("0 0 * * 5-7", "2026-11-27 00:00:00 UTC");
    next("0 0 31 * *", "2026-12-31 00:00:00 UTC");
    next("0 0 29 2 *", "2028-02-29 00:00:00 UTC");
}

#[test]
fn two_fields_of_days_are_either_unless_one_begins_with_a_star() {
    next("0 0 24 * WED", "2026-11-24 00:00:00 UTC");
    next("0 0 27 * WED", "2026-11-25 00:00:00 UTC");
    next("0 0 */2 * WED", "2026-11-25 00:00:00 UTC"); // 25 is odd, and a Wednesday
    next("0 0 */2 * TUE", "2026-12-01 00:00:00 UTC"); // 24 is even, so not this Tuesday
    next("0 0 31 2 MON", "2027-02-01 00:00:00 UTC");
    next("0 0 1-31 * WED", "2026-11-23 00:00:00 UTC"); // not a star, so every day is in one of them
    next("0 0 29 2 */7", "2032-02-29 00:00:00 UTC"); // a leap day on a Sunday
}

#[test]
fn the_longest_wait_and_the_end_of_time() {
    let time = Timestamp::from_secs(3_849_465_600 + 366 * 86_400);
    assert_eq!(time.to_string(), "2092-12-26 00:00:00 UTC");
    let leap = Cron::parse("0 0 29 2 *").unwrap().next_after(time).map(|tick| tick.to_string());
    assert_eq!(leap.as_deref(), Some("2096-02-29 00:00:00 UTC"));
    let sunday = Cron::parse("0 0 29 2 */7").unwrap();
    let mut tick = NOON;
    let ticks = std::iter::from_fn(|| {
        tick = sunday.next_after(tick)?;
        Some(civil(tick.as_secs() / 86_400).0)
    });
    // 2100 is no leap year, so Sundays are 40 years apart there.
    assert_eq!(ticks.take(5).collect::<Vec<_>>(), [2032, 2060, 2088, 2128, 2156]);
    let last = Timestamp::from_millis(u64::MAX);
    assert_eq!(Cron::parse("* * * * *").unwrap().next_after(last), None);
}

fn refused(line: &str, wrong: &str) {
    let error = Cron::parse(line).expect_err(line);
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let text = error.to_string();
    let (said, example) = text.split_once("; a schedule is `").expect("it has an example");
    assert_eq!(said, wrong);
    let example = example.rsplit('`').nth(1).expect("the example is between quotes");
    assert!(Cron::parse(example).is_ok(), "the example is wrong: {example}");
}

#[test]
fn what_is_wrong_is_named() {
    refused("", "the schedule `` has 0 fields, not 5");
    refused("@daily", "the schedule `@daily` has 1 field, not 5");
    refused("0 0 3 * * *", "the schedule `0 0 3 * * *` has 6 fields, not 5");
    refused("60 * * * *", "the minute `60` is not from 0 to 59");
    refused("0 24 * * *", "the hour `24` is not from 0 to 23");
    refused("0 999 * * *", "the hour `999` is not from 0 to 23");
    refused("0 0 0 * *", "the day of the month `0` is not from 1 to 31");
    refused("0 0 * 13 *", "the month `13` is not from 1 to 12");
    refused("0 0 * * 8", "the day of the week `8` is not from 0 to 7");
    refused("x * * * *", "the minute `x` is not a number from 0 to 59");
    refused("+1 * * * *", "the minute `+1` is not a number from 0 to 59");
    refused("-1 * * * *", "the minute `` is not a number from 0 to 59");
    refused("1,,2 * * * *", "the minute `` is not a number from 0 to 59");
    refused("0 0 ? * *", "the day of the month `?` is not a number from 1 to 31");
    refused("0 0 * MAI *", "the month `MAI` is neither a number from 1 to 12 nor a name from JAN to DEC");
    refused("0 0 * * MO", "the day of the week `MO` is neither a number from 0 to 7 nor a name from SUN to SAT");
    refused("30-5 * * * *", "the minute `30-5` ends before it begins");
    refused("0 0 * * FRI-MON", "the day of the week `FRI-MON` ends before it begins");
    refused("5/15 * * * *", "the minute `5/15` has a step but no range: write `5-59/15`");
    refused("*/0 * * * *", "the minute `*/0` has a step that is not from 1 to 60");
    refused("*/90 * * * *", "the minute `*/90` has a step that is not from 1 to 60");
    refused("*/x * * * *", "the minute `*/x` has a step that is not from 1 to 60");
    refused("0 */25 * * *", "the hour `*/25` has a step that is not from 1 to 24");
    refused("0 0 31 2,4 *", "the schedule `0 0 31 2,4 *` never comes: no month in it has such a day");
}

fn written(line: &str, aws: &str, azure: &str) {
    let cron = Cron::parse(line).unwrap();
    let said = |result: Result<String, crate::Error>| result.unwrap_or_else(|error| error.to_string());
    assert_eq!((said(cron.aws()).as_str(), said(cron.azure()).as_str()), (aws, azure), "{line}");
}

#[test]
fn clouds() {
    written("0 3 * * *", "cron(0 3 * * ? *)", "0 0 3 * * *");
    written("*/15 * * * *", "cron(0/15 * * * ? *)", "0 */15 * * * *");
    written("5-59/15 8-18 * * *", "cron(5/15 8-18 * * ? *)", "0 5-59/15 8-18 * * *");
    written("0 0 1,15 * *", "cron(0 0 1,15 * ? *)", "0 0 0 1,15 * *");
    written("0 0 1 JAN,JUL *", "cron(0 0 1 1,7 ? *)", "0 0 0 1 1,7 *");
    written("30 3 * * MON-FRI", "cron(30 3 ? * 2-6 *)", "0 30 3 * * 1-5");
    written("0 0 * * 0", "cron(0 0 ? * 1 *)", "0 0 0 * * 0");
    written("0 0 * * 7,6", "cron(0 0 ? * 1,7 *)", "0 0 0 * * 0,6");
    written("0 0 * * fri-sun", "cron(0 0 ? * 1,6,7 *)", "0 0 0 * * 0,5,6");
    written("0 0 * * */2", "cron(0 0 ? * 1,3,5,7 *)", "0 0 0 * * */2");
    written("0 0 1-31 * MON", "cron(0 0 * * ? *)", "0 0 0 * * *");
    written("0-10/5 * * * *", "cron(0,5,10 * * * ? *)", "0 0,5,10 * * * *");
    let cannot = |scheduler: &str| {
        format!(
            "{scheduler} cannot restrict the day of the month and the day of the week at once; put `*` for one of \
             them, or make two commands of it"
        )
    };
    let (aws, azure) = (cannot("EventBridge Scheduler"), cannot("Azure Functions"));
    written("0 0 13 * FRI", &aws, &azure);
    written("0 0 */2 * FRI", &aws, "0 0 0 */2 * 5");
}

/// A field as text, and the numbers it stands for, found without the reader under test.
fn field(first: u8, last: u8) -> impl Strategy<Value = (String, Vec<u8>)> {
    let one = (first..=last).prop_map(|number| (number.to_string(), vec![number]));
    let range = (first..=last, first..=last, 1..=9u8).prop_map(|(a, b, step)| {
        let (from, to) = (a.min(b), a.max(b));
        let numbers = (from..=to).filter(|number| (number - from).is_multiple_of(step)).collect();
        (if step == 1 { format!("{from}-{to}") } else { format!("{from}-{to}/{step}") }, numbers)
    });
    let list = prop::collection::vec(prop_oneof![one, range], 1..4).prop_map(|parts| {
        let (texts, numbers): (Vec<String>, Vec<Vec<u8>>) = parts.into_iter().unzip();
        (texts.join(","), numbers.concat())
    });
    // Steps as long as the shortest field, so that each is one.
    let all = (1..=6u8).prop_map(move |step| {
        let numbers = (first..=last).filter(|number| (number - first).is_multiple_of(step)).collect();
        (if step == 1 { "*".to_owned() } else { format!("*/{step}") }, numbers)
    });
    prop_oneof![list, all]
}

/// Counts the days of a month without the calendar under test.
fn length(year: u64, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

proptest! {
    /// Walks minute by minute, for 60 days at most, with a calendar that counts on its fingers.
    #[test]
    fn the_next_tick_is_the_one_that_a_walk_finds(
        minutes in field(0, 59),
        hours in field(0, 23),
        days in field(1, 31),
        months in field(1, 12),
        weekdays in field(0, 6),
        start in 0..86_400 * 366 * 2u64,
    ) {
        let line = [&minutes, &hours, &days, &months, &weekdays].map(|(text, _)| text.as_str()).join(" ");
        let Ok(cron) = Cron::parse(&line) else { return Ok(()) }; // one that never comes
        let either = !days.0.starts_with('*') && !weekdays.0.starts_with('*');
        // From 1 January 2099, a Thursday, so that the year without a leap day is in it.
        let base = 4_070_908_800u64;
        let (mut year, mut month, mut day, mut weekday) = (2099, 1u8, 1u8, 4u8);
        let (first, last) = (start / 60 + 1, start / 60 + 60 * 24 * 60);
        let mut found = None;
        for minute in 0..=last {
            if minute > 0 && minute % 1440 == 0 {
                (day, weekday) = (day + 1, (weekday + 1) % 7);
                if day > length(year, month) {
                    (day, month) = (1, month + 1);
                }
                if month > 12 {
                    (month, year) = (1, year + 1);
                }
            }
            if minute < first {
                continue;
            }
            let (in_month, in_week) = (days.1.contains(&day), weekdays.1.contains(&weekday));
            let is_day = if either { in_month || in_week } else { in_month && in_week };
            let (hour, of_hour) = ((minute / 60 % 24) as u8, (minute % 60) as u8);
            if is_day && months.1.contains(&month) && hours.1.contains(&hour) && minutes.1.contains(&of_hour) {
                found = Some(Timestamp::from_secs(base + minute * 60));
                break;
            }
        }
        let next = cron.next_after(Timestamp::from_secs(base + start));
        match found {
            Some(found) => prop_assert_eq!(next, Some(found), "{}", line),
            None => prop_assert!(next.is_some_and(|next| next.as_secs() > base + last * 60), "{line}: {next:?}"),
        }
    }

    #[test]
    fn no_text_is_too_odd(line in "[-0-9*/, A-Z?#é]{0,30}", time in any::<u64>()) {
        if let Ok(cron) = Cron::parse(&line) {
            let time = Timestamp::from_millis(time);
            if let Some(next) = cron.next_after(time) {
                prop_assert!(next > time);
            }
            let _ = (cron.aws(), cron.azure());
        }
    }
}
