//! JSON that has no byte but ASCII's.
//!
//! Azurite 3.35 decodes each piece of a body by itself, so a letter of several bytes is lost where two pieces meet.
//! Microsoft's client for Python writes ASCII too.

use std::io::{self, Write};

use catops_core::{Error, ErrorKind};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes a value; `what` it is, for errors.
pub(super) fn write(what: &str, value: &impl Serialize) -> Result<String, Error> {
    let wrong = |error| Error::new(ErrorKind::Invalid, format!("writing {what}")).because(error);
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Ascii)).map_err(wrong)?;
    String::from_utf8(bytes).map_err(|error| Error::new(ErrorKind::Invalid, format!("writing {what}")).because(error))
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|letter: char| !letter.is_ascii()) {
            let (plain, other) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut letters = other.chars();
            let mut units = [0; 2];
            for unit in letters.next().unwrap_or_default().encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = letters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_ascii_and_reads_the_same() {
        let check = |text: &str, expected: &str| {
            let written = write("a text", &text).unwrap();
            assert_eq!(written, expected);
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        };
        check("", r#""""#);
        check("plain \"/\" \n", r#""plain \"/\" \n""#);
        check("aüb貓🐈", r#""a\u00fcb\u8c93\ud83d\udc08""#);
        check("\u{1}\u{7f}\u{80}\u{2028}", "\"\\u0001\u{7f}\\u0080\\u2028\"");
    }
}
