//! The value of a button that decides on what waits, under seal.

use super::button::{self, Sealing};
use super::fit::units;
use super::limits::BUTTON_VALUE;
use super::seals::{Kind, Seals};
use crate::job::JobId;
use crate::pending::Answer;
use crate::reply::Decision;

/// What stands before what a decision carries, at its longest: version, seal, ticket, time, answer.
const BEFORE: usize = "1:".len() + 64 + ":".len() + 64 + ":".len() + "18446744073709551615:approve:".len();

/// How much a decision can carry, in UTF-16 units.
pub(super) const ROOM: usize = BUTTON_VALUE - BEFORE;

/// What a button holds that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed<'a> {
    /// Names what waits.
    pub(super) ticket: JobId,
    /// What is decided.
    pub(super) answer: Answer,
    /// What waits, or nothing where that is in the store.
    pub(super) carried: &'a str,
}

impl Sealing<'_> {
    /// Returns the value of each button of `decision`, in the order of its answers; `None` if one is longer than Slack takes.
    pub(super) fn seal_decision(&self, decision: &Decision) -> Option<Vec<String>> {
        decision.answers.iter().map(|answer| seal(self.seals, decision, *answer)).collect()
    }
}

/// Writes the value of the button that gives this answer; `None` if Slack does not take so long a value.
///
/// The form is `<ticket>:<milliseconds when it expires>:<answer>:<carried>`, under seal. One that has expired opens too: the
/// press of it is answered and recorded where what waits is known.
pub(super) fn seal(seals: &Seals, decision: &Decision, answer: Answer) -> Option<String> {
    let Decision { ticket, expires, carried, .. } = decision;
    let text = format!("{ticket}:{}:{}:{carried}", expires.as_millis(), answer.as_str());
    Some(seals.seal(Kind::Decision, &text)).filter(|value| units(value) <= BUTTON_VALUE)
}

/// Reads the value of a button that was pressed; `None` if this bot made no such button.
pub(super) fn open<'a>(seals: &Seals, value: &'a str) -> Option<Sealed<'a>> {
    let (ticket, _, rest) = button::parts(seals.open(Kind::Decision, value)?)?;
    let (answer, carried) = rest.split_once(':')?;
    Some(Sealed { ticket, answer: Answer::of(answer)?, carried })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobKey;
    use crate::secret::Secret;
    use crate::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    const ALL: [Answer; 4] = [Answer::Apply, Answer::Cancel, Answer::Approve, Answer::Deny];

    fn seals(secret: &str) -> Seals {
        Seals::new(JobKey::derive([&Secret::new(secret.to_owned())]))
    }

    fn decision(carried: &str) -> Decision {
        Decision { ticket: JobId::of(&["1"]), expires: NOW, carried: carried.to_owned(), answers: ALL.to_vec() }
    }

    #[test]
    fn a_decision_opens_to_what_was_sealed() {
        for carried in ["", "{\"line\":\"lock a:b &amp; ü 🐱\"}", ":::"] {
            for answer in ALL {
                let value = seal(&seals("a"), &decision(carried), answer).unwrap();
                let expected = Sealed { ticket: JobId::of(&["1"]), answer, carried };
                assert_eq!(open(&seals("a"), &value), Some(expected), "{value}");
                assert_eq!(open(&seals("b"), &value), None, "{value}");
            }
        }
    }

    #[test]
    fn neither_kind_of_button_passes_for_the_other() {
        let seals = seals("a");
        let decided = seal(&seals, &decision("x"), Answer::Approve).unwrap();
        assert_eq!(button::open(&seals, &decided, NOW), None);
        // A button may run a line that reads like a decision.
        let ran = button::seal(&seals, "approve:x", NOW).unwrap();
        assert_eq!(open(&seals, &ran), None);
        assert_eq!(button::open(&seals, &ran, NOW).unwrap().line, "approve:x");
        // What is in the seal says which it is: nothing else does.
        let (seal, _) = decided.rsplit_once(":approve:").unwrap();
        assert_eq!(button::open(&seals, &format!("{seal}:approve:x"), NOW), None);
    }

    #[test]
    fn every_altered_bit_is_noticed() {
        let seals = seals("a");
        for answer in ALL {
            let value = seal(&seals, &decision("{\"line\":\"restart api\"}"), answer).unwrap();
            for at in 0..value.len() {
                for bit in 0..8 {
                    let mut bytes = value.clone().into_bytes();
                    bytes[at] ^= 1 << bit;
                    let altered = String::from_utf8_lossy(&bytes);
                    assert_eq!(open(&seals, &altered), None, "bit {bit} of byte {at}: {altered}");
                    assert_eq!(button::open(&seals, &altered, NOW), None, "bit {bit} of byte {at}: {altered}");
                }
            }
        }
    }

    #[test]
    fn what_has_room_is_sealed() {
        let longest = JobId::try_from("x".repeat(64)).unwrap();
        let of = |carried: String| Decision {
            ticket: longest.clone(),
            expires: Timestamp::from_millis(u64::MAX),
            ..decision(&carried)
        };
        let seals = seals("a");
        let sealing = Sealing { seals: &seals, now: NOW };
        for (one, units) in [("x", 1), ("ü", 1), ("🐱", 2)] {
            assert!(sealing.seal_decision(&of(one.repeat(ROOM / units))).is_some(), "{one}");
            assert_eq!(sealing.seal_decision(&of(one.repeat(ROOM / units + 1))), None, "{one}");
        }
        assert!(ALL.iter().all(|answer| answer.as_str().len() <= "approve".len()));
    }

    #[test]
    fn what_is_none_of_ours_is_refused() {
        let sealed = |text: &str| seals("a").seal(Kind::Decision, text);
        let (none, no_ticket, no_time) = (sealed(""), sealed("!:9:deny:x"), sealed("a:x:deny:y"));
        for value in ["", "approve", &none, &no_ticket, &no_time, &sealed("a:9:deny"), &sealed("a:9:allow:x")] {
            assert_eq!(open(&seals("a"), value), None, "{value}");
        }
    }
}
