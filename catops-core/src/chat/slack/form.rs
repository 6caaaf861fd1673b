//! Form bodies: the fields we use, found in one pass.

/// The fields of a form that the bot uses, still encoded. Of a field that comes twice the first counts.
#[derive(Debug, Default)]
pub(super) struct Form<'a> {
    pub(super) channel_id: Option<&'a [u8]>,
    pub(super) channel_name: Option<&'a [u8]>,
    pub(super) command: Option<&'a [u8]>,
    pub(super) payload: Option<&'a [u8]>,
    pub(super) response_url: Option<&'a [u8]>,
    pub(super) ssl_check: Option<&'a [u8]>,
    pub(super) team_id: Option<&'a [u8]>,
    pub(super) text: Option<&'a [u8]>,
    pub(super) trigger_id: Option<&'a [u8]>,
    pub(super) user_id: Option<&'a [u8]>,
    pub(super) user_name: Option<&'a [u8]>,
}

impl<'a> Form<'a> {
    /// Finds the fields. Nothing is decoded before it is used.
    pub(super) fn find(body: &'a [u8]) -> Self {
        let mut form = Self::default();
        for field in body.split(|byte| *byte == b'&') {
            let at = field.iter().position(|byte| *byte == b'=').unwrap_or(field.len());
            let value = field.get(at + 1..).unwrap_or_default();
            let slot = match &field[..at] {
                b"channel_id" => &mut form.channel_id,
                b"channel_name" => &mut form.channel_name,
                b"command" => &mut form.command,
                b"payload" => &mut form.payload,
                b"response_url" => &mut form.response_url,
                b"ssl_check" => &mut form.ssl_check,
                b"team_id" => &mut form.team_id,
                b"text" => &mut form.text,
                b"trigger_id" => &mut form.trigger_id,
                b"user_id" => &mut form.user_id,
                b"user_name" => &mut form.user_name,
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        form
    }

    /// Returns whether this is Slack looking at our certificate.
    pub(super) fn is_probe(&self) -> bool {
        self.ssl_check == Some(b"1")
    }
}

/// Decodes a value: `+` is a space, `%20` a byte. `None` if a code is not two hex digits or the result is not UTF-8.
pub(super) fn decode(value: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'+' | b'%')) {
        out.extend_from_slice(&rest[..at]);
        rest = match &rest[at..] {
            [b'%', high, low, rest @ ..] => {
                out.push(digit(*high)? << 4 | digit(*low)?);
                rest
            }
            [b'%', ..] => return None,
            plus => {
                out.push(b' ');
                &plus[1..]
            }
        };
    }
    out.extend_from_slice(rest);
    String::from_utf8(out).ok()
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(value: &[u8], expected: Option<&str>) {
        assert_eq!(decode(value).as_deref(), expected, "{}", value.escape_ascii());
    }

    #[test]
    fn values() {
        check(b"", Some(""));
        check(b"plain", Some("plain"));
        check(b"a+b%20c%2Bd", Some("a b c+d"));
        check(b"%F0%9f%90%b1", Some("🐱"));
        check("ü".as_bytes(), Some("ü"));
        check(b"%C3\xBC", Some("ü"));
        check(b"a=b", Some("a=b"));
        check(b"%", None);
        check(b"a%2", None);
        check(b"%g0", None);
        check(b"%+1", None);
        check(b"%zz", None);
        check(b"%FF", None);
        check(b"\xff", None);
        check(b"%ED%A0%80", None);
    }

    #[test]
    fn the_first_of_two_counts() {
        let form = Form::find(b"text=a&text=b&&=x&text&command&unknown=%zz");
        assert_eq!(form.text, Some(&b"a"[..]));
        assert_eq!(form.command, Some(&b""[..]));
        assert_eq!(form.user_id, None);
    }

    /// Writes a value as browsers and Slack do.
    fn encode(text: &str) -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            b' ' => "+".to_owned(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in any::<String>(), other in any::<String>()) {
            let body = format!("user_name={}&text={}", encode(&other), encode(&text));
            let form = Form::find(body.as_bytes());
            prop_assert_eq!(decode(form.text.unwrap()).unwrap(), text);
            prop_assert_eq!(decode(form.user_name.unwrap()).unwrap(), other);
        }

        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let form = Form::find(&body);
            let _ = form.text.map(decode);
            let _ = decode(&body);
        }
    }
}
