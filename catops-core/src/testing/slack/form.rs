//! Form bodies: written as Slack writes them, and read as its Web API reads them.

use serde_json::{Map, Value};

use crate::job::hex;

/// The content type of a form.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Writes a form.
pub(super) fn write(fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    fields.join("&")
}

/// Percent-encodes a value, with `+` for a space.
fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => {
                out.push('%');
                out.push_str(&hex(&[byte]).to_ascii_uppercase());
            }
        }
    }
    out
}

/// Reads a form or a query into an object. A value that is a JSON array or object is read as such: the Web API takes
/// `blocks`, `view` and `files` so.
pub(super) fn read(text: &str) -> Value {
    let field = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value);
        let json = if value.starts_with(['[', '{']) { serde_json::from_str(&value).ok() } else { None };
        (decode(name), json.unwrap_or(Value::String(value)))
    };
    let fields: Map<_, _> = text.split('&').filter(|pair| !pair.is_empty()).map(field).collect();
    Value::Object(fields)
}

fn decode(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let code: String = bytes.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&code, 16).unwrap_or(b'?')
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let form = write(&[("a", "x y+z&=%"), ("blocks", "[{\"type\":\"divider\"}]"), ("b", "🐱 ü")]);
        assert!(form.starts_with("a=x+y%2Bz%26%3D%25&"), "{form}");
        let read = read(&form);
        assert_eq!((&read["a"], &read["b"]), (&Value::from("x y+z&=%"), &Value::from("🐱 ü")));
        assert_eq!(read["blocks"][0]["type"], "divider");
    }
}
