//! AWS Signature Version 4 of one call.
//!
//! IAM User Guide, "Create a signed AWS API request", for what goes into headers. Services other than S3 are called, so the
//! path is normalised and encoded once more, and the body's hash is signed without a header of its own.

mod canonical;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use catops_core::{Secret, Timestamp};
use http::Uri;
use ring::{digest, hmac};

use super::Call;
use crate::account::Account;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Returns the headers that sign `call`, which goes to `uri` under the name `service` at `time`.
///
/// A session token is among them, and signed like the rest.
pub(super) fn sign(
    account: &Account,
    service: &str,
    call: &Call<'_>,
    uri: &Uri,
    time: Timestamp,
) -> Vec<(&'static str, String)> {
    let digits: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
    let (day, clock) = digits.split_at(8); // A time shows at least the 14 digits of year to second.
    let date = format!("{day}T{clock}Z");
    let (region, credentials) = (account.region(), account.credentials());
    let token = credentials.token.as_ref().map(Secret::expose);

    let request = canonical::request(call, uri, &date, token.map(String::as_str));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let hash = hex(digest::digest(&digest::SHA256, request.text.as_bytes()).as_ref());
    let text = format!("{ALGORITHM}\n{date}\n{scope}\n{hash}");

    // Each part is authenticated by the tag of those before it; the last tag is the signature.
    let mut tag = mac(format!("AWS4{}", credentials.secret.expose()).as_bytes(), day);
    for part in [region, service, "aws4_request", &text] {
        tag = mac(tag.as_ref(), part);
    }
    let (key, names, signature) = (&credentials.key, request.signed_headers, hex(tag.as_ref()));
    let authorization = format!("{ALGORITHM} Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}");

    let mut headers = vec![("x-amz-date", date), ("authorization", authorization)];
    headers.extend(token.map(|token| ("x-amz-security-token", token.clone())));
    headers
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
