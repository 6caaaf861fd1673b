//! Text in a path or a form.

/// Writes everything but RFC 3986's unreserved characters as `%XX`: one segment of a path, or one value of a form.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Encodes a resource's name, such as `projects/p/topics/t`, segment by segment.
pub(crate) fn encode_path(name: &str) -> String {
    name.split('/').map(encode).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{encode, encode_path};

    #[test]
    fn what_is_not_unreserved_is_encoded() {
        assert_eq!(encode("aZ9-._~/ +ü%"), "aZ9-._~%2F%20%2B%C3%BC%25");
        // A topic's name may hold `%` and `+`, a project's the colon of its domain.
        assert_eq!(encode_path("projects/example.com:p/topics/a+b%c"), "projects/example.com%3Ap/topics/a%2Bb%25c");
    }
}
