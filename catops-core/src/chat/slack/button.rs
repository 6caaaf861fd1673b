//! The value of a button: the line it runs, under seal.

use super::limits::BUTTON_VALUE;
use super::seals::{Kind, Seals};
use crate::job::JobId;
use crate::line::escape_line;
use crate::store::KEEP_CLAIM;
use crate::time::Timestamp;

/// What a button of ours holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed<'a> {
    /// Names this one button of this one message.
    pub(super) ticket: JobId,
    /// The line it runs, escaped as [`Request::text`](crate::request::Request::text) is.
    pub(super) line: &'a str,
    /// Whether it is too old: that it was pressed before would no longer be known.
    pub(super) is_old: bool,
}

/// Seals the buttons of one message.
#[derive(Clone, Copy)]
pub(super) struct Sealing<'a> {
    pub(super) seals: &'a Seals,
    pub(super) now: Timestamp,
}

impl Sealing<'_> {
    /// Returns the value of a button that runs `command`, a line of plain text; `None` if it is empty or too long.
    pub(super) fn seal(&self, command: &str) -> Option<String> {
        let line = escape_line(command.trim());
        if line.is_empty() { None } else { seal(self.seals, &line, self.now) }
    }
}

/// Writes the value of a button that runs `line`; `None` if Slack does not take so long a value.
///
/// The form is `<ticket>:<milliseconds when it expires>:<line>`, under seal. A button lives as long as its ticket is known to
/// be used.
pub(super) fn seal(seals: &Seals, line: &str, now: Timestamp) -> Option<String> {
    let expires = (now + KEEP_CLAIM).as_millis();
    let value = seals.seal(Kind::Button, &format!("{}:{expires}:{line}", JobId::random()));
    (value.encode_utf16().count() <= BUTTON_VALUE).then_some(value)
}

/// Reads the value of a button that was pressed; `None` if this bot made no such button.
pub(super) fn open<'a>(seals: &Seals, value: &'a str, now: Timestamp) -> Option<Sealed<'a>> {
    let (ticket, expires, line) = parts(seals.open(Kind::Button, value)?)?;
    Some(Sealed { ticket, line, is_old: now >= expires })
}

/// Takes `<ticket>:<milliseconds when it expires>:<rest>` apart.
pub(super) fn parts(text: &str) -> Option<(JobId, Timestamp, &str)> {
    let mut parts = text.splitn(3, ':');
    let ticket = JobId::try_from(parts.next()?.to_owned()).ok()?;
    let expires = Timestamp::from_millis(parts.next()?.parse().ok()?);
    Some((ticket, expires, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobKey;
    use crate::secret::Secret;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn seals(secret: &str) -> Seals {
        Seals::new(JobKey::derive([&Secret::new(secret.to_owned())]))
    }

    #[test]
    fn a_button_opens_until_it_expires() {
        let value = seal(&seals("a"), "lock \"a:b\" &amp; c", NOW).unwrap();
        let last = Timestamp::from_millis((NOW + KEEP_CLAIM).as_millis() - 1);
        for (now, is_old) in [(NOW, false), (last, false), (NOW + KEEP_CLAIM, true)] {
            let sealed = open(&seals("a"), &value, now).unwrap();
            assert_eq!((sealed.line, sealed.is_old), ("lock \"a:b\" &amp; c", is_old));
        }
        assert_eq!(open(&seals("b"), &value, NOW), None);
    }

    #[test]
    fn a_command_is_sealed_in_escaped_form() {
        let seals = seals("a");
        let sealing = Sealing { seals: &seals, now: NOW };
        let value = sealing.seal(" page <@U1> 'a < b' ").unwrap();
        assert_eq!(open(&seals, &value, NOW).unwrap().line, "page <@U1> 'a &lt; b'");
        assert_eq!(sealing.seal("  "), None);
        assert_eq!(sealing.seal(&"x".repeat(BUTTON_VALUE)), None);
    }

    #[test]
    fn no_two_buttons_have_one_ticket() {
        let ticket = |value: &str| open(&seals("a"), value, NOW).unwrap().ticket;
        let [one, other] = [(); 2].map(|()| seal(&seals("a"), "ping", NOW).unwrap());
        assert_ne!(ticket(&one), ticket(&other));
    }

    #[test]
    fn what_slack_does_not_take_is_not_sealed() {
        let fits = |line: &str, times: usize| seal(&seals("a"), &line.repeat(times), NOW).is_some();
        let longest = |line: &str| (1..BUTTON_VALUE).take_while(|times| fits(line, *times)).count();
        assert!(longest("x") > 1_800 && !fits("x", BUTTON_VALUE));
        assert_eq!((longest("ü"), longest("🐱")), (longest("x"), longest("x") / 2));
    }

    #[test]
    fn what_is_none_of_ours_is_refused() {
        let sealed = |text: &str| seals("a").seal(Kind::Button, text);
        for value in ["", "status api", &sealed(""), &sealed("a"), &sealed("a:1"), &sealed("!:9:x"), &sealed("a:x:y")] {
            assert_eq!(open(&seals("a"), value, NOW), None, "{value}");
        }
    }
}
