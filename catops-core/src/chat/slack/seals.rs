//! What Slack keeps for us inside messages and forms: signed, since it comes back by way of whoever can send it.

use crate::job::JobKey;

/// What such a text is for. One kind cannot be passed off as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The value of a button.
    Button,
    /// The value of a button that decides on what waits.
    Decision,
    /// What a form carries along.
    Form,
}

impl Kind {
    const fn purpose(self) -> &'static str {
        match self {
            Self::Button => "slack button",
            Self::Decision => "slack decision",
            Self::Form => "slack form",
        }
    }
}

/// Seals texts and opens them. The seal is a signature: Slack, and whoever reads the message's source, can read the text.
pub(super) struct Seals(JobKey);

impl Seals {
    pub(super) const fn new(key: JobKey) -> Self {
        Self(key)
    }

    /// Returns the text under seal: `1:<64 hex digits>:<text>`, in which 1 is the version of this form.
    pub(super) fn seal(&self, kind: Kind, text: &str) -> String {
        format!("1:{}:{text}", self.0.tag(kind.purpose(), text))
    }

    /// Returns whether a text looks like one under seal: anybody's, of any version.
    pub(super) fn is_sealed(text: &str) -> bool {
        let mut parts = text.splitn(3, ':');
        let is_version = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        parts.next().is_some_and(is_version)
            && parts.next().is_some_and(|tag| tag.len() == 64)
            && parts.next().is_some()
    }

    /// Returns the text, if this bot sealed it for this purpose.
    pub(super) fn open<'a>(&self, kind: Kind, sealed: &'a str) -> Option<&'a str> {
        let (tag, text) = sealed.strip_prefix("1:")?.split_once(':')?;
        self.0.is_tag(tag, kind.purpose(), text).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn seals(secret: &str) -> Seals {
        Seals::new(JobKey::derive([&Secret::new(secret.to_owned())]))
    }

    #[test]
    fn it_opens_for_its_own_bot_and_purpose_alone() {
        let sealed = seals("a").seal(Kind::Button, "restart: \u{fc} api");
        assert_eq!(sealed.chars().count(), "1::".len() + 64 + "restart: \u{fc} api".chars().count());
        assert_eq!(seals("a").open(Kind::Button, &sealed), Some("restart: \u{fc} api"));
        assert_eq!(seals("a").open(Kind::Form, &sealed), None);
        assert_eq!(seals("b").open(Kind::Button, &sealed), None);
    }

    #[test]
    fn another_version_looks_sealed_and_does_not_open() {
        let sealed = seals("a").seal(Kind::Button, "restart api");
        let other = sealed.replacen('1', "2", 1);
        assert!(Seals::is_sealed(&sealed) && Seals::is_sealed(&other));
        assert_eq!(seals("a").open(Kind::Button, &other), None);
        for text in ["", "1", "approve", "approve:1:2", &sealed[1..], &sealed.replacen("1:", "v:", 1)] {
            assert!(!Seals::is_sealed(text), "{text}");
        }
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let sealed = seals("a").seal(Kind::Button, "restart api");
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut bytes = sealed.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(altered) = String::from_utf8(bytes) else { continue };
                assert_eq!(seals("a").open(Kind::Button, &altered), None, "byte {at}: {altered}");
            }
        }
        for short in ["", "1", "1:", "1::", "1:00:restart api", &sealed[..sealed.len() - 1], &sealed[1..]] {
            assert_eq!(seals("a").open(Kind::Button, short), None, "{short}");
        }
    }
}
