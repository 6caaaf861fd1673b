//! The header with which a server says when to come back.

use std::time::Duration;

use http::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::time::days;

/// Reads `Retry-After`: whole seconds, or a date (RFC 9110, 10.2.3).
///
/// A date is measured against the `Date` of the same answer, so neither clock needs to be right; without one it is
/// ignored, as is anything that is neither.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let value = text(RETRY_AFTER)?;
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean "for ever".
        return (!value.is_empty()).then(|| Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let (then, now) = (seconds(value)?, seconds(text(DATE)?)?);
    Some(Duration::from_secs(then.saturating_sub(now)))
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT` into seconds since 1970. The two obsolete forms are not read.
fn seconds(date: &str) -> Option<u64> {
    let (_, rest) = date.split_once(", ")?;
    let mut words = rest.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let year: u64 = words.next()?.parse().ok()?;
    let time = words.next()?;
    if words.next()? != "GMT" || words.next().is_some() {
        return None;
    }
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|name| *name == month)? as u64;
    let mut parts = time.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let valid = (1970..=9999).contains(&year) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !valid || parts.next().is_some() {
        return None;
    }
    Some(days(year, month + 1, day)? * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, date: Option<&str>, seconds: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs), "{value}");
    }

    #[test]
    fn forms() {
        check("0", None, Some(0));
        check("30", None, Some(30));
        check("99999999999999999999999", None, Some(u64::MAX));
        check("", None, None);
        check("-1", None, None);
        check("1.5", None, None);
        check("soon", None, None);
        check("Sun, 06 Nov 1994 08:49:37 GMT", None, None);
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some("Sun, 06 Nov 1994 08:49:07 GMT"), Some(30));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some("Sun, 06 Nov 1994 09:00:00 GMT"), Some(0));
        check("Tue, 99 Foo 1994 08:49:37 GMT", Some("Sun, 06 Nov 1994 09:00:00 GMT"), None);
    }

    #[test]
    fn dates() {
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(seconds("Mon, 28 Feb 2000 23:59:59 GMT"), Some(951_782_399));
        assert_eq!(seconds("Tue, 29 Feb 2000 00:00:00 GMT"), Some(951_782_400));
        assert_eq!(seconds("Fri, 31 Dec 9999 23:59:60 GMT"), Some(253_402_300_800));
        for wrong in ["", "x", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 8:49 GMT", "Sun, 06 Nov 1 08:49:37 GMT"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
