//! Looks for secrets in texts, in every form in which one could be written.

use std::collections::BTreeSet;
use std::fmt::Debug;

/// The length of a piece that is taken for the whole.
const PIECE: usize = 12;

/// Secrets, and the texts that must not hold them.
#[derive(Default)]
pub(super) struct Hunt {
    secrets: Vec<(String, Vec<(&'static str, String)>)>,
    texts: Vec<(String, String)>,
}

impl Hunt {
    /// Adds a secret to look for, also in pieces.
    pub(super) fn secret(&mut self, name: &str, secret: &str) {
        self.whole(name, secret);
        let chars: Vec<char> = secret.chars().collect();
        if let Some(rest) = chars.len().checked_sub(PIECE) {
            let pieces = [("its beginning", &chars[..PIECE]), ("its end", &chars[rest..])];
            let forms = pieces.map(|(form, piece)| (form, piece.iter().collect())).to_vec();
            self.secrets.push((name.to_owned(), forms));
        }
    }

    /// Adds a secret whose pieces are none.
    pub(super) fn whole(&mut self, name: &str, secret: &str) {
        assert!(secret.len() >= 8, "{name} is so short that it may stand anywhere");
        self.secrets.push((name.to_owned(), forms(secret)));
    }

    /// Adds a secret that is no text.
    pub(super) fn bytes(&mut self, name: &str, secret: &[u8]) {
        let forms = written(secret);
        self.secrets.push((name.to_owned(), forms));
    }

    /// Adds a text.
    pub(super) fn text(&mut self, place: &str, text: impl Into<String>) {
        self.texts.push((place.to_owned(), text.into()));
    }

    /// Adds what a value shows of itself.
    pub(super) fn shown(&mut self, place: &str, value: &dyn Debug) {
        self.text(place, format!("{value:?}"));
        self.text(place, format!("{value:#?}"));
    }

    /// Returns how many texts there are, and which of them hold which secret in which form.
    pub(super) fn found(&self) -> (usize, BTreeSet<String>) {
        let mut found = BTreeSet::new();
        for (place, text) in &self.texts {
            for (name, forms) in &self.secrets {
                if let Some((at, form)) = forms.iter().find_map(|(form, how)| Some((text.find(how)?, form))) {
                    let before: Vec<char> = text[..at].chars().rev().take(150).collect();
                    let near: String = before.into_iter().rev().chain(text[at..].chars().take(60)).collect();
                    found.insert(format!("{name} stands in {place}, {form}: …{near}…"));
                }
            }
        }
        (self.texts.len(), found)
    }
}

/// Returns the forms in which a secret could be written.
pub(super) fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let percent = |keep: &dyn Fn(u8) -> bool, space: &str, upper: bool| {
        let write = |byte: u8| match byte {
            b' ' if !space.is_empty() => space.to_owned(),
            byte if keep(byte) => char::from(byte).to_string(),
            byte if upper => format!("%{byte:02X}"),
            byte => format!("%{byte:02x}"),
        };
        secret.bytes().map(write).collect::<String>()
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let form = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    let json = serde_json::to_string(secret).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let twice = serde_json::to_string(&json).unwrap();
    let debug = format!("{secret:?}");
    let chat = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut forms = vec![
        ("as it is", secret.to_owned()),
        ("escaped for a chat", chat),
        ("as JSON", json.replace("\\u00fc", "ü")),
        ("as ASCII JSON", json.replace('ü', "\\u00fc")),
        ("as JSON within JSON", twice[1..twice.len() - 1].to_owned()),
        ("as Debug shows text", debug[1..debug.len() - 1].to_owned()),
        ("percent-encoded", percent(&unreserved, "", true)),
        ("percent-encoded in small letters", percent(&unreserved, "", false)),
        ("as in a form", percent(&form, "+", true)),
    ];
    forms.extend(written(secret.as_bytes()));
    forms
}

/// Returns the forms in which bytes could be written.
fn written(secret: &[u8]) -> Vec<(&'static str, String)> {
    let bytes: Vec<String> = secret.iter().map(u8::to_string).collect();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        ("in HEX", hex.to_uppercase()),
        ("in hex", hex),
        ("as a list of bytes", bytes.join(", ")),
        ("as a list of bytes, one a line", bytes.join(",\n")),
    ];
    for at in 0..3 {
        let standard = base64(secret, at);
        forms.push(("in base64 for addresses", standard.replace('+', "-").replace('/', "_")));
        forms.push(("in base64", standard));
    }
    forms
}

/// Returns the letters of base64 that `secret` alone decides on if `before` bytes stand before it.
fn base64(secret: &[u8], before: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = [&vec![0; before], secret].concat();
    let bits = bytes.len() * 8;
    let letter = |at: usize| {
        let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
        char::from(LETTERS[usize::from((at..at + 6).fold(0, |bits, at| bits << 1 | bit(at)))])
    };
    (0..bits).step_by(6).filter(|at| *at >= before * 8 && at + 6 <= bits).map(letter).collect()
}
