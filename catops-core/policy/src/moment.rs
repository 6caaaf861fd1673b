//! Points in time, as a test in the file names them.

/// Reads a time such as `2026-11-22T03:00Z`, in seconds since 1970.
///
/// Only UTC, to the minute or the second: what a test in the file needs.
pub fn moment(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time; write it in UTC, such as `2026-11-22T03:00Z`");
    let read = || -> Option<u64> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let number = |text: &str, length: usize| {
            (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse::<u64>().ok())?
        };
        let mut date = date.split('-');
        let (year, month, day) = (number(date.next()?, 4)?, number(date.next()?, 2)?, number(date.next()?, 2)?);
        let mut time = time.split(':');
        let (hour, minute) = (number(time.next()?, 2)?, number(time.next()?, 2)?);
        let second = time.next().map_or(Some(0), |second| number(second, 2))?;
        let is_time = hour < 24 && minute < 60 && second < 60 && time.next().is_none() && date.next().is_none();
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let length = *lengths.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
        if !is_time || year < 1970 || day == 0 || day > length {
            return None;
        }
        let leaps = |year: u64| year / 4 - year / 100 + year / 400;
        let before: u64 = lengths[..month as usize - 1].iter().sum();
        let days = (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + before + day - 1;
        Some(days * 86_400 + hour * 3600 + minute * 60 + second)
    };
    read().ok_or_else(wrong)
}
