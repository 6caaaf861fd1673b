//! The canonical request: the one form in which the service and we hash a call.

use http::Uri;
use ring::digest;

use super::{Call, hex};
use crate::percent;

/// Headers that are sent and not signed, in AWS's SDK for Rust as well: a proxy or the service may change them on the way.
const UNSIGNED: [&str; 4] = ["authorization", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

pub(super) struct Canonical {
    pub(super) text: String,
    /// The names of the signed headers, sorted, with `;` between them.
    pub(super) signed_headers: String,
}

/// Writes `call`, which goes to `uri`, with the headers that its signature adds.
pub(super) fn request(call: &Call<'_>, uri: &Uri, date: &str, token: Option<&str>) -> Canonical {
    let mut headers = Vec::with_capacity(call.headers.len() + 3);
    let own = [("host", host(uri)), ("x-amz-date", date)]
        .into_iter()
        .chain(token.map(|token| ("x-amz-security-token", token)));
    for header in own.chain(call.headers.iter().copied().filter(|(name, _)| !UNSIGNED.contains(name))) {
        insert(&mut headers, header);
    }
    let mut text = format!("{}\n", call.method);
    push_path(&mut text, uri.path());
    text.push('\n');
    push_query(&mut text, uri.query().unwrap_or_default());
    text.push('\n');
    let mut signed_headers = String::new();
    for (name, value) in headers {
        if !signed_headers.is_empty() {
            signed_headers.push(';');
        }
        signed_headers.push_str(name);
        text.push_str(name);
        text.push(':');
        let mut words = value.split(' ').filter(|word| !word.is_empty());
        text.push_str(words.next().unwrap_or_default());
        for word in words {
            text.push(' ');
            text.push_str(word);
        }
        text.push('\n');
    }
    let body = hex(digest::digest(&digest::SHA256, &call.body).as_ref());
    text.push_str(&format!("\n{signed_headers}\n{body}"));
    Canonical { text, signed_headers }
}

/// Keeps `sorted` so. A call has a handful of headers: a real sort would be slower, and larger than all of this.
fn insert<T: Ord>(sorted: &mut Vec<T>, item: T) {
    let at = sorted.partition_point(|other| *other <= item);
    sorted.insert(at, item);
}

/// Returns the host as the client sends it: without the port if it is the scheme's own.
fn host(uri: &Uri) -> &str {
    let own = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let whole = uri.authority().map_or("", http::uri::Authority::as_str);
    if uri.port_u16() == Some(own) { uri.host().unwrap_or(whole) } else { whole }
}

/// Writes a path without `.`, `..` and empty segments (RFC 3986, 5.2.4), and encodes it once more.
fn push_path(text: &mut String, path: &str) {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => _ = segments.pop(),
            _ => segments.push(segment),
        }
    }
    for segment in &segments {
        text.push('/');
        text.push_str(&percent::encode(segment.as_bytes()));
    }
    if segments.is_empty() || matches!(path.rsplit('/').next(), Some("" | "." | "..")) {
        text.push('/');
    }
}

/// Writes the names and values of a query sorted, each with its `=`, and encoded in one way.
fn push_query(text: &mut String, query: &str) {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        insert(&mut pairs, [name, value].map(percent::encode_again));
    }
    for (at, [name, value]) in pairs.iter().enumerate() {
        if at > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
}
