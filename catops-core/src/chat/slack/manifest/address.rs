//! The URL under which Slack finds the bot.

use std::net::IpAddr;

use http::Uri;

use super::limits;
use crate::error::{Error, ErrorKind};

/// The path on which the bot hears Slack.
const PATH: &str = "/slack";

/// A URL that Slack can call, or one on this machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) url: String,
    pub(super) is_loopback: bool,
}

impl Address {
    /// Checks a URL, and adds the path if it has none. The errors do not show the URL, which may hold a password.
    pub(super) fn check(url: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            let said = format!("the URL {why}; it looks like https://host.example/slack");
            Err(Error::new(ErrorKind::Invalid, said))
        };
        let (secure, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => match url.strip_prefix("http://") {
                Some(rest) => (false, rest),
                None => return wrong("does not begin with https://"),
            },
        };
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return wrong("has a character that no URL has");
        }
        if url.contains('#') {
            return wrong("has a part after `#`, which is never sent");
        }
        let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
        if authority.contains('@') {
            return wrong("has a user in it, which Slack does not send");
        }
        let Ok(parsed) = url.parse::<Uri>() else { return wrong("cannot be read") };
        let host = parsed.host().unwrap_or_default();
        let port = authority.strip_prefix(host).unwrap_or(":");
        if host.is_empty() || !port.is_empty() && parsed.port_u16().is_none() {
            return wrong("has no host, or a port that is none");
        }
        let is_loopback = is_loopback(host);
        if !secure && !is_loopback {
            return wrong("is plain http, and Slack sends to https alone");
        }
        let path = if parsed.path() == "/" { PATH } else { parsed.path() };
        let query = parsed.query().map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("{}://{authority}{path}{query}", if secure { "https" } else { "http" });
        if url.len() > limits::URL {
            return wrong(&format!("is longer than {} characters", limits::URL));
        }
        Ok(Self { url, is_loopback })
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let name = bare.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken() {
        for (url, expected, is_loopback) in [
            ("https://host.example/slack", "https://host.example/slack", false),
            ("https://host.example", "https://host.example/slack", false),
            ("https://host.example/", "https://host.example/slack", false),
            ("https://host.example:8443?x=1", "https://host.example:8443/slack?x=1", false),
            (
                "https://x.execute-api.eu-west-1.amazonaws.com/prod/slack",
                "https://x.execute-api.eu-west-1.amazonaws.com/prod/slack",
                false,
            ),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/slack", true),
            ("http://[::1]:3000/slack", "http://[::1]:3000/slack", true),
            ("http://LOCALHOST/slack", "http://LOCALHOST/slack", true),
            ("https://bot.localhost", "https://bot.localhost/slack", true),
        ] {
            let address = Address::check(url).unwrap();
            assert_eq!((address.url.as_str(), address.is_loopback), (expected, is_loopback), "{url}");
        }
    }

    #[test]
    fn refused() {
        let long = format!("https://host.example/{}", "x".repeat(limits::URL));
        for (url, says) in [
            ("", "https://"),
            ("host.example/slack", "https://"),
            ("ftp://host.example", "https://"),
            ("http://host.example/slack", "plain http"),
            ("http://127.0.0.1.example/slack", "plain http"),
            ("https://", "host"),
            ("https:///slack", "host"),
            ("https://host.example:/slack", "port"),
            ("https://host.example:99999/slack", "port"),
            ("https://host.example/a b", "character"),
            ("https://höst.example/slack", "character"),
            ("https://host.example\\slack", "character"),
            ("https://host.example/slack#top", "#"),
            ("https://ann:secret@host.example/slack", "user"),
            (&long, "longer than 3000"),
        ] {
            let error = Address::check(url).unwrap_err();
            let text = error.to_string();
            assert!(
                error.kind() == ErrorKind::Invalid && text.contains(says) && !text.contains("secret"),
                "{url}: {text}"
            );
        }
    }
}
