//! How long: times such as `90s`, `30m`, `2h` and `1d`.

/// The units, from the longest: their letters, their names, and how many seconds they are.
const UNITS: [(char, &str, u32); 4] =
    [('d', "day", 86_400), ('h', "hour", 3600), ('m', "minute", 60), ('s', "second", 1)];

/// The longest that a file can ask for, in seconds: a button can be pressed for a week.
const LONGEST: u32 = 7 * 86_400;

/// Reads a time from `1s` to `7d`, in seconds.
pub(crate) fn read(text: &str) -> Result<u32, String> {
    let read = || {
        let (letter, _, seconds) = UNITS.into_iter().find(|(letter, ..)| text.ends_with(*letter))?;
        let number = text.strip_suffix(letter).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
        // What is too large for a number is too long as well.
        (!number.is_empty()).then(|| number.parse().unwrap_or(u32::MAX).saturating_mul(seconds))
    };
    match read() {
        Some(seconds) if (1..=LONGEST).contains(&seconds) => Ok(seconds),
        Some(_) => Err(format!("`{text}` is not between `1s` and `7d`")),
        None => Err(format!("`{text}` is no time; write a whole number and `s`, `m`, `h` or `d`, such as `30m`")),
    }
}

/// Says how long: `90 seconds`, `1 hour`.
pub(crate) fn words(seconds: u32) -> String {
    let whole = |(_, _, length): &&(char, &str, u32)| seconds.is_multiple_of(*length);
    let (_, name, length) = UNITS.iter().find(whole).unwrap_or(&UNITS[3]);
    let number = seconds / length;
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {name}{plural}")
}
