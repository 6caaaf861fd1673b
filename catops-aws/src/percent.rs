//! Percent-encoding of paths and queries.

/// Writes everything but RFC 3986's unreserved characters as `%XX`: one segment of a path, or one name or value of a query.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
            text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    text
}

/// Encodes a name or a value of a query that is encoded in some way: with `+` for a space, in small letters, or too little.
pub(crate) fn encode_again(text: &str) -> String {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut plain = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let [first, rest @ ..] = left {
        let encoded = if let (b'%', [high, low, ..]) = (first, rest) { digit(high).zip(digit(low)) } else { None };
        let (byte, read) = match (first, encoded) {
            (_, Some((high, low))) => (high << 4 | low, 3),
            (b'+', None) => (b' ', 1),
            _ => (*first, 1),
        };
        plain.push(byte);
        left = &left[read..];
    }
    encode(&plain)
}

#[cfg(test)]
mod tests {
    use super::{encode, encode_again};

    #[test]
    fn an_arn_is_one_segment() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:bot:$LATEST";
        let encoded = "arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Abot%3A%24LATEST";
        assert_eq!(encode(arn.as_bytes()), encoded);
        assert_eq!(encode("aZ9-._~/ +ü%".as_bytes()), "aZ9-._~%2F%20%2B%C3%BC%25");
    }

    #[test]
    fn what_is_encoded_in_some_way_is_encoded_in_one() {
        for (given, expected) in [
            ("", ""),
            ("a+b%20c d", "a%20b%20c%20d"),
            ("%2f%2F/%7e%C3%bc", "%2F%2F%2F~%C3%BC"),
            ("%", "%25"),
            ("%4", "%254"),
            ("%4g%+1", "%254g%25%201"),
            ("%ff", "%FF"),
        ] {
            assert_eq!(encode_again(given), expected, "{given}");
            assert_eq!(encode_again(expected), expected);
        }
    }
}
