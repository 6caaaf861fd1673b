//! The file that `GOOGLE_APPLICATION_CREDENTIALS` names.

use std::fs;
use std::path::Path;

use catops_core::{Error, ErrorKind, Secret};
use ring::signature::RsaKeyPair;
use serde::Deserialize;

use super::jwt;

pub(super) const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// Where a user's refresh token is exchanged, if the file does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// What the file holds.
pub(super) enum File {
    Key(Box<ServiceKey>),
    User(Box<User>),
}

/// A service account and its key.
pub(super) struct ServiceKey {
    pub(super) email: String,
    pub(super) key_id: String,
    pub(super) key: RsaKeyPair,
    pub(super) token_uri: String,
}

/// A user's consent to an application.
pub(super) struct User {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) refresh_token: Secret,
    pub(super) token_uri: String,
    pub(super) quota_project_id: Option<String>,
}

#[derive(Deserialize)]
struct Json {
    #[serde(rename = "type")]
    kind: String,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
    token_uri: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
    quota_project_id: Option<String>,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read(path).map_err(|error| wrong("names a file that cannot be read").because(error))?;
        // The parser's own text can quote the file.
        let json: Json = serde_json::from_slice(&text)
            .map_err(|_| wrong("names a file that is not the JSON of a credentials file: it has no `type`"))?;
        let needed = |name: &str, value: Option<String>| {
            let value = value.filter(|value| !value.is_empty());
            value.ok_or_else(|| wrong(&format!("names a file of type {} without `{name}`", json.kind)))
        };
        match json.kind.as_str() {
            "service_account" => Ok(Self::Key(Box::new(ServiceKey {
                email: needed("client_email", json.client_email)?,
                key_id: needed("private_key_id", json.private_key_id)?,
                key: jwt::key(&needed("private_key", json.private_key)?)
                    .ok_or_else(|| wrong("names a file whose `private_key` is no RSA key in PKCS #8"))?,
                token_uri: token_uri(json.token_uri)?,
            }))),
            "authorized_user" => Ok(Self::User(Box::new(User {
                client_id: needed("client_id", json.client_id)?,
                client_secret: Secret::new(needed("client_secret", json.client_secret)?),
                refresh_token: Secret::new(needed("refresh_token", json.refresh_token)?),
                token_uri: token_uri(json.token_uri)?,
                quota_project_id: json.quota_project_id,
            }))),
            _ => Err(wrong("names a file whose `type` is neither service_account nor authorized_user")),
        }
    }
}

/// Checks that what is sent there cannot be read on the way.
fn token_uri(uri: Option<String>) -> Result<String, Error> {
    let uri = uri.unwrap_or_else(|| TOKEN_URI.to_owned());
    let parsed: Option<http::Uri> = uri.parse().ok();
    let is_private = parsed.is_some_and(|parsed| match parsed.scheme_str() {
        Some("https") => true,
        Some("http") => matches!(parsed.host(), Some("127.0.0.1" | "localhost" | "[::1]")),
        _ => false,
    });
    if is_private { Ok(uri) } else { Err(wrong("names a file whose `token_uri` is no https address")) }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{VARIABLE} {what}"))
}
